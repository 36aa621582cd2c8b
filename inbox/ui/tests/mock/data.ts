// An invented company and its customers, for looking at the app without a server. Nobody here exists.
import type { Broadcast, Channel, Contact, Conversation, Event, Flow, Id, Manager, Message, State, Task, Team, Template } from '../../src/api/types.ts';

export const now = Date.now();
const SHUT = "The channel's window is shut: only an approved template can be sent until the customer writes again.";
const MIN = 60_000;
export const ago = (minutes: number) => new Date(now - minutes * MIN).toISOString();
const DAY = 24 * 60;

/** The same numbers in every run, so that two screenshots can be compared. */
let seed = 7;
export function random(): number { seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648; return seed / 2_147_483_648; }
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;

export const managers: Manager[] = [
  ['Анна Белова', 'anna', 'owner', true, 12], ['Игорь Ветров', 'igor', 'operator', true, 9], ['Мария Лебедева', 'maria', 'lead', true, 4],
  ['Тимур Хасанов', 'timur', 'operator', false, 0], ['Ольга Константинопольская-Загорянская', 'olga', 'operator', true, 17], ['James Porter', 'james', 'marketer', true, 0],
].map(([name, email, role, available, open], index) => ({
  id: index + 1, name: name as string, email: `${email as string}@lampa.example`, role: role as Manager['role'], language: index === 5 ? 'en' : 'ru', available: available as boolean,
  capacity: 20, open: open as number, teams: index % 2 ? [2] : [1], disabled: false,
}));
export const teams: Team[] = [{ id: 1, name: 'Продажи', members: [1, 3, 5] }, { id: 2, name: 'Доставка', members: [2, 4, 6] }];

const caps = (window: number | null, canStart: boolean) => ({ text_limit: 4096, window_hours: window, can_start: canStart, media: ['image', 'audio', 'file'], choices: 3, templates: window !== null });
export const channels: Channel[] = [
  { id: 1, kind: 'telegram', name: 'Лампа, бот', title: 'Telegram', account: { name: 'Лампа', address: '@lampa_shop_bot', notes: '' }, state: 'ok', error: null, settings: { token: 'set', mode: 'webhook' }, webhook: 'https://inbox.lampa.example/hooks/1', team: null, capabilities: caps(null, false), created_at: ago(DAY * 200) },
  { id: 2, kind: 'whatsapp', name: 'Магазин', title: 'WhatsApp', account: { name: 'Лампа', address: '+7 495 000-00-12', notes: '' }, state: 'ok', error: null, settings: { phone_number_id: '1029384756', access_token: 'set', app_secret: 'set', verify_token: 'set' }, webhook: 'https://inbox.lampa.example/hooks/2', team: null, capabilities: caps(24, true), created_at: ago(DAY * 180) },
  { id: 3, kind: 'sms', name: 'SMS', title: 'SMS', account: { name: 'Twilio', address: '+1 555 010 0199', notes: '' }, state: 'failing', error: 'Twilio отвечает 401: ключ отозван. Сообщения ждут.', settings: { account_sid: 'AC0000', auth_token: 'set', from: '+15550100199' }, webhook: 'https://inbox.lampa.example/hooks/3', team: null, capabilities: caps(null, true), created_at: ago(DAY * 90) },
  { id: 4, kind: 'email', name: 'hello@lampa.example', title: 'E-mail', account: { name: 'Лампа', address: 'hello@lampa.example', notes: '' }, state: 'ok', error: null, settings: { address: 'hello@lampa.example', smtp_host: 'mail.lampa.example', smtp_port: 587, tls: 'starttls', password: 'set' }, webhook: 'https://inbox.lampa.example/hooks/4', team: { id: 1, name: 'Продажи' }, capabilities: caps(null, true), created_at: ago(DAY * 250) },
  { id: 5, kind: 'webchat', name: 'lampa.example', title: 'Web chat', account: { name: 'lampa.example', address: '', notes: '' }, state: 'disabled', error: null, settings: { origins: 'https://lampa.example', hmac_secret: null }, webhook: 'https://inbox.lampa.example/hooks/5', team: null, capabilities: caps(null, false), created_at: ago(DAY * 30) },
];
const ref = (id: Id) => { const { kind, name } = channels[id - 1]!; return { id, kind, name }; };

