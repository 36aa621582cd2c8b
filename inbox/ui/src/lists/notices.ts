// Which of the things that wait are news, and how they are told: pure, the present moment is an argument.
export type NoticeKind = 'request' | 'reply' | 'mention' | 'unassigned' | 'late';
export const noticeKinds: readonly NoticeKind[] = ['mention', 'late', 'request', 'reply', 'unassigned'];
export interface Waits { kind: NoticeKind; conversation_id: number; name: string | null; number: string; text: string; at: string }
export type Known = ReadonlyMap<string, number>;

const keyOf = (each: Waits) => `${each.kind} ${each.conversation_id}`;
export const known = (items: readonly Waits[]): Known => new Map(items.map((each) => [keyOf(each), Date.parse(each.at)]));

/** What is new, each conversation once under its weightiest kind. A request that became a reply, or was answered and asked again, is new only if it is later. */
export function fresh(before: Known, items: readonly Waits[], kinds: readonly string[]): Waits[] {
  const news = items.filter((each) => kinds.includes(each.kind) && !((before.get(keyOf(each)) ?? -Infinity) >= Date.parse(each.at)));
  const first = new Map<number, Waits>();
  for (const kind of noticeKinds) for (const each of news) if (each.kind === kind && !first.has(each.conversation_id)) first.set(each.conversation_id, each);
  return [...first.values()];
}

/** More than so many at once are told as one. */
export const SINGLY = 3;

/** Whether it is quiet now: `from` and `to` are HH:MM in `zone`; over midnight too. */
export function quiet(from: string | null, to: string | null, zone: string, now: Date): boolean {
  if (!from || !to || from === to) return false;
  let clock: string;
  try {
    clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone }).format(now);
  } catch {
    return false;
  }
  return from < to ? clock >= from && clock < to : clock >= from || clock < to;
}
