// The way to the server: a session, posts that are never lost or doubled, acknowledgements, and what was missed.
import { Turn } from "./turn.js";

const PAUSES = [500, 1000, 2000, 5000, 10_000, 30_000];

export class Lost extends Error { // no answer, or "later": try again, after `after` seconds if that was said
  constructor(why, after) {
    super(why);
    this.after = after;
  }
}
export class Denied extends Error { // the token is not good (any more), the proof is wrong, or the site may not; `code` says which
  constructor(code) {
    super(code);
    this.code = code;
  }
}
export class Rejected extends Error {} // this will never be taken; the message says why

export class Wire {
  constructor(chat, store, attic, who) {
    Object.assign(this, { chat, store, attic, who });
    this.online = true;
    this.blocked = "";
    this.desk = null;
    this.closed = new AbortController();
    this.heard = () => {};
    this.changed = () => {};
    this.air = "BroadcastChannel" in globalThis ? new BroadcastChannel(store.key) : null;
    this.air?.addEventListener("message", ({ data }) => { if (!data.turn) this.heard(data); });
    this.turns = { session: this.turn("session"), outbox: this.turn("outbox") };
    this.woken = () => this.wake?.();
    addEventListener("online", this.woken);
    // A tab that was closed with a message still waiting leaves it to those that are open.
    store.listen((state, elsewhere) => { if (elsewhere && waits(state)) this.pump(); });
  }

  turn(name) {
    return new Turn(`${this.store.key}${name}`, this.air);
  }

  close() {
    this.closed.abort();
    removeEventListener("online", this.woken);
    for (const turn of Object.values(this.turns)) turn.close();
    this.air?.close();
    this.store.close();
  }

  // The visitor's token. One session for all tabs: two opened at once would be two visitors, and answers to one would be lost.
  async ready(stale = null) {
    for (let tries = 0; tries < 3; tries++) {
      const { token, proved } = this.store.part("who");
      if (token && token !== stale && proved === this.proofs && !this.store.before) return token;
      this.opening ??= this.turns.session.take(() => this.open(stale)).finally(() => { this.opening = null; });
      await this.opening;
    }
    throw new Lost("session");
  }

  // What the site has signed. A token carries it, so other proofs need another token.
  get proofs() {
    return [this.who.userHash, this.who.emailHash, this.who.phoneHash].map((proof) => proof ?? "").join(" ").trim();
  }

  async open(stale) {
    const { token, proved } = this.store.part("who");
    if (!token || token === stale || proved !== this.proofs) {
      const opened = await this.opened(token);
      this.desk = opened.desk ?? this.desk;
      if (opened.token !== token) this.store.change("talk", (talk) => { talk.since = ""; });
      this.store.change("who", (who) => Object.assign(who, { token: opened.token, met: opened.met }));
      // Somebody we know has proven an address since: their card should have it, even if they write nothing now.
      if (opened.met && this.proofs && proved !== this.proofs) await this.call("messages", { type: "profile" }, opened.token).catch(unlessLost);
      this.store.change("who", (who) => { who.proved = this.proofs; });
    }
    if (this.store.before) await this.join(this.store.before);
  }

  async opened(token) {
    const { user, userHash, email, emailHash, phone, phoneHash } = this.who;
    const proven = { ...(emailHash && { email, email_hash: emailHash }), ...(phoneHash && { phone, phone_hash: phoneHash }) };
    try {
      return await this.call("session", { token, user, user_hash: userHash, ...proven }, "");
    } catch (error) {
      if (!this.proofs && !user || error.code !== "proof") throw error;
      // A wrong proof is the site's mistake; the customer can still write, as somebody unknown.
      console.error("Switchboard chat: a proof (data-user-hash, data-email-hash or data-phone-hash) was refused: it has to be the hex HMAC-SHA256 with the channel's hmac_secret");
      Object.assign(this.who, { user: "", userHash: "", emailHash: "", phoneHash: "" });
      return await this.call("session", { token }, "");
    }
  }

  // The anonymous visitor has signed in. What they wrote goes out as theirs first: it may have arrived already, unknown to us.
  async join({ token, outbox, items }) {
    if (token) {
      for (const entry of outbox) await this.call("messages", await this.body(entry), token).catch(unlessLost);
      if (outbox.length || items.some((item) => item.mine)) await this.call("messages", { type: "identify", was: token }, this.store.part("who").token).catch(unlessLost);
      this.store.merge([...items, ...outbox.map(arrived)]);
    } else for (const entry of outbox) this.store.queue(entry);
    this.store.forgetBefore();
  }

  // Call with the visitor's token; one that is no longer good is renewed once.
  async ask(path, body) {
    const token = await this.ready();
    try {
      return await this.call(path, body, token);
    } catch (error) {
      if (!(error instanceof Denied) || error.code === "origin") throw error;
      return await this.call(path, body, await this.ready(token));
    }
  }