const names = ['Екатерина Соловьёва', 'Дмитрий Орлов', 'Sophie Müller', 'Алия Нурланова', 'Павел Ким', 'Наталья Гончаренко', 'דניאל כהן', 'Виктор Александрович Преображенский-Троекуров', '', 'Олег', 'Марина Шевчук', 'Kwame Mensah', 'Лев Абрамов', 'Юлия Цой', 'Светлана Рябинина', 'Артём Зайцев'];
const more = ['Вера', 'Глеб', 'Зоя', 'Кирилл', 'Лариса', 'Максим', 'Нина', 'Роман', 'Тамара', 'Фёдор'];
const family = ['Аверин', 'Блок', 'Волков', 'Гусак', 'Дроздов', 'Ермак', 'Жук', 'Зорин', 'Иваненко', 'Кравец'];
const tags = ['опт', 'vip', 'дизайнер', 'Москва', 'возврат', 'ждёт поставку'];

export const contacts: Contact[] = Array.from({ length: 240 }, (_, index): Contact => {
  const id = index + 1;
  const name = index < names.length ? names[index]! : `${pick(more)} ${pick(family)}`;
  const phone = `+7 9${String(16 + (index % 60)).padStart(2, '0')} 000-${String(10 + (index % 89))}-${String(10 + ((index * 7) % 89))}`;
  const identities = [
    { id: id * 10, kind: 'phone', address: phone, verified: true },
    ...(index % 2 ? [{ id: id * 10 + 1, kind: 'telegram', address: `@client_${id}`, verified: true }] : []),
    ...(index % 3 === 0 ? [{ id: id * 10 + 2, kind: 'email', address: `client${id}@mail.example`, verified: index % 6 === 0 }] : []),
  ];
  return {
    id, number: `K-${1000 + id}`, name: name || null, language: index === 2 || index === 11 ? 'en' : index === 6 ? 'he' : 'ru', manager: index % 3 === 0 ? { id: 1, name: managers[0]!.name } : null,
    identities, tags: index % 4 ? [] : [tags[index % tags.length]!, ...(index % 8 ? [] : [tags[(index + 1) % tags.length]!])],
    fields: index % 2 ? { город: 'Санкт-Петербург' } : { 'адрес доставки': 'ул. Примерная, 12, кв. 4', скидка: '7 %', договор: 'Л-2026/118' },
    consent: [
      { channel: ref(2), address: phone, stopped_at: null, marketing_stopped_at: index % 5 === 0 ? ago(DAY * 20) : null, blocked_at: null, blocked_reason: null, heard_at: ago(100) },
      ...(index % 2 ? [{ channel: ref(1), address: `@client_${id}`, stopped_at: index % 7 === 0 ? ago(DAY * 3) : null, marketing_stopped_at: null, blocked_at: null, blocked_reason: null, heard_at: ago(30) }] : []),
    ],
    created_at: ago(DAY * (3 + index)), conversations: 1 + (index % 4),
  };
});

