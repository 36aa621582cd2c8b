// The HTTP contract spoken by an invented server, stream included: for development, for looking, for browser tests.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Broadcast, Conversation, Id, Message, NewMessage } from '../../src/api/types.ts';
import * as care from './care.ts';
import * as data from './data.ts';

type Query = URLSearchParams;
interface Call { query: Query; body: Record<string, any>; id: Id; parts: string[]; key: string }
class Refusal extends Error {
  readonly status: number;
  readonly errors: { field: string; message: string }[];
  constructor(status: number, detail: string, errors: { field: string; message: string }[] = []) { super(detail); this.status = status; this.errors = errors; }
}
type Handler = (call: Call) => unknown;
const me = () => data.managers[0]!;
let signedIn = true;
const listeners = new Set<ServerResponse>();
let eventId = 0;
const uploads = new Map<string, { name: string; mime: string; size: number }>();
const sentKeys = new Map<string, Message>();

export function tell(kind: string, payload: Record<string, unknown> = {}): void {
  eventId += 1;
  for (const each of listeners) each.write(`id: ${eventId}\nevent: ${kind}\ndata: ${JSON.stringify(payload)}\n\n`);
}

function paged<T>(items: T[], query: Query): { items: T[]; next: string | null } {
  const from = Number(query.get('cursor') ?? 0);
  const limit = Number(query.get('limit') ?? 50);
  return { items: items.slice(from, from + limit), next: from + limit < items.length ? String(from + limit) : null };
}
function find<T extends { id: Id }>(items: T[], id: Id): T {
  const found = items.find((item) => item.id === id);
  if (!found) throw new Refusal(404, 'Нет такой записи.');
  return found;
}
const brief = ({ reaches: _reaches, ...rest }: Conversation) => rest;
const when = (c: Conversation) => Date.parse(c.last_message?.at ?? c.opened_at);
const lower = (text: unknown) => String(text ?? '').toLowerCase();

function listConversations({ query }: Call) {
  const view = query.get('view') ?? 'all';
  const status = query.get('status') ?? (view === 'snoozed' || view === 'closed' ? view : 'active');
  const q = lower(query.get('q'));
  const of: Record<string, (c: Conversation) => unknown> = { mine: (c) => c.assignee?.id === 1, unassigned: (c) => !c.assignee, waiting: (c) => c.waiting_since, team: (c) => c.team, late: (c) => c.answer_due && Date.parse(c.answer_due) < Date.now(), mentioned: () => false };
  const rows = data.conversations.filter((c) =>
    (status === 'any' || (status === 'active' ? c.status !== 'closed' : status === 'current' ? ['open', 'waiting'].includes(c.status) : c.status === status))
    && (!of[view] || of[view](c))
    && (!query.get('channel') || String(c.channel?.id) === query.get('channel'))
    && (!q || [c.contact.name, c.contact.number, c.last_message?.text].some((text) => lower(text).includes(q))));
  rows.sort(query.get('sort') === 'waiting' ? (a, b) => Date.parse(a.waiting_since ?? '2100') - Date.parse(b.waiting_since ?? '2100') : (a, b) => when(b) - when(a));
  return paged(rows.map(brief), query);
}

function listMessages({ id, query }: Call) {
  const conversation = find(data.conversations, id);
  const own = data.messages.filter((m) => m.conversation_id === id || (conversation.id === 1 && m.conversation_id === 9001)).sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.id - b.id);
  if (!query.get('newest')) return paged(own, query);
  const limit = Number(query.get('limit') ?? 50);
  const end = query.get('cursor') ? Number(query.get('cursor')) : own.length;
  const from = Math.max(0, end - limit);
  return { items: own.slice(from, end), next: from > 0 ? String(from) : null };
}

