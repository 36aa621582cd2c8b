// Words and colours of a channel's state, and its settings as a form holds them.
import type { Channel, ChannelField, Health, Setting } from '../../api/types.ts';

export const tone = (state: Health['state']): string => ({ ok: 'ok', failing: 'bad', paused: 'warn', disabled: '' })[state];

/** How the channel fares; from its state alone where the server tells no more. */
export function healthOf(channel: Channel): Health {
  return channel.health ?? { state: channel.state, error: channel.error, since: null, paused_until: null, waiting: 0, last_in_at: null, last_out_at: null };
}

/** JSON on lines of its own; a form by its fields; anything else as it came. */
export function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return /^[\w.%-]+=[^\s<]*(&[\w.%-]+=[^\s<]*)*$/.test(body) ? [...new URLSearchParams(body)].map(([name, value]) => `${name}: ${value}`).join('\n') : body;
  }
}

/** What the server is sent: typed, without secrets left as they were. */
export function settingsOf(fields: ChannelField[], form: Record<string, string | boolean>, kept: Record<string, Setting> = {}): Record<string, Setting> {
  const sent: Record<string, Setting> = {};
  for (const field of fields) {
    const value = form[field.name];
    if (field.type === 'boolean') sent[field.name] = Boolean(value);
    else if (value === undefined || value === '') {
      const was = kept[field.name];
      if (!field.secret && was !== undefined && was !== null && was !== '') sent[field.name] = field.default ?? '';
    } else sent[field.name] = field.type === 'integer' ? Number(value) : String(value);
  }
  return sent;
}

/** What is nearly always filled in besides what must be. Of a kind that is not listed everything counts as usual. */
const usual: Record<string, readonly string[]> = {
  email: ['name', 'smtp_host', 'smtp_port', 'imap_host', 'imap_port', 'user', 'password', 'tls'],
  webchat: ['origins', 'title', 'avatar', 'colour', 'language', 'greeting', 'away', 'hours'],
  telegram: ['mode'], whatsapp: ['business_account_id'], sms: ['calls'], viber: ['name'],
};
export const isUsual = (kind: string, field: ChannelField): boolean => field.required || !(kind in usual) || usual[kind]!.includes(field.name);
