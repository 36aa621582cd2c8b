// The launcher and the panel: opening, writing, attaching, being told. It lives in a shadow root and leaves the page alone.
import { Bubbles, el, icon, kindOf } from "./bubbles.js";

const FILES = 10;

export class Panel {
  constructor(config, words, store, attic, wire) {
    Object.assign(this, { config, words, store, attic, wire });
    this.files = [];
    this.page = config.mode === "page";
    this.bubbles = new Bubbles(words, attic, { again: (id) => this.again(id), remove: (id) => this.remove(id), choose: (item, choice) => this.choose(item, choice) });
    this.build();
    store.listen(() => this.draw());
    wire.changed = () => this.draw();
    wire.heard = (told) => this.hear(told);
    document.addEventListener("visibilitychange", () => { this.look(); if (document.visibilityState === "visible") wire.refresh(); });
  }

  // Once it stands in the page: heights are known only there.
  begin() {
    this.draw();
    if (this.page || this.store.state.open) this.show(false);
    else if (this.store.state.token) this.wire.start();
  }

  build() {
    const { words, config } = this;
    const all = words.all;
    this.badge = el("span.badge", { "aria-hidden": "true", hidden: true });
    this.launcher = el("button.launcher", { type: "button", "aria-haspopup": "dialog", "aria-expanded": "false", onclick: () => this.toggle() });
    this.status = el("p.status", { role: "status", hidden: true });
    this.typing = el("p.typing", { "aria-live": "off", hidden: true });
    this.text = el("textarea", { rows: 1, placeholder: all.write, "aria-label": all.write, maxlength: 20_000, oninput: () => this.typed(), onkeydown: (event) => this.key(event), onpaste: (event) => this.attach(event.clipboardData.files, event) });
    this.picker = el("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", onchange: () => { this.attach(this.picker.files); this.picker.value = ""; } });
    this.held = el("div.held", { hidden: true });
    this.fault = el("p.fault", { role: "alert", hidden: true });
    const form = el("form.write", { onsubmit: (event) => { event.preventDefault(); this.send(); } },
      this.fault, this.held,
      el("button.tool", { type: "button", title: all.attach, "aria-label": all.attach, onclick: () => this.picker.click() }, icon("attach")),
      this.text, this.picker,
      el("button.send", { type: "submit", title: all.send, "aria-label": all.send }, icon("send")));
    this.ask = el("div.ask", { hidden: true });
    this.panel = el("section.panel", { role: "dialog", "aria-labelledby": "title", hidden: true, onkeydown: (event) => event.key === "Escape" && !this.page && this.hide() },
      el("header", {}, el("h2", { id: "title" }, config.title || all.title),
        !this.page && el("button.tool", { type: "button", title: all.close, "aria-label": all.close, onclick: () => this.hide() }, icon("close"))),
      this.status, this.bubbles.element, this.typing, this.ask, form);
    this.panel.addEventListener("dragover", (event) => event.preventDefault());
    this.panel.addEventListener("drop", (event) => { event.preventDefault(); this.attach(event.dataTransfer.files); });
    this.text.value = this.store.state.draft;
    this.element = el(`div.chat${this.page ? ".page" : ""}`, { lang: words.language }, this.panel, !this.page && this.launcher);
  }

  toggle() {
    if (this.panel.hidden) this.show(true);
    else this.hide();
  }

  show(focus) {
    this.panel.hidden = false;
    this.launcher.setAttribute("aria-expanded", "true");
    if (!this.page) this.store.change((state) => { state.open = true; });
    this.wire.start();
    this.draw();
    this.bubbles.toEnd();
    this.grow();
    if (focus) this.text.focus();
    this.look();
  }

  hide() {
    this.panel.hidden = true;
    this.launcher.setAttribute("aria-expanded", "false");
    this.bubbles.atEnd = true;
    this.store.change((state) => { state.open = false; });
    this.launcher.focus();
  }

  draw() {
    const state = this.store.state;
    const all = this.words.all;
    const unread = state.items.filter((item) => !item.mine && item.state !== "read").length;
    this.badge.hidden = !unread || !this.panel.hidden;
    this.badge.textContent = unread > 99 ? "99+" : String(unread);
    const label = this.panel.hidden ? all.open : all.close;
    if (this.launcher.dataset.shows !== label) this.launcher.replaceChildren(icon(this.panel.hidden ? "chat" : "close"), this.badge);
    this.launcher.dataset.shows = label;
    this.launcher.setAttribute("aria-label", unread && this.panel.hidden ? `${label}, ${this.words.unread(unread)}` : label);
    if (this.panel.hidden) return this.received(state);
    this.bubbles.show(state, this.config.greeting || all.greeting);
    this.status.textContent = this.wire.blocked ? all[this.wire.blocked] : all.offline;
    this.status.hidden = this.wire.online && !this.wire.blocked;
    this.askForEmail(state);
    this.look();
  }

  // What is on the screen was read; what only arrived was received.
  look() {
    if (this.panel.hidden || document.visibilityState !== "visible") return this.received(this.store.state);
    const unread = this.store.state.items.filter((item) => !item.mine && item.state !== "read");
    this.wire.acknowledge(unread.map((item) => item.id), "read");
  }

  received(state) {
    const fresh = state.items.filter((item) => !item.mine && item.state !== "read" && item.state !== "delivered");
    this.wire.acknowledge(fresh.map((item) => item.id), "delivered");
  }

  hear(told) {
    clearTimeout(this.typingEnds);
    this.typing.hidden = told.type !== "typing";
    if (told.type !== "typing") return;
    this.typing.textContent = `${told.name || this.words.all.someone} ${this.words.all.typing}`;
    this.typingEnds = setTimeout(() => { this.typing.hidden = true; }, 6000);
  }

  typed() {
    this.grow();
    if (this.text.value.trim()) this.wire.typing();
    clearTimeout(this.drafting);
    this.drafting = setTimeout(() => this.store.change((state) => { state.draft = this.text.value; }), 300);
  }

  grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight + 2, 140)}px`;
  }

  key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.send();
  }

  attach(files, event) {
    if (!files?.length) return;
    event?.preventDefault();
    this.tell("");
    for (const file of files) {
      const limit = this.config.file_limit;
      const held = this.files.reduce((sum, one) => sum + one.size, 0);
      if (file.size > limit || held + file.size > 2 * limit) this.tell(this.words.all.big(Math.floor((file.size > limit ? limit : 2 * limit) / 1_048_576)));
      else if (this.files.length >= FILES) this.tell(this.words.all.many(FILES));
      else this.files.push(file);
    }
    this.hold();
  }

  hold() {
    this.held.hidden = !this.files.length;
    this.held.replaceChildren(...this.files.map((file, n) => el("span", {}, icon("file"), el("b", {}, file.name),
      el("button.tool", { type: "button", "aria-label": `${this.words.all.drop} ${file.name}`, onclick: () => { this.files.splice(n, 1); this.hold(); this.text.focus(); } }, icon("close")))));
  }

  async send() {
    const text = this.text.value.trim();
    if (!text && !this.files.length) return;
    const files = this.files;
    this.files = [];
    this.text.value = "";
    clearTimeout(this.drafting);
    this.hold();
    this.tell("");
    this.grow();
    await this.queue({ text, files });
  }

  choose(item, choice) {
    this.text.focus();
    return this.queue({ text: choice.title, files: [], choice: choice.id, reply_to: item.id });
  }

  // Shown at once, kept at once; the wire sends it when it can, and the id lets the server know a repetition.
  async queue({ text, files, choice, reply_to }) {
    const kept = [];
    for (const file of files) {
      const key = crypto.randomUUID?.() ?? newId();
      await this.attic.put(key, file);
      kept.push({ key, name: file.name, mime: file.type || "application/octet-stream", size: file.size, kind: kindOf(file.type) });
    }
    const page = this.page ? undefined : location.href.split("#")[0].slice(0, 500);
    this.store.change((state) => {
      state.outbox.push({ id: newId(), text, choice, reply_to, files: kept, page, at: new Date().toISOString() });
      state.draft = "";
    });
    this.bubbles.toEnd();
    this.wire.pump();
  }

  again(id) {
    this.store.change((state) => { for (const entry of state.outbox) if (entry.id === id) delete entry.fault; });
    this.wire.pump();
  }

  remove(id) {
    const entry = this.store.state.outbox.find((one) => one.id === id);
    this.store.change((state) => { state.outbox = state.outbox.filter((one) => one.id !== id); });
    for (const file of entry?.files ?? []) this.attic.drop(file.key);
  }

  tell(fault) {
    this.fault.textContent = fault;
    this.fault.hidden = !fault;
  }

  // Once, after the first message, and never of somebody the site already knows.
  askForEmail(state) {
    const { who } = this.wire;
    const wanted = !state.asked && !who.user && !who.email && state.items.some((item) => item.mine);
    if (!wanted) this.ask.hidden = true;
    if (!wanted || this.ask.childElementCount) { if (wanted) this.ask.hidden = false; return; }
    const all = this.words.all;
    const email = el("input", { type: "email", required: true, placeholder: all.email, "aria-label": all.email, autocomplete: "email" });
    const done = () => this.store.change((changed) => { changed.asked = true; });
    const form = el("form", { novalidate: true, onsubmit: async (event) => {
      event.preventDefault();
      if (!email.checkValidity()) return this.tell(all.badEmail);
      try {
        await this.wire.ask("messages", { type: "profile", email: email.value.trim() });
        this.tell("");
        done();
        this.text.focus();
      } catch {
        this.tell(this.wire.online ? all.badEmail : all.offline);
      }
    } }, email, el("button", { type: "submit" }, all.save), el("button.plain", { type: "button", onclick: done }, all.later));
    this.ask.replaceChildren(el("p", {}, all.askEmail), form);
    this.ask.hidden = false;
  }
}

function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
