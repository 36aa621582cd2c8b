// Fills a catalogue's entry: the right plural form by the language's own rules, then the values.
export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };
export type Entry = string | Forms;
export type Values = Record<string, string | number>;

const rules = new Map<string, Intl.PluralRules>();
const numbers = new Map<string, Intl.NumberFormat>();

export function plural(language: string, n: number): Intl.LDMLPluralRule {
  let rule = rules.get(language);
  if (!rule) rules.set(language, (rule = new Intl.PluralRules(language)));
  return rule.select(n);
}

export function number(language: string, n: number): string {
  let format = numbers.get(language);
  if (!format) numbers.set(language, (format = new Intl.NumberFormat(language)));
  return format.format(n);
}

/** `n` chooses the form; numbers are written as the language writes them. */
export function fill(language: string, entry: Entry, values: Values = {}): string {
  const form = typeof entry === 'string' ? entry : (entry[plural(language, Number(values['n'] ?? 0))] ?? entry.other);
  return form.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === 'number' ? number(language, value) : value;
  });
}