export const messages: Message[] = [];
let lastMessage = 5000;
type Line = Partial<Message> & { text: string };
export function add(conversation: Id, minutes: number, who: 'in' | 'out' | 'bot' | 'note', channel: Id, line: Line): Message {
  const contact = contacts[(conversation - 1) % contacts.length]!;
  const author = who === 'in' ? { kind: 'contact' as const, id: contact.id, name: contact.name } : who === 'bot' ? { kind: 'bot' as const, id: 1, name: 'Приветствие' } : { kind: 'manager' as const, id: line.author?.id ?? 1, name: managers[(line.author?.id ?? 1) - 1]!.name };
  const message: Message = {
    id: (lastMessage += 1), conversation_id: conversation, direction: who === 'in' ? 'in' : who === 'note' ? 'note' : 'out', channel: { id: channel, kind: channels[channel - 1]!.kind }, kind: 'text',
    attachments: [], reply_to: null, external_id: null, state: who === 'out' || who === 'bot' ? 'read' : null, reason: null, at: ago(minutes), edited_at: null, deleted_at: null, reactions: [], ...line, author,
  };
  messages.push(message);
  return message;
}

const svg = (fill: string, label: string) => `/api/v1/files/${encodeURIComponent(`${fill}-${label}`)}`;
const image = (id: Id, name: string, fill: string) => ({ id, kind: 'image', name, mime: 'image/svg+xml', size: 184_320, url: svg(fill, name), state: 'stored' as const });

// The first thread shows everything a thread can hold.
const old = add(1, DAY * 40, 'in', 4, { text: 'Добрый день! Подскажите, есть ли в наличии светильник «Орбита» в латуни?\n\nС уважением,\nЕкатерина', subject: 'Светильник «Орбита»', html: '<p>Добрый день!</p><p>Подскажите, есть ли в наличии светильник <b>«Орбита»</b> в латуни?</p><table border="1" cellpadding="6" style="border-collapse:collapse"><tr><th>Артикул</th><th>Шт.</th></tr><tr><td>ORB-12</td><td>4</td></tr></table><p><img data-src="/api/v1/files/goldenrod-lamp" alt="Светильник" width="200" height="150"></p><p>С уважением,<br>Екатерина</p>', data: { to: ['hello@lampa.example'], cc: ['Олег <oleg@mail.example>'] }, quoted: '> 1 октября вы писали:\n> Спасибо за интерес к нашим лампам.' });
old.conversation_id = 9001;
add(1, DAY * 40 - 60, 'out', 4, { text: 'Здравствуйте, Екатерина! Да, осталось три. Отложить для вас?', subject: 'Re: Светильник «Орбита»', state: 'delivered' }).conversation_id = 9001;
add(1, DAY * 1 + 90, 'in', 1, { text: 'Здравствуйте, это снова я 🙂' });
add(1, DAY * 1 + 89, 'bot', 1, { text: 'Здравствуйте! С чем помочь?', choices: [{ id: 'order', title: 'Где мой заказ' }, { id: 'new', title: 'Новый заказ' }, { id: 'human', title: 'Позвать человека' }] });
add(1, DAY * 1 + 88, 'in', 1, { text: 'Где мой заказ', kind: 'choice' });
add(1, DAY * 1 + 87, 'bot', 1, { text: 'Заказ Л-2041 собран и передан в доставку. Позвать человека?' });
add(1, DAY * 1 + 80, 'in', 1, { text: 'Да, позовите. Мне обещали вчера' });
add(1, DAY * 1 + 62, 'note', 1, { text: '@Игорь Ветров посмотри, пожалуйста, у курьера: клиентка постоянная, скидка 7 %.' });
const answer = add(1, DAY * 1 + 60, 'out', 1, { text: 'Екатерина, здравствуйте! Это Анна. Уже выясняю, где курьер: https://track.lampa.example/L-2041' });
add(1, DAY * 1 + 59, 'out', 1, { text: 'Отвечу в течение часа.', edited_at: ago(DAY + 58) });
add(1, DAY * 1 + 50, 'in', 1, { text: 'Спасибо!', reply_to: answer.id, reactions: [{ emoji: '👍', author: 'Анна Белова' }] });
add(1, 64, 'in', 2, { text: 'Пишу в WhatsApp, мне тут удобнее. Вот что привезли:' });
add(1, 63, 'in', 2, { text: '', kind: 'image', attachments: [image(71, 'коробка.jpg', 'tan')] });
add(1, 61, 'in', 2, { text: '', kind: 'voice', attachments: [{ id: 72, kind: 'voice', name: '', mime: 'audio/ogg', size: 18_000, url: '/api/v1/files/voice', state: 'stored', duration: 23 }] });
add(1, 60, 'in', 2, { text: '', kind: 'location', location: { latitude: 59.93863, longitude: 30.31413, name: 'Подъезд со двора', address: 'Санкт-Петербург, Примерная ул., 12' } });
add(1, 59, 'in', 2, { text: 'Олег', kind: 'contact', data: { contacts: [{ name: { formatted_name: 'Олег, консьерж' }, phones: [{ phone: '+7 921 000-00-07' }], org: { company: 'ТСЖ «Маяк»' } }] } });
add(1, 58, 'in', 3, { text: 'Missed call: nobody answered', kind: 'call', data: { call: { status: 'no-answer' } } });
add(1, 57, 'in', 3, { text: 'Call ended after 95 s', kind: 'call', data: { call: { status: 'completed', duration: 95 } }, attachments: [{ id: 75, kind: 'audio', name: 'запись.mp3', mime: 'audio/mpeg', size: 380_000, url: '/api/v1/files/voice', state: 'stored', duration: 95 }] });
add(1, 56, 'in', 2, { text: '', kind: 'file', attachments: [{ id: 76, kind: 'file', name: 'Чек.pdf', mime: 'application/pdf', size: null, url: '', state: 'failed', reason: 'The provider no longer has the file' }, { id: 77, kind: 'image', name: '', mime: '', size: null, url: '', state: 'waiting' }] });
add(1, 55, 'out', 2, { text: 'Вижу, плафон треснул. Отправлю новый сегодня же. Акт во вложении: распечатывать не нужно.', attachments: [{ id: 73, kind: 'file', name: 'Акт о замене Л-2041, подписанный обеими сторонами.pdf', mime: 'application/pdf', size: 248_000, url: '/api/v1/files/act', state: 'stored' }], state: 'delivered' });
add(1, 52, 'out', 2, { text: 'Адрес прежний: ул. Примерная, 12?', state: 'failed', reason: 'WhatsApp не принял: номер временно недоступен.', code: '131026', alternatives: [{ channel: ref(1), address: '@client_1', why: '' }, { channel: ref(4), address: 'client1@mail.example', why: '' }] });
add(1, 40, 'out', 2, { text: 'Курьер будет с 18 до 20.', state: 'unknown' });
add(1, 39, 'out', 2, { text: 'Напоминаю: завтра с 18 до 20 будет курьер.', state: 'queued', send_at: new Date(now + 20 * 60 * MIN).toISOString() });
add(1, 16, 'in', 2, { text: 'Да, адрес тот же. А можно после семи?' });
add(1, 14, 'in', 2, { text: 'И ещё вопрос: лампочки к нему подойдут обычные E27 или нужны какие-то особенные? У нас высокие потолки, хочется, чтобы света хватало на весь стол.' });