export function arrive(id: Id, text: string, channel = find(data.conversations, id).channel?.id ?? 1): Message {
  const c = find(data.conversations, id);
  const message = data.add(id, 0, 'in', channel, { text, at: new Date().toISOString() });
  Object.assign(c, { status: 'open', unread: c.unread + 1, waiting_since: c.waiting_since ?? message.at, answer_due: c.answer_due ?? new Date(Date.now() + 20 * 60_000).toISOString(), last_message: { text, at: message.at, direction: 'in', author: 'contact' } });
  tell('message', { conversation_id: id, message_id: message.id });
  tell('conversation', { conversation_id: id });
  return message;
}

function sendMessage({ id, body, key }: Call) {
  const again = sentKeys.get(key);
  if (again) return again;
  const c = find(data.conversations, id);
  const text = String(body['text'] ?? '');
  if (text.includes('!!!')) throw new Refusal(409, 'Клиент остановил сообщения на этом канале. Напишите по почте.');
  const reach = c.reaches?.find((each) => each.channel.id === body['channel_id']);
  if (!body['note'] && !body['template'] && reach && !reach.can_send) throw new Refusal(409, reach.reason ?? 'Канал закрыт.');
  const files = ((body['attachments'] ?? []) as { file: string }[]).map(({ file }, index) => ({ id: Date.now() + index, kind: uploads.get(file)?.mime.startsWith('image/') ? 'image' : 'file', ...uploads.get(file)!, url: `/api/v1/files/${file}`, state: 'stored' as const }));
  const message = data.add(id, 0, body['note'] ? 'note' : 'out', body['channel_id'] ?? c.channel?.id ?? 1, { text, at: new Date().toISOString(), state: body['note'] ? null : 'queued', attachments: files, reply_to: body['reply_to'] ?? null, subject: body['subject'] ?? null, template: body['template'] ?? null, send_at: body['send_at'] ?? null });
  if (body['template']) message.text = care.approved.find((each) => each.name === body['template'].name)?.body ?? '';
  sentKeys.set(key, message);
  if (!body['note']) Object.assign(c, { status: 'waiting', waiting_since: null, answer_due: null, unread: 0 });
  Object.assign(c, { last_message: { text, at: message.at, direction: message.direction, author: 'manager' } });
  tell('message', { conversation_id: id, message_id: message.id });
  tell('conversation', { conversation_id: id });
  if (!body['note'] && !message.send_at) (['sent', 'delivered', 'read'] as const).forEach((state, index) => setTimeout(() => { message.state = state; tell('state', { message_id: message.id, conversation_id: id, state, reason: null }); }, 700 * (index + 1)));
  return message;
}

function retry({ id, body }: Call) {
  const old = find(data.messages, id);
  if (old.state === 'unknown' && !body['confirm']) throw new Refusal(409, 'Сообщение могло дойти.');
  const made = data.add(old.conversation_id, 0, 'out', body['channel_id'] ?? old.channel!.id, { text: old.text, at: new Date().toISOString(), state: 'queued' });
  old.data = { ...old.data, retried_as: made.id };
  setTimeout(() => { made.state = 'sent'; tell('state', { message_id: made.id, conversation_id: made.conversation_id, state: 'sent', reason: null }); }, 800);
  return made;
}

function patchConversation({ id, body }: Call) {
  const c = find(data.conversations, id);
  const { assignee, team, ...rest } = body as { assignee?: Id | null; team?: Id | null };
  Object.assign(c, rest);
  if (assignee !== undefined) c.assignee = assignee === null ? null : (({ id, name }) => ({ id, name }))(find(data.managers, assignee));
  if (team !== undefined) c.team = team === null ? null : (({ id, name }) => ({ id, name }))(find(data.teams, team));
  if (c.status === 'closed') c.waiting_since = null;
  const kind = `conversation.${body['status'] === 'closed' ? 'closed' : body['status'] === 'snoozed' ? 'snoozed' : body['status'] === 'open' ? 'reopened' : assignee !== undefined ? 'assigned' : team ? 'queued' : 'labelled'}`;
  (data.events[id] ??= []).push({ id: Date.now(), at: new Date().toISOString(), kind, actor: { kind: 'manager', id: 1, name: me().name }, data: { assignee: c.assignee, team: c.team, snoozed_until: c.snoozed_until } });
  tell('conversation', { conversation_id: id });
  return c;
}

