// Work on a conversation: several actions in one go with one undo, and which dialog is asked for, from wherever.
import { get, post } from '../api/client.ts';
import type { Conversation, Id } from '../api/types.ts';
import { language } from '../text/text.svelte.ts';
import { fetchConversation } from './conversations.svelte.ts';
import { complain, say } from './toasts.svelte.ts';

export interface Action { do: string; manager?: Id | 'me' | null; team?: Id; labels?: string[]; priority?: number; until?: string; when?: string; reason?: Id; summary?: string; text?: string }
interface Titled { id: Id; name: string; title_en: string; title_ru: string }
export interface Label extends Titled { colour: string }
export interface Reasons { items: Titled[]; reason_required: boolean; summary_required: boolean }
export interface Macro { id: Id; name: string; shared: boolean; shortcut: string | null; actions: Action[] }
interface Done { undo: Id | null; items: Conversation[]; refused: { id: Id; detail: string }[] }
export type Asked = 'snooze' | 'transfer' | 'labels' | 'close' | 'macros';

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

/** What is offered may change any day: asked again whenever the inbox opens. Without it everything else still works. */
export async function loadWork(): Promise<void> {
  await Promise.all([
    get<{ items: Label[] }>('/labels').then((found) => (labels = found.items)),
    get<Reasons>('/close-reasons').then((found) => (reasons = found)),
    get<{ items: Macro[] }>('/macros').then((found) => (macros = found.items)),
  ]).catch(() => undefined);
}

export const titleOf = (each: Titled): string => (language() === 'ru' ? each.title_ru : each.title_en) || each.name;
export const timezone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;
/** Whether closing has to be asked about first. */
export const mustSay = (): boolean => reasons.reason_required || reasons.summary_required;

async function settle(done: Done, said: string): Promise<void> {
  const { undo } = done;
  const again = () => Promise.all(done.items.map((each) => fetchConversation(each.id)));
  await again();
  say(said, undo === null ? undefined : () => void post(`/undo/${undo}`).then(again).catch(complain));
}

/** True when it was done; what went wrong has been said otherwise. */
export async function perform(item: Conversation, actions: Action[], said: string): Promise<boolean> {
  try {
    await settle(await post<Done>('/conversations/actions', { conversations: [item.id], actions, timezone: timezone() }), said);
    return true;
  } catch (error) { complain(error); return false; }
}

export async function runMacro(item: Conversation, macro: Macro): Promise<boolean> {
  try {
    await settle(await post<Done>(`/macros/${macro.id}/run`, { conversations: [item.id], timezone: timezone() }), macro.name);
    return true;
  } catch (error) { complain(error); return false; }
}
