// Where the visitor writes: text, files by button, drag or paste, a draft that survives a reload and follows into other tabs.
import { el, icon, kindOf, newId, tool } from "./draw.js";

const FILES = 10;

export class Composer {
  constructor(config, words, store, attic, wire) {
    Object.assign(this, { config, words, store, attic, wire });
    this.files = [];
    this.draft = store.part("view").draft;
    this.build();
  }

  build() {
    const { all } = this.words;
    this.text = el("textarea", { rows: 1, placeholder: all.write, "aria-label": all.write, maxlength: 20_000, enterkeyhint: "send", oninput: () => this.typed(), onkeydown: (event) => this.key(event), onpaste: (event) => this.attach(event.clipboardData.files, event) });
    this.picker = el("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", onchange: () => { this.attach(this.picker.files); this.picker.value = ""; } });
    this.held = el("div.held", { hidden: true });
    this.fault = el("p.fault", { role: "alert", hidden: true });
    this.element = el("form.write", { onsubmit: (event) => { event.preventDefault(); this.send(); } },
      this.fault, this.held, tool("attach", all.attach, () => this.picker.click()), this.text, this.picker,
      el("button.send", { type: "submit", title: all.send, "aria-label": all.send }, icon("send")));
    this.text.value = this.draft;
  }

  // The whole panel takes what is dropped.
  takeDrops(panel) {
    const drop = el("div.drop", { "aria-hidden": "true", hidden: true }, this.words.all.dropHere);
    let depth = 0;
    const files = (event) => event.dataTransfer?.types.includes("Files");
    const over = (change) => (event) => {
      if (!files(event)) return;
      event.preventDefault();
      depth = Math.max(0, depth + change);
      drop.hidden = !depth;
    };
    panel.addEventListener("dragenter", over(1));
    panel.addEventListener("dragleave", over(-1));
    panel.addEventListener("dragover", over(0));
    panel.addEventListener("drop", (event) => {
      over(-Infinity)(event);
      this.attach(event.dataTransfer.files, event);
    });
    return drop;
  }

  typed() {
    this.grow();
    if (this.text.value.trim()) this.wire.typing();
    clearTimeout(this.drafting);
    this.drafting = setTimeout(() => this.keepDraft(this.text.value), 300);
  }

  keepDraft(draft) {
    this.draft = draft;
    this.store.change("view", (view) => { view.draft = draft; });
  }

  // Another tab has written on, or sent it: never send it twice from here.
  follow(draft) {
    if (draft === this.draft) return;
    if (this.text.value === this.draft) {
      this.text.value = draft;
      this.grow();
    }
    this.draft = draft;
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
    for (const file of files) this.tell(this.refused(file) || (this.files.push(file), this.fault.textContent));
    this.hold();
    this.text.focus();
  }

  refused(file) {
    const { all } = this.words;
    const limit = this.config.file_limit;
    const held = this.files.reduce((sum, one) => sum + one.size, 0);
    if (!file.size) return all.emptyFile;
    if (file.size > limit) return all.big(Math.floor(limit / 1_048_576));
    if (held + file.size > 2 * limit) return all.big(Math.floor((2 * limit) / 1_048_576));
    return this.files.length >= FILES ? all.many(FILES) : "";
  }

  hold() {
    for (const image of this.held.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    this.held.hidden = !this.files.length;
    this.held.replaceChildren(...this.files.map((file, n) => el("span", {}, kindOf(file.type) === "image" ? el("img", { src: URL.createObjectURL(file), alt: "" }) : icon("file"), el("b", {}, file.name),
      tool("close", `${this.words.all.drop} ${file.name}`, () => { this.files.splice(n, 1); this.hold(); this.text.focus(); }))));
  }

  async send() {
    const text = this.text.value.trim();
    if (!text && !this.files.length) return;
    const files = this.files;
    this.files = [];
    this.text.value = "";
    clearTimeout(this.drafting);
    this.keepDraft("");
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
    const id = newId();
    const at = new Date().toISOString();
    const kept = [];
    for (const file of files) {
      const key = await this.attic.put(file, newId());
      kept.push({ key, name: file.name, mime: file.type || "application/octet-stream", size: file.size, kind: kindOf(file.type) });
    }
    const { topic, items, outbox } = this.store.state;
    const { page, visit } = this.came(items.length + outbox.length === 0);
    this.store.queue({ id, text, choice, reply_to, files: kept, page, visit, at, ...(topic && { topic }) });
    if (topic) this.store.change("who", (who) => { who.topic = ""; });
    this.queued();
    this.wire.pump();
  }

  tell(fault) {
    this.fault.textContent = fault;
    this.fault.hidden = !fault;
  }
}
