// The server speaks English; the sentences that operators meet are known here and said in their language.
import { foreign, t, type Key } from './text.svelte.ts';

/** The one reason that an approved template gets around. */
export const SHUT = "The channel's window is shut: only an approved template can be sent until the customer writes again.";

const sentences: Record<string, Key> = {
  [SHUT]: 'said.window_shut',
  'The customer asked to stop messages on this channel.': 'said.stopped',
  'The customer cannot be reached on this channel.': 'said.blocked',
  'The customer has blocked the bot': 'said.bot_blocked',
  "The customer's Telegram account no longer exists": 'said.account_gone',
  'Telegram knows no such chat: the customer has never written to this bot, or has gone': 'said.no_chat',
  'The bot is no longer in this group': 'said.bot_out',
  'The business account is no longer connected to the bot': 'said.bot_cut_off',
  'This channel is switched off.': 'said.disabled',
  'Write something or attach a file': 'said.nothing',
  'This time is over': 'said.past',
  'Only a message that failed can be sent again': 'said.not_failed',
  'This message was sent again already': 'said.again_already',
  'One address has to stay with this contact': 'said.last_address',
  'Somebody has to stay owner: make another person owner first': 'said.last_owner',
  'Somebody with this mail address is here already': 'said.same_mail',
  'There is a team of this name already': 'said.same_team',
  'This is the same contact': 'said.same_contact',
  'This conversation has another open task to answer': 'said.open_task',
  'The provider does not answer.': 'said.silent_provider',
  'The country code is missing: choose the country of such numbers': 'said.import.no_code',
  'This is not a phone number': 'said.import.no_phone',
  'There is no such number': 'said.import.no_number',
  'This is not a mail address': 'said.import.no_mail',
  'There is neither a name nor a phone nor a mail address': 'said.import.nobody',
  'This is not a language; they are named like ru or pt-BR': 'said.import.no_language',
  'This is not a time zone; they are named like Europe/Berlin': 'said.import.no_zone',
  'The file has no rows below its headings': 'said.import.no_rows',
  'The file cannot be read: save it again as CSV (UTF-8) or XLSX': 'said.import.unreadable',
  'This is an old Excel file (.xls): save it as .xlsx or CSV': 'said.import.old_excel',
  'The file cannot be read any further': 'said.import.broken_file',
  'The file is empty': 'said.import.empty_file',
};

/** A sentence of the server in the person's language, where we know it. */
export function said(sentence: string): string {
  const answered = /^(.+) has just answered\. Read it first\.$/.exec(sentence);
  if (answered) return t('said.answered', { name: answered[1]! });
  const key = sentences[sentence] ?? sentences[sentence.replace(/\.$/, '')];
  return key ? t(key) : foreign(sentence);
}
