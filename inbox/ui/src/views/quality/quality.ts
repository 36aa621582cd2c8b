// Data quality as the API tells it, and how a value that looks wrong is shown.
import type { Id, Named, Time } from '../../api/types.ts';
import { t, told } from '../../text/text.svelte.ts';

export interface KindCount { kind: string; count: number; mendable: number; right: number }
export interface Run { id: Id; total: number; looked: number; found: number; started_at: Time; finished_at: Time | null }
export interface Batch {
  id: Id; kind: string | null; by: Named; at: Time; state: 'running' | 'done' | 'undoing' | 'undone';
  repaired: number; refused: number; undone: number; kept: number; left: number;
}
export interface Quality { kinds: KindCount[]; run: Run | null; going: Batch | null }
export interface Finding { id: Id | null; kind: string; contact: Named; place: string; before: string; after: string | null; state: 'open' | 'right'; found_at: Time | null }
export interface Repair { id: Id; kind: string; contact: Named; place: string; before: string; after: string; undone_at: Time | null }

export const MOST = 10_000;
export const kindName = (kind: string) => told('quality.kind', kind);
/** Where on the card it stands: a field of one's own goes by its own name. */
export const placeName = (place: string) => (place.startsWith('fields.') ? place.slice(7) : told('quality.place', place));
/** What the one click does: writes something else there, or takes it away. */
export const mending = (after: string) => (after ? t('quality.mend.to', { after }) : t('quality.mend.empty'));
