// Sending the answer, and taking back the last that has not left.
import { asProblem, post } from '../../api/client.ts';
import type { Id, KeptDraft } from '../../api/types.ts';
import { fromServer, newest, recallable } from '../../lists/writing.ts';
import { clear, draft, write } from '../../stores/drafts.svelte.ts';
import { discard, justSent, pending, send } from '../../stores/outbox.svelte.ts';
import { me } from '../../stores/session.svelte.ts';
import type { Thread } from '../../stores/thread.svelte.ts';
import { say, words } from '../../stores/toasts.svelte.ts';
import { howIWrite } from '../../stores/writing.svelte.ts';
import { t } from '../../text/text.svelte.ts';
import type { Answer } from './answer.svelte.ts';

/** Sends what is written, now or later, and empties the box; `recall` is what the toast offers while it is held. */
export function sendAnswer(answer: Answer, later: Date | undefined, recall: (id: Id, where: Thread) => void): void {
  const { note, seen: known, files } = answer.draft;
  const [id, where] = [answer.item().id, answer.thread()];
  const body = answer.written();
  const held = later || note ? 0 : howIWrite().undo_seconds;
  if (later) body.send_at = later.toISOString();
  else if (held) body.hold = held;
  const seen = known ?? answer.newest();
  if (seen && !note) body.seen_up_to = seen;
  void send(id, body, files).then((taken) => { if (taken && held) say(t('composer.sent'), () => recall(id, where), 'plain', held * 1000); });
  clear(id);
}

/** Its words, files and all return to the box; false where there was nothing to take back, or it was too late. */
export async function takeBack(id: Id, where: Thread): Promise<boolean> {
  const waiting = pending(id).findLast((entry) => entry.state === 'failed');
  if (waiting) {
    write(id, { text: waiting.body.text, note: waiting.body.note ?? false, channel: waiting.body.channel_id ?? null, files: waiting.files, reply: waiting.body.reply_to ?? null, subject: waiting.body.subject ?? '' });
    discard(waiting.key);
    return true;
  }
  const last = recallable(where.messages, me().id, Date.now()) ?? justSent(id);
  if (!last) return false;
  const kept = await post<KeptDraft>(`/messages/${last.id}/recall`).catch((error: unknown) => { say(asProblem(error).status === 409 ? t('composer.recall.too_late') : words(error), undefined, 'bad'); return null; });
  if (!kept) return false;
  where.forget(last.id);
  const back = fromServer(kept);
  // Whatever was begun meanwhile stays, below.
  write(id, { ...back, text: [back.text, draft(id).text].filter(Boolean).join('\n'), files: [...back.files, ...draft(id).files], seen: newest(where.messages, id) });
  return true;
}
