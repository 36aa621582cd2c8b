// Work on a conversation: several actions in one go with one undo, and which dialog is asked for, from wherever.
import { get, post } from '../api/client.ts';
import type { Conversation, Id } from '../api/types.ts';
import { said as saidOf } from '../text/said.ts';
import { language, t } from '../text/text.svelte.ts';
import { foresee, take } from './conversations.svelte.ts';
import { complain, say } from './toasts.svelte.ts';

export interface Action { do: string; manager?: Id | 'me' | null; team?: Id; labels?: string[]; priority?: number; until?: string; when?: string; reason?: Id; summary?: string; text?: string }
interface Titled { id: Id; name: string; title_en: string; title_ru: string }
export interface Label extends Titled { colour: string }
export interface Reasons { items: Titled[]; reason_required: boolean; summary_required: boolean }
export interface Macro { id: Id; name: string; shared: boolean; shortcut: string | null; actions: Action[] }
interface Done { undo: Id | null; items: Conversation[]; refused: { id: Id; detail: string }[] }
export type Dialog = 'snooze' | 'transfer' | 'labels' | 'close' | 'macros';
/** `split`: the thread asks from which message on. */
export type Asked = Dialog | 'merge' | 'link' | 'split';

let asked = $state.raw<{ what: Asked; item: Conversation } | null>(null);
export const askedWork = () => asked;
export function ask(what: Asked, item: Conversation): void { asked = { what, item }; }
export function answered(): void { asked = null; }

let labels = $state.raw<Label[]>([]);
let reasons = $state.raw<Reasons>({ items: [], reason_required: false, summary_required: false });
let macros = $state.raw<Macro[]>([]);
export const knownLabels = () => labels;
export const closeReasons = () => reasons;
export const knownMacros = () => macros;

let phase = $state<'loading' | 'ready' | 'failed'>('loading');
let trouble = $state.raw<unknown>(null);
/** For the page that is about them: whether they have come. */
export const offers = { get items() { return [...labels, ...reasons.items, ...macros]; }, get phase() { return phase; }, get problem() { return trouble; }, load: () => loadWork() };

/** What is offered may change any day: asked again whenever the inbox opens. Without it everything else still works. */
export async function loadWork(): Promise<void> {
  if (phase === 'failed') phase = 'loading';
  await Promise.all([
    get<{ items: Label[] }>('/labels').then((found) => (labels = found.items)),
    get<Reasons>('/close-reasons').then((found) => (reasons = found)),
    get<{ items: Macro[] }>('/macros').then((found) => (macros = found.items)),
  ]).then(() => (phase = 'ready')).catch((error: unknown) => { trouble = error; if (phase !== 'ready') phase = 'failed'; });
}

export const titleOf = (each: Titled): string => (language() === 'ru' ? each.title_ru : each.title_en) || each.name;
export const timezone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;
/** Whether closing has to be asked about first. */
export const mustSay = (): boolean => reasons.reason_required || reasons.summary_required;

/** At most so many in one go: the next customer's message waits for no more. */
const TOGETHER = 50;
type Ask = (ids: Id[]) => Promise<Done>;

/** Asks for all of `items`, tells what came of it, with one way back. Answers whether anything was done. */
async function settle(items: readonly Conversation[], ask: Ask, said: (n: number) => string, putBack: (which: Id[]) => void = () => undefined): Promise<boolean> {
  const steps: Id[] = [];
  const refused: Done['refused'] = [];
  const left = items.map((each) => each.id);
  let changed = 0;
  while (left.length) {
    try {
      const done = await ask(left.slice(0, TOGETHER));
      left.splice(0, TOGETHER);
      putBack(done.refused.map((each) => each.id));
      take(done.items);
      changed += done.items.length;
      refused.push(...done.refused);
      if (done.undo !== null) steps.push(done.undo);
    } catch (error) { putBack(left); complain(error); break; }
  }
  if (changed) say(said(changed), steps.length ? () => void takeBack(steps) : undefined);
  if (refused.length) say(t('many.refused', { n: refused.length, why: saidOf(refused[0]!.detail) }), undefined, 'bad');
  return changed > 0;
}

/** The last first: each step goes back to what it found. */
async function takeBack(steps: readonly Id[]): Promise<void> {
  try { for (const step of [...steps].reverse()) take((await post<Done>(`/undo/${step}`)).items); } catch (error) { complain(error); }
}

/** Does `actions` to each, shown at once as `guess` foretells. True when it was done; what went wrong has been said otherwise. */
export function perform(items: Conversation | readonly Conversation[], actions: Action[], said: string | ((n: number) => string), guess?: (item: Conversation) => Partial<Conversation>): Promise<boolean> {
  const chosen = 'id' in items ? [items] : items;
  const ask: Ask = (conversations) => post('/conversations/actions', { conversations, actions, timezone: timezone() });
  return settle(chosen, ask, typeof said === 'string' ? () => said : said, guess && foresee(chosen, guess));
}

export function runMacro(items: Conversation | readonly Conversation[], macro: Macro): Promise<boolean> {
  const ask: Ask = (conversations) => post(`/macros/${macro.id}/run`, { conversations, timezone: timezone() });
  return settle('id' in items ? [items] : items, ask, () => macro.name);
}

/** Makes one of both; answers which one goes on. */
export async function mergeInto(item: Conversation, other: Id): Promise<Id | null> {
  let kept: Id | null = null;
  const ask: Ask = async ([id]) => { const done = await post<Done>(`/conversations/${id}/merge`, { other }); kept = done.items[0]?.id ?? null; return done; };
  await settle([item], ask, () => t('work.merge.done'));
  return kept;
}

/** From this message on it is another conversation; answers which. */
export async function splitAt(item: Conversation, message: Id): Promise<Id | null> {
  let made: Id | null = null;
  const ask: Ask = async ([id]) => { const done = await post<Done>(`/conversations/${id}/split`, { message_id: message }); made = done.items[0]?.id ?? null; return done; };
  await settle([item], ask, () => t('work.split.done'));
  return made;
}
