// What the customer will read of an approved template: its variables filled in, and which of them are still empty. Pure.
import type { Template, TemplateUse } from '../api/types.ts';

const hole = /\{\{\s*([\w.]+)\s*\}\}/g;

/** A hole that has no value yet keeps its place, so that one sees where the words will stand. */
export function fillHoles(text: string, values: Record<string, string>): string {
  return text.replace(hole, (whole, name: string) => values[name]?.trim() || whole);
}

const names = (text: string | null | undefined): string[] => [...(text ?? '').matchAll(hole)].map((match) => match[1]!);
const once = (all: string[]): string[] => [...new Set(all)];

export interface Blank { key: string; kind: 'header' | 'body' | 'button'; label: string }
export const MEDIA = ['image', 'video', 'gif', 'document'] as const;

/** A heading's own variables are named `header` (its only {{1}}) or `header.NAME`. */
const inHeading = (key: string) => (key === 'header' ? '1' : key.slice('header.'.length));

/** Everything that has to be filled in before the template can go, by the names the server knows. Buttons are named by their place. */
export function blanks(template: Template): Blank[] {
  const header = template.header?.kind === 'text' ? (template.header.variables?.length ? template.header.variables : once(names(template.header.text)).map((name) => (name === '1' ? 'header' : `header.${name}`))) : [];
  const body = once([...names(template.body), ...(template.variables ?? [])]);
  // A one-time code stands in the text and on its button alike: it is asked for once.
  const buttons = (template.buttons ?? []).flatMap((button, index) => (button.variable && button.kind !== 'otp' ? [{ key: `button.${index}`, kind: 'button' as const, label: button.text }] : []));
  return [...header.map((key): Blank => ({ key, kind: 'header', label: inHeading(key) })), ...body.map((key): Blank => ({ key, kind: 'body', label: key })), ...buttons];
}

/** The words around a blank, by which one knows what belongs there: "…ваш заказ ___ готов. Ждём…". */
export function around(template: Template, blank: Blank): string {
  const text = blank.kind === 'header' ? (template.header?.text ?? '') : blank.kind === 'body' ? template.body : '';
  const found = [...text.matchAll(hole)].find((match) => match[1] === blank.label);
  if (!found) return '';
  const plain = (part: string) => part.replace(hole, '…').replace(/\s+/g, ' ');
  const [before, after] = [plain(text.slice(0, found.index)), plain(text.slice(found.index + found[0].length))];
  return `${before.length > 24 ? before.slice(-24).replace(/^\S*\s/, '… ') : before}___${after.length > 24 ? after.slice(0, 24).replace(/\s\S*$/, ' …') : after}`.trim();
}

/** What the server is sent. */
export function useOf(template: Template, values: Record<string, string>): TemplateUse {
  const filled = blanks(template).map((blank) => ({ ...blank, value: values[blank.key]?.trim() ?? '' }));
  const buttons = Object.fromEntries(filled.filter((each) => each.kind === 'button').map((each) => [each.key.slice('button.'.length), each.value]));
  return {
    name: template.name, language: template.language, variables: Object.fromEntries(filled.filter((each) => each.kind !== 'button').map((each) => [each.key, each.value])),
    ...(Object.keys(buttons).length ? { buttons } : {}),
  };
}

export interface Shown { header: string; body: string; footer: string; buttons: string[] }

export function shown(template: Template, values: Record<string, string>): Shown {
  const heading = Object.fromEntries(blanks(template).filter((blank) => blank.kind === 'header').map((blank) => [blank.label, values[blank.key] ?? '']));
  return {
    header: template.header?.kind === 'text' ? fillHoles(template.header.text ?? '', heading) : '',
    body: fillHoles(template.body, values), footer: template.footer ?? '', buttons: (template.buttons ?? []).map((button) => button.text),
  };
}

/** Best first: what begins with the words, then what holds them. */
export function search(templates: readonly Template[], q: string): Template[] {
  const words = q.trim().toLowerCase();
  if (!words) return [...templates];
  const place = (template: Template) => (template.name.toLowerCase().startsWith(words) ? 0 : template.name.toLowerCase().includes(words) ? 1 : template.body.toLowerCase().includes(words) ? 2 : 3);
  return templates.map((template) => ({ template, place: place(template) })).filter((each) => each.place < 3).sort((a, b) => a.place - b.place).map((each) => each.template);
}