const asks = ['Добрый день, а доставка в Казань есть?', 'Когда откроетесь в субботу?', 'Можно вернуть, если не подойдёт по цвету?', 'Сколько стоит люстра «Север»?', 'Спасибо, всё пришло целым', 'Перезвоните, пожалуйста', 'Оплатила, чек не пришёл', 'Hello, do you ship to Germany?', 'Счёт на юрлицо можно?', 'А есть такая же, но чёрная?'];
const answers = ['Да, доставим за два дня.', 'Сейчас уточню и вернусь к вам.', 'Отправила счёт на почту.', 'Пожалуйста! Хорошего дня.', 'Можно, в течение 14 дней.'];

export const conversations: Conversation[] = contacts.map((contact, index) => {
  const id = contact.id;
  const channel = index === 0 || index === 2 ? 2 : 1 + (index % 5 === 4 ? 3 : index % 3);
  const closed = index > 120;
  const minutes = index === 0 ? 14 : index < 8 ? [0, 3, 26, 48, 75, 130, 190, 260][index]! : 260 + index * 37;
  if (index > 0) {
    add(id, minutes + 30, 'in', channel, { text: pick(asks) });
    if (index % 3) add(id, minutes + 18, index % 6 === 1 ? 'bot' : 'out', channel, { text: pick(answers), author: { kind: 'manager', id: 1 + (index % 5), name: '' }, state: pick<State>(['sent', 'delivered', 'read', 'read']) });
    if (index === 6) add(id, minutes, 'in', channel, { text: 'שלום, מתי תגיע ההזמנה שלי? מספר הזמנה L-2077' });
    else if (index % 3 !== 2) add(id, minutes, 'in', channel, { text: index === 3 ? '' : pick(asks), kind: index === 3 ? 'image' : 'text', attachments: index === 3 ? [image(300 + index, 'фото.jpg', 'steelblue')] : [] });
  }
  const mine = messages.filter((m) => m.conversation_id === id);
  const last = mine.at(-1)!;
  const waits = last.direction === 'in' && !closed;
  const owner = index % 4 === 3 ? null : managers[index % 4 === 0 || index < 3 ? 0 : index % 5]!;
  const snoozed = index === 10 || index === 22;
  return {
    id, status: closed ? 'closed' : snoozed ? 'snoozed' : last.direction === 'in' ? 'open' : 'waiting',
    contact: { id, number: contact.number, name: contact.name, language: contact.language }, channel: ref(channel), assignee: owner && { id: owner.id, name: owner.name },
    team: index % 4 === 3 ? { id: 1 + (index % 2), name: teams[index % 2]!.name } : null, bot: last.author.kind === 'bot', unread: waits ? 1 + (index === 0 ? 1 : index % 3) : 0, priority: index === 4 ? 1 : 0,
    labels: index === 0 ? ['замена', 'Л-2041'] : index % 5 === 2 ? ['доставка'] : [], subject: channel === 4 ? 'Вопрос по заказу' : null,
    waiting_since: waits ? last.at : null, answer_due: waits ? new Date(Date.parse(last.at) + (index % 4 === 1 ? 120 : 40) * MIN).toISOString() : null,
    snoozed_until: snoozed ? new Date(now + 14 * 60 * MIN).toISOString() : null,
    last_message: { text: last.text, at: last.at, direction: last.direction, author: last.author.kind }, opened_at: mine[0]!.at, closed_at: closed ? last.at : null,
    reaches: [
      { channel: ref(2), address: contact.identities[0]!.address, can_send: index !== 2, reason: index === 2 ? SHUT : null, window_until: index === 2 ? null : new Date(now + (index === 0 ? 23.6 : 1.4) * 3600_000).toISOString() },
      ...(index % 2 === 1 || index === 0 ? [{ channel: ref(1), address: `@client_${id}`, can_send: index % 7 !== 0 || index === 0, reason: index % 7 === 0 && index ? 'Клиент попросил не писать в Telegram.' : null, window_until: null }] : []),
      { channel: ref(3), address: contact.identities[0]!.address, can_send: index === 8, reason: index === 8 ? null : 'Канал SMS не работает: Twilio отвечает 401.', window_until: null },
      ...(index % 3 === 0 ? [{ channel: ref(4), address: `client${id}@mail.example`, can_send: true, reason: null, window_until: null }] : []),
    ],
  };
});

