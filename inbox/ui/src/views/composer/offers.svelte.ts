// What `/` and `@` offer: ready answers from the first character on, colleagues inside a note.
import { get, post } from '../../api/client.ts';
import type { Canned } from '../../api/types.ts';
import { managers, templates } from '../../stores/directory.svelte.ts';
import { me } from '../../stores/session.svelte.ts';
import { complain, say } from '../../stores/toasts.svelte.ts';
import { canned } from '../../stores/writing.svelte.ts';
import { t } from '../../text/text.svelte.ts';
import type { Answer } from './answer.svelte.ts';
import type { Suggestion } from './Suggest.svelte';

const matches = (name: string, typed: string) => name.toLowerCase().includes(typed.toLowerCase());
const templateText = (body: string, contact_id: number) => post<{ text: string }>('/templates/preview', { body, contact_id }).then((answer) => answer.text);

export class Offers {
  caret = $state(0);
  chosen = $state(0);
  #dismissed = $state('');
  readonly #answer: Answer;
  readonly #replace: (from: number, to: number, text: string) => void;

  /** `replace` puts a text where another stood, and the caret behind it. */
  constructor(answer: Answer, replace: (from: number, to: number, text: string) => void) {
    this.#answer = answer;
    this.#replace = replace;
  }

  readonly #before = $derived.by(() => this.#answer.draft.text.slice(0, this.caret));
  readonly #slash = $derived.by(() => /^\/([\p{L}\p{N}_-]*)$/u.exec(this.#before)?.[1]);
  readonly #at = $derived.by(() => (this.#answer.draft.note ? /(?:^|\s)@(\p{L}*)$/u.exec(this.#before)?.[1] : undefined));
  readonly items = $derived.by<Suggestion[]>(() => {
    if (this.#before === this.#dismissed) return [];
    if (this.#slash !== undefined) return this.#answers(this.#slash);
    return this.#at === undefined ? [] : this.#colleagues(this.#at);
  });
  readonly empty = $derived.by(() => (this.#slash !== undefined && this.#before !== this.#dismissed && templates.phase === 'ready' ? t('templates.none') : ''));

  #answers(typed: string): Suggestion[] {
    const language = this.#answer.item().contact.language;
    // The name itself first, then its beginning; of equal ones the customer's language.
    const rank = (each: Canned) => Number(each.shortcut.toLowerCase() === typed.toLowerCase()) * 4 + Number(each.shortcut.toLowerCase().startsWith(typed.toLowerCase())) * 2 + Number(each.language === language);
    return [
      ...canned.need().items.filter((each) => matches(each.shortcut, typed) || matches(each.text, typed)).sort((a, b) => rank(b) - rank(a))
        .map((each) => ({ key: each.id, title: `/${each.shortcut}`, text: each.text, act: () => void this.#insertCanned(each) })),
      ...templates.need().items.filter((each) => matches(each.name, typed) || matches(each.body, typed))
        .map((each) => ({ key: -each.id, title: `/${each.name}`, text: `${t('canned.template')} · ${each.body}`, act: () => void this.#insertTemplate(each.body) })),
    ].slice(0, 8);
  }
  #colleagues(typed: string): Suggestion[] {
    return managers.need().items.filter((each) => !each.disabled && each.id !== me().id && matches(each.name, typed)).slice(0, 8)
      .map((each) => ({ key: each.id, title: each.name, text: each.email, act: () => this.#put(typed.length + 1, `@${each.name} `) }));
  }

  #put(length: number, text: string): void { this.#replace(this.caret - length, this.caret, text); }
  async #insertCanned(each: Canned): Promise<void> {
    const length = this.#before.length;
    try {
      const filled = await get<{ text: string; problem: string | null }>(`/canned/${each.id}/text`, { conversation: this.#answer.item().id });
      if (filled.problem) say(t('canned.unfilled', { problem: filled.problem }), undefined, 'bad');
      this.#put(length, filled.text);
    } catch (error) { complain(error); }
  }
  async #insertTemplate(body: string): Promise<void> {
    const length = this.#before.length;
    // The text comes as it is, to be finished by hand: what could not be filled in is said.
    this.#put(length, await templateText(body, this.#answer.item().contact.id).catch((error: unknown) => { complain(error); return body; }));
  }

  /** True where the key was for the list: arrows choose, Enter and Tab take, Escape shuts it. */
  keyed(event: KeyboardEvent): boolean {
    const many = this.items.length;
    if (!many) return false;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') this.chosen = (this.chosen + (event.key === 'ArrowDown' ? 1 : -1) + many) % many;
    else if (event.key === 'Enter' || event.key === 'Tab') this.items[this.chosen]?.act();
    else if (event.key === 'Escape') this.#dismissed = this.#before;
    else return false;
    event.preventDefault();
    return true;
  }
}
