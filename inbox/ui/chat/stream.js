// What the server tells as it happens: one stream for all tabs of a browser, through lost networks and sleeping computers.
import { Denied, Lost } from "./wire.js";

const AGAIN = [500, 1000, 2000, 5000, 10_000, 30_000];
const SILENCE = 45_000;
const TICK = 5000;

export class Stream {
  constructor(wire) {
    this.wire = wire;
    this.turn = wire.turns.stream = wire.turn("stream");
    this.running = false;
    this.heardAt = 0;
    this.stop = new AbortController();
    this.wake = null;
    this.restart = () => this.again();
  }

  // Once: the visitor has opened the chat, or comes back to one.
  async start() {
    if (this.running) return;
    this.running = true;
    const { closed, attic, store } = this.wire;
    this.watch(closed.signal);
    attic.sweep(store.filesWanted());
    this.wire.pump();
    while (!closed.signal.aborted && !this.wire.blocked) await this.turn.take((taken) => this.follow(taken));
  }

  async follow(taken) {
    const { wire } = this;
    taken.addEventListener("abort", this.restart);
    for (let tries = 0; !taken.aborted && !wire.closed.signal.aborted && !wire.blocked; tries++) {
      const began = Date.now();
      let after = 0;
      try {
        await this.listen(taken, () => { tries = 0; });
        if (Date.now() - began < 1000) tries++;
      } catch (error) {
        after = error.after ?? 0;
        if (!after) wire.noteOnline(error instanceof Denied);
      }
      if (!taken.aborted && !this.slept) await this.pause(after * 1000 || AGAIN[Math.min(tries, AGAIN.length - 1)] * (0.75 + Math.random() / 2));
      this.slept = false;
    }
  }

  async listen(taken, opened) {
    const { wire } = this;
    const token = await wire.ready();
    if (taken.aborted) return;
    this.stop = new AbortController();
    const alive = () => { this.heardAt = Date.now(); clearTimeout(this.silence); this.silence = setTimeout(() => this.again(), SILENCE); };
    alive();
    try {
      const response = await this.connect(token);
      // Ask for what was missed only now that the stream is open: nothing falls in between.
      await wire.sync();
      opened();
      wire.noteOnline(true);
      for await (const told of lines(response.body, alive)) await this.take(told);
    } finally {
      clearTimeout(this.silence);
      this.stop.abort();
    }
  }

  async connect(token) {
    const { wire } = this;
    let response;
    try {
      response = await fetch(`${wire.chat}/stream`, { headers: { "x-visitor-token": token }, signal: this.stop.signal, credentials: "omit" });
    } catch {
      throw new Lost("stream");
    }
    if (response.ok) return response;
    try {
      return await wire.read(response);
    } catch (error) {
      if (error instanceof Denied && !wire.blocked) await wire.ready(token); // renewed once; then the loop tries again
      throw error;
    }
  }

  async take(told) {
    const { store, heard, air } = this.wire;
    if (told.type === "reload") return this.wire.sync();
    if (told.type === "message") store.merge([told]);
    if (told.type === "seen") store.merge([], { seen: told.at });
    if (told.type === "read") {
      store.mark(told.ids, "read");
      store.settle(told.ids, "read");
    }
    const short = { type: told.type, mine: told.mine, id: told.id };
    air?.postMessage(short);
    heard(short);
  }

  // Timers stand still while a computer sleeps, and a network may die unnoticed. So look at the clock, and begin again.
  watch(closed) {
    let last = Date.now();
    const ticking = setInterval(() => {
      if (Date.now() - last > 4 * TICK) this.again();
      last = Date.now();
    }, TICK);
    const look = () => { if (document.visibilityState === "visible" && this.turn.holding && Date.now() - this.heardAt > 4 * TICK) this.again(); };
    addEventListener("online", this.restart);
    document.addEventListener("visibilitychange", look);
    closed.addEventListener("abort", () => {
      this.again();
      clearInterval(ticking);
      removeEventListener("online", this.restart);
      document.removeEventListener("visibilitychange", look);
    });
  }

  again() {
    this.slept = true;
    this.stop.abort();
    this.wake?.();
  }

  pause(milliseconds) {
    return new Promise((resolve) => {
      const end = () => { clearTimeout(timer); this.wake = null; resolve(); };
      const timer = setTimeout(end, milliseconds);
      this.wake = end;
    });
  }
}

async function* lines(body, alive) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ; ) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const line of parts) if (line.startsWith("data:")) yield JSON.parse(line.slice(5));
  }
}
