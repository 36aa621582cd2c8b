// What the API says of cards that may be one person, and of merges.
import type { Contact, Id, Named, Time } from '../../api/types.ts';

export interface Duplicate { id: Id; score: number; reasons: string[]; state: 'open' | 'merged' | 'apart'; contacts: [Contact, Contact]; found_at: Time }
export interface Merge { id: Id; contact: Named; merged: Named; at: Time; by: Named | null; undone_at: Time | null }
export interface Run { id: Id; total: number; looked: number; found: number; started_at: Time; finished_at: Time | null }
