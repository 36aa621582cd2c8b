// Every place of the app by its address: what the palette offers, each only to those who may see it.
import { savedAddress } from '../../lists/filter.ts';
import { savedViews } from '../../stores/views.svelte.ts';
import { mayOpen, nameOfPlace, pageNames } from '../../stores/places.ts';
import { t } from '../../text/text.svelte.ts';

const pages = [...pageNames.slice(0, 1), 'inbox?view=unassigned', ...pageNames.slice(1)];

export interface Place { to: string; label: string }
/** Pages, settings, and the views one has. */
export function myPlaces(): Place[] {
  const mine = pages.filter(mayOpen).map((page) => ({ to: `/${page}`, label: t(page.includes('?') ? 'inbox.unassigned' : nameOfPlace(page)) }));
  return [...mine, ...savedViews.need().items.map((each) => ({ to: savedAddress(each), label: `${t('rail.inbox')}: ${each.name}` }))];
}
