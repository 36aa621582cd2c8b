// Draws the messages: bubbles, days, files, quick replies, and what became of what the visitor wrote.
import { el, icon, kindOf, linked } from "./draw.js";

export class Bubbles {
  constructor(words, attic, actions) {
    Object.assign(this, { words, attic, actions });
    this.drawn = new Map();
    this.atEnd = true;
    this.log = el("div.log", { role: "log", "aria-live": "polite", "aria-label": words.all.log, tabindex: "0", onscroll: () => this.note() });
    this.more = el("button.more", { type: "button", hidden: true, onclick: () => { this.toEnd(); actions.look(); } }, icon("down"), words.all.newer);
    this.element = el("div.messages", {}, this.log, this.more);
    // Whoever reads the newest message goes on seeing it when the panel's other parts grow or a picture has loaded.
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.log);
  }

  show(state, greeting) {
    const { words, log } = this;
    const waiting = state.outbox.map((entry) => ({ ...entry, mine: true, client_id: entry.id, attachments: entry.files, choices: [], state: entry.fault ? "failed" : "waiting" }));
    const rows = [...state.items, ...waiting];
    const wanted = [this.keep("greeting", greeting, () => el("div.bubble", {}, el("p", { dir: "auto" }, greeting)))];
    rows.forEach((item, n) => {
      const before = rows[n - 1];
      const day = words.day(item.at);
      if (!before || words.day(before.at) !== day) wanted.push(this.keep(`day ${day}`, "", () => el("div.day", {}, day)));
      const follows = before && before.mine === item.mine && before.author?.name === item.author?.name && !before.choices.length;
      const last = n === rows.length - 1;
      const quoted = item.reply_to && item.mine && !item.choice ? rows.find((one) => one.id === item.reply_to)?.text : "";
      const read = item.mine && item.state === "sent" && Date.parse(item.at) <= Date.parse(state.seen);
      const shown = read ? { ...item, state: "read" } : item;
      wanted.push(this.keep(item.mine ? `me ${item.client_id}` : `us ${item.id}`, JSON.stringify([shown, follows, last, quoted]), () => this.bubble(shown, follows, last, quoted)));
    });
    const keep = new Set(wanted);
    for (const child of [...log.children]) if (!keep.has(child)) child.remove();
    wanted.forEach((element, n) => log.children[n] === element || log.insertBefore(element, log.children[n] ?? null));
    if (this.atEnd) this.toEnd();
    this.more.hidden = this.atEnd || !state.items.some((item) => !item.mine && item.state !== "read");
  }

  note() {
    const { log } = this;
    const before = this.atEnd;
    this.atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    if (this.atEnd && !before) this.actions.look();
  }

  toEnd() {
    this.atEnd = true;
    this.more.hidden = true;
    this.log.scrollTop = this.log.scrollHeight;
  }

  keep(key, content, draw) {
    const drawn = this.drawn.get(key);
    if (drawn?.content === content) return drawn.element;
    const element = draw();
    drawn?.element.replaceWith(element);
    this.drawn.set(key, { content, element });
    return element;
  }

  bubble(item, follows, last, quoted) {
    const { words } = this;
    const author = item.mine ? words.all.you : item.author?.name || (item.automatic ? words.all.bot : "");
    const element = el(`div.bubble${item.mine ? ".mine" : ""}${follows ? ".follows" : ""}${item.state === "failed" ? ".failed" : ""}`, {},
      author && el(`div.${item.mine || follows ? "unseen" : "author"}`, {}, author),
      quoted && el("div.quote", {}, quoted.split("\n")[0]),
      ...item.attachments.map((file) => this.file(file)),
      item.text && el("p", { dir: "auto" }, ...linked(item.text)),
      el("div.foot", {}, el("time", { datetime: item.at, title: new Date(item.at).toLocaleString(words.locale) }, words.hour(item.at)), item.mine && this.mark(item.state)));
    if (item.state === "failed") element.append(this.failure(item));
    if (!item.mine && item.choices.length && last) element.append(this.choices(item));
    return element;
  }

  mark(state) {
    const { all } = this.words;
    return { failed: "", waiting: icon("waiting", all.waiting), read: icon("read", all.read) }[state] ?? icon("sent", all.sent);
  }

  failure(item) {
    const { words, actions } = this;
    const why = words.all[item.fault];
    return el("div.why", {}, `${words.all.failed} ${typeof why === "string" ? why : item.fault} `,
      el("button.plain", { type: "button", onclick: () => actions.again(item.client_id) }, words.all.again),
      el("button.plain", { type: "button", onclick: () => actions.remove(item.client_id) }, words.all.remove));
  }

  choices(item) {
    return el("div.choices", { role: "group", "aria-label": this.words.all.choices }, ...item.choices.map((choice) =>
      el("button", { type: "button", onclick: () => this.actions.choose(item, choice) }, choice.title)));
  }

  file(file) {
    const kind = file.kind === "voice" ? "audio" : file.kind ?? kindOf(file.mime);
    const name = file.name || this.words.all.file;
    if (kind === "image" || kind === "sticker") return this.picture(file, name);
    if (kind === "audio" || kind === "video") return this.player(kind, file, name);
    return this.link(file, name);
  }

  link(file, name) {
    return el("a.file", { href: file.url, download: file.name, target: "_blank", rel: "noopener" }, icon("file"), el("span", {}, name));
  }

  // What this browser cannot show or play is still there to be downloaded.
  orLink(element, file, name) {
    element.addEventListener("error", () => element.closest(".media")?.replaceWith(this.link(file, name)));
  }

  fill(element, file) {
    if (file.key) this.attic.get(file.key).then((kept) => { if (kept) element.src = URL.createObjectURL(kept); });
    else element.src = file.url;
  }

  picture(file, name) {
    // The picture's place is kept before it loads, so that nothing jumps.
    const { width, height } = fitted(file);
    const image = el("img", { alt: name, width, height, decoding: "async", onload: () => { if (!file.width) { image.removeAttribute("width"); image.removeAttribute("height"); } if (this.atEnd) this.toEnd(); } });
    const element = el("a.media", { href: file.url, target: "_blank", rel: "noopener" }, image);
    this.orLink(image, file, name);
    this.fill(image, file);
    return element;
  }

  player(kind, file, name) {
    const player = el(kind, { controls: true, preload: "metadata", "aria-label": name, title: name, playsinline: true });
    const element = el("div.media", {}, player);
    this.orLink(player, file, name);
    this.fill(player, file);
    return element;
  }
}

function fitted({ width, height }) {
  if (!width || !height) return { width: 220, height: 150 };
  const scale = Math.min(1, 260 / width, 240 / height);
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}
