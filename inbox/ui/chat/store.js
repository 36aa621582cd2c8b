// What a visitor's browser remembers, in localStorage, shared by the tabs: who they are, what was said, what waits to be sent.
//
// Each part has a key of its own, and each waiting message too: a tab reads and writes whole values, so two tabs that write one
// at the same moment lose one of them. Lost in `talk` or `view`, it is told again by the server or is no matter; a token or a
// message that waits would be gone.
const KEPT = 200;
const RANK = { sent: 1, delivered: 2, read: 3 };
const EMPTY = {
  who: { token: "", met: false, asked: false, proved: "", topic: "" },
  talk: { since: "", seen: "", items: [] },
  view: { open: false, draft: "", mute: false },
};

export class Store {
  // One store a chat and signed-in user ("" for nobody): who signs out of a shared computer leaves nothing behind.
  constructor(chat, user) {
    this.chat = `switchboard-chat ${chat} `;
    this.key = `${this.chat}${encodeURIComponent(user)} `;
    this.listeners = new Set();
    this.memory = new Map();
    this.hear = (event) => { if (event.key === null || event.key.startsWith(this.key)) this.tell(true); };
    addEventListener("storage", this.hear);
  }

  close() {
    removeEventListener("storage", this.hear);
    this.listeners.clear();
  }

  get state() {
    return { ...this.part("who"), ...this.part("talk"), ...this.part("view"), outbox: this.outbox() };
  }

  part(name, key = this.key) {
    return { ...EMPTY[name], ...this.read(key + name) };
  }

  change(name, edit) {
    const part = this.part(name);
    edit(part);
    if (name === "talk") part.items = part.items.slice(-KEPT);
    // Where there is no room for all that was said, the newest is kept for the next page, and all of it for this one.
    if (!this.write(this.key + name, part) && name === "talk" && this.write(this.key + name, { ...part, items: part.items.slice(-20) })) this.memory.set(this.key + name, JSON.stringify(part));
    this.tell();
  }

  outbox(key = this.key) {
    const keys = this.keys(`${key}out `);
    return keys.map((one) => this.read(one)).filter((entry) => entry.id).sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
  }

  queue(entry) {
    const last = this.outbox().at(-1)?.order ?? 0;
    this.write(`${this.key}out ${entry.id}`, { ...entry, order: Math.max(Date.now(), last + 1) });
    this.tell();
  }

  // Change a message that waits; one that is no longer there (another tab has sent it) stays away.
  amend(id, edit) {
    const entry = this.read(`${this.key}out ${id}`);
    if (!entry.id) return;
    edit(entry);
    this.write(`${this.key}out ${id}`, entry);
    this.tell();
  }

  unqueue(id, key = this.key) {
    this.erase(`${key}out ${id}`);
    this.tell();
  }

  // Take what the server says: newer truths replace older ones, and what has arrived leaves the outbox.
  merge(items, { since, seen } = {}) {
    for (const item of items) if (item.mine && item.client_id) this.erase(`${this.key}out ${item.client_id}`);
    this.change("talk", (talk) => {
      const known = new Map(talk.items.map((item) => [keyOf(item), item]));
      for (const item of items) {
        const old = known.get(keyOf(item));
        known.set(keyOf(item), { ...old, ...item, told: higher(old?.told, item.told ?? item.state), state: higher(old?.state, item.state) });
      }
      talk.items = [...known.values()].sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.id - b.id || 0);
      if (since) talk.since = since;
      if (seen > talk.seen) talk.seen = seen;
    });
  }

  mark(ids, reached) {
    this.edit(ids, (item) => { item.state = higher(item.state, reached); });
  }

  // The server knows that these were seen: until then they stay owed, over a reload too.
  settle(ids, reached) {
    this.edit(ids, (item) => { item.told = higher(item.told, reached); });
  }

  owed(reached) {
    const behind = (item) => !item.mine && item.state === reached && RANK[reached] > (RANK[item.told] ?? 0);
    return this.part("talk").items.filter(behind).map((item) => item.id);
  }

  edit(ids, how) {
    const meant = new Set(ids);
    this.change("talk", (talk) => { for (const item of talk.items) if (meant.has(item.id) && !item.mine) how(item); });
  }

  // What the visitor did before they signed in, if this store is a signed-in user's.
  get before() {
    const key = `${this.chat} `;
    if (key === this.key) return null;
    const left = { ...this.part("who", key), ...this.part("talk", key), outbox: this.outbox(key) };
    return left.token || left.outbox.length ? left : null;
  }

  forgetBefore() {
    for (const key of this.keys(`${this.chat} `)) this.erase(key);
  }

  // Whoever else was signed in here is forgotten.
  forgetOthers() {
    for (const key of this.keys(this.chat)) if (!key.startsWith(this.key) && !key.startsWith(`${this.chat} `)) this.erase(key);
  }

  // The files that some message still waits for, whoever wrote it.
  filesWanted() {
    const entries = this.keys("switchboard-chat ").filter((key) => key.includes(" out ")).map((key) => this.read(key));
    return new Set(entries.flatMap((entry) => (entry.files ?? []).map((file) => file.key)));
  }

  listen(listener) {
    this.listeners.add(listener);
  }

  tell(elsewhere = false) {
    for (const listener of this.listeners) listener(this.state, elsewhere);
  }

  read(key) {
    try {
      return JSON.parse(this.memory.get(key) ?? localStorage.getItem(key)) ?? {};
    } catch {
      return JSON.parse(this.memory.get(key) ?? "{}");
    }
  }

  // False: storage is shut or full, and this tab alone knows it, until it is closed.
  write(key, value) {
    const text = JSON.stringify(value);
    try {
      localStorage.setItem(key, text);
      this.memory.delete(key);
      return true;
    } catch {
      this.memory.set(key, text);
      return false;
    }
  }

  erase(key) {
    this.memory.delete(key);
    try {
      localStorage.removeItem(key);
    } catch {
      // nothing was kept
    }
  }

  keys(prefix) {
    const kept = [...this.memory.keys()];
    try {
      kept.push(...Object.keys(localStorage));
    } catch {
      // storage is shut: only the memory has any
    }
    return [...new Set(kept)].filter((key) => key.startsWith(prefix));
  }
}

export function keyOf(item) {
  return item.mine ? `me ${item.client_id}` : `us ${item.id}`;
}

// A state only ever goes up, whatever order tabs, streams and answers tell it in.
function higher(one, other) {
  return (RANK[one] ?? 0) > (RANK[other] ?? 0) ? one : other;
}
