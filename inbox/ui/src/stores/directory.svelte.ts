// Short lists that many views need whole: colleagues, teams, channels, templates, tags.
import { get } from '../api/client.ts';
import type { Channel, Id, Manager, Team, Template } from '../api/types.ts';
import { on } from '../live/live.svelte.ts';

export class Directory<T extends { id: Id }> {
  items = $state.raw<T[]>([]);
  phase = $state<'unasked' | 'loading' | 'ready' | 'failed'>('unasked');
  error = $state.raw<unknown>(null);
  readonly #path: string;
  readonly #query: Record<string, string> | null;

  /** With a query, even an empty one, the list has pages. */
  constructor(path: string, query: Record<string, string> | null = null) { this.#path = path; this.#query = query; }

  /** Asks once; later calls show what is known. */
  need(): this {
    if (this.phase === 'unasked') queueMicrotask(() => { if (this.phase === 'unasked') void this.load(); });
    return this;
  }

  async load(): Promise<void> {
    if (this.phase !== 'ready') this.phase = 'loading';
    try {
      const found: T[] = [];
      let cursor: string | null = null;
      do {
        const page: { items: T[]; next?: string | null } = await get(this.#path, this.#query ? { ...this.#query, limit: 200, cursor } : {});
        found.push(...page.items);
        cursor = page.next ?? null;
      } while (cursor);
      this.items = found;
      this.phase = 'ready';
      this.error = null;
    } catch (error) {
      this.error = error;
      if (this.phase !== 'ready') this.phase = 'failed';
    }
  }

  /** Only a list that somebody looked at is worth asking again. */
  refresh(): void { if (this.phase !== 'unasked') void this.load(); }
  find(id: Id | null | undefined): T | undefined { return this.items.find((item) => item.id === id); }
  put(item: T): void {
    this.items = this.items.some((each) => each.id === item.id) ? this.items.map((each) => (each.id === item.id ? item : each)) : [...this.items, item];
  }
  drop(id: Id): void { this.items = this.items.filter((item) => item.id !== id); }
}

export const managers = new Directory<Manager>('/managers');
export const teams = new Directory<Team>('/teams');
export const channels = new Directory<Channel>('/channels');
/** Customers are given to them: the others look on, or write to many. */
export const answers = (person: Manager): boolean => person.role !== 'viewer' && person.role !== 'marketer';
/** Our own texts; what a channel's provider approves is chosen elsewhere. */
export const templates = new Directory<Template>('/templates', { source: 'own' });
/** Saved filters of people and lists of them. */
export const segments = new Directory<{ id: Id; name: string }>('/segments', {});

on('manager', () => managers.refresh());
on('channel', () => channels.refresh());
on('reload', () => { for (const each of [managers, teams, channels, templates, segments]) each.refresh(); });
