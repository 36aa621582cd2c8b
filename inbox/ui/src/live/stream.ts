// One server-sent stream with its reconnecting: used by the shared worker, or by a page where there is none.
import type { Place } from './desk.ts';

export const kinds = ['message', 'conversation', 'state', 'contact', 'organisation', 'field', 'channel', 'broadcast', 'task', 'typing', 'manager', 'counts', 'views', 'canned', 'draft', 'mention', 'import', 'presence', 'looking', 'reload'] as const;
export type Kind = (typeof kinds)[number];
export type Told = { type: 'event'; kind: Kind; data: Record<string, unknown> } | { type: 'up' } | { type: 'down' } | { type: 'place'; place: Place };

/** Opens `url` and keeps it open. After a break that lost our place, a `reload` is told: whatever is shown must be fetched again. */
export function openStream(url: string, tell: (told: Told) => void): () => void {
  let source: EventSource | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let pause = 1000;
  let lost = false;

  function open(): void {
    source = new EventSource(url);
    source.onopen = () => {
      pause = 1000;
      tell({ type: 'up' });
      if (lost) tell({ type: 'event', kind: 'reload', data: {} });
      lost = false;
    };
    source.onerror = () => {
      tell({ type: 'down' });
      // CONNECTING: the browser tries again itself and says Last-Event-ID. CLOSED: it gave up, and our place is lost.
      if (source?.readyState !== EventSource.CLOSED) return;
      lost = true;
      retry = setTimeout(open, pause);
      pause = Math.min(pause * 2, 30_000);
    };
    for (const kind of kinds) {
      source.addEventListener(kind, (event) => {
        const text = (event as MessageEvent<string>).data;
        tell({ type: 'event', kind, data: text ? (JSON.parse(text) as Record<string, unknown>) : {} });
      });
    }
  }

  open();
  return () => {
    clearTimeout(retry);
    source?.close();
  };
}