export const events: Record<Id, Event[]> = {
  1: [
    { id: 1, at: ago(DAY + 80), kind: 'conversation.handed_over', actor: { kind: 'bot', id: 1, name: 'Приветствие' }, data: {} },
    { id: 2, at: ago(DAY + 79), kind: 'conversation.assigned', actor: { kind: 'system', id: null, name: null }, data: { assignee: { id: 1, name: managers[0]!.name } } },
    { id: 3, at: ago(DAY + 78), kind: 'conversation.labelled', actor: { kind: 'manager', id: 1, name: managers[0]!.name }, data: {} },
    { id: 4, at: ago(300), kind: 'conversation.snoozed', actor: { kind: 'manager', id: 1, name: managers[0]!.name }, data: { snoozed_until: ago(70) } },
  ],
};

export const tasks: Task[] = [
  ['Перезвонить насчёт люстры «Север»', 3, -90], ['Ответить на вопрос о возврате', 5, -15], ['Отправить счёт на юрлицо', 2, 60], ['Проверить, дошла ли замена плафона', 1, 26 * 60], ['Спросить у поставщика про чёрные «Орбиты»', null, 3 * DAY], ['Поздравить с новосельем', 12, null],
].map(([title, contact, due], index) => ({
  id: index + 1, kind: index === 1 ? 'answer' : 'manual', title: title as string, contact: contact ? { id: contact as Id, name: contacts[(contact as Id) - 1]!.name } : null, conversation_id: contact as Id | null,
  manager: index === 4 ? null : { id: 1, name: managers[0]!.name }, team: index === 4 ? { id: 1, name: 'Продажи' } : null, due_at: due === null ? null : new Date(now + (due as number) * MIN).toISOString(), created_at: ago(DAY), done_at: null, late: due !== null && (due as number) < 0,
}));

