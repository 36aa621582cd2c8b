// Short notes in the corner: what happened, and the way back.
import { asProblem } from '../api/client.ts';
import { said } from '../text/said.ts';
import { t } from '../text/text.svelte.ts';

export interface Toast { key: number; text: string; tone: 'plain' | 'bad'; undo?: () => void; reload?: boolean }

let toasts = $state<Toast[]>([]);
let last = 0;

export const shownToasts = () => toasts;
export function dismiss(key: number): void { toasts = toasts.filter((toast) => toast.key !== key); }

export function say(text: string, undo?: () => void, tone: Toast['tone'] = 'plain', lasts = tone === 'bad' ? 9000 : 6000): void {
  const key = (last += 1);
  toasts = [...toasts.slice(-2), { key, text, tone, ...(undo ? { undo } : {}) }];
  const end = () => { if (held) setTimeout(end, 1000); else dismiss(key); };
  setTimeout(end, lasts);
}

/** Stays until it is heeded: the server has a newer app, of which this one has not got the parts. */
export function sayNewer(): void {
  if (!toasts.some((toast) => toast.reload)) toasts = [...toasts.slice(-2), { key: (last += 1), text: t('error.newer'), tone: 'plain', reload: true }];
}

let held = false;
/** While the pointer or the focus is on them, none goes away. */
export function holdToasts(on: boolean): void { held = on; }


/** What went wrong, in words a person can act on. */
export function words(error: unknown): string {
  const problem = asProblem(error);
  if (problem.offline) return t('error.offline');
  if (problem.status === 403) return t('error.forbidden');
  if (problem.status === 500) return t('error.unknown');
  if (problem.status === 429) return t('error.slow', { n: problem.retryAfter ?? 30 });
  const fields = problem.errors.map((e) => said(e.message)).join(' ');
  return [said(problem.detail), fields].filter((part, index, all) => part && all.indexOf(part) === index).join(': ') || t('error.unknown');
}

export function complain(error: unknown): void { say(words(error), undefined, 'bad'); }
