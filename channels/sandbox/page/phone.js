// One phone: a customer's bubbles on one channel, and the box they write in.
import { el, icon } from "./draw.js";
import { day, hour, say } from "./words.js";

const FILE_LIMIT = 8 * 1024 * 1024;

export class Phone {
  constructor(customer, channel, send, widget) {
    this.channel = channel;
    this.send = send;
    this.drawn = new Map();
    this.talk = el("div.talk", { role: "log", tabindex: "0", "aria-label": say(channel), "data-empty": say("empty") });
    this.address = el("small", {}, "");
    const link = widget && el("a.widget", { href: widget, target: "_blank", rel: "noopener" }, say("widget"));
    this.element = el(`article.phone.${channel}`, {}, el("h2", {}, icon(channel), say(channel), this.address, link), this.talk, this.writeBox());
    this.show(customer);
  }

  show(customer) {
    const address = customer.addresses[this.channel] || say("noaddress");
    this.address.textContent = this.channel === "webchat" && address.length > 20 ? "" : address;
    const bubbles = customer.bubbles.filter((bubble) => bubble.channel === this.channel);
    const atEnd = this.talk.scrollHeight - this.talk.scrollTop - this.talk.clientHeight < 80;
    const before = this.talk.scrollHeight;
    const wanted = [];
    bubbles.forEach((bubble, n) => {
      const previous = bubbles[n - 1];
      if (!previous || day(previous.at) !== day(bubble.at)) wanted.push(this.keep(`day ${day(bubble.at)}`, "", () => el("div.day", {}, day(bubble.at))));
      const turn = previous && previous.mine !== bubble.mine;
      wanted.push(this.keep(bubble.id, JSON.stringify([bubble, turn]), () => this.bubble(bubble, bubbles, turn)));
    });
    // Only what changed is touched, so that nobody's focus or selection is lost.
    wanted.forEach((element, n) => this.talk.children[n] === element || this.talk.insertBefore(element, this.talk.children[n] ?? null));
    while (this.talk.children.length > wanted.length) this.talk.lastChild.remove();
    if (atEnd || before === 0) this.toEnd();
  }

  toEnd() {
    this.talk.scrollTop = this.talk.scrollHeight;
  }

  keep(key, content, draw) {
    const drawn = this.drawn.get(key);
    if (drawn?.content === content) return drawn.element;
    const element = draw();
    drawn?.element.replaceWith(element);
    this.drawn.set(key, { content, element });
    return element;
  }

  bubble(bubble, bubbles, turn) {
    const quoted = bubble.reply_to && bubbles.find((other) => other.id === bubble.reply_to);
    return el(
      `div.bubble${bubble.mine ? ".mine" : ""}${turn ? ".turn" : ""}`, {},
      bubble.subject && el("p.subject", {}, bubble.subject),
      quoted && this.channel !== "email" && el("div.quote", {}, quoted.text.split("\n")[0] || say("file")),
      ...bubble.files.map((file) => this.file(file)),
      bubble.html && !bubble.mine ? mail(bubble.html) : bubble.text && el("p", { dir: "auto" }, bubble.text),
      bubble.choices.length > 0 && el("div.choices", {}, ...bubble.choices.map((choice) => this.choice(bubble, choice))),
      el("div.foot", {}, bubble.reaction, el("time", { datetime: bubble.at, title: new Date(bubble.at).toLocaleString() }, hour(bubble.at)),
        bubble.mine && icon(bubble.state, say(bubble.state))),
    );
  }

  file(file) {
    if (file.kind === "image" || file.kind === "sticker") {
      const image = el("img", { src: file.url, alt: file.name, width: 240, height: 160 });
      image.addEventListener("load", () => { image.removeAttribute("width"); image.removeAttribute("height"); });
      return image;
    }
    return el("a.file", { href: file.url, download: file.name }, icon("attach"), file.name || say("file"));
  }

  choice(bubble, choice) {
    return el("button", { type: "button", onclick: () => this.post({ text: choice.title, choice: choice.id, reply_to: bubble.id }) }, choice.title);
  }

  writeBox() {
    const mail = this.channel === "email";
    this.subject = mail && el("input.about", { placeholder: say("subject"), "aria-label": say("subject") });
    this.text = el("textarea", { rows: 1, placeholder: say("write"), "aria-label": `${say("write")}: ${say(this.channel)}` });
    this.picker = el("input", { type: "file", hidden: true, onchange: () => this.hold(this.picker.files[0]) });
    this.held = el("div.held", { hidden: true });
    this.fault = el("p.fault", { role: "alert", hidden: true });
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing && (!mail || event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.submit();
      }
    });
    return el("form.write", { onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      this.fault, this.held, this.subject,
      el("button", { type: "button", title: say("attach"), "aria-label": say("attach"), onclick: () => this.picker.click() }, icon("attach")),
      this.text, this.picker,
      el("button.send", { type: "submit", title: say("send"), "aria-label": `${say("send")}: ${say(this.channel)}` }, icon("send")));
  }

  hold(file) {
    if (file && file.size > FILE_LIMIT) {
      this.tell(say("big"));
      file = undefined;
    }
    this.attached = file;
    this.picker.value = "";
    this.held.hidden = !file;
    if (file) this.held.replaceChildren(icon("attach"), file.name, el("button", { type: "button", "aria-label": say("drop"), onclick: () => this.hold() }, icon("close")));
  }

  async submit() {
    const text = this.text.value;
    if (!text.trim() && !this.attached) return;
    const file = this.attached && { name: this.attached.name, mime: this.attached.type || "application/octet-stream", content: await base64(this.attached) };
    const draft = { text, file, subject: this.subject ? this.subject.value || undefined : undefined };
    this.text.value = "";
    if (this.subject) this.subject.value = "";
    this.hold();
    if (!(await this.post(draft))) this.text.value ||= text;
  }

  async post(draft) {
    this.tell("");
    const fault = await this.send(this.channel, draft);
    if (fault) this.tell(fault);
    this.toEnd();
    return !fault;
  }

  tell(fault) {
    this.fault.hidden = !fault;
    this.fault.textContent = fault;
  }
}

function mail(html) {
  // The mail is shown as it was written, with no script and nothing fetched.
  const rule = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">`;
  return el("iframe", { sandbox: "", srcdoc: `${rule}<body style="margin:8px;font:14px/20px system-ui">${html}`, title: say("email") });
}

async function base64(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let n = 0; n < bytes.length; n += 32_768) text += String.fromCharCode(...bytes.subarray(n, n + 32_768));
  return btoa(text);
}
