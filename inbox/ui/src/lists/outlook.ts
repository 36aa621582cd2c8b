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
  // What was called back before its time was never said; that it was, an event tells.
  return { said: messages.filter((message) => message.code !== 'cancelled' && !scheduled.includes(message)), scheduled };
}

/** A channel that takes templates, shut only because the time to answer is over: a stop is a stop for templates too. */
export function templateHelps(reach: Reach | undefined, takesTemplates: boolean, shutWords: string, now: number): boolean {
  if (!reach || !takesTemplates) return false;
  if (reach.can_send) return reach.window_until !== null && Date.parse(reach.window_until) <= now;
  return reach.reason === null || reach.reason === shutWords;
}

const bare = (entry: string) => (/<([^<>]+)>\s*$/.exec(entry)?.[1] ?? entry).trim().toLowerCase();
/** Addresses as people type them: with commas, semicolons or spaces between. */
export const addresses = (typed: string): string[] => [...new Set(typed.split(/[,;\s]+/).map(bare).filter(Boolean))];

/** Who else was on the customer's last mail: an answer goes to them too, unless its writer says otherwise. */
export function others(messages: readonly Message[], channel: number | undefined, ours: string, theirs: string): string[] {
  const last = messages.findLast((message) => message.direction === 'in' && message.channel?.id === channel);
  const named = ['to', 'cc'].flatMap((name) => { const list = last?.data?.[name]; return Array.isArray(list) ? list.map((entry) => bare(String(entry))) : []; });
  // Our mailbox may have been written to with something after a plus.
  const mine = (entry: string) => entry.replace(/\+[^@]*@/, '@') === bare(ours);
  return [...new Set(named)].filter((entry) => entry.includes('@') && entry !== bare(theirs) && !mine(entry));
}