const steps: Conversation[][] = [];
const offers = { labels: [{ id: 1, name: 'vip', title_en: 'VIP', title_ru: 'Важный', colour: 'red' }, { id: 2, name: 'refund', title_en: 'Refund', title_ru: 'Возврат', colour: 'orange' }], reasons: [], macros: [] };
/** What each action changes, as PATCH would. */
const patchOf = (action: Record<string, any>, c: Conversation): Record<string, unknown> => ({
  assign: () => ({ assignee: action['manager'] === 'me' ? me().id : (action['manager'] ?? null) }), team: () => ({ team: action['team'], assignee: null }),
  transfer: () => (action['team'] ? { team: action['team'], assignee: null } : { assignee: action['manager'] }),
  label: () => ({ labels: [...new Set([...c.labels, ...(action['labels'] as string[])])] }), unlabel: () => ({ labels: c.labels.filter((each) => !(action['labels'] as string[]).includes(each)) }),
  priority: () => ({ priority: action['priority'] }), snooze: () => ({ status: 'snoozed', snoozed_until: action['until'] }), close: () => ({ status: 'closed' }),
  reopen: () => ({ status: 'open', snoozed_until: null }), read: () => ({ unread: 0 }), unread: () => ({ unread: 1 }),
}[action['do'] as 'assign']?.() ?? {});
function doActions({ body, ...call }: Call) {
  const ids = body['conversations'] as Id[];
  steps.push(ids.map((id) => ({ ...find(data.conversations, id) })));
  for (const id of ids) for (const action of body['actions'] as Record<string, any>[]) patchConversation({ ...call, id, body: patchOf(action, find(data.conversations, id)) });
  return { undo: steps.length, items: ids.map((id) => brief(find(data.conversations, id))), refused: [] };
}
function undo({ id }: Call) {
  for (const was of steps[id - 1] ?? []) { Object.assign(find(data.conversations, was.id), was); tell('conversation', { conversation_id: was.id }); }
  return { undo: null, items: (steps[id - 1] ?? []).map(brief), refused: [] };
}

const counts = () => {
  const active = data.conversations.filter((c) => c.status !== 'closed');
  const mine = active.filter((c) => c.assignee?.id === 1);
  return { mine: mine.length, unassigned: active.filter((c) => !c.assignee).length, all: active.length, unread_mine: mine.filter((c) => c.unread).length, late: active.filter((c) => c.answer_due && Date.parse(c.answer_due) < Date.now()).length };
};
const savedViews: { id: Id }[] = [];
const session = () => ({ manager: me(), csrf: 'mock', language: 'ru', public_url: 'https://inbox.lampa.example', version: '0.1.0', rights: ['conversations', 'contacts', 'tasks', 'channels', 'people', 'roles', 'raw', 'flows', 'templates', 'broadcasts', 'reports'].flatMap((each) => [`${each}.read`, `${each}.write`]) });
const withId = <T extends { id: Id }>(items: T[], item: object): T => { const made = { ...item, id: Math.max(0, ...items.map((each) => each.id)) + 1 } as T; items.push(made); return made; };
const problemsOf = (source: string) => (!source.includes('start:') ? [{ step: '', field: 'start', message: 'Не сказано, с какого шага начинать: добавьте start.', line: 0 }] : source.includes('\t') ? [{ step: '', field: '', line: 1 + source.slice(0, source.indexOf('\t')).split('\n').length, message: 'Отступы делаются пробелами.' }] : []);
const filled = (body: string, name = 'Екатерина') => body.replace(/\{\{\s*contact\.name\s*\}\}/g, name);

