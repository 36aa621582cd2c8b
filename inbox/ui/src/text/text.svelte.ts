// The words of the chosen language; reading them in a template makes it follow a change of language.
import type { Language } from '../api/types.ts';
import { fill, number, type Entry, type Values } from './plural.ts';
import type { Key } from './en.ts';
import { translate, type Phrases } from './phrases.ts';

export type { Key } from './en.ts';

const catalogues: Record<Language, () => Promise<Record<Key, Entry>>> = {
  en: async () => (await import('./en.ts')).en,
  ru: async () => (await import('./ru.ts')).ru,
};

/** What the server says in English needs no words there; they are not waited for. */
const others: Partial<Record<Language, () => Promise<Phrases>>> = { ru: async () => (await import('./provider.ru.ts')).phrases };

let words = $state.raw<Record<string, Entry>>({});
let phrases = $state.raw<Phrases | null>(null);
let current = $state<Language>('ru');

export async function useLanguage(language: Language): Promise<void> {
  words = await catalogues[language]();
  current = language;
  document.documentElement.lang = language;
  phrases = null;
  void others[language]?.().then((loaded) => { if (current === language) phrases = loaded; }).catch(() => undefined);
}

/** A sentence of the server or a provider in the chosen language; as it is while it is unknown. */
export function foreign(sentence: string): string { return phrases && sentence ? translate(phrases, sentence) : sentence; }

export function language(): Language { return current; }
export function t(key: Key, values?: Values): string { return fill(current, words[key] ?? key, values); }
export function num(n: number): string { return number(current, n); }
/** For keys made of the server's words: the word itself when the catalogue does not know it. */
export function told(prefix: string, word: string, values?: Values): string {
  const entry = words[`${prefix}.${word}`];
  return entry === undefined ? word : fill(current, entry, values);
}
