// What the customer will read of an approved template: its variables filled in, and which of them are still empty. Pure.
import type { Template, TemplateUse } from '../api/types.ts';

const hole = /\{\{\s*([\w.]+)\s*\}\}/g;

/** A hole that has no value yet keeps its place, so that one sees where the words will stand. */
export function fillHoles(text: string, values: Record<string, string>): string {
  return text.replace(hole, (whole, name: string) => values[name]?.trim() || whole);
}

const names = (text: string | null | undefined): string[] => [...(text ?? '').matchAll(hole)].map((match) => match[1]!);
const once = (all: string[]): string[] => [...new Set(all)];

export interface Blank { key: string; kind: 'header' | 'body' | 'button'; name: string; label: string }
export const MEDIA = ['image', 'video', 'document'] as const;

/** Everything that has to be filled in before the template can go. Buttons are named by their place. */
export function blanks(template: Template): Blank[] {
  const header = template.header?.kind === 'text' ? once(template.header.variables?.length ? template.header.variables : names(template.header.text)) : [];
  const listed = (template.variables ?? []).filter((name) => !name.startsWith('header') && !name.startsWith('button'));
  const body = once([...names(template.body), ...listed.filter((name) => names(template.body).length === 0 || !header.includes(name))]);
  const buttons = (template.buttons ?? []).flatMap((button, index) => (button.variable ? [{ key: `button.${index}`, kind: 'button' as const, name: String(index), label: button.text }] : []));
  return [
    ...header.map((name): Blank => ({ key: `header.${name}`, kind: 'header', name, label: name })),
    ...body.map((name): Blank => ({ key: name, kind: 'body', name, label: name })),
    ...buttons,
  ];
}

const of = (values: Record<string, string>, all: Blank[], kind: Blank['kind']) =>
  Object.fromEntries(all.filter((blank) => blank.kind === kind).map((blank) => [blank.name, values[blank.key]?.trim() ?? '']));

/** What the server is sent. The header's own variable goes by the name `header`. */
export function useOf(template: Template, values: Record<string, string>): TemplateUse {
  const all = blanks(template);
  const header = Object.values(of(values, all, 'header'))[0];
  const buttons = of(values, all, 'button');
  return {
    name: template.name, language: template.language, variables: { ...of(values, all, 'body'), ...(header ? { header } : {}) },
    ...(Object.keys(buttons).length ? { buttons } : {}),
  };
}

export interface Shown { header: string; body: string; footer: string; buttons: string[] }

export function shown(template: Template, values: Record<string, string>): Shown {
  const all = blanks(template);
  return {
    header: template.header?.kind === 'text' ? fillHoles(template.header.text ?? '', of(values, all, 'header')) : '',
    body: fillHoles(template.body, of(values, all, 'body')), footer: template.footer ?? '', buttons: (template.buttons ?? []).map((button) => button.text),
  };
}

/** Best first: what begins with the words, then what holds them. */
export function search(templates: readonly Template[], q: string): Template[] {
  const words = q.trim().toLowerCase();
  if (!words) return [...templates];
  const place = (template: Template) => (template.name.toLowerCase().startsWith(words) ? 0 : template.name.toLowerCase().includes(words) ? 1 : template.body.toLowerCase().includes(words) ? 2 : 3);
  return templates.map((template) => ({ template, place: place(template) })).filter((each) => each.place < 3).sort((a, b) => a.place - b.place).map((each) => each.template);
}
