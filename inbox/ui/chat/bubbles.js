// Draws the messages: bubbles, days, files, quick replies, and what became of what the visitor wrote.
const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  chat: "M7.9 20A9 9 0 1 0 4 16.1L2 22Z",
  close: "M18 6 6 18 M6 6l12 12",
  send: "m5 12 7-7 7 7 M12 19V5",
  attach: "m21.44 11.05-9.19 9.19a6 6 0 0 1-8.49-8.49l8.57-8.57A4 4 0 1 1 18 8.84l-8.59 8.57a2 2 0 0 1-2.83-2.83l8.49-8.48",
  sent: "M20 6 9 17l-5-5",
  waiting: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20z M12 6v6l4 2",
  file: "M15 2H6a2 2 0 0 0-2 2v16a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2V7Z M14 2v5h6",
};

export function el(what, attributes = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null && child !== false && child !== ""));
  return element;
}

// Icons are Lucide's (ISC licence).
export function icon(name, label) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else svg.setAttribute("aria-hidden", "true");
  return svg;
}

export class Bubbles {
  constructor(words, attic, actions) {
    Object.assign(this, { words, attic, actions });
    this.drawn = new Map();
    this.atEnd = true;
    this.element = el("div.log", { role: "log", "aria-live": "polite", "aria-label": words.all.log, tabindex: "0", onscroll: () => this.note() });
    // Whoever reads the newest message goes on seeing it when the panel's other parts grow or a picture has loaded.
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.element);
  }

  show(state, greeting) {
    const { words } = this;
    const log = this.element;
    const rows = [...state.items, ...state.outbox.map((entry) => ({ ...entry, mine: true, client_id: entry.id, attachments: entry.files, choices: [], state: entry.fault ? "failed" : "waiting" }))];
    const wanted = [this.keep("greeting", greeting, () => el("div.bubble", {}, el("p", { dir: "auto" }, greeting)))];
    rows.forEach((item, n) => {
      const before = rows[n - 1];
      const day = words.day(item.at);
      if (!before || words.day(before.at) !== day) wanted.push(this.keep(`day ${day}`, "", () => el("div.day", {}, day)));
      const follows = before && before.mine === item.mine && before.author?.name === item.author?.name && !before.choices.length;
      const last = n === rows.length - 1;
      const quoted = item.reply_to && item.mine && !item.choice ? rows.find((one) => one.id === item.reply_to)?.text : "";
      wanted.push(this.keep(item.mine ? `me ${item.client_id}` : `us ${item.id}`, JSON.stringify([item, follows, last, quoted]), () => this.bubble(item, follows, last, quoted)));
    });
    const keep = new Set(wanted);
    for (const child of [...log.children]) if (!keep.has(child)) child.remove();
    wanted.forEach((element, n) => log.children[n] === element || log.insertBefore(element, log.children[n] ?? null));
    if (this.atEnd) this.toEnd();
  }

  note() {
    const log = this.element;
    this.atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  }

  toEnd() {
    this.atEnd = true;
    this.element.scrollTop = this.element.scrollHeight;
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
    if (state === "failed") return "";
    return state === "waiting" ? icon("waiting", this.words.all.waiting) : icon("sent", this.words.all.sent);
  }

  failure(item) {
    const { words, actions } = this;
    const why = words.all[item.fault];
    return el("div.why", {}, `${words.all.failed} ${typeof why === "string" ? why : item.fault} `,
      el("button.plain", { type: "button", onclick: () => actions.again(item.client_id) }, words.all.again),
      el("button.plain", { type: "button", onclick: () => actions.remove(item.client_id) }, words.all.remove));
  }

  choices(item) {
    return el("div.choices", { role: "group" }, ...item.choices.map((choice) =>
      el("button", { type: "button", onclick: () => this.actions.choose(item, choice) }, choice.title)));
  }

  file(file) {
    const name = file.name || this.words.all.file;
    if ((file.kind ?? kindOf(file.mime)) !== "image") {
      return el("a.file", { href: file.url, download: file.name, target: "_blank", rel: "noopener" }, icon("file"), name);
    }
    // The picture's place is kept before it loads, so that nothing jumps.
    const image = el("img", { src: file.url, alt: name, width: 220, height: 150, onload: () => { image.removeAttribute("width"); image.removeAttribute("height"); if (this.atEnd) this.toEnd(); } });
    if (file.key) this.attic.get(file.key).then((kept) => { if (kept) image.src = URL.createObjectURL(kept); });
    return file.url ? el("a", { href: file.url, target: "_blank", rel: "noopener" }, image) : image;
  }
}

export function kindOf(mime) {
  return mime.startsWith("image/") && !mime.includes("svg") ? "image" : "file";
}

// Addresses in a text become links; nothing else of it is ever markup.
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}»])/g).map((part, n) => (n % 2 ? el("a", { href: part, target: "_blank", rel: "noopener noreferrer nofollow" }, part) : part));
}
