// The answer as it stands: which way it goes, whether that way is open, what it says. All of it follows from the draft, the conversation and the clock.
import type { Conversation, NewMessage, Reach } from '../../api/types.ts';
import { addresses, others, templateHelps } from '../../lists/outlook.ts';
import { answeredSince, mentioned, newest } from '../../lists/writing.ts';
import { kindName } from '../../parts/kinds.ts';
import { now, past } from '../../stores/clock.svelte.ts';
import { channels, managers } from '../../stores/directory.svelte.ts';
import { draft, write, type Draft } from '../../stores/drafts.svelte.ts';
import { me } from '../../stores/session.svelte.ts';
import type { Thread } from '../../stores/thread.svelte.ts';
import { howIWrite } from '../../stores/writing.svelte.ts';
import { said, SHUT } from '../../text/said.ts';
import { t } from '../../text/text.svelte.ts';
import { Outlook } from './outlook.svelte.ts';

export const canSend = (reach: Reach): boolean => reach.can_send && (reach.window_until === null || !past(reach.window_until));
export const soon = (reach: Reach): boolean => reach.window_until !== null && Date.parse(reach.window_until) - Date.now() < 2 * 3600_000;
const takes = (id: number): boolean => channels.need().find(id)?.capabilities['templates'] === true;

export class Answer {
  readonly item: () => Conversation;
  readonly thread: () => Thread;
  readonly outlook = new Outlook();

  constructor(item: () => Conversation, thread: () => Thread) {
    this.item = item;
    this.thread = thread;
  }

  readonly draft = $derived.by(() => draft(this.item().id));
  readonly reaches = $derived.by(() => this.item().reaches ?? []);
  readonly reach = $derived.by(() =>
    this.reaches.find((each) => each.channel.id === this.draft.channel)
      ?? this.reaches.find((each) => each.channel.id === this.item().channel?.id) ?? this.reaches.find(canSend) ?? this.reaches[0],
  );
  readonly shut = $derived.by(() => !this.draft.note && (!this.reach || !canSend(this.reach)));
  readonly instead = $derived.by(() => (this.shut ? this.reaches.filter((each) => each.channel.id !== this.reach?.channel.id && canSend(each)) : []));
  readonly takesTemplates = $derived.by(() => this.reach !== undefined && takes(this.reach.channel.id));
  // Ways that are shut for words of one's own and open for a template: this one first.
  readonly templateWays = $derived.by(() => (this.shut
    ? this.reaches.filter((each) => templateHelps(each, takes(each.channel.id), SHUT, now().getTime())).sort((a, b) => Number(b === this.reach) - Number(a === this.reach))
    : []));
  readonly why = $derived.by(() => (!this.reach ? t('composer.nowhere') : said(this.reach.reason ?? '') || t('composer.window_shut', { channel: kindName(this.reach.channel.kind) })));
  readonly replied = $derived.by(() => (this.draft.reply === null ? undefined : this.thread().message(this.draft.reply)));
  readonly overtaken = $derived.by(() => (this.draft.note ? undefined : answeredSince(this.thread().messages, this.item().id, this.draft.seen, me().id)));

  // A mail's answer goes to everybody who was on it; whoever answers sees that, and may change it.
  readonly mail = $derived.by(() => this.reach?.channel.kind === 'email' && !this.draft.note);
  readonly signature = $derived.by(() => (this.mail ? howIWrite().signature.trim() : ''));
  readonly copied = $derived.by(() => {
    const reach = this.reach;
    if (!this.mail || !reach) return [];
    const here = this.thread().messages.filter((message) => message.conversation_id === this.item().id);
    return others(here, reach.channel.id, String(channels.find(reach.channel.id)?.account?.address ?? ''), reach.address);
  });

  readonly foretold = $derived.by(() => {
    const found = this.outlook.found;
    return found && !this.draft.note && found.channel.id === this.reach?.channel.id ? found : null;
  });
  // Nothing can be sent, or it would wait for a channel that is down: either way the other ways are worth a look.
  readonly problem = $derived.by(() => {
    if (this.shut || !this.foretold) return '';
    if (this.foretold.problem) return said(this.foretold.problem.text);
    return this.foretold.notes.some((note) => note.code === 'channel_failing') ? t('fit.channel_failing') : '';
  });

  readonly set = (change: Partial<Draft>): void => {
    // What one knew when one began: an answer of a colleague after that is worth a word.
    const begun = !this.draft.text && change.text ? { seen: this.newest() } : {};
    write(this.item().id, { ...begun, ...change });
  };

  /** The newest message that its reader knows. */
  newest() { return newest(this.thread().messages, this.item().id); }

  written(): NewMessage {
    const { draft, reach } = this;
    const body: NewMessage = { text: draft.text.trim() };
    if (draft.note) {
      body.note = true;
      const called = mentioned(draft.text, managers.items.filter((each) => !each.disabled));
      if (called.length) body.mentions = called;
    } else if (reach) body.channel_id = reach.channel.id;
    if (draft.files.length) body.attachments = draft.files.map(({ file, name, mime, kind }) => ({ file, name, mime, ...(kind === 'voice' ? { voice: true } : {}) }));
    if (draft.reply !== null && !draft.note) body.reply_to = draft.reply;
    if (this.mail) {
      if (draft.subject.trim()) body.subject = draft.subject.trim();
      if (typeof draft.cc === 'string') body.cc = addresses(draft.cc);
      if (this.signature) body.sign = true;
    }
    return body;
  }
}