function act(id: Id, verb: string): Broadcast {
  const b = find(data.broadcasts, id);
  b.state = ({ start: 'running', pause: 'paused', resume: 'running', cancel: 'cancelled' } as const)[verb as 'start']!;
  if (verb === 'start') Object.assign(b, { planned: 320, counts: { waiting: 320 }, started_at: new Date().toISOString() });
  tell('broadcast', { broadcast_id: id, state: b.state, counts: b.counts });
  return b;
}
setInterval(() => {
  for (const b of data.broadcasts) {
    if (b.state !== 'running' || !b.counts.waiting) continue;
    const step = Math.min(b.counts.waiting, 7);
    b.counts = { ...b.counts, waiting: b.counts.waiting - step, sent: (b.counts.sent ?? 0) + 2, delivered: (b.counts.delivered ?? 0) + step - 2 };
    tell('broadcast', { broadcast_id: b.id, state: b.state, counts: b.counts });
  }
}, 1500).unref();

const kinds = [
  { kind: 'telegram', title: 'Telegram', fields: [{ name: 'token', title: 'Токен бота', description: 'Даёт @BotFather', type: 'string', secret: true, required: true, default: null }, { name: 'mode', title: 'Как получать', description: 'webhook: Telegram зовёт нас; polling: мы спрашиваем сами', type: 'choice', choices: ['webhook', 'polling'], secret: false, required: false, default: 'webhook' }] },
  { kind: 'email', title: 'E-mail', fields: [{ name: 'address', title: 'Адрес', description: '', type: 'string', secret: false, required: true, default: null }, { name: 'smtp_port', title: 'Порт SMTP', description: '', type: 'integer', secret: false, required: false, default: 587 }, { name: 'password', title: 'Пароль', description: '', type: 'string', secret: true, required: false, default: null }] },
];

