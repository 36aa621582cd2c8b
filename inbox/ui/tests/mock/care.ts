// The invented server's answers about channels: what becomes of a message, health, checks, deliveries, approved templates.
import type { Channel, Message, NewMessage, Part, Preview, RawBody, RawDetail, Template } from '../../src/api/types.ts';
import { ago, conversations, now } from './data.ts';

const GSM = /^[\n\r !"#$%&'()*+,\-./0-9:;<=>?@A-Z_a-z£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¡ÄÖÑÜ§¿äöñüà€]*$/;

function segments(text: string) {
  const plain = GSM.test(text);
  const [one, many] = plain ? [160, 153] : [70, 67];
  const count = text.length <= one ? 1 : Math.ceil(text.length / many);
  return { encoding: plain ? 'GSM-7' : 'UCS-2', characters: text.length, count, left: (count === 1 ? one : count * many) - text.length };
}

/** SMS counts, splits long texts and sends files as links; a long caption leaves its picture. */
export function preview(id: number, body: NewMessage): Preview {
  const c = conversations.find((each) => each.id === id)!;
  const reach = c.reaches?.find((each) => each.channel.id === body.channel_id) ?? c.reaches![0]!;
  const sms = reach.channel.kind === 'sms';
  const files = body.attachments ?? [];
  const notes: Preview['notes'] = [];
  const parts: Part[] = [];
  if (files.length && !sms) parts.push({ text: '', attachments: files.map((file) => ({ kind: 'file', name: file.name, as: 'media' as const })) });
  if (files.length && !sms && body.text) notes.push({ code: 'caption_split', text: 'Text and file go separately' });
  if (files.length && sms) notes.push({ code: 'media_link', text: 'The file goes as a link' });
  const limit = sms ? 480 : 1000;
  const texts = body.text.match(new RegExp(`[\\s\\S]{1,${limit}}`, 'g')) ?? [];
  if (texts.length > 1) notes.push({ code: 'text_split', text: 'The text is split' });
  texts.forEach((text, index) => parts.push({ text: sms && files.length && index === texts.length - 1 ? `${text}\n${files.map((file) => `${file.name}: https://inbox.lampa.example/f/7`).join('\n')}` : text }));
  return {
    channel: reach.channel, parts, notes, segments: sms ? segments(body.text) : null, window: { open: true, until: reach.window_until },
    problem: body.text.includes('номер отключён') ? { code: 'blocked', text: 'The customer cannot be reached on this channel.' } : null,
    alternatives: body.text.includes('номер отключён') ? c.reaches!.filter((each) => each.can_send && each.channel.id !== reach.channel.id).map((each) => ({ channel: each.channel, address: each.address, why: '' })) : [],
  };
}

export const approved: Template[] = [
  { id: 101, name: 'order_ready', language: 'ru', source: 'provider', status: 'approved', category: 'UTILITY', quality: 'GREEN', body: '{{1}}, ваш заказ {{2}} готов. Ждём вас до {{3}}.', header: { kind: 'text', text: 'Заказ {{1}}' }, footer: 'Магазин «Лампа»', buttons: [{ kind: 'reply', text: 'Приеду сегодня' }, { kind: 'url', text: 'Как проехать', variable: '1' }], variables: ['1', '2', '3'], channel: { id: 2, kind: 'whatsapp', name: 'Магазин' } },
  { id: 102, name: 'replacement_photo', language: 'ru', source: 'provider', status: 'approved', category: 'UTILITY', quality: 'GREEN', body: 'Замена для вас собрана: посмотрите на фото, всё ли верно.', header: { kind: 'image' }, footer: null, buttons: [], variables: [], channel: { id: 2, kind: 'whatsapp', name: 'Магазин' } },
  { id: 103, name: 'still_interested', language: 'ru', source: 'provider', status: 'approved', category: 'MARKETING', quality: 'YELLOW', body: 'Здравствуйте! Вопрос ещё актуален? Ответьте, и мы продолжим.', header: null, footer: null, buttons: [{ kind: 'reply', text: 'Да' }, { kind: 'reply', text: 'Уже нет' }], variables: [], channel: { id: 2, kind: 'whatsapp', name: 'Магазин' } },
  { id: 104, name: 'autumn_sale', language: 'ru', source: 'provider', status: 'rejected', category: 'MARKETING', quality: null, body: 'Скидки до 30 %', header: null, footer: null, buttons: [], variables: [], problem: 'INVALID_FORMAT', channel: { id: 2, kind: 'whatsapp', name: 'Магазин' } },
  { id: 105, name: 'order_ready', language: 'en', source: 'provider', status: 'pending', category: 'UTILITY', quality: null, body: '{{1}}, your order {{2}} is ready.', header: null, footer: null, buttons: [], variables: ['1', '2'], channel: { id: 2, kind: 'whatsapp', name: 'Магазин' } },
];

export function withHealth(channel: Channel): Channel {
  const broken = channel.id === 3;
  return {
    ...channel,
    health: {
      state: broken ? 'failing' : channel.id === 4 ? 'paused' : channel.state === 'disabled' ? 'disabled' : 'ok', error: broken ? channel.error : channel.id === 4 ? 'Почтовый сервер не отвечает.' : null, since: broken ? ago(190) : channel.id === 4 ? ago(2) : null,
      paused_until: channel.id === 4 ? new Date(now + 90_000).toISOString() : null, waiting: broken ? 14 : channel.id === 4 ? 1 : 0, last_in_at: channel.id === 5 ? null : ago(channel.id * 7), last_out_at: channel.id === 5 ? null : ago(broken ? 191 : 6),
    },
  };
}

export const checks = (id: number) => ({
  checks: id === 3
    ? [{ name: 'token', state: 'error', text: 'Twilio отвечает 401: ключ отозван.', mend: 'Скопируйте ключ заново: консоль Twilio, первая страница, Auth token.' }, { name: 'webhook', state: 'warning', text: 'Адрес в консоли другой: https://old.lampa.example/hooks/3', mend: 'Впишите адрес отсюда: Phone Numbers, ваш номер, A message comes in.' }, { name: 'number', state: 'ok', text: '+1 555 010 0199' }]
    : [{ name: 'token', state: 'ok', text: '@lampa_shop_bot' }, { name: 'webhook', state: 'ok', text: 'Последний вызов 2 минуты назад' }],
});

export const raws: RawBody[] = Array.from({ length: 27 }, (_, index) => ({
  id: 90 - index, received_at: ago(index * 9 + 2), method: 'POST', state: index === 2 ? 'failed' : index === 5 ? 'partial' : 'done', error: index === 2 ? 'update.message: unknown kind' : null, events: index === 2 ? 0 : 1 + (index % 3), size: 600 + index * 31,
  preview: index === 2 ? null : ['message', 'status: delivered', 'callback_query'][index % 3]!,
}));
export const rawDetail = (id: number): RawDetail => ({
  id, received_at: ago((90 - id) * 9 + 2), method: 'POST', url: 'https://inbox.lampa.example/hooks/1', headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': '••••', 'user-agent': 'TelegramBot' },
  body: JSON.stringify({ update_id: 100000 + id, message: { message_id: id, date: 1790000000, chat: { id: 5001, type: 'private' }, from: { id: 5001, first_name: 'Екатерина' }, text: 'И ещё вопрос: лампочки к нему подойдут обычные?' } }),
  size: 300, state: id === 88 ? 'failed' : 'done', events: id === 88 ? [] : [{ kind: 'message', id: '5019', message_id: 5019 }, { kind: 'status', id: '7', message_id: null }], error: id === 88 ? 'update.message: unknown kind' : null,
});

export const versions = (message: Message) => ({ items: message.edited_at ? [{ text: 'Отвечу завтра.', at: message.edited_at }] : [] });