  async call(path, body, token) {
    const headers = token ? { "x-visitor-token": token } : {};
    if (body) headers["content-type"] = "application/json";
    let response;
    try {
      response = await fetch(`${this.chat}/${path}`, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), credentials: "omit", signal: this.closed.signal });
    } catch {
      throw new Lost("network");
    }
    return this.read(response);
  }

  async read(response) {
    const answer = await response.json().catch(() => null);
    if (response.ok && answer) return answer;
    if (response.status === 401 || response.status === 403) this.deny(answer);
    if (response.ok || response.status >= 500 || response.status === 408 || response.status === 429) throw new Lost(String(response.status), answer?.retry_after);
    throw new Rejected(answer?.detail || String(response.status));
  }

  deny(answer) {
    const code = answer?.code || "token";
    if (code === "origin" || code === "off") {
      if (this.blocked !== code) console.error(`Switchboard chat: ${answer.detail}`);
      this.blocked = code;
      this.changed();
    }
    throw new Denied(code);
  }

  // Send the outbox, in order; only one tab at a time does. Safe to call at any moment.
  pump() {
    this.wanted = true;
    this.wake?.();
    this.sending ??= this.drain().finally(() => {
      this.sending = null;
      if (this.wanted && !this.closed.signal.aborted) this.pump(); // queued between the last look and now
    });
    return this.sending;
  }

  async drain() {
    while (this.wanted && !this.closed.signal.aborted) {
      this.wanted = false;
      await this.turns.outbox.take((taken) => this.empty(taken));
    }
  }

  async empty(taken) {
    for (let tries = 0; !taken.aborted && !this.closed.signal.aborted; ) {
      const entry = this.store.outbox().find((one) => !one.fault);
      if (!entry) return;
      try {
        await this.post(entry);
        tries = 0;
        this.noteOnline(true);
      } catch (error) {
        if (!(error instanceof Lost)) this.store.amend(entry.id, (one) => { one.fault = error instanceof Denied ? "denied" : error.message; });
        else if (error.after) await this.pause(error.after * 1000, false);
        else {
          this.noteOnline(false);
          await this.pause(PAUSES[Math.min(tries++, PAUSES.length - 1)]);
        }
      }
    }
  }

  async post(entry) {
    const body = await this.body(entry);
    await this.ask("messages", body);
    // Until the server has told its own time, a message just sent is the newest, whatever this computer's clock says.
    const last = this.store.part("talk").items.at(-1)?.at ?? entry.at;
    this.store.merge([{ ...arrived(entry), at: Date.parse(last) > Date.parse(entry.at) ? last : entry.at }]);
    this.store.change("who", (who) => { who.met = true; });
    if (!entry.files.length) return;
    // Until the server's copy can be shown, ours is; what is left over is swept away later.
    await this.sync().then(() => Promise.all(entry.files.map((file) => this.attic.drop(file.key))), () => {});
  }

  async body({ id, text, choice, reply_to, topic, page, visit, files }) {
    const given = [];
    for (const file of files) {
      const kept = await this.attic.get(file.key);
      if (!kept) throw new Rejected("lostFile");
      given.push({ name: file.name, mime: file.mime, content: await base64(kept) });
    }
    const { name, email, phone, language } = this.who;
    return { id, text, choice, reply_to, topic, page, visit, files: given, name, email, phone, language };
  }

  // Ask for all that was missed, also for what another device has read meanwhile.
  async sync() {
    for (let before = ""; ; ) {
      const { since, items } = this.store.part("talk");
      const unread = items.filter((item) => !item.mine && item.state !== "read").map((item) => item.id).slice(-50);
      const answer = await this.ask(`messages?since=${encodeURIComponent(since)}&unread=${unread}`);
      this.desk = answer.desk ?? this.desk;
      this.store.merge(answer.items, { since: answer.next, seen: answer.seen });
      for (const reached of ["read", "delivered"]) await this.report(this.store.owed(reached), reached);
      const newest = String(answer.items.at(-1)?.id);
      if (!answer.more || newest === before) break;
      before = newest;
    }
    this.changed();
  }

  // Acknowledge messages of ours; what could not be told is told again after the next sync.
  async acknowledge(ids, reached) {
    if (!ids.length) return;
    this.store.mark(ids, reached);
    await this.report(this.store.owed(reached).filter((id) => ids.includes(id)), reached).catch(() => {});
  }

  async report(ids, reached) {
    for (let from = 0; from < ids.length; from += 200) {
      const some = ids.slice(from, from + 200);
      await this.ask("messages", { type: reached === "read" ? "read" : "received", ids: some });
      this.store.settle(some, reached);
    }
  }

  typing() {
    if (this.lastTyping > Date.now() - 4000 || !this.online || !this.store.part("who").token) return;
    this.lastTyping = Date.now();
    this.ask("messages", { type: "typing" }).catch(() => {});
  }

  // Wait, unless something happens that makes it worth trying at once.
  pause(milliseconds, early = true) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.closed.signal.removeEventListener("abort", end);
        if (this.wake === end) this.wake = null;
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      this.closed.signal.addEventListener("abort", end);
      if (early) this.wake = end;
    });
  }

  noteOnline(online) {
    if (this.online === online) return;
    this.online = online;
    this.changed();
  }
}

function waits(state) {
  return state.outbox.some((entry) => !entry.fault);
}

function arrived({ id, text, reply_to, at, files }) {
  return { mine: true, client_id: id, id, text, reply_to, at, state: "sent", choices: [], attachments: files };
}

function unlessLost(error) {
  if (error instanceof Lost) throw error;
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Rejected("lostFile"));
    reader.readAsDataURL(file);
  });
}
