// Languages by their names, in the language of the window: nobody reads codes.
import { language } from './text.svelte.ts';

/** Those that customers of small firms write in; others are reached by their code. */
const offered = ['ru', 'en', 'uk', 'be', 'kk', 'uz', 'ky', 'tg', 'az', 'hy', 'ka', 'tt', 'de', 'fr', 'es', 'it', 'pt', 'pl', 'tr', 'he', 'ar', 'fa', 'hi', 'zh', 'ja', 'ko', 'vi', 'id'];

export function languageName(code: string): string {
  try { return new Intl.DisplayNames([language()], { type: 'language' }).of(code) ?? code; } catch { return code; }
}

/** To choose from, by name; `also` are there too. */
export function languages(also: string[] = []): { value: string; label: string }[] {
  return [...new Set([...offered, ...also])].map((value) => ({ value, label: languageName(value) })).sort((one, other) => one.label.localeCompare(other.label, language()));
}
