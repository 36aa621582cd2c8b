// Who is signed in, and what they may do.
import { asProblem, get, patch, post, remove, useCsrf, whenSignedOut, type Problem } from '../api/client.ts';
import type { Manager, Session } from '../api/types.ts';
import { listen, stopListening } from '../live/live.svelte.ts';
import { useLanguage } from '../text/text.svelte.ts';
import { prefer, preferences } from './preferences.svelte.ts';

let session = $state.raw<Session | null>(null);
let phase = $state<'asking' | 'out' | 'in' | 'unreachable'>('asking');

export const sessionPhase = () => phase;
/** Only for views behind the sign-in. */
export function me(): Manager {
  if (!session) throw new Error('nobody is signed in');
  return session.manager;
}
export const current = () => session;
export const can = (right: string) => session?.rights.includes(right) ?? false;
export const isOwner = () => session?.manager.role === 'owner';

function enter(found: Session): void {
  session = found;
  useCsrf(found.csrf);
  phase = 'in';
  const wanted = found.manager.language ?? found.language;
  if (wanted && wanted !== preferences.language) { prefer({ language: wanted }); void useLanguage(wanted); }
  listen();
}

function leave(): void {
  session = null;
  useCsrf('');
  phase = 'out';
  stopListening();
}
whenSignedOut(leave);

export async function resume(): Promise<void> {
  try {
    enter(await get<Session>('/session'));
  } catch (error) {
    phase = asProblem(error).status === 401 ? 'out' : 'unreachable';
  }
}

export async function signIn(email: string, password: string): Promise<Problem | null> {
  try {
    enter(await post<Session>('/session', { email, password }));
    return null;
  } catch (error) {
    return asProblem(error);
  }
}

export async function signOut(): Promise<void> {
  await remove('/session').catch(() => undefined);
  leave();
}

/** What was learned of oneself by another way. */
export function noteMe(change: Partial<Pick<Manager, 'available'>>): void {
  if (session && session.manager.available !== change.available) session = { ...session, manager: { ...session.manager, ...change } };
}

/** Changes one's own person; shown at once, put back if the server refuses. */
export async function changeMe(change: Partial<Pick<Manager, 'name' | 'available' | 'language'>>): Promise<void> {
  if (!session) return;
  const before = session;
  session = { ...before, manager: { ...before.manager, ...change } };
  try {
    const manager = await patch<Manager>(`/managers/${before.manager.id}`, change);
    session = { ...before, manager };
  } catch (error) {
    session = before;
    throw error;
  }
}
