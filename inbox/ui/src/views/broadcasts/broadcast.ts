// Colours and order of a broadcast's states.
import type { BroadcastState, RecipientCounts } from '../../api/types.ts';

export const toneOf = (state: BroadcastState): string => ({ draft: '', planning: 'accent', running: 'accent', paused: 'warn', done: 'ok', cancelled: '' })[state];
/** In the order a message goes through them; the last three are what did not go well. */
export const order = ['waiting', 'queued', 'sent', 'delivered', 'read', 'failed', 'unknown', 'skipped'] as const;
export const settled = (counts: RecipientCounts): number => order.filter((state) => state !== 'waiting' && state !== 'queued').reduce((total, state) => total + (counts[state] ?? 0), 0);
