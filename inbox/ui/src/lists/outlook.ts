// When an operator must be told what the channel will make of a message; and what waits for its time. Pure.
import type { Message, Preview, Reach } from '../api/types.ts';

/** Only what changes on the way, or what is paid for by the piece, is worth a line above the buttons. */
export function worthTelling(found: Preview | null): boolean {
  return found !== null && (found.notes.length > 0 || found.parts.length > 1 || found.segments !== null);
}

/** A queued message that waits for a moment its author chose, not for its turn. */
export function isScheduled(message: Message, now: number): boolean {
  return message.state === 'queued' && Boolean(message.send_at) && Date.parse(message.send_at!) > now + 60_000;
}

const byTime = (a: Message, b: Message) => Date.parse(a.send_at!) - Date.parse(b.send_at!) || a.id - b.id;

/** What waits for its time stands last, soonest first: where it will appear. */
export function apart(messages: readonly Message[], now: number): { said: Message[]; scheduled: Message[] } {
  const scheduled = messages.filter((message) => isScheduled(message, now)).sort(byTime);
  return scheduled.length ? { said: messages.filter((message) => !scheduled.includes(message)), scheduled } : { said: [...messages], scheduled };
}

/** A channel that takes templates, shut only because the time to answer is over: a stop is a stop for templates too. */
export function templateHelps(reach: Reach | undefined, takesTemplates: boolean, shutWords: string, now: number): boolean {
  if (!reach || !takesTemplates) return false;
  if (reach.can_send) return reach.window_until !== null && Date.parse(reach.window_until) <= now;
  return reach.reason === null || reach.reason === shutWords;
}
