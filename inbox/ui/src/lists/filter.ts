// Which conversations a list shows, as the address says it; pure, so that it can be tested.
import type { SavedView, Sort, StatusFilter, View, ViewFilter } from '../api/types.ts';

export interface Filter {
  view: View; status: StatusFilter; q: string; sort: Sort; channel: string; assignee: string; team: string; segment: string; label: string; waiting: string;
  within_days: string; quiet_days: string; extra: string;
}
/** The names of a filter's parts in the address, besides `view` and what reports add. */
export const PARTS = ['status', 'q', 'sort', 'channel', 'assignee', 'team', 'segment', 'label', 'waiting', 'within_days', 'quiet_days'] as const;
const KNOWN: readonly string[] = ['view', 'saved', ...PARTS];
const VIEWS: readonly View[] = ['mine', 'team', 'unassigned', 'waiting', 'late', 'mentioned', 'snoozed', 'closed', 'all'];

/** What is put off leaves the lists of what is to be done; `all` has everything that is not closed. */
export function usualStatus(view: View): StatusFilter {
  if (view === 'snoozed' || view === 'closed') return view;
  if (view === 'mentioned') return 'any';
  return view === 'all' || view === 'late' ? 'active' : 'current';
}
export function usualSort(view: View): Sort {
  return view === 'waiting' ? 'waiting' : view === 'late' ? 'due' : view === 'snoozed' ? 'snoozed' : 'last';
}

export function readFilter(query: URLSearchParams): Filter {
  const extra = [...query].filter(([name]) => !KNOWN.includes(name));
  const narrowed = PARTS.some((name) => name !== 'q' && name !== 'sort' && query.has(name));
  const said = query.get('view') as View | null;
  const view = said && VIEWS.includes(said) ? said : query.has('assignee') || extra.length || (narrowed && query.has('saved')) ? 'all' : 'mine';
  return {
    view, status: (query.get('status') as StatusFilter | null) ?? usualStatus(view), sort: (query.get('sort') as Sort | null) ?? usualSort(view),
    q: query.get('q') ?? '', channel: query.get('channel') ?? '', assignee: query.get('assignee') ?? '', team: query.get('team') ?? '', segment: query.get('segment') ?? '',
    label: query.get('label') ?? '', waiting: query.get('waiting') === 'true' ? 'true' : '', within_days: query.get('within_days') ?? '',
    quiet_days: query.get('quiet_days') ?? '', extra: new URLSearchParams(extra).toString(),
  };
}

/** Whether anything narrows the view besides a search. */
export function isNarrowed(filter: Filter): boolean {
  const { status, sort, channel, assignee, team, segment, label, waiting, within_days, quiet_days, extra } = filter;
  return status !== usualStatus(filter.view) || sort !== usualSort(filter.view) || [channel, assignee, team, segment, label, waiting, within_days, quiet_days, extra].some(Boolean);
}

/** What is kept of a list when it is saved as a view: only what it says. */
export function toView(filter: Filter): ViewFilter {
  const kept: ViewFilter = { view: filter.view };
  if (filter.status !== usualStatus(filter.view)) kept.status = filter.status;
  if (filter.sort !== usualSort(filter.view)) kept.sort = filter.sort;
  for (const name of ['channel', 'team', 'segment', 'within_days', 'quiet_days'] as const) if (filter[name]) kept[name] = Number(filter[name]);
  for (const name of ['assignee', 'label', 'q'] as const) if (filter[name]) kept[name] = filter[name];
  if (filter.waiting) kept.waiting = true;
  return kept;
}

/** The address of a saved view: its whole filter, so that a colleague who gets the link sees the same. */
export function savedAddress(view: Pick<SavedView, 'id' | 'filter'>): string {
  const query = new URLSearchParams({ saved: String(view.id), view: view.filter.view ?? 'all' });
  for (const name of PARTS) {
    const value = view.filter[name];
    if (value !== undefined && value !== null && value !== '') query.set(name, String(value));
  }
  return `/inbox?${query}`;
}

/** Whether the list on the screen is the saved one, or was narrowed further. */
export function sameFilter(a: ViewFilter, b: ViewFilter): boolean {
  const plain = (filter: ViewFilter) => JSON.stringify(['view', ...PARTS].map((name) => filter[name as keyof ViewFilter] ?? null));
  return plain({ ...a, view: a.view ?? 'all' }) === plain({ ...b, view: b.view ?? 'all' });
}
