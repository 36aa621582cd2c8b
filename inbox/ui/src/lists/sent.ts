// Which of the messages that wait here have arrived, and which have waited too long to leave by themselves: pure.
import type { Message } from '../api/types.ts';

interface Waiting { key: string; at: string }

/** The server knows a repeated request for a day: what waited longer might arrive twice, so a person decides. */
export const ALONE = 12 * 3600_000;
export const leavesAlone = (entry: Waiting, now: number): boolean => now - Date.parse(entry.at) < ALONE;

/** The keys of those that stand in the thread already: the line was lost after the server took them. */
export function arrived(waiting: readonly Waiting[], messages: readonly Pick<Message, 'data'>[]): string[] {
  if (waiting.length === 0) return [];
  const refs = new Set(messages.map((each) => each.data?.['ref']));
  return waiting.filter((each) => refs.has(each.key)).map((each) => each.key);
}
