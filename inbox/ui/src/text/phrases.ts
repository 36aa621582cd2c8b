// Sentences of the server and of providers in another language: known ones whole, others by their shape, the rest as they are. Pure.
export interface Phrases {
  sentences: Record<string, string>;
  /** What holds a number, a name or another sentence; `$1` is what stood there, `&1` the same, translated. */
  shapes: [RegExp, string][];
}

export function translate(phrases: Phrases, sentence: string, depth = 0): string {
  const words = sentence.trim();
  const bare = words.replace(/\.$/, '');
  const known = phrases.sentences[words] ?? phrases.sentences[bare];
  if (known !== undefined) return known;
  if (depth > 2) return sentence;
  for (const [shape, wanted] of phrases.shapes) {
    const found = shape.exec(bare);
    if (found) return wanted.replace(/([$&])(\d)/g, (_, how: string, place: string) => { const part = found[Number(place)] ?? ''; return how === '&' ? translate(phrases, part, depth + 1) : part; });
  }
  // "Known sentence (details of the provider)": the details stay in the provider's words.
  const detailed = /^(.+?) (\(.+\))$/.exec(bare);
  if (detailed) {
    const told = phrases.sentences[detailed[1]!];
    if (told !== undefined) return `${told} ${detailed[2]!}`;
  }
  return sentence;
}
