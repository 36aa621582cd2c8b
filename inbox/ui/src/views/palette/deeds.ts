// What the palette can do to the open conversation, with the key that does the same.
import type { Conversation } from '../../api/types.ts';
import { managers } from '../../stores/directory.svelte.ts';
import { hereWords } from '../../stores/presence.svelte.ts';
import { can } from '../../stores/session.svelte.ts';
import { ask, knownMacros, mustSay, runMacro, type Asked } from '../../stores/work.svelte.ts';
import { t } from '../../text/text.svelte.ts';
import { assignIt, closeIt, markUnread, reopenIt, setPriority, snoozeIt, takeIt } from '../thread/actions.ts';
import { download, printOut } from '../work/taking.ts';

export interface Deed { key: string; label: string; hint: string; keys?: string; act: () => void }

const deed = (key: string, label: string, act: () => void, keys = '', hint = ''): Deed => ({ key, label, hint, keys, act });

/** `naming`: somebody types, so that colleagues are worth listing. */
function changes(item: Conversation, naming: boolean): Deed[] {
  const asked = (what: Asked, keys = '') => deed(`work-${what}`, t(`work.${what}`), () => ask(what, item), keys);
  const people = naming ? managers.need().items.filter((each) => !each.disabled && each.role !== 'viewer') : [];
  return [
    item.status === 'closed' ? deed('reopen', t('do.reopen'), () => void reopenIt(item), 'E') : deed('close', t('do.close'), () => { if (mustSay()) ask('close', item); else void closeIt(item); }, 'E'),
    deed('take', t('do.take'), () => void takeIt(item), 'A'),
    asked('transfer', 'T'), asked('snooze', 'S'), deed('snooze', t('do.snooze.tomorrow'), () => void snoozeIt(item)), asked('labels', 'L'), asked('close', 'Shift E'), asked('macros', 'M'),
    ...knownMacros().map((each) => deed(`macro-${each.id}`, `${t('work.macros')}: ${each.name}`, () => void runMacro(item, each), each.shortcut ?? '')),
    deed('unread', t('work.unread'), () => void markUnread(item), 'U'),
    deed('priority', t(item.priority > 0 ? 'priority.lower' : 'priority.raise'), () => void setPriority(item, item.priority > 0 ? 0 : 1)),
    asked('merge'), asked('split'), asked('link'),
    ...people.map((each) => deed(`assign-${each.id}`, t('palette.assign', { name: each.name }), () => void assignIt(item, each), '', hereWords(each))),
  ];
}

export function deedsOn(item: Conversation, naming: boolean): Deed[] {
  return [
    ...(can('conversations.write') ? changes(item, naming) : []),
    deed('print', t('work.print'), () => printOut(item.id)),
    ...(['html', 'text', 'zip'] as const).map((form) => deed(`export-${form}`, t(`work.export.${form}`), () => download(item.id, form))),
  ];
}
