// The sign and the name of each kind of channel. Names are brands: the same in every language, but for mail, SMS and the web chat.
import Globe from '@lucide/svelte/icons/globe';
import Mail from '@lucide/svelte/icons/mail';
import MessageCircle from '@lucide/svelte/icons/message-circle';
import MessageSquare from '@lucide/svelte/icons/message-square';
import Phone from '@lucide/svelte/icons/phone';
import Send from '@lucide/svelte/icons/send';
import Smartphone from '@lucide/svelte/icons/smartphone';
import type { Component } from 'svelte';
import { channels } from '../stores/directory.svelte.ts';
import { t, told } from '../text/text.svelte.ts';

const signs: Record<string, Component> = { telegram: Send, whatsapp: MessageCircle, sms: Smartphone, email: Mail, webchat: Globe, phone: Phone };

export const signOf = (kind: string): Component => signs[kind] ?? MessageSquare;
/** A kind that the app has no words for is called by its own title: adding a channel must need no edit here. */
export function kindName(kind: string): string {
  const known = told('kind', kind);
  return known !== kind ? known : (channels.items.find((each) => each.kind === kind)?.title ?? kind.charAt(0).toUpperCase() + kind.slice(1));
}
/** "Telegram · Магазин", or once where both say the same. */
export const channelName = (kind: string, name: string | undefined): string => (!name || name === kindName(kind) ? kindName(kind) : `${kindName(kind)} · ${name}`);

/** What the send button says will happen: "Отправить в Telegram", "Отправить письмо". */
export function sendWords(kind: string): string {
  const known = told('send.kind', kind);
  return known === kind ? t('send.to', { channel: kindName(kind) }) : known;
}