const routes: [string, string, Handler][] = [
  ['GET', '/conversations', listConversations],
  ['GET', '/search', ({ query }) => ({
    people: data.contacts.filter((c) => lower(c.name).includes(lower(query.get('q')))).slice(0, 6).map((c) => ({ id: c.id, number: c.number, name: [{ text: c.name ?? '', hit: true }], address: [], conversation_id: null })),
    messages: data.messages.filter((m) => lower(m.text).includes(lower(query.get('q')))).slice(0, 20).map((m) => ({ message_id: m.id, conversation_id: m.conversation_id, contact: data.contacts[0]!, channel: { id: 1, kind: m.channel?.kind ?? 'email', name: '' }, at: m.at, direction: m.direction, author: m.author.kind, snippet: [{ text: m.text, hit: true }] })),
    files: [], next: null,
  })],
  ['POST', '/conversations', ({ body }) => find(data.conversations, body['contact_id'])],
  ['GET', '/conversations/counts', counts],
  ['GET', '/conversations/labels', () => ({ items: [...new Set(data.conversations.flatMap((c) => c.labels))].sort().map((label) => ({ label, count: data.conversations.filter((c) => c.labels.includes(label)).length })) })],
  ['GET', '/views', () => ({ items: savedViews })],
  ['POST', '/views', ({ body }) => withId(savedViews, { ...body, mine: true })],
  ['POST', '/conversations/actions', doActions],
  ['POST', '/undo/:id', undo],
  ['GET', '/labels', () => ({ items: offers.labels })],
  ['GET', '/close-reasons', () => ({ items: offers.reasons, reason_required: false, summary_required: false })],
  ['GET', '/macros', () => ({ items: offers.macros })],
  ['GET', '/conversations/:id/work', () => ({ reason: null, summary: '', merged_into: null, links: [] })],
  ['GET', '/conversations/:id', ({ id }) => find(data.conversations, id)],
  ['PATCH', '/conversations/:id', patchConversation],
  ['POST', '/conversations/:id/read', ({ id }) => { find(data.conversations, id).unread = 0; tell('counts'); }],
  ['POST', '/conversations/:id/typing', () => undefined],
  ['GET', '/conversations/:id/messages', listMessages],
  ['POST', '/conversations/:id/messages', sendMessage],
  ['GET', '/conversations/:id/events', ({ id, query }) => paged(data.events[id] ?? [], query)],
  ['GET', '/messages/:id', ({ id }) => find(data.messages, id)],
  ['DELETE', '/messages/:id', ({ id }) => { const m = find(data.messages, id); if (m.state !== 'queued') throw new Refusal(409, 'Сообщение уже отправляется.'); data.messages.splice(data.messages.indexOf(m), 1); tell('message', { conversation_id: m.conversation_id, message_id: id }); }],
  ['GET', '/messages/:id/versions', ({ id }) => care.versions(find(data.messages, id))],
  ['POST', '/messages/:id/retry', retry],
  ['POST', '/messages/:id/settle', ({ id, body }) => { const m = find(data.messages, id); m.state = body['arrived'] ? 'sent' : 'failed'; return m; }],
  ['POST', '/conversations/:id/preview', ({ id, body }) => care.preview(id, body as NewMessage)],
  ['POST', '/files/:id/fetch', ({ id }) => { const file = data.messages.flatMap((m) => m.attachments).find((each) => each.id === id)!; file.state = 'waiting'; return file; }],
  ['GET', '/managers', ({ query }) => paged(data.managers, query)],
  ['POST', '/managers', ({ body }) => { if (data.managers.some((m) => m.email === body['email'])) throw new Refusal(422, 'Не сохранено.', [{ field: 'email', message: 'Такая почта уже есть.' }]); return withId(data.managers, { role: 'operator', language: 'ru', available: false, capacity: 20, open: 0, teams: [], disabled: false, ...body }); }],
  ['PATCH', '/managers/:id', ({ id, body }) => Object.assign(find(data.managers, id), body)],
  ['GET', '/teams', ({ query }) => paged(data.teams, query)],
  ['POST', '/teams', ({ body }) => withId(data.teams, { name: body['name'], members: [] })],
  ['PATCH', '/teams/:id', ({ id, body }) => Object.assign(find(data.teams, id), body)],
  ['GET', '/contacts', ({ query }) => paged(data.contacts.filter((c) => (!query.get('q') || [c.name, c.number, ...c.identities.map((i) => i.address)].some((text) => lower(text).includes(lower(query.get('q'))))) && (!query.get('tag') || c.tags.includes(query.get('tag')!))), query)],
  ['POST', '/contacts', ({ body }) => withId(data.contacts, { ...data.contacts[0]!, identities: [], tags: [], fields: {}, consent: [], manager: null, conversations: 0, number: `K-${1000 + data.contacts.length + 1}`, ...body })],
  ['GET', '/contacts/:id', ({ id }) => find(data.contacts, id)],
  ['PATCH', '/contacts/:id', ({ id, body }) => { const c = find(data.contacts, id); Object.assign(c, { ...body, ...(body['manager'] !== undefined ? { manager: body['manager'] && (({ id, name }) => ({ id, name }))(find(data.managers, body['manager'])) } : {}) }); tell('contact', { contact_id: id }); return c; }],
  ['POST', '/contacts/:id/split', ({ id }) => ({ ...find(data.contacts, id), id: 900, number: 'K-1900' })],
  ['POST', '/contacts/:id/merge', ({ id }) => find(data.contacts, id)],
  ['GET', '/fields', () => ({ items: [{ id: 1, name: 'size', title: 'Размер', type: 'choice', choices: ['S', 'M'], currency: null, parts: [], position: 1 }] })],
  ['GET', '/categories', () => ({ names: ['A', 'B', 'C'] })],
  ['GET', '/contacts/:id/timeline', ({ id, query }) => paged([{ kind: 'event', id: 1, at: data.ago(60), what: 'purchase', text: 'Лампа «Орбита»', actor: null, conversation_id: null, link: 'https://shop.example/1', data: {} }, { kind: 'message', id: 2, at: data.ago(90), what: 'in', text: 'Здравствуйте', actor: null, conversation_id: id, link: null, data: {} }], query)],
  ['GET', '/contacts/:id/conversations', ({ id, query }) => paged([brief(find(data.conversations, id)), ...(id % 2 ? [{ ...brief(find(data.conversations, id)), id: 120 + id, status: 'closed', subject: 'Светильник «Орбита»', opened_at: data.ago(57600) }] : [])], query)],
  ['GET', '/tags', () => ({ items: [{ tag: 'опт', count: 41 }, { tag: 'vip', count: 12 }, { tag: 'дизайнер', count: 88 }] })],
  ['GET', '/tasks', ({ query }) => paged(data.tasks.filter((each) => (query.get('done') === 'true' ? each.done_at : !each.done_at) && (query.get('manager') !== 'me' || each.manager?.id === 1) && (query.get('manager') !== 'none' || !each.manager)), query)],
  ['POST', '/tasks', ({ body }) => withId(data.tasks, { kind: 'manual', title: body['title'], contact: null, conversation_id: body['conversation_id'] ?? null, manager: { id: 1, name: me().name }, team: null, due_at: body['due_at'] ?? null, created_at: new Date().toISOString(), done_at: null, late: false })],
  ['PATCH', '/tasks/:id', ({ id, body }) => { const task = find(data.tasks, id); const { done, ...rest } = body; Object.assign(task, rest); if (done !== undefined) task.done_at = done ? new Date().toISOString() : null; return task; }],
  ['GET', '/channels', ({ query }) => paged(data.channels.map(care.withHealth), query)],
  ['GET', '/channels/kinds', () => ({ items: kinds })],
  ['POST', '/channels', ({ body }) => { if (!body['settings']?.token && body['kind'] === 'telegram') throw new Refusal(422, 'Канал не создан.', [{ field: 'settings.token', message: 'Нужен токен бота.' }]); return withId(data.channels, { ...data.channels[0]!, ...body }); }],
  ['PATCH', '/channels/:id', ({ id, body }) => Object.assign(find(data.channels, id), body)],
  ['DELETE', '/channels/:id', ({ id }) => { data.channels.splice(data.channels.findIndex((c) => c.id === id), 1); }],
  ['POST', '/channels/:id/check', ({ id }) => care.checks(id)],
  ['POST', '/channels/:id/test', ({ id, body }) => { if (!/\d/.test(String(body['address']))) throw new Refusal(422, 'Не отправлено.', [{ field: 'address', message: 'Это не адрес этого канала.' }]); const m = data.add(1, 0, 'out', id, { text: body['text'] ?? '', at: new Date().toISOString(), state: 'queued' }); setTimeout(() => { m.state = 'delivered'; tell('state', { message_id: m.id, conversation_id: 1, state: 'delivered', reason: null }); }, 900); return { message_id: m.id, conversation_id: 1 }; }],
  ['POST', '/channels/:id/templates/sync', () => ({ added: 1, changed: 0, removed: 0 })],
  ['GET', '/channels/:id/raw', ({ query }) => paged(care.raws.filter((each) => !query.get('state') || each.state === query.get('state')), query)],
  ['GET', '/raw/:id', ({ id }) => care.rawDetail(id)],
  ['POST', '/raw/:id/replay', ({ id }) => (id === 88 ? { stored: 0, known: 0, error: 'update.message: unknown kind' } : { stored: 0, known: 1, error: null })],
  ['GET', '/flows', ({ query }) => paged(data.flows, query)],
  ['POST', '/flows', ({ body }) => withId(data.flows, { enabled: false, ...body })],
  ['PATCH', '/flows/:id', ({ id, body }) => { const problems = body['source'] ? problemsOf(body['source']) : []; if (problems.length) throw new Refusal(422, 'Сценарий не сохранён.', problems.map((each) => ({ field: each.field ?? 'source', message: each.message }))); return Object.assign(find(data.flows, id), body); }],
  ['POST', '/flows/check', ({ body }) => ({ problems: problemsOf(String(body['source'])) })],
  ['GET', '/templates', ({ query }) => paged(query.get('source') === 'provider' ? care.approved : data.templates, query)],
  ['POST', '/templates', ({ body }) => withId(data.templates, body)],
  ['PATCH', '/templates/:id', ({ id, body }) => Object.assign(find(data.templates, id), body)],
  ['DELETE', '/templates/:id', ({ id }) => { data.templates.splice(data.templates.findIndex((each) => each.id === id), 1); }],
  ['POST', '/templates/preview', ({ body }) => ({ text: filled(String(body['body'])) })],
  ['GET', '/broadcasts', ({ query }) => paged(data.broadcasts, query)],
  ['POST', '/broadcasts', ({ body }) => withId(data.broadcasts, { name: body['name'], body: body['body'], tag: body['tag'] ?? null, channel: null, state: 'draft', planned: 0, counts: {}, created_at: new Date().toISOString(), started_at: null, finished_at: null })],
  ['POST', '/broadcasts/preview', ({ body }) => ({ people: 1840, skipped: { stopped: 20, no_address: 7 }, sample: data.contacts.slice(0, 3).map((c, index) => ({ contact_id: c.id, name: c.name, text: filled(String(body['body']), c.name ?? ''), channel_id: index + 1 })) })],
  ['GET', '/broadcasts/:id', ({ id }) => find(data.broadcasts, id)],
  ['GET', '/broadcasts/:id/recipients', ({ query }) => paged(data.contacts.filter((_, index) => !query.get('state') || index % 3 === 0).map((c, index) => ({ contact: { id: c.id, name: c.name }, state: query.get('state') ?? ['read', 'delivered', 'failed', 'waiting'][index % 4]!, reason: index % 4 === 2 ? 'Номер не в сети.' : null, channel: { id: 1, kind: 'telegram', name: 'Лампа, бот' }, conversation_id: c.id })), query)],
  ['GET', '/reports/managers', () => ({ items: data.managers.slice(0, 5).map((m, index) => ({ manager: { id: m.id, name: m.name }, ...Object.fromEntries(Object.entries({ taken: 40 - index * 6, answered: 38 - index * 6, messages: 210 - index * 31, first_answer_seconds: index === 3 ? null : 190 + index * 240, closed: 31 - index * 5, late: index }).map(([name, value]) => [name, { value, link: `/conversations?assignee=${m.id}&counted=${name}` }])) })) })],
  ['GET', '/sessions', () => ({ items: [{ id: 1, created_at: data.ago(9000), seen_at: data.ago(0), agent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0', ip: '192.0.2.10', current: true }, { id: 2, created_at: data.ago(20000), seen_at: data.ago(800), agent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/605', ip: '192.0.2.44', current: false }] })],
  ['DELETE', '/sessions/:id', () => undefined],
  ['GET', '/tokens', () => ({ items: [{ id: 1, name: 'Учётная система', created_at: data.ago(50000) }] })],
  ['POST', '/tokens', ({ body }) => ({ id: 2, name: body['name'], token: 'sb_example_0000000000000000' })],
  ['DELETE', '/tokens/:id', () => undefined],
];

