// Places, cards and calls as the providers tell them, each in one shape for the thread.
import type { Call, Card, Message, Place } from '../../api/types.ts';
import { duration } from '../../parts/size.ts';
import { t } from '../../text/text.svelte.ts';

export const mapOf = ({ latitude, longitude }: Place): string => `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`;

export interface Person { name: string; organisation: string; phones: string[]; emails: string[] }

const texts = (found: unknown[] | undefined, key: string): string[] =>
  (found ?? []).map((each) => (typeof each === 'string' ? each : String((each as Record<string, unknown> | null)?.[key] ?? ''))).filter(Boolean);

export function cardsOf(message: Pick<Message, 'data'>): Person[] {
  const cards = message.data?.contacts;
  if (!Array.isArray(cards)) return [];
  return cards.map((card: Card) => {
    const phones = [...(card.phone ? [card.phone] : []), ...texts(card.phones, 'phone')];
    const emails = texts(card.emails, 'email');
    const name = typeof card.name === 'string' ? card.name : (card.name?.formatted_name ?? '');
    return { name: name || phones[0] || emails[0] || t('person.nameless'), organisation: card.organisation ?? card.org?.company ?? '', phones, emails };
  });
}

const MISSED = new Set(['busy', 'no-answer', 'canceled', 'failed', 'missed', 'rejected']);

/** A call that was not taken asks for a call back, so it is said first. */
export function callOf(message: Pick<Message, 'kind' | 'data' | 'direction'>): { words: string; length: string; missed: boolean } | null {
  if (message.kind !== 'call') return null;
  const call: Call = message.data?.call ?? {};
  const missed = call.state ? call.state === 'missed' : MISSED.has(call.status ?? '');
  const ours = message.direction === 'out';
  const length = call.duration ? duration(call.duration) : '';
  if (call.state === 'voicemail') return { words: t('call.voicemail'), length: call.recording_duration ? duration(call.recording_duration) : '', missed: true };
  if (missed) return { words: t(ours ? 'call.unanswered' : call.status === 'busy' ? 'call.busy' : 'call.missed'), length: '', missed: !ours };
  if (call.state ? call.state === 'ringing' : call.status && call.status !== 'completed') return { words: t('call.now'), length: '', missed: false };
  return { words: t(ours ? 'call.out' : 'call.in'), length, missed: false };
}
