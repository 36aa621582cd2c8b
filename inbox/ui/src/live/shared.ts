// The shared worker: one stream for all the tabs of this browser, open while any tab listens; and one voice for them.
import { Desk, say, type Place, type Tab } from './desk.ts';
import { openStream, type Told } from './stream.ts';

type Asked = { type: 'join'; url: string } | { type: 'leave' } | { type: 'tab'; tab: Tab };
const ports = new Set<MessagePort>();
const desk = new Desk<MessagePort>();
let close: (() => void) | null = null;
let up = false;
let soon: ReturnType<typeof setTimeout> | undefined;

function tellAll(told: Told): void {
  if (told.type === 'up' || told.type === 'down') up = told.type === 'up';
  // The server forgot us while the line was broken.
  if (told.type === 'up') { desk.unsaid(); speakSoon(); }
  for (const port of ports) port.postMessage(told);
}

function speakSoon(): void { soon ??= setTimeout(() => { soon = undefined; void speak(); }, 150); }
async function speak(): Promise<void> {
  for (const port of ports) port.postMessage({ type: 'place', place: desk.place(port, Date.now()) satisfies Place });
  if (!up) return;
  for (const each of await say(desk, Date.now())) tellAll({ type: 'event', kind: 'looking', data: { ...each } });
}
setInterval(() => { if (ports.size) void speak(); }, 20_000);

function leave(port: MessagePort): void {
  ports.delete(port);
  desk.leave(port);
  if (ports.size === 0) {
    close?.();
    close = null;
    up = false;
  } else speakSoon();
}

addEventListener('connect', (event) => {
  const port = (event as MessageEvent).ports[0]!;
  port.onmessage = ({ data }: MessageEvent<Asked>) => {
    if (data.type === 'leave') return leave(port);
    // A page that is going away says so, and then that it is hidden: it is gone all the same, and must not lead.
    if (data.type === 'tab' && !ports.has(port)) return;
    if (data.type === 'tab') { desk.hear(port, data.tab, Date.now()); speakSoon(); return; }
    ports.add(port);
    if (close === null) close = openStream(data.url, tellAll);
    else if (up) port.postMessage({ type: 'up' } satisfies Told);
  };
});
