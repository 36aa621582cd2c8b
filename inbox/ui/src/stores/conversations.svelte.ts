// Every conversation that any view shows, once each; lists hold only their ids.
import { SvelteMap } from 'svelte/reactivity';
import { asProblem, get, list, post, type Problem } from '../api/client.ts';
import type { Conversation, Counts, Id } from '../api/types.ts';
import type { Filter } from '../lists/filter.ts';
import { gathered, held, merge, type Compare } from '../lists/keyset.ts';
import { on } from '../live/live.svelte.ts';
import { SCREENFUL } from './paged.svelte.ts';
import { me } from './session.svelte.ts';

const PAGE = 50;
const rows = new SvelteMap<Id, Conversation>();

export const conversation = (id: Id) => rows.get(id);

/** A list answer has no `reaches`: those already known stay until the conversation is asked for itself. */
function keep(item: Conversation): void {
  const known = rows.get(item.id);
  rows.set(item.id, known?.reaches && !item.reaches ? { ...item, reaches: known.reaches } : item);
}

export async function fetchConversation(id: Id): Promise<void> {
  keep(await get<Conversation>(`/conversations/${id}`));
}

/** Shown at once, before the server has said so; gives back what puts those it refuses as they were. */
export function foresee(items: readonly Conversation[], guess: (item: Conversation) => Partial<Conversation>): (which: readonly Id[]) => void {
  const before = new Map(items.map(({ id }) => [id, rows.get(id)]));
  for (const [id, item] of before) if (item) rows.set(id, { ...item, ...guess(item) });
  relist();
  return (which) => {
    for (const id of which) { const item = before.get(id); if (item) rows.set(id, item); }
    relist(which);
  };
}

/** Conversations as the server has just told them. */
export function take(items: readonly Conversation[]): void {
  items.forEach(keep);
  relist(items.map((item) => item.id));
  void refetchCounts();
}

export async function markRead(id: Id): Promise<void> {
  const before = rows.get(id);
  if (!before?.unread && !counted.mentioned) return;
  if (before) rows.set(id, { ...before, unread: 0 });
  // A failure is not told: the next look at the list brings the number back, and an open thread asks again.
  await post(`/conversations/${id}/read`).catch(() => undefined);
  void refetchCounts();
}

export type { Filter };

const lastAt = (c: Conversation) => Date.parse(c.last_message?.at ?? c.opened_at);
const newestFirst: Compare<Conversation> = (a, b) => lastAt(b) - lastAt(a) || b.id - a.id;
const byTime = (time: (c: Conversation) => string | null): Compare<Conversation> => {
  const at = (c: Conversation) => { const said = time(c); return said ? Date.parse(said) : Infinity; };
  return (a, b) => { const [x, y] = [at(a), at(b)]; return x === y ? a.id - b.id : x - y; };
};
const orders: Record<Filter['sort'], Compare<Conversation>> = {
  last: newestFirst, waiting: byTime((c) => c.waiting_since), due: byTime((c) => c.answer_due), snoozed: byTime((c) => c.snoozed_until),
};

const DAY = 86_400_000;
const ofStatus = (c: Conversation, status: Filter['status']) =>
  status === 'any' || (status === 'active' ? c.status !== 'closed' : status === 'current' ? c.status !== 'closed' && c.status !== 'snoozed' : c.status === status);
const ofAssignee = (c: Conversation, assignee: string, myId: Id) =>
  assignee === '' || (assignee === 'none' ? c.assignee === null : c.assignee?.id === (assignee === 'me' ? myId : Number(assignee)));

/** Whether a changed conversation still stands in a list: what the server would answer, said again here so that it leaves at once. */
export function belongs(c: Conversation, filter: Filter, myId: Id, myTeams: Id[], now = Date.now()): boolean {
  if (!ofStatus(c, filter.status) || !ofAssignee(c, filter.assignee, myId)) return false;
  if (filter.channel && String(c.channel?.id) !== filter.channel) return false;
  if (filter.team && String(c.team?.id) !== filter.team) return false;
  if (filter.label && !c.labels.includes(filter.label)) return false;
  if (filter.waiting && c.waiting_since === null) return false;
  if (filter.within_days && lastAt(c) < now - Number(filter.within_days) * DAY) return false;
  if (filter.quiet_days && lastAt(c) >= now - Number(filter.quiet_days) * DAY) return false;
  if (filter.view === 'mine') return c.assignee?.id === myId;
  if (filter.view === 'unassigned') return !c.assignee;
  if (filter.view === 'team') return c.team !== null && myTeams.includes(c.team.id);
  if (filter.view === 'waiting') return c.waiting_since !== null;
  if (filter.view === 'late') return c.answer_due !== null && Date.parse(c.answer_due) < now;
  return true;
}

const lists = new Set<ConversationList>();
function relist(mine: readonly Id[] = []): void { for (const each of lists) each.settle(false, new Set(mine)); }