export const templates: Template[] = [
  { id: 1, name: 'привет', language: 'ru', body: 'Здравствуйте, {{ contact.name }}! Чем помочь?' }, { id: 2, name: 'адрес', language: 'ru', body: 'Наш магазин: ул. Примерная, 12, каждый день с 10 до 21.' },
  { id: 3, name: 'возврат', language: 'ru', body: 'Вернуть товар можно в течение 14 дней: сохраните чек и упаковку.' }, { id: 4, name: 'hours', language: 'en', body: 'We are open every day from 10 to 21.' },
];

export const flows: Flow[] = [
  { id: 1, name: 'Приветствие', language: 'ru', enabled: true, source: 'name: Приветствие\nlanguage: ru\nstart: hello\nsteps:\n  hello:\n    say: Здравствуйте! С чем помочь?\n    choices:\n      - {id: order, title: Где мой заказ, next: order}\n      - {id: new, title: Новый заказ, next: new}\n      - {id: human, title: Позвать человека, next: human}\n  order:\n    ask: Назовите номер заказа\n    save: order\n    next: human\n  new:\n    say: Расскажите, что ищете.\n    next: human\n  human:\n    handover: {team: Продажи}\n' },
  { id: 2, name: 'Отзыв после доставки', language: 'ru', enabled: false, source: 'name: Отзыв после доставки\nstart: ask\nsteps:\n  ask:\n    ask: Как вам покупка, от 1 до 5?\n    save: score\n' },
];

export const broadcasts: Broadcast[] = [
  { id: 1, name: 'Новая коллекция «Север»', body: '{{ contact.name }}, привезли «Север»: посмотрите первыми.', tag: 'дизайнер', channel: null, state: 'running', planned: 1840, counts: { waiting: 612, queued: 40, sent: 310, delivered: 512, read: 331, failed: 14, unknown: 1, skipped: 20 }, created_at: ago(240), started_at: ago(120), finished_at: null },
  { id: 2, name: 'Скидка оптовикам', body: 'До пятницы минус 12 % на весь склад.', tag: 'опт', channel: ref(1), state: 'draft', planned: 0, counts: {}, created_at: ago(60), started_at: null, finished_at: null },
  { id: 3, name: 'Переезд магазина', body: 'Мы переехали на ул. Примерную, 12.', tag: null, channel: null, state: 'done', planned: 5210, counts: { delivered: 1400, read: 3612, failed: 71, skipped: 127 }, created_at: ago(DAY * 12), started_at: ago(DAY * 12), finished_at: ago(DAY * 12 - 90) },
];
