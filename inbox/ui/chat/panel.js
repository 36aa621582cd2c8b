// The launcher and the panel around the messages: opening, being told, what is on the screen. It leaves the page alone.
import { Bell } from "./bell.js";
import { Bubbles } from "./bubbles.js";
import { Composer } from "./composer.js";
import { el, icon, tool } from "./draw.js";
import { Forms } from "./form.js";
import { Stream } from "./stream.js";

export class Panel {
  constructor(config, words, store, attic, wire, visit) {
    Object.assign(this, { config, words, store, wire, visit });
    this.page = config.mode === "page";
    this.bell = new Bell(store);
    this.stream = new Stream(wire);
    this.forms = new Forms(config, words, store, wire);
    this.composer = new Composer(config, words, store, attic, wire);
    this.composer.came = (first) => this.came(first);
    this.composer.queued = () => this.bubbles.toEnd();
    this.forms.finished = () => this.composer.text.focus();
    this.bubbles = new Bubbles(words, attic, { again: (id) => this.again(id), remove: (id) => this.remove(id, attic), choose: (item, choice) => this.composer.choose(item, choice), look: () => this.look() });
    this.build();
    this.listen();
  }

  listen() {
    const { store, wire } = this;
    const seen = () => this.look();
    const sized = () => this.fit();
    const touched = () => { if (store.part("who").token) this.bell.arm(); };
    store.listen(() => this.draw());
    wire.changed = () => this.draw();
    wire.heard = (told) => this.hear(told);
    document.addEventListener("visibilitychange", seen);
    addEventListener("pointerdown", touched, { capture: true, signal: wire.closed.signal });
    visualViewport?.addEventListener("resize", sized);
    visualViewport?.addEventListener("scroll", sized);
    wire.closed.signal.addEventListener("abort", () => {
      document.removeEventListener("visibilitychange", seen);
      visualViewport?.removeEventListener("resize", sized);
      visualViewport?.removeEventListener("scroll", sized);
    });
  }

  // Once it stands in the page: heights are known only there.
  begin() {
    this.draw();
    if (this.page || this.store.state.open) this.show(false);
    else if (this.store.state.token || this.store.state.outbox.length) this.stream.start();
  }

  build() {
    const { config, page } = this;
    const { all, language } = this.words;
    this.badge = el("span.badge", { "aria-hidden": "true", hidden: true });
    this.launcher = el("button.launcher", { type: "button", "aria-haspopup": "dialog", "aria-expanded": "false", onclick: () => this.toggle() });
    this.status = el("p.status", { role: "status", hidden: true });
    this.typing = el("p.typing", { hidden: true });
    this.there = el("p", { hidden: true });
    this.sound = config.sound && tool("sound", all.mute, () => this.store.change("view", (view) => { view.mute = !view.mute; }), { "aria-pressed": "false" });
    const picture = config.avatar && el("img.avatar", { src: config.avatar, alt: "", onerror: () => picture.remove() });
    this.panel = el("section.panel", { role: "dialog", "aria-labelledby": "title", hidden: true, onkeydown: (event) => event.key === "Escape" && !page && this.hide() },
      el("header", {}, picture, el("div", {}, el("h2", { id: "title" }, config.title || all.title), this.there), this.sound, !page && tool("close", all.close, () => this.hide())),
      this.status, this.forms.before, this.bubbles.element, this.typing, this.forms.later, this.composer.element);
    this.panel.append(this.composer.takeDrops(this.panel));
    this.element = el(`div.chat.${config.position}${page ? ".page" : ""}`, { lang: language, dir: "ltr" }, this.panel, !page && this.launcher);
  }

  toggle() {
    if (this.panel.hidden) this.show(true);
    else this.hide();
  }

  show(focus) {
    this.panel.hidden = false;
    this.launcher.setAttribute("aria-expanded", "true");
    if (!this.page) this.store.change("view", (view) => { view.open = true; });
    if (focus) this.bell.arm();
    this.stream.start();
    this.draw();
    this.fit();
    this.bubbles.toEnd();
    this.composer.grow();
    if (focus) (this.forms.before.hidden ? this.composer.text : this.forms.before.querySelector("input, select")).focus();
    this.look();
  }

  hide() {
    this.panel.hidden = true;
    this.launcher.setAttribute("aria-expanded", "false");
    this.bubbles.atEnd = true;
    this.store.change("view", (view) => { view.open = false; });
    this.launcher.focus();
  }

