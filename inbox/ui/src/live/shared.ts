// The shared worker: one stream for all the tabs of this browser, open while any tab listens.
import { openStream, type Told } from './stream.ts';

const ports = new Set<MessagePort>();
let close: (() => void) | null = null;
let up = false;

function tellAll(told: Told): void {
  if (told.type !== 'event') up = told.type === 'up';
  for (const port of ports) port.postMessage(told);
}

function leave(port: MessagePort): void {
  ports.delete(port);
  if (ports.size === 0) {
    close?.();
    close = null;
    up = false;
  }
}

addEventListener('connect', (event) => {
  const port = (event as MessageEvent).ports[0]!;
  port.onmessage = ({ data }: MessageEvent<{ type: 'join'; url: string } | { type: 'leave' }>) => {
    if (data.type === 'leave') return leave(port);
    ports.add(port);
    if (close === null) close = openStream(data.url, tellAll);
    else if (up) port.postMessage({ type: 'up' } satisfies Told);
  };
});
