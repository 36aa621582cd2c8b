// Telling somebody who does not look: by the browser and by a tone. Loaded after the first page is there.
import { get, patch } from '../api/client.ts';
import { fresh, known, quiet, SINGLY, type Known, type NoticeKind, type Waits } from '../lists/notices.ts';
import { on, whenPlaced } from '../live/live.svelte.ts';
import type { Place } from '../live/desk.ts';
import { t, told } from '../text/text.svelte.ts';
import { go } from './route.svelte.ts';
import { can, current } from './session.svelte.ts';

export interface Notifications {
  kinds: NoticeKind[]; sound: boolean; quiet_from: string | null; quiet_to: string | null; timezone: string;
  digest: 'off' | 'hourly' | 'daily'; digest_at: string; mail_from: string | null;
}
let settings = $state.raw<Notifications | null>(null);
export const notifications = () => settings;
export async function loadNotifications(): Promise<void> { settings = await get<Notifications>('/notifications'); }
/** Shown at once, put back if the server refuses. */
export async function changeNotifications(change: Partial<Notifications>): Promise<void> {
  const before = settings;
  if (before) settings = { ...before, ...change };
  try { settings = await patch<Notifications>('/notifications', change); } catch (error) { settings = before; throw error; }
}

// --- this browser: permission is asked for only after somebody has said that they want it
const slot = 'switchboard.notify';
const kept = () => { try { return localStorage.getItem(slot) === 'on'; } catch { return false; } };
const supported = typeof Notification !== 'undefined';
let wished = $state(kept());
let permission = $state<NotificationPermission | 'none'>(supported ? Notification.permission : 'none');
export const inBrowser = (): 'on' | 'off' | 'denied' | 'none' => (permission === 'none' ? 'none' : permission === 'denied' ? 'denied' : wished && permission === 'granted' ? 'on' : 'off');

function wish(value: boolean): void {
  wished = value;
  try { localStorage.setItem(slot, value ? 'on' : 'off'); } catch { /* asked again next time */ }
}
export async function turnOn(): Promise<void> {
  if (!supported) return;
  permission = await Notification.requestPermission();
  wish(permission === 'granted');
  if (permission === 'granted') show(t('notices.works'), t('notices.works.text'), 'switchboard-works', () => undefined);
}
export function turnOff(): void { wish(false); }

// --- a tone of our own: two soft notes
let audio: AudioContext | null = null;
export async function tone(): Promise<void> {
  audio ??= new AudioContext();
  if (audio.state === 'suspended') await audio.resume().catch(() => undefined);
  for (const [start, pitch] of [[0, 660], [0.12, 880]] as const) {
    const at = audio.currentTime + start;
    const note = audio.createOscillator();
    const volume = audio.createGain();
    note.frequency.value = pitch;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.12, at + 0.015);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.3);
    note.connect(volume).connect(audio.destination);
    note.start(at);
    note.stop(at + 0.32);
  }
}

function show(title: string, body: string, tag: string, act: () => void): void {
  try {
    const notice = new Notification(title, { body, tag, icon: '/icon.svg', silent: true });
    notice.onclick = () => { window.focus(); act(); notice.close(); };
  } catch {
    // Some phones know the name but want a service worker: the tone and the title remain.
  }
}

// --- what is news
let before: Known | null = null;
let place: Place = { leads: false, looked: true };
let soon: ReturnType<typeof setTimeout> | undefined;

function tell(news: Waits[]): void {
  if (settings?.sound) void tone();
  if (inBrowser() !== 'on') return;
  const open = (each: Waits) => () => go(`/inbox/${each.conversation_id}?view=all`);
  if (news.length <= SINGLY) for (const each of news) show(`${each.name || t('notices.number', { number: each.number })} · ${told('notices.kind', each.kind)}`, each.text, `conversation-${each.conversation_id}`, open(each));
  else show(t('notices.many', { n: news.length }), news.slice(0, 4).map((each) => each.name || t('notices.number', { number: each.number })).join(', '), 'switchboard-many', () => go('/inbox'));
}

async function look(): Promise<void> {
  if (!place.leads || !current() || !can('conversations.read')) return;
  try {
    if (!settings) await loadNotifications();
    const { items } = await get<{ items: Waits[] }>('/attention');
    const news = before && !place.looked ? fresh(before, items, settings!.kinds) : [];
    before = known(items);
    if (news.length && !quiet(settings!.quiet_from, settings!.quiet_to, settings!.timezone, new Date())) tell(news);
  } catch {
    // The next event looks again.
  }
}
/** The first event starts the clock; a busy inbox is asked about as often as a quiet one. While somebody looks, nothing is asked. */
function lookSoon(): void {
  if (place.leads && !place.looked) soon ??= setTimeout(() => { soon = undefined; void look(); }, 1500 + Math.random() * 1000);
}

whenPlaced((now) => {
  const away = now.leads && !now.looked && !(place.leads && !place.looked);
  place = now;
  // What was there when the eyes left is no news.
  if (away) { before = null; void look(); }
});
for (const kind of ['message', 'conversation', 'task', 'mention', 'reload'] as const) on(kind, lookSoon);
on('manager', ({ manager_id: id }) => { if (settings && current()?.manager.id === id) void loadNotifications().catch(() => undefined); });
setInterval(lookSoon, 60_000);