  draw() {
    const { state } = this.store;
    this.drawLauncher(state);
    this.composer.follow(state.draft);
    if (this.panel.hidden) return this.received(state);
    const asking = this.forms.draw(state);
    if (this.composer.element.hidden !== asking) {
      this.bubbles.element.hidden = this.composer.element.hidden = asking;
      this.composer.grow();
    }
    this.bubbles.show(state, this.config.greeting || this.words.all.greeting);
    this.drawHead(state);
    this.look();
  }

  drawLauncher(state) {
    const { all } = this.words;
    const unread = state.items.filter((item) => !item.mine && item.state !== "read").length;
    this.badge.hidden = !unread || !this.panel.hidden;
    this.badge.textContent = unread > 99 ? "99+" : String(unread);
    const label = this.panel.hidden ? all.open : all.close;
    if (this.launcher.dataset.shows !== label) this.launcher.replaceChildren(icon(this.panel.hidden ? "chat" : "close"), this.badge);
    this.launcher.dataset.shows = label;
    this.launcher.setAttribute("aria-label", unread && this.panel.hidden ? `${label}, ${this.words.unread(unread)}` : label);
  }

  drawHead(state) {
    const { wire, words, sound } = this;
    this.say(this.status, words.all[wire.blocked] ?? (wire.online ? this.away() : words.all.offline));
    const { desk } = wire;
    this.say(this.there, desk && !wire.blocked ? words.all[desk.open ? "there" : "notThere"] : "");
    this.there.classList.toggle("on", Boolean(desk?.open));
    if (sound && sound.getAttribute("aria-pressed") !== String(state.mute)) {
      sound.setAttribute("aria-pressed", String(state.mute));
      sound.replaceChildren(icon(state.mute ? "muted" : "sound"));
    }
  }

  // When an answer comes, in the visitor's own time; "sometime" is no answer, so without hours nothing is promised.
  away() {
    const { desk } = this.wire;
    if (!desk || desk.open) return "";
    const when = desk.opens_at && this.words.when(desk.opens_at);
    return [this.config.away || this.words.all.away, when && this.words.all.from(when)].filter(Boolean).join(" ");
  }

  say(place, text) {
    if (place.textContent !== text) place.textContent = text;
    place.hidden = !text;
  }

  // What is on the screen was read; what only arrived was received.
  look() {
    const { state } = this.store;
    const looking = !this.panel.hidden && !this.bubbles.element.hidden && document.visibilityState === "visible";
    if (!looking || !this.bubbles.atEnd) return this.received(state);
    const unread = state.items.filter((item) => !item.mine && item.state !== "read");
    this.wire.acknowledge(unread.map((item) => item.id), "read");
  }

  received(state) {
    const fresh = state.items.filter((item) => !item.mine && item.state !== "read" && item.state !== "delivered");
    this.wire.acknowledge(fresh.map((item) => item.id), "delivered");
  }

  hear(told) {
    clearTimeout(this.typingEnds);
    const typing = told.type === "typing";
    this.say(this.typing, typing ? `${this.words.all.someone} ${this.words.all.typing}` : "");
    if (typing) this.typingEnds = setTimeout(() => this.say(this.typing, ""), 6000);
    if (told.type === "message" && !told.mine && this.config.sound) this.bell.ring(told.id);
  }

  came(first) {
    const page = this.page ? undefined : location.href.split("#")[0].slice(0, 500);
    const visit = first ? this.visit.tell() : undefined;
    if (first) this.visit.told();
    return { page, visit };
  }

  again(id) {
    this.composer.text.focus();
    this.store.amend(id, (entry) => { delete entry.fault; });
    this.wire.pump();
  }

  remove(id, attic) {
    const entry = this.store.outbox().find((one) => one.id === id);
    this.composer.text.focus();
    this.store.unqueue(id);
    for (const file of entry?.files ?? []) attic.drop(file.key);
  }

  // On phones the keyboard covers what is fixed to the bottom: stand in what is left of the screen.
  fit() {
    const { style } = this.panel;
    const view = visualViewport;
    const covered = view && matchMedia("(max-width: 480px), (max-height: 480px) and (pointer: coarse)").matches && innerHeight - view.height > 60;
    style.height = covered ? `${view.height}px` : "";
    style.top = covered ? `${view.offsetTop}px` : "";
    style.bottom = covered ? "auto" : "";
    if (this.bubbles.atEnd) this.bubbles.toEnd();
  }
}
