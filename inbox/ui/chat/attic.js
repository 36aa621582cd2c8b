// Files that wait to be sent, in IndexedDB, where a reload does not reach them. Without it they live as long as the tab.
const DAY = 86_400_000;

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

  // Returns the key it is kept under. The key begins with the time, for `sweep`.
  async put(file, id) {
    const key = `${Date.now()} ${id}`;
    this.memory.set(key, file);
    await this.ask("readwrite", (files) => files.put(file, key));
    return key;
  }

  async get(key) {
    return this.memory.get(key) ?? (await this.ask("readonly", (files) => files.get(key)));
  }

  async drop(key) {
    this.memory.delete(key);
    await this.ask("readwrite", (files) => files.delete(key));
  }

  // Throw away what no message waits for any more: a tab may be closed between keeping a file and noting its message.
  async sweep(wanted) {
    const keys = (await this.ask("readonly", (files) => files.getAllKeys())) ?? [];
    for (const key of keys) if (!wanted.has(key) && !(Number.parseInt(key) > Date.now() - DAY)) await this.drop(key);
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
