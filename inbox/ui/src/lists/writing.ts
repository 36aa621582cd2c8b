// What the composer works out by itself: whom a note calls, what can be taken back, who answered meanwhile, which draft counts. Pure.
import type { Id, KeptDraft, Message, Upload } from '../api/types.ts';

export interface Draft { text: string; note: boolean; channel: Id | null; subject: string; cc?: string | null; reply: Id | null; files: Upload[]; seen?: Id | null; dirty?: boolean }

/** Colleagues whose whole name stands after an @. The longer name wins: “@Anna Petrova” does not call Anna. */
export function mentioned(text: string, people: readonly { id: Id; name: string }[]): Id[] {
  let rest = text.toLowerCase();
  const found: Id[] = [];
  for (const { id, name } of [...people].filter((each) => each.name).sort((a, b) => b.name.length - a.name.length)) {
    const called = `@${name.toLowerCase()}`;
    let at = rest.indexOf(called);
    while (at !== -1) {
      const end = at + called.length;
      if (!/[\p{L}\p{N}_]/u.test(rest[end] ?? ' ') && !/[\p{L}\p{N}_]/u.test(rest[at - 1] ?? ' ')) {
        if (!found.includes(id)) found.push(id);
        rest = rest.slice(0, at) + ' '.repeat(called.length) + rest.slice(end);
      }
      at = rest.indexOf(called, at + 1);
    }
  }
  return found.sort((a, b) => a - b);
}

/** The newest message of a conversation that its reader knows. */
export function newest(messages: readonly Message[], conversation: Id): Id | null {
  return messages.reduce<Id | null>((last, each) => (each.conversation_id === conversation && each.id > (last ?? 0) ? each.id : last), null);
}

/** A colleague's answer that came after one began to write. */
export function answeredSince(messages: readonly Message[], conversation: Id, seen: Id | null | undefined, me: Id): Message | undefined {
  if (!seen) return undefined;
  return messages.findLast((each) => each.conversation_id === conversation && each.id > seen && each.direction === 'out' && !each.deleted_at && each.author.kind === 'manager' && each.author.id !== me);
}

/** The last message of one's own that has not left yet. A plan for later than a minute is taken back where it is shown. */
export function recallable(messages: readonly Message[], me: Id, now: number): Message | undefined {
  return messages.findLast((each) => each.direction === 'out' && each.state === 'queued' && !each.broadcast_id && !each.deleted_at && each.author.kind === 'manager' && each.author.id === me
    && (!each.send_at || Date.parse(each.send_at) <= now + 60_000));
}

export const saysNothing = (draft: Draft): boolean => !draft.text && !draft.note && !draft.files.length && draft.channel === null && draft.reply === null && !draft.subject && (draft.cc ?? null) === null;

export const fromServer = (kept: KeptDraft): Draft => ({
  text: kept.text, note: kept.note, channel: kept.channel_id, subject: kept.subject, cc: kept.cc, reply: kept.reply_to, files: kept.attachments, seen: kept.seen,
});

export function toServer(draft: Draft): Omit<KeptDraft, 'conversation_id' | 'changed_at'> {
  return {
    text: draft.text, note: draft.note, channel_id: draft.channel, subject: draft.subject, cc: draft.cc ?? null, reply_to: draft.reply, seen: draft.seen ?? null,
    attachments: draft.files.map(({ file, kind, name, mime, size, url }) => ({ file, kind, name, mime, size, url })),
  };
}

/** After a while away: what was changed here and never told goes up; everything else is as the server has it. */
export function settle(here: Record<Id, Draft>, there: readonly KeptDraft[]): { drafts: Record<Id, Draft>; tell: Id[] } {
  const drafts: Record<Id, Draft> = {};
  const tell: Id[] = [];
  for (const [id, draft] of Object.entries(here)) if (draft.dirty) { drafts[Number(id)] = draft; tell.push(Number(id)); }
  for (const kept of there) drafts[kept.conversation_id] ??= fromServer(kept);
  return { drafts, tell };
}

/** m:ss of a recording. */
export const lasting = (seconds: number): string => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
