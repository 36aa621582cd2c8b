// What this browser remembers about how the person likes the window: theme, language, widths of panes.
import type { Language } from '../api/types.ts';

export type Theme = 'system' | 'light' | 'dark';
interface Kept { theme: Theme; language: Language; listWidth: number; personWidth: number; personShown: boolean }

const place = 'switchboard.preferences';

function read(): Partial<Kept> {
  try {
    return JSON.parse(localStorage.getItem(place) ?? '{}') as Partial<Kept>;
  } catch {
    return {};
  }
}

const kept = $state<Kept>({
  theme: 'system', language: navigator.language.startsWith('ru') ? 'ru' : 'en', listWidth: 360, personWidth: 320, personShown: true, ...read(),
});

export const preferences: Readonly<Kept> = kept;

export function prefer(change: Partial<Kept>): void {
  Object.assign(kept, change);
  try {
    localStorage.setItem(place, JSON.stringify(kept));
  } catch {
    // A full or refused storage costs only the remembering.
  }
  applyTheme();
}

export function applyTheme(): void {
  if (kept.theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = kept.theme;
}
