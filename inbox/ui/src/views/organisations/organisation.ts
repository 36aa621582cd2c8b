// What the server says of organisations and of who works there.
import type { Value } from '../../api/card.ts';
import type { Id, Named, Time } from '../../api/types.ts';

export const standings = ['lead', 'client', 'partner', 'supplier', 'former', 'other'] as const;
export const parts = ['decides', 'influences', 'uses', 'pays', 'other'] as const;
export const influences = ['high', 'medium', 'low'] as const;
export type Standing = (typeof standings)[number];

export interface Organisation {
  id: Id; name: string; status: Standing | null; website: string; phones: string[]; emails: string[]; address: string; registration: string; note: string;
  fields: Record<string, Value>; tags: string[]; manager: Named | null; people: number; similar: Named[]; merged_into: Id | null;
  removed_at: Time | null; created_at: Time; changed_at: Time;
}
export interface Employment {
  id: Id; contact: { id: Id; name: string }; organisation: Named; title: string; part: (typeof parts)[number] | null; influence: (typeof influences)[number] | null;
  since: string | null; until: string | null; current: boolean; changed_at: Time;
}
export interface Employer { id: Id; name: string; title: string }
export interface OrganisationMerge { id: Id; organisation: Named; merged: Named; at: Time; by: Named; undone_at: Time | null }

/** A link that a browser may follow, whatever stands in the field. */
export const safe = (site: string): string | undefined => (/^https?:\/\//i.test(site) ? site : undefined);
export const bare = (site: string): string => site.replace(/^https?:\/\//i, '').replace(/\/$/, '');

/** 2024, "May 2024" or "17 May 2024": as much as is known. */
export function partial(date: string | null, language: string): string {
  if (!date) return '';
  const [year = 0, month, day] = date.split('-').map(Number);
  if (month === undefined) return String(year);
  const at = new Date(Date.UTC(year, month - 1, day ?? 1));
  return new Intl.DateTimeFormat(language, { year: 'numeric', month: day === undefined ? 'long' : 'short', ...(day === undefined ? {} : { day: 'numeric' }), timeZone: 'UTC' }).format(at).replace(/\s?г\.$/, '');
}

/** "May 2022 – 2024", "since 2022", "until 2024" in the words that are given. */
export function span(job: Pick<Employment, 'since' | 'until' | 'current'>, language: string, words: { since: (when: string) => string; until: (when: string) => string }): string {
  const [from, to] = [partial(job.since, language), partial(job.until, language)];
  if (from && to) return `${from} – ${to}`;
  if (from) return job.current ? words.since(from) : `${from} – ?`;
  return to ? words.until(to) : '';
}
