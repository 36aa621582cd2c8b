// What the channel will make of what is being written: asked a moment after the last key, the last answer wins.
import { asProblem, post } from '../../api/client.ts';
import type { Id, NewMessage, Preview } from '../../api/types.ts';

const PAUSE = 350;

export class Outlook {
  found = $state.raw<Preview | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;
  #gone = false;

  /** Without a body nothing is foretold. */
  ask(conversation: Id, body: NewMessage | null): void {
    clearTimeout(this.#timer);
    const turn = (this.#asked += 1);
    if (!body) { this.found = null; return; }
    if (this.#gone) return;
    this.#timer = setTimeout(() => void this.#look(turn, conversation, body), PAUSE);
  }

  async #look(turn: number, conversation: Id, body: NewMessage): Promise<void> {
    try {
      const found = await post<Preview>(`/conversations/${conversation}/preview`, body);
      if (turn === this.#asked) this.found = found;
    } catch (error) {
      // A forecast is a help, not a condition: without it one writes as before. A server that knows none is not asked again.
      if (turn === this.#asked) this.found = null;
      if ([404, 405].includes(asProblem(error).status)) this.#gone = true;
    }
  }

  stop(): void { this.#asked += 1; clearTimeout(this.#timer); }
}
