// The way to the server: a session, posts that are never lost or doubled, and one stream for all tabs of a browser.
const PAUSES = [500, 1000, 2000, 5000, 10_000, 30_000];
const SILENCE = 45_000;

class Lost extends Error {} // no answer, or "later": try again
class Denied extends Error {} // the token is not good (any more)
class Rejected extends Error {} // this will never be taken; the message says why

export class Wire {
  constructor(chat, store, attic, who) {
    Object.assign(this, { chat, store, attic, who });
    this.online = true;
    this.blocked = "";
    this.heard = () => {};
    this.changed = () => {};
    this.sending = null;
    this.streaming = false;
    this.air = "BroadcastChannel" in window ? new BroadcastChannel(store.key) : null;
    if (this.air) this.air.onmessage = (event) => this.heard(event.data);
    addEventListener("online", () => this.pump());
  }

  // Begin, once: the visitor has opened the chat, or comes back to one.
  async start() {
    if (this.streaming) return;
    this.streaming = true;
    const run = () => this.stream();
    if (navigator.locks) navigator.locks.request(`${this.store.key} stream`, run);
    else run();
    this.pump();
  }

  async session() {
    const opened = await this.opened();
    const { user } = this.who;
    const anonymous = this.store.inherit();
    this.store.change((state) => {
      if (state.token !== opened.token) Object.assign(state, { token: opened.token, since: "" });
    });
    if (anonymous?.items.some((item) => item.mine) && user) {
      await this.call("messages", { type: "identify", was: anonymous.token }, opened.token);
      this.store.change((state) => { state.outbox = [...anonymous.outbox, ...state.outbox]; });
      this.store.merge(anonymous.items.filter((item) => !has(this.store.state, item)));
      this.store.forgetAnonymous();
    }
    return opened.token;
  }

  async opened() {
    const { user, userHash } = this.who;
    const { token } = this.store.state;
    try {
      return await this.call("session", { token, user, user_hash: userHash }, "");
    } catch (error) {
      if (!user || !(error instanceof Denied)) throw error;
      // A wrong proof is the site's mistake; the customer can still write, as somebody unknown.
      console.warn("Switchboard chat: the proof of this user (data-user-hash) was refused");
      this.who.user = "";
      return await this.call("session", { token }, "");
    }
  }

  // Call with the visitor's token; one that is no longer good is renewed once.
  async ask(path, body) {
    const token = this.store.state.token || (await this.session());
    try {
      return await this.call(path, body, token);
    } catch (error) {
      if (!(error instanceof Denied)) throw error;
      return await this.call(path, body, await this.session());
    }
  }

