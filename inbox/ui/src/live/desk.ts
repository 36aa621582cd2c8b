// The tabs of one browser, seen together: whether a hand is on any of them, what is open in them, and which one speaks for all.
/** What a tab tells of itself. `at`: the last key or move; `looked`: it is in front of somebody's eyes; `minutes`: idle for longer is away. */
export interface Tab { csrf: string; at: number; minutes: number; looked: boolean; looking: number[] }
export interface Beat { active: boolean; looking: number[] }
/** Who is to notify: the tab that leads, and only while nobody looks at any. */
export interface Place { leads: boolean; looked: boolean }

/** A tab that has not been heard for so long has died without a word; sleeping ones speak once a minute. */
export const SILENT = 150_000;
/** The server forgets a look that is not repeated. */
export const AGAIN = 25_000;

export class Desk<Port> {
  #tabs = new Map<Port, Tab & { heard: number }>();
  #said = '';
  #saidAt = 0;

  hear(port: Port, tab: Tab, now: number): void { this.#tabs.set(port, { ...tab, heard: now }); }
  leave(port: Port): void { this.#tabs.delete(port); }

  #alive(now: number): (Tab & { heard: number })[] {
    for (const [port, tab] of this.#tabs) if (now - tab.heard > SILENT) this.#tabs.delete(port);
    return [...this.#tabs.values()];
  }

  beat(now: number): Beat {
    const tabs = this.#alive(now);
    return { active: tabs.some((tab) => now - tab.at < tab.minutes * 60_000), looking: [...new Set(tabs.flatMap((tab) => tab.looking))].slice(0, 20).sort((a, b) => a - b) };
  }

  /** What the server should hear now; null while it knows already. */
  news(now: number): { beat: Beat; csrf: string } | null {
    const tabs = this.#alive(now);
    const csrf = tabs.at(-1)?.csrf;
    if (!csrf) return null;
    const beat = this.beat(now);
    const words = JSON.stringify(beat);
    if (words === this.#said && now - this.#saidAt < AGAIN) return null;
    this.#said = words;
    this.#saidAt = now;
    return { beat, csrf };
  }

  /** The server did not hear it. */
  unsaid(): void { this.#said = ''; }

  place(port: Port, now: number): Place {
    const looked = this.#alive(now).some((tab) => tab.looked);
    return { leads: this.#tabs.keys().next().value === port, looked };
  }
}

type Looked = { looking: { conversation_id: number; managers: number[] }[] };

/** Tells the server what the desk has to say; what it answers. */
export async function say<Port>(desk: Desk<Port>, now: number): Promise<Looked['looking']> {
  const news = desk.news(now);
  if (!news) return [];
  try {
    const headers = { 'Content-Type': 'application/json', 'X-CSRF-Token': news.csrf };
    const answer = await fetch('/api/v1/presence', { method: 'POST', headers, body: JSON.stringify(news.beat), credentials: 'same-origin' });
    if (!answer.ok) throw new Error(String(answer.status));
    return ((await answer.json()) as Looked).looking;
  } catch {
    desk.unsaid();
    return [];
  }
}
