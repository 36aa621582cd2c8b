// What a visitor's browser remembers: token, messages and outbox in localStorage, shared by the tabs; files in IndexedDB.
const KEPT = 200;
const RANK = { sent: 1, delivered: 2, read: 3 };

export class Store {
  // One store a chat and signed-in user ("" for nobody): who signs out of a shared computer leaves nothing behind.
  constructor(chat, user) {
    this.prefix = `switchboard-chat ${chat} `;
    this.key = this.prefix + user;
    this.listeners = new Set();
    this.memory = null;
    addEventListener("storage", (event) => event.key === this.key && this.tell());
  }

  get state() {
    return { token: "", since: "", items: [], outbox: [], draft: "", open: false, asked: false, ...this.read(this.key) };
  }

  change(edit) {
    const state = this.state;
    edit(state);
    state.items = state.items.slice(-KEPT);
    try {
      localStorage.setItem(this.key, JSON.stringify(state));
      this.memory = null;
    } catch {
      this.memory = state; // storage is shut or full: this tab still works until it is closed
    }
    this.tell();
  }

  listen(listener) {
    this.listeners.add(listener);
  }

  tell() {
    for (const listener of this.listeners) listener(this.state);
  }

  // Take what the server says: newer truths replace older ones, and what has arrived leaves the outbox.
  merge(items, since) {
    this.change((state) => {
      const known = new Map(state.items.map((item) => [keyOf(item), item]));
      for (const item of items) {
        const old = known.get(keyOf(item));
        const kept = old && (RANK[old.state] ?? 0) > (RANK[item.state] ?? 0) ? { state: old.state } : {};
        known.set(keyOf(item), { ...old, ...item, told: item.told ?? item.state, ...kept });
      }
      const arrived = new Set(items.map((item) => item.client_id));
      state.outbox = state.outbox.filter((entry) => !arrived.has(entry.id));
      state.items = [...known.values()].sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.id - b.id || 0);
      if (since) state.since = since;
    });
  }

  mark(ids, reached) {
    this.edit(ids, (item) => { item.state = reached; });
  }

  // The server knows that these were seen: until then they stay owed, over a reload too.
  settle(ids, reached) {
    this.edit(ids, (item) => { item.told = reached; });
  }

  owed(reached) {
    const behind = (item) => !item.mine && item.state === reached && RANK[reached] > (RANK[item.told] ?? 0);
    return this.state.items.filter(behind).map((item) => item.id);
  }

  edit(ids, how) {
    const meant = new Set(ids);
    this.change((state) => { for (const item of state.items) if (meant.has(item.id) && !item.mine) how(item); });
  }

  // The anonymous visitor's state, if this store is a signed-in user's; every other user's is forgotten.
  inherit() {
    const anonymous = this.key === this.prefix ? null : this.read(this.prefix);
    for (const key of this.keys()) if (key !== this.key && !(anonymous && key === this.prefix)) localStorage.removeItem(key);
    return anonymous?.token ? anonymous : null;
  }

  forgetAnonymous() {
    localStorage.removeItem(this.prefix);
  }

  read(key) {
    if (this.memory && key === this.key) return structuredClone(this.memory);
    try {
      return JSON.parse(localStorage.getItem(key)) ?? {};
    } catch {
      return {};
    }
  }

  keys() {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(this.prefix));
    } catch {
      return [];
    }
  }
}

export function keyOf(item) {
  return item.mine ? `me ${item.client_id}` : `us ${item.id}`;
}

// Files that wait to be sent. Without IndexedDB they live as long as the tab.
export class Attic {
  constructor() {
    this.memory = new Map();
    this.ready = new Promise((resolve) => {
      try {
        const opening = indexedDB.open("switchboard-chat", 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore("files");
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => resolve(null);
      } catch {
        resolve(null);
      }
    });
  }

  async put(key, file) {
    this.memory.set(key, file);
    await this.ask("readwrite", (files) => files.put(file, key));
  }

  async get(key) {
    return this.memory.get(key) ?? (await this.ask("readonly", (files) => files.get(key)));
  }

  async drop(key) {
    this.memory.delete(key);
    await this.ask("readwrite", (files) => files.delete(key));
  }

  async ask(mode, what) {
    const database = await this.ready;
    return new Promise((resolve) => {
      if (!database) return resolve(undefined);
      try {
        const request = what(database.transaction("files", mode).objectStore("files"));
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => resolve(undefined);
      } catch {
        resolve(undefined);
      }
    });
  }
}
