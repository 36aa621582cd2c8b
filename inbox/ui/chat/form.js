// The form before the chat, and the one question after the first message: what the visitor says of themselves is only claimed.
import { el } from "./draw.js";
import { Lost, Rejected } from "./wire.js";

const KINDS = { name: ["text", "name"], email: ["email", "email"], phone: ["tel", "tel"] };

export class Forms {
  constructor(config, words, store, wire) {
    Object.assign(this, { config, words, store, wire });
    this.before = el("div.before", { hidden: true });
    this.later = el("div.ask", { hidden: true });
  }

  // What has to be asked before the chat: nobody is asked twice, nor for what the site has told us.
  get asked() {
    const { who } = this.wire;
    const known = { name: who.name, email: who.email, phone: who.phone };
    return this.config.form.filter(([name]) => !known[name]);
  }

  draw(state) {
    const wrote = state.outbox.length || state.items.some((item) => item.mine);
    const before = !state.asked && !state.met && !wrote && this.asked.length > 0;
    this.show(this.before, before, () => this.fill());
    const { who } = this.wire;
    const later = this.config.later_email && !this.config.form.some(([name]) => name === "email") && !state.asked && !who.user && !who.email && state.items.some((item) => item.mine);
    this.show(this.later, later, () => this.fillLater());
    return before;
  }

  show(place, wanted, fill) {
    if (wanted && place.hidden) place.replaceChildren(...fill());
    if (place.hidden === wanted) place.hidden = !wanted;
  }

  fill() {
    const { all } = this.words;
    const required = (wish) => wish === "required";
    const fields = this.asked.map(([name, wish]) => [name, name === "topic" ? this.topics(required(wish)) : this.field(name, required(wish))]);
    const form = el("form", { novalidate: true }, el("p", {}, this.config.form_text || all.beforeChat),
      ...fields.map(([name, input]) => el("label", {}, el("span", {}, all[name], !input.required && el("i", {}, ` ${all.optional}`)), input, el("em", { hidden: true }))),
      el("p.fault", { role: "alert", hidden: true }), el("button", { type: "submit" }, all.begin));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit(form, Object.fromEntries(fields), () => this.done());
    });
    return [form];
  }

  field(name, required) {
    const [type, autocomplete] = KINDS[name];
    return el("input", { type, name, autocomplete, required, maxlength: 200, "aria-required": String(required) });
  }

  topics(required) {
    const options = this.config.topics.map((topic) => el("option", { value: topic }, topic));
    return el("select", { name: "topic", required, "aria-required": String(required) }, el("option", { value: "" }, this.words.all.choose), ...options);
  }

  // Kept in the form until the server has it: an answer that is wrong must be mended here.
  async submit(form, fields, done) {
    const { all } = this.words;
    const told = Object.fromEntries(Object.entries(fields).map(([name, input]) => [name, input.value.trim()]));
    for (const input of Object.values(fields)) this.blame(input, "");
    this.fault(form, "");
    const wrong = Object.entries(fields).find(([name, input]) => (input.required && !told[name]) || (name === "email" && !input.checkValidity()));
    if (wrong) return this.blame(wrong[1], told[wrong[0]] ? all.badEmail : all.needed);
    if (Object.values(told).every((value) => !value)) return done();
    try {
      const { language } = this.wire.who;
      await this.wire.ask("messages", { type: "profile", ...told, language, region: new Intl.Locale(navigator.language).region ?? "" });
    } catch (error) {
      const [name] = error instanceof Rejected ? error.message.split(":") : [""];
      if (fields[name]) return this.blame(fields[name], name === "phone" ? all.badPhone : all.badEmail);
      return this.fault(form, error instanceof Lost ? all.formOffline : error.message);
    }
    this.store.change("who", (who) => { who.topic = told.topic ?? ""; });
    return done();
  }

  blame(input, why) {
    const place = input.closest("label")?.querySelector("em") ?? input.closest("form").parentElement.querySelector("em");
    input.setAttribute("aria-invalid", String(Boolean(why)));
    place.id ||= `wrong-${input.name}`;
    if (why) input.setAttribute("aria-describedby", place.id);
    else input.removeAttribute("aria-describedby");
    place.textContent = why;
    place.hidden = !why;
    if (why) input.focus();
  }

  fault(form, why) {
    const place = form.parentElement.querySelector(".fault");
    place.textContent = why;
    place.hidden = !why;
  }

  done() {
    this.store.change("who", (who) => Object.assign(who, { asked: true, met: true }));
    this.finished();
  }

  // Once, after the first message, and never of somebody the site already knows.
  fillLater() {
    const { all } = this.words;
    const email = el("input", { type: "email", name: "email", required: true, placeholder: all.email, "aria-label": all.email, autocomplete: "email" });
    const form = el("form", { novalidate: true }, email, el("button", { type: "submit" }, all.save), el("button.plain", { type: "button", onclick: () => this.done() }, all.later));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit(form, { email }, () => this.done());
    });
    return [el("p", {}, all.askEmail), form, el("em", { hidden: true }), el("p.fault", { role: "alert", hidden: true })];
  }
}
