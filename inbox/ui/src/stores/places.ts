// Every page by its address: its name, and what it needs to be opened. Asked by the rail, the settings, the palette and the frame.
import type { Key } from '../text/text.svelte.ts';
import { can } from './session.svelte.ts';

/** The name, then rights of which any one opens it; none, and it is everybody's. A part can need more than its page. */
const places: Record<string, readonly [Key, ...string[]]> = {
  inbox: ['rail.inbox', 'conversations.read'],
  people: ['rail.people', 'contacts.read'], organisations: ['org.title', 'contacts.read'], segments: ['segments.title', 'contacts.read'],
  quality: ['quality.title', 'contacts.read'], duplicates: ['duplicates.title', 'contacts.read'], imports: ['imports.title', 'imports.read'],
  tasks: ['rail.tasks', 'tasks.read'], bots: ['rail.bots', 'flows.read'], broadcasts: ['rail.broadcasts', 'broadcasts.read'], reports: ['rail.reports', 'reports.read'],
  settings: ['settings.me'], notifications: ['notices.title'], channels: ['rail.channels', 'channels.read'], team: ['rail.team', 'people.read'],
  canned: ['canned.title', 'templates.read'], templates: ['rail.templates', 'templates.read'], work: ['offers.title', 'conversations.write', 'work.write'], cards: ['card.settings', 'people.write'], webhooks: ['webhooks.title', 'webhooks.write'],
};
const parts: Record<string, typeof places[string]> = {
  'broadcasts/new': ['broadcasts.add', 'broadcasts.write'], 'channels/new': ['channels.add', 'channels.write'], 'segments/new': ['segments.add', 'broadcasts.write'],
};
export const pageNames: readonly string[] = Object.keys(places);
export const settingsPages: readonly string[] = pageNames.slice(pageNames.indexOf('settings'));

const split = (address: string): string[] => (address.split(/[?#]/)[0] ?? '').split('/').filter(Boolean);
const placeOf = (address: string) => { const [page = '', part = ''] = split(address); return parts[`${page}/${part}`] ?? places[page]; };

/** What there is not leads to where one may be anyway. */
export function mayOpen(address: string): boolean {
  const [, ...rights] = placeOf(address) ?? ['rail.inbox'];
  return rights.length === 0 || rights.some(can);
}
export const nameOfPlace = (address: string): Key => placeOf(address)?.[0] ?? 'rail.inbox';
