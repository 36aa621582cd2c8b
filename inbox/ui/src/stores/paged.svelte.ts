// A list paged by key: people, tasks, recipients, raw bodies. Loads, loads more, refetches its head when told.
import { asProblem, list, type Problem, type Query } from '../api/client.ts';

/** Where what belongs is rare, the server's pages may be short although more follow: asked on until so many are there. */
export const SCREENFUL = 20;

export class Paged<T> {
  items = $state.raw<T[]>([]);
  next = $state<string | null>(null);
  phase = $state<'loading' | 'more' | 'ready' | 'failed'>('loading');
  problem = $state.raw<Problem | null>(null);
  #closed = false;
  readonly #path: string;
  readonly #query: Query;
  readonly #key: (item: T) => unknown;

  constructor(path: string, query: Query = {}, key: (item: T) => unknown = (item) => (item as { id?: unknown }).id) {
    this.#path = path;
    this.#query = query;
    this.#key = key;
    void this.load();
  }

  async load(): Promise<void> {
    let wanted = SCREENFUL;
    try {
      do {
        this.phase = this.items.length ? 'more' : 'loading';
        const page = await list<T>(this.#path, { limit: 50, ...this.#query, cursor: this.next });
        const known = new Set(this.items.map(this.#key));
        this.items = [...this.items, ...page.items.filter((item) => !known.has(this.#key(item)))];
        this.next = page.next ?? null;
        this.problem = null;
        wanted -= page.items.length;
      } while (this.next !== null && wanted > 0 && !this.#closed && Number(this.#query.limit ?? 50) >= SCREENFUL);
      this.phase = 'ready';
    } catch (error) {
      this.problem = asProblem(error);
      this.phase = 'failed';
    }
  }

  /** Nobody looks at it any more. */
  close(): void { this.#closed = true; }

  more(): void { if (this.next !== null && this.phase === 'ready') void this.load(); }

  async refresh(): Promise<void> {
    const page = await list<T>(this.#path, { limit: 50, ...this.#query }).catch(() => null);
    if (!page) return;
    const fresh = new Set(page.items.map(this.#key));
    const deeper = this.next === null || page.next === null ? [] : this.items.slice(page.items.length).filter((item) => !fresh.has(this.#key(item)));
    if (deeper.length === 0) this.next = page.next ?? null;
    this.items = [...page.items, ...deeper];
    if (this.phase === 'failed') { this.phase = 'ready'; this.problem = null; }
  }

  put(item: T): void { this.items = this.items.map((each) => (this.#key(each) === this.#key(item) ? item : each)); }
  add(item: T): void { this.items = [item, ...this.items.filter((each) => this.#key(each) !== this.#key(item))]; }
  drop(key: unknown): void { this.items = this.items.filter((each) => this.#key(each) !== key); }
}
