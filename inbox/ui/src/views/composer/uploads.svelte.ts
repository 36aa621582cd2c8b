// Files on their way into the answer: each goes up at once and stands in the draft when it is there.
import { asProblem, post } from '../../api/client.ts';
import type { Upload } from '../../api/types.ts';
import { draft } from '../../stores/drafts.svelte.ts';
import { words } from '../../stores/toasts.svelte.ts';
import { t } from '../../text/text.svelte.ts';
import type { Answer } from './answer.svelte.ts';

export class Uploads {
  going = $state<{ key: number; name: string; problem: string }[]>([]);
  readonly #answer: Answer;
  #last = 0;

  constructor(answer: Answer) { this.#answer = answer; }

  get settled(): boolean { return this.going.every((each) => each.problem); }

  async add(file: File, voice = false): Promise<void> {
    const key = (this.#last += 1);
    this.going.push({ key, name: file.name, problem: '' });
    const form = new FormData();
    form.append('file', file);
    try {
      const done = await post<Upload>('/uploads', form);
      this.#answer.set({ files: [...draft(this.#answer.item().id).files, voice ? { ...done, kind: 'voice' } : done] });
      this.drop(key);
    } catch (error) {
      const problem = asProblem(error).status === 413 ? t('file.too_large') : words(error);
      this.going = this.going.map((each) => (each.key === key ? { ...each, problem } : each));
    }
  }
  readonly all = (files: FileList | null | undefined): void => { for (const file of files ?? []) void this.add(file); };
  drop(key: number): void { this.going = this.going.filter((each) => each.key !== key); }
  clear(): void { this.going = []; }
}
