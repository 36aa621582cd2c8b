// One question to the server at a time: asked a moment after the last key, and called off by the next one.
import { get, type Query } from '../../api/client.ts';
import type { SearchFound } from '../../api/types.ts';

const PAUSE = 120;
/** A company is found by its name only: what narrows messages leaves it out. */
export interface Company { id: number; name: string; registration: string }
const none: SearchFound = { messages: [], people: [], files: [], next: null };

const older = ({ messages, next }: SearchFound): Pick<SearchFound, 'messages' | 'next'> => ({ messages, next });

export class Finder {
  found = $state.raw<SearchFound>(none);
  companies = $state.raw<Company[]>([]);
  /** What the results belong to: until the answer is here, the last ones stay. */
  answered = $state('');
  busy = $state(false);
  failed = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #call: AbortController | undefined;

  ask(q: string, narrow: Query): void {
    clearTimeout(this.#timer);
    this.#call?.abort();
    if (!q.trim()) { this.found = none; this.companies = []; this.answered = ''; this.busy = false; this.failed = false; return; }
    this.busy = true;
    this.#timer = setTimeout(() => void this.#fetch({ q, ...narrow }, false), PAUSE);
  }

  more(q: string, narrow: Query): void {
    if (this.found.next && !this.busy) { this.busy = true; void this.#fetch({ q, ...narrow, cursor: this.found.next }, true); }
  }

  stop(): void { clearTimeout(this.#timer); this.#call?.abort(); }

  async #fetch(query: Query, further: boolean): Promise<void> {
    const call = (this.#call = new AbortController());
    try {
      let page = await get<SearchFound>('/search', query, call.signal);
      // Nothing yet, but time was over: what is older is asked for at once.
      while (!page.messages.length && page.next) page = { ...page, ...older(await get<SearchFound>('/search', { ...query, cursor: page.next }, call.signal)) };
      const companies = further || Object.keys(query).some((name) => name !== 'q' && query[name] !== undefined) ? null : await get<{ items: Company[] }>('/organisations', { q: String(query['q']), limit: 5 }, call.signal);
      if (call.signal.aborted) return;
      if (!further) this.companies = companies?.items ?? [];
      this.found = further ? { ...this.found, messages: [...this.found.messages, ...page.messages], next: page.next } : page;
      this.answered = String(query['q']);
      this.failed = false;
    } catch {
      if (call.signal.aborted) return;
      this.failed = true;
    }
    this.busy = false;
  }
}

const DAY = 86_400_000;
export const SPANS = ['any', 'day', 'week', 'month', 'year'] as const;
export type Span = (typeof SPANS)[number];
const days: Record<Span, number> = { any: 0, day: 1, week: 7, month: 30, year: 365 };
/** Since when, for "the last week" and the like. */
export const since = (span: Span, now: number): string | undefined => (days[span] ? new Date(now - days[span] * DAY).toISOString() : undefined);
