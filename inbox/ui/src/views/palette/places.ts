// Every place of the app by its address: what the palette offers, each only to those who may see it.
import { savedAddress } from '../../lists/filter.ts';
import { savedViews } from '../../stores/views.svelte.ts';
import { can } from '../../stores/session.svelte.ts';
import { t, type Key } from '../../text/text.svelte.ts';

/** Address, name, the right it needs; "" for everybody. */
const places: readonly (readonly [string, Key, string])[] = [
  ['/inbox', 'rail.inbox', 'conversations.read'], ['/inbox?view=unassigned', 'inbox.unassigned', 'conversations.read'], ['/people', 'rail.people', 'contacts.read'], ['/organisations', 'org.title', 'contacts.read'],
  ['/segments', 'segments.title', 'contacts.read'], ['/quality', 'quality.title', 'contacts.read'], ['/duplicates', 'duplicates.title', 'contacts.write'], ['/imports', 'imports.title', 'imports.read'], ['/tasks', 'rail.tasks', 'tasks.read'], ['/bots', 'rail.bots', 'flows.read'],
  ['/broadcasts', 'rail.broadcasts', 'broadcasts.read'], ['/reports', 'rail.reports', 'reports.read'],
  ['/settings', 'settings.me', ''], ['/notifications', 'notices.title', ''], ['/channels', 'rail.channels', 'channels.read'], ['/team', 'rail.team', 'people.read'], ['/templates', 'rail.templates', 'templates.read'],
  ['/canned', 'canned.title', 'templates.read'], ['/cards', 'card.settings', 'people.write'], ['/work', 'offers.title', 'conversations.write'],
];

export interface Place { to: string; label: string }
/** Pages, settings, and the views one has. */
export function myPlaces(): Place[] {
  const pages = places.filter(([, , right]) => right === '' || can(right)).map(([to, label]) => ({ to, label: t(label) }));
  return [...pages, ...savedViews.need().items.map((each) => ({ to: savedAddress(each), label: `${t('rail.inbox')}: ${each.name}` }))];
}