  async call(path, body, token) {
    const headers = token ? { "x-visitor-token": token } : {};
    if (body) headers["content-type"] = "application/json";
    let response;
    try {
      response = await fetch(`${this.chat}/${path}`, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), credentials: "omit" });
    } catch {
      throw new Lost("network");
    }
    if (response.ok) return response.json();
    if (response.status === 401 || response.status === 403) throw new Denied(String(response.status));
    if (response.status >= 500 || response.status === 408 || response.status === 429) throw new Lost(String(response.status));
    const problem = await response.json().catch(() => ({}));
    throw new Rejected(problem.detail || problem.title || String(response.status));
  }

  // Send the outbox, in order; only one tab at a time does. Safe to call at any moment.
  async pump() {
    if (this.sending) return this.sending;
    const work = () => this.empty();
    this.sending = (navigator.locks ? navigator.locks.request(`${this.store.key} outbox`, work) : work()).finally(() => { this.sending = null; });
    return this.sending;
  }

  async empty() {
    for (let tries = 0; ; ) {
      const entry = this.store.state.outbox.find((one) => !one.fault);
      if (!entry) return;
      try {
        await this.post(entry);
        tries = 0;
        this.noteOnline(true);
      } catch (error) {
        if (error instanceof Lost) {
          this.noteOnline(false);
          await pause(PAUSES[Math.min(tries++, PAUSES.length - 1)]);
        } else this.store.change((state) => { for (const one of state.outbox) if (one.id === entry.id) one.fault = error instanceof Denied ? "denied" : error.message; });
      }
    }
  }

  async post(entry) {
    const files = [];
    for (const file of entry.files) {
      const kept = await this.attic.get(file.key);
      if (!kept) throw new Rejected("lostFile");
      files.push({ name: file.name, mime: file.mime, content: await base64(kept) });
    }
    const { name, email } = this.who;
    const { id, text, choice, reply_to, page, at } = entry;
    await this.ask("messages", { id, text, choice, reply_to, page, files, name, email, language: this.who.language });
    // Until the server has told its own time, a message just sent is the newest, whatever this computer's clock says.
    const last = this.store.state.items.at(-1)?.at ?? at;
    const shown = Date.parse(last) > Date.parse(at) ? last : at;
    this.store.merge([{ mine: true, client_id: id, id, text, reply_to, at: shown, state: "sent", choices: [], attachments: entry.files }]);
    if (entry.files.length) {
      await this.sync().catch(() => {});
      for (const file of entry.files) await this.attic.drop(file.key);
    }
  }

  async sync() {
    const known = this.store.state;
    const answer = await this.ask(`messages?since=${encodeURIComponent(known.since)}`);
    this.store.merge(answer.items, answer.next);
    this.synced = Date.now();
    for (const reached of ["read", "delivered"]) await this.report(this.store.owed(reached), reached);
  }

  // A tab that was asleep may have missed something that no stream told.
  refresh() {
    if (this.streaming && this.store.state.token && Date.now() - (this.synced ?? 0) > 20_000) this.sync().catch(() => {});
  }

  // Acknowledge messages of ours; what could not be told is told again after the next sync.
  async acknowledge(ids, reached) {
    if (!ids.length) return;
    this.store.mark(ids, reached);
    await this.report(ids, reached).catch(() => {});
  }

  async report(ids, reached) {
    for (let from = 0; from < ids.length; from += 200) {
      const some = ids.slice(from, from + 200);
      await this.ask("messages", { type: reached === "read" ? "read" : "received", ids: some });
      this.store.settle(some, reached);
    }
  }

  typing() {
    if (this.lastTyping > Date.now() - 4000 || !this.online || !this.store.state.token) return;
    this.lastTyping = Date.now();
    this.ask("messages", { type: "typing" }).catch(() => {});
  }

  async stream() {
    for (let tries = 0; ; tries++) {
      try {
        const began = Date.now();
        await this.listen(() => { tries = 0; });
        if (Date.now() - began < 1000) tries++;
      } catch (error) {
        if (error instanceof Denied) {
          // Renewed once by a session; if that is denied too, this site or user is not allowed, and asking on would not help.
          try { await this.session(); } catch (second) { if (second instanceof Denied) return this.block(); }
        }
        this.noteOnline(error instanceof Denied);
      }
      await pause(PAUSES[Math.min(tries, PAUSES.length - 1)] * (0.75 + Math.random() / 2));
    }
  }

  async listen(opened) {
    const token = this.store.state.token || (await this.session());
    const stop = new AbortController();
    let timer = 0;
    const alive = () => { clearTimeout(timer); timer = setTimeout(() => stop.abort(), SILENCE); };
    alive();
    try {
      const response = await fetch(`${this.chat}/stream`, { headers: { "x-visitor-token": token }, signal: stop.signal, credentials: "omit" });
      if (response.status === 401 || response.status === 403) throw new Denied("stream");
      if (!response.ok) throw new Lost("stream");
      // Ask for what was missed only now that the stream is open: nothing falls in between.
      await this.sync();
      opened();
      this.noteOnline(true);
      for await (const told of lines(response.body, alive)) await this.take(told);
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
  }

  async take(told) {
    if (told.type === "reload") return this.sync();
    if (told.type === "message") this.store.merge([told]);
    else this.air?.postMessage(told);
    this.heard(told);
  }

  block() {
    this.blocked = "denied";
    this.changed();
  }

  noteOnline(online) {
    if (this.online === online) return;
    this.online = online;
    this.changed();
  }
}

function has(state, item) {
  return state.items.some((one) => one.id === item.id && one.mine === item.mine);
}

function pause(milliseconds) {
  return new Promise((resolve) => {
    const wake = () => { clearTimeout(timer); removeEventListener("online", wake); resolve(); };
    const timer = setTimeout(wake, milliseconds);
    addEventListener("online", wake);
  });
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

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Rejected("lostFile"));
    reader.readAsDataURL(file);
  });
}
