// One person's whole timeline around the conversation that is open: pages of messages, its events, who is typing.
import { SvelteMap } from 'svelte/reactivity';
import { asProblem, get, list, post, remove, type Problem } from '../api/client.ts';
import type { Conversation, Event, Id, Message, Page, State } from '../api/types.ts';
import { firstUnread } from '../lists/timeline.ts';
import { on } from '../live/live.svelte.ts';
import { settle, whenSent } from './outbox.svelte.ts';
import { conversation, fetchConversation, watch } from './conversations.svelte.ts';

const rank: Record<State, number> = { queued: 0, sending: 1, unknown: 2, failed: 3, sent: 4, delivered: 5, read: 6 };
/** What we know is further than what is told: states never go back down, in whatever order their news arrive. */
const behind = (known: State | null | undefined, told: State | null | undefined) => Boolean(known && told && rank[told] < rank[known] && told !== 'failed');
const order = (a: Message, b: Message) => Date.parse(a.at) - Date.parse(b.at) || a.id - b.id;

export class Thread {
  readonly id: Id;
  #byId = new SvelteMap<Id, Message>();
  events = $state.raw<Event[]>([]);
  older = $state<string | null>(null);
  /** There are newer messages than those loaded: the thread was opened at an old one. */
  newer = $state(false);
  phase = $state<'loading' | 'ready' | 'failed'>('loading');
  loadingOlder = $state(false);
  loadingNewer = $state(false);
  problem = $state.raw<Problem | null>(null);
  typing = $state<{ customer: boolean; manager: Id | null }>({ customer: false, manager: null });
  /** The first message that was unread when the thread was opened: the divider stays there. */
  unreadFrom = $state<Id | null>(null);
  unreadCount = 0;
  #quotes = new SvelteMap<Id, Message | null>();
  #asked = new Set<Id>();
  /** States told of messages that are still being fetched: the answer on its way may be older. */
  #early = new Map<Id, State>();
  messages = $derived([...this.#byId.values()].sort(order));
  #off: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;

  /** `at`: the message to open at, wherever in the thread it stands. */
  constructor(id: Id, at: Id | null = null) {
    this.id = id;
    void this.load(at);
    this.#off = [
      watch(id),
      whenSent((message) => { if (this.#mine(message.conversation_id)) { if (this.newer) void this.load(); else this.keep([message]); } }),
      on('message', ({ conversation_id: which, message_id: id }) => { if (this.#mine(which)) void this.#heard(id as Id); }),
      on('conversation', ({ conversation_id: which }) => { if (which === this.id) void this.#regrouped(); }),
      on('state', (data) => this.#state(data)),
      on('reload', () => { void fetchConversation(this.id).catch(() => undefined); this.#soon(); }),
      on('typing', (data) => this.#typed(data)),
    ];
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#typingTimer);
    for (const off of this.#off) off();
  }

  get conversation(): Conversation | undefined { return conversation(this.id); }
  message(id: Id): Message | undefined { return this.#byId.get(id); }

  /** What was answered to, also where it is not loaded: asked for by itself, once. Null when it is gone. */
  quoted(id: Id): Message | null | undefined {
    const known = this.#byId.get(id) ?? this.#quotes.get(id);
    if (known === undefined && !this.#asked.has(id)) {
      this.#asked.add(id);
      queueMicrotask(() => void get<Message>(`/messages/${id}`).then((found) => this.#quotes.set(id, found)).catch((error: unknown) => { if (asProblem(error).status === 404) this.#quotes.set(id, null); else this.#asked.delete(id); }));
    }
    return known;
  }

  /** Messages of the person's other conversations belong here too. */
  #mine(which: unknown): boolean {
    return which === this.id || this.messages.some((m) => m.conversation_id === which);
  }

  #ask(cursor: string | null = null) {
    return list<Message>(`/conversations/${this.id}/messages`, { timeline: 'contact', newest: 1, limit: 50, cursor });
  }

  /** The page around a message, or the newest where that is gone. */
  async #askAround(at: Id): Promise<Page<Message>> {
    try { return await list<Message>(`/conversations/${this.id}/messages`, { timeline: 'contact', around: at, limit: 50 }); }
    catch (error) { if (asProblem(error).status !== 422) throw error; return this.#ask(); }
  }

  async load(at: Id | null = null): Promise<void> {
    this.phase = 'loading';
    try {
      const [page] = await Promise.all([at === null ? this.#ask() : this.#askAround(at), fetchConversation(this.id), this.#loadEvents()]);
      this.#byId.clear();
      this.keep(page.items);
      this.newer = at !== null && page.items.some((each) => each.id === at);
      this.older = page.next;
      this.unreadCount = this.conversation?.unread ?? 0;
      // With many unread the first of them stands on an older page; around an old message nobody knows yet where it stands.
      for (let pages = 0; !this.newer && pages < 4 && this.#heardCount() < this.unreadCount && this.older !== null; pages += 1) await this.loadOlder();
      this.unreadFrom = this.newer ? null : firstUnread(this.messages, this.unreadCount);
      this.phase = 'ready';
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
      this.phase = 'failed';
    }
  }

  #heardCount(): number { return this.messages.filter((each) => each.direction === 'in').length; }

  /** Shows what stands around a message, or around a time; answers where it is. Null where nothing was said then or later. */
  async show(where: { around: Id } | { at: string }): Promise<Id | null> {
    if ('around' in where && this.#byId.has(where.around)) return where.around;
    const page = await list<Message>(`/conversations/${this.id}/messages`, { timeline: 'contact', limit: 50, ...where });
    const found = 'around' in where ? page.items.find((each) => each.id === where.around) : page.items.find((each) => each.at >= where.at);
    if (!found) return null;
    if (!this.#byId.has(found.id)) {
      this.#byId.clear();
      this.keep(page.items);
      this.older = page.next;
      this.newer = true;
    }
    return found.id;
  }

  async loadOlder(): Promise<void> {
    if (this.older === null || this.loadingOlder) return;
    this.loadingOlder = true;
    try {
      const page = await this.#ask(this.older);
      this.keep(page.items);
      this.older = page.next;
    } finally {
      this.loadingOlder = false;
    }
  }

  async loadNewer(): Promise<void> {
    const last = this.messages.at(-1);
    if (!this.newer || this.loadingNewer || !last) return;
    this.loadingNewer = true;
    try {
      const page = await list<Message>(`/conversations/${this.id}/messages`, { timeline: 'contact', after: last.id, limit: 50 });
      this.keep(page.items);
      this.newer = page.next !== null;
    } finally {
      this.loadingNewer = false;
    }
  }

  /** Events of the conversation; where its messages were moved since, these too are asked for again. */
  async #regrouped(): Promise<void> {
    const before = this.events.at(-1)?.id ?? 0;
    await this.#loadEvents();
    if (this.events.some((event) => event.id > before && /^conversation\.(merged|split|undone)/.test(event.kind))) this.#soon();
  }

  async #loadEvents(): Promise<void> {
    this.events = (await get<Page<Event>>(`/conversations/${this.id}/events`, { limit: 200 }).catch(() => ({ items: this.events }))).items;
  }

  /** A message came or changed. One older than what is loaded comes with its page. */
  async #heard(id: Id): Promise<void> {
    const message = await get<Message>(`/messages/${id}`).catch((error: unknown) => (asProblem(error).status === 404 ? undefined : null));
    if (message === undefined) { this.#byId.delete(id); return; }
    if (!message) return this.#soon();
    const oldest = this.messages[0];
    if (this.older !== null && oldest && order(message, oldest) < 0) return;
    if (this.newer && !this.#byId.has(id)) return;
    if (message.direction === 'in') this.typing = { ...this.typing, customer: false };
    this.keep([message]);
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => { this.#timer = undefined; void this.#refresh(); }, 100);
  }

  async #refresh(): Promise<void> {
    if (this.newer) return;
    const page = await this.#ask().catch(() => null);
    if (!page) return;
    this.typing = { ...this.typing, customer: false };
    this.keep(page.items);
  }

  keep(items: Message[]): void {
    settle(items);
    for (const item of items) {
      const known = this.#byId.get(item.id)?.state ?? this.#early.get(item.id);
      this.#early.delete(item.id);
      this.#byId.set(item.id, known && behind(known, item.state) ? { ...item, state: known } : item);
    }
  }

  #state({ message_id: id, state, reason }: Record<string, unknown>): void {
    const known = this.#byId.get(id as Id);
    if (behind(known?.state ?? this.#early.get(id as Id), state as State)) return;
    if (!known) { this.#early.set(id as Id, state as State); return; }
    this.#byId.set(known.id, { ...known, state: state as State, reason: (reason as string | null | undefined) ?? known.reason });
    // What else can be done about it, only the message itself tells.
    if (state === 'failed') void this.#heard(known.id);
  }

  #typed({ conversation_id: which, manager_id: manager }: Record<string, unknown>): void {
    if (which !== this.id) return;
    this.typing = manager ? { ...this.typing, manager: manager as Id } : { ...this.typing, customer: true };
    clearTimeout(this.#typingTimer);
    this.#typingTimer = setTimeout(() => (this.typing = { customer: false, manager: null }), 6000);
  }

  /** Sends again, over another channel where one is named. The server makes it a message of its own. */
  async retry(id: Id, confirm: boolean, channel?: Id): Promise<void> {
    const made = await post<Message>(`/messages/${id}/retry`, { ...(confirm ? { confirm: true } : {}), ...(channel === undefined ? {} : { channel_id: channel }) });
    const old = this.#byId.get(id);
    if (old && made.id !== id) this.#byId.set(id, { ...old, data: { ...old.data, retried_as: made.id } });
    this.keep([made]);
    this.#soon();
  }

  /** Somebody found out that it did arrive after all. */
  async arrived(id: Id): Promise<void> { this.keep([await post<Message>(`/messages/${id}/settle`, { arrived: true })]); }

  /** What was taken back is shown no more. */
  forget(id: Id): void { this.#byId.delete(id); }

  /** Takes back what waits for its time. */
  async cancel(id: Id): Promise<void> {
    await remove(`/messages/${id}`);
    this.#byId.delete(id);
  }
}