function match(method: string, path: string): { handler: Handler; id: Id } | null {
  const parts = path.split('/');
  for (const [wanted, pattern, handler] of routes) {
    if (wanted !== method) continue;
    const shape = pattern.split('/');
    if (shape.length !== parts.length) continue;
    if (shape.every((part, index) => part === parts[index] || (part === ':id' && /^\d+$/.test(parts[index]!)))) return { handler, id: Number(parts[shape.indexOf(':id')] ?? 0) };
  }
  return null;
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': status >= 400 ? 'application/problem+json' : 'application/json', 'Cache-Control': 'no-store' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function file(response: ServerResponse, name: string): void {
  const [fill, label] = decodeURIComponent(name).split('-');
  if (!label) { response.writeHead(200, { 'Content-Type': 'application/octet-stream' }); response.end(''); return; }
  response.writeHead(200, { 'Content-Type': 'image/svg+xml' });
  response.end(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300" width="1200" height="900"><rect width="400" height="300" fill="${fill}"/><path d="M60 230 150 120l70 80 50-50 80 80z" fill="#fff" opacity=".5"/><circle cx="300" cy="80" r="28" fill="#fff" opacity=".6"/></svg>`);
}

/** Ways for a test or a person to make things happen: /api/mock/arrive?id=&text=, /api/mock/typing?id=, /api/mock/signout. */
function pull(path: string, query: Query): void {
  const id = Number(query.get('id') ?? 2);
  if (path === 'arrive') arrive(id, query.get('text') ?? 'Есть новости?');
  else if (path === 'typing') tell('typing', { conversation_id: id, manager_id: query.get('manager') ? Number(query.get('manager')) : null });
  else if (path === 'signout') signedIn = false;
}

export async function serveApi(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const url = new URL(request.url ?? '/', 'http://mock');
  if (url.pathname === '/api/mock/listeners') { reply(response, 200, listeners.size); return true; }
  if (url.pathname.startsWith('/api/mock/')) { pull(url.pathname.slice(10), url.searchParams); reply(response, 204, undefined); return true; }
  if (!url.pathname.startsWith('/api/v1/')) return false;
  const path = url.pathname.slice(7);
  const method = request.method ?? 'GET';
  if (path === '/session') {
    if (method === 'POST') { const body = JSON.parse((await read(request)).toString()) as { password: string }; if (body.password === 'wrong') { reply(response, 401, { title: 'Unauthorized', status: 401 }); return true; } signedIn = true; }
    if (method === 'DELETE') { signedIn = false; reply(response, 204, undefined); return true; }
    reply(response, signedIn ? 200 : 401, signedIn ? session() : { title: 'Unauthorized', status: 401 });
    return true;
  }
  if (!signedIn) { reply(response, 401, { title: 'Unauthorized', status: 401 }); return true; }
  if (path === '/stream') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(': hello\n\n');
    listeners.add(response);
    request.on('close', () => listeners.delete(response));
    return true;
  }
  if (path.startsWith('/files/') && method === 'GET') { file(response, path.slice(7)); return true; }
  const letter = /^\/messages\/(\d+)\/letter$/.exec(path);
  if (letter) {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': "default-src 'none'; img-src 'self' https:; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; sandbox allow-same-origin allow-popups" });
    response.end(`<!doctype html><meta charset="utf-8">${(find(data.messages, Number(letter[1])).html ?? '').replaceAll(' data-src="', ' src="')}`);
    return true;
  }
  if (path === '/uploads') {
    const text = (await read(request)).toString('latin1');
    const name = Buffer.from(/filename="([^"]*)"/.exec(text)?.[1] ?? 'file', 'latin1').toString('utf8');
    const mime = /Content-Type: ([^\r\n]+)/i.exec(text)?.[1] ?? 'application/octet-stream';
    const id = `up${uploads.size + 1}`;
    uploads.set(id, { name, mime, size: text.length });
    reply(response, 201, { file: id, kind: mime.startsWith('image/') ? 'image' : 'file', name, mime, size: text.length, url: `/api/v1/files/silver-${id}` });
    return true;
  }
  const verb = /^\/broadcasts\/(\d+)\/(start|pause|resume|cancel)$/.exec(path);
  if (verb && method === 'POST') { reply(response, 200, act(Number(verb[1]), verb[2]!)); return true; }
  const found = match(method, path);
  if (!found) { reply(response, 404, { title: 'Not found', status: 404, detail: `${method} ${path}` }); return true; }
  try {
    const raw = method === 'GET' ? '' : (await read(request)).toString();
    const answer = found.handler({ query: url.searchParams, body: raw ? JSON.parse(raw) as Record<string, unknown> : {}, id: found.id, parts: path.split('/'), key: String(request.headers['idempotency-key'] ?? '') });
    reply(response, answer === undefined ? 204 : method === 'POST' ? 201 : 200, answer);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    reply(response, error.status, { type: 'about:blank', title: 'Refused', status: error.status, detail: error.message, errors: error.errors });
  }
  return true;
}
