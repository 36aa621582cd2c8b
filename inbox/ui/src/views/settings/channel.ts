// Words and colours of a channel's state, and its settings as a form holds them.
import type { Channel, ChannelField, Setting } from '../../api/types.ts';

export const tone = (state: Channel['state']): string => ({ ok: 'ok', failing: 'bad', disabled: '' })[state];

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