/** One list on the screen: what is shown, what is gathered behind "3 new", and how to get more. */
export class ConversationList {
  readonly filter: Filter;
  ids = $state.raw<Id[]>([]);
  wanted = $state.raw<Id[]>([]);
  next = $state<string | null>(null);
  phase = $state<'loading' | 'more' | 'ready' | 'failed'>('loading');
  problem = $state.raw<Problem | null>(null);
  still = false;
  waiting = $derived(gathered(this.ids, this.wanted));
  #all: Id[] = [];
  #floor: Id | null = null;
  #removed: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(filter: Filter) {
    this.filter = filter;
    lists.add(this);
    void this.load();
    // The first event starts the clock, later ones do not put it off: a busy inbox is refreshed as often as a quiet one.
    const soon = () => { this.#timer ??= setTimeout(() => { this.#timer = undefined; void this.refresh(); }, 200); };
    this.#removed = [on('conversation', soon), on('message', soon), on('reload', soon)];
  }

  close(): void {
    lists.delete(this);
    clearTimeout(this.#timer);
    for (const off of this.#removed) off();
  }

  get #compare(): Compare<Conversation> { return orders[this.filter.sort]; }

  #ask(cursor: string | null) {
    const { extra, ...said } = this.filter;
    return list<Conversation>('/conversations', { ...Object.fromEntries(new URLSearchParams(extra)), ...said, cursor, limit: PAGE });
  }

  async load(): Promise<void> {
    let wanted = SCREENFUL;
    try {
      do {
        this.phase = this.ids.length ? 'more' : 'loading';
        const page = await this.#ask(this.next);
        this.#take(page.items, true);
        this.next = page.next;
        this.problem = null;
        this.settle(true);
        wanted -= page.items.length;
      } while (this.next !== null && wanted > 0 && lists.has(this));
      this.phase = 'ready';
    } catch (error) {
      this.problem = asProblem(error);
      this.phase = 'failed';
    }
  }

  more(): void { if (this.next !== null && this.phase === 'ready') void this.load(); }

  /** Asks for the head again: what moved or came is there. A failure keeps what is shown; the next event tries again. */
  async refresh(): Promise<void> {
    if (this.phase === 'loading') return;
    try {
      const page = await this.#ask(null);
      this.#take(page.items, this.ids.length === 0);
      if (this.ids.length === 0 || page.next === null) this.next = page.next;
      await this.#missing(page.items);
      this.settle();
    } catch {
      if (this.phase === 'failed') this.phase = 'ready';
    }
  }

  /** Rows that stood among the first page and are no longer there went elsewhere: ask each where. */
  async #missing(head: Conversation[]): Promise<void> {
    const here = new Set(head.map((item) => item.id));
    const gone = this.ids.slice(0, head.length).filter((id) => !here.has(id)).slice(0, 10);
    await Promise.all(gone.map((id) => fetchConversation(id).catch(() => rows.delete(id))));
  }

  #take(items: Conversation[], deepest: boolean): void {
    for (const item of items) keep(item);
    this.#all = [...new Set([...this.#all, ...items.map((item) => item.id)])];
    if (deepest) this.#floor = items.at(-1)?.id ?? this.#floor;
  }

  /** Puts the list in order, unless the pointer is over it: then it only counts what would move. What left goes at once, `mine` come at once. */
  settle(now = false, mine: ReadonlySet<Id> = new Set()): void {
    const floor = this.#floor === null ? undefined : rows.get(this.#floor);
    const sorted = merge(this.#all, [], (id) => rows.get(id), this.#compare, this.next === null || this.filter.q !== '', floor);
    const person = me();
    this.wanted = this.filter.q || this.filter.extra ? this.#all.filter((id) => rows.has(id)) : sorted.filter((id) => belongs(rows.get(id)!, this.filter, person.id, person.teams));
    this.ids = this.still && !now ? held(this.ids, this.wanted, mine) : this.wanted;
  }

  hold(still: boolean): void {
    this.still = still;
    if (!still) this.ids = this.wanted;
  }

  show(): void { this.ids = this.wanted; }
}

let counted = $state.raw<Counts>({ mine: 0, unassigned: 0, all: 0, unread_mine: 0, late: 0, team: 0, waiting: 0, mentioned: 0, snoozed: 0 });
export const counts = () => counted;
/** Before every page's title: "(3) ". */
export const badge = (): string => (counted.unread_mine ? `(${counted.unread_mine}) ` : '');
export async function refetchCounts(): Promise<void> {
  counted = await get<Counts>('/conversations/counts').catch(() => counted);
}

let countTimer: ReturnType<typeof setTimeout> | undefined;
function countSoon(): void { countTimer ??= setTimeout(() => { countTimer = undefined; void refetchCounts(); }, 300); }
for (const kind of ['counts', 'reload', 'conversation', 'message'] as const) on(kind, countSoon);

const watched = new Set<Id>();
/** While a thread is open its conversation follows every change, with the ways to answer it. */
export function watch(id: Id): () => void { watched.add(id); return () => watched.delete(id); }

on('conversation', ({ conversation_id: id }) => {
  // Rows of a list's first page come with its refresh; only what stands deeper or is open has to be asked for by itself.
  const deep = [...lists].some((each) => each.ids.indexOf(id as Id) >= PAGE);
  if (deep || watched.has(id as Id)) void fetchConversation(id as Id).then(() => relist()).catch(() => undefined);
});
