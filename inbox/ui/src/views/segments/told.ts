// A segment's conditions as one line that a person can read.
import { channels, managers } from '../../stores/directory.svelte.ts';
import { languageName } from '../../text/languages.ts';
import { t, told as word } from '../../text/text.svelte.ts';
import { fieldName } from '../person/words.ts';
import { isGroup, type Leaf, type Match } from './segment.ts';

type Several = (string | null)[];
const listed = (some: Several | undefined, nothing: string) => (some ?? []).map((each) => each ?? nothing).join(', ');
const named = (from: { items: { id: number; name: string }[] }, id: unknown) => from.items.find((each) => each.id === id)?.name ?? '';

function value(leaf: Leaf): string {
  if (leaf.kind === 'tag') return listed(leaf['tags'] as Several, '');
  if (leaf.kind === 'language') return listed((leaf['languages'] as Several).map((each) => each && languageName(each)), t('segment.unknown'));
  if (leaf.kind === 'category') return listed(leaf['categories'] as Several, t('segment.nothing'));
  if (leaf.kind === 'manager') return listed((leaf['managers'] as (number | null)[]).map((id) => id && named(managers.need(), id)) as Several, t('segment.nobody'));
  if (leaf.kind === 'field') return `${fieldName(`fields.${String(leaf['name'])}`)} ${word('segment.op', String(leaf['op']))} ${String(leaf['value'] ?? '')}`.trim();
  if (leaf.kind === 'source') return String(leaf['value']);
  const when = 'days' in leaf ? `${t('segment.within')} ${String(leaf['days'])} ${t('segment.days')}` : '';
  return [when, leaf['channel'] ? named(channels.need(), leaf['channel']) : ''].filter(Boolean).join(', ');
}

export function told(match: Match, inner = false): string {
  if (isGroup(match)) {
    const all = match.of.map((each) => told(each, true)).join(match.kind === 'all' ? ` ${t('segment.and')} ` : ` ${t('segment.or')} `);
    return match.not ? `${t('segment.except')} (${all})` : inner && match.of.length > 1 ? `(${all})` : all;
  }
  const what = [word('segment.kind', match.kind), value(match)].filter(Boolean).join(' ');
  return match.not ? `${t('segment.except')} «${what}»` : what;
}
