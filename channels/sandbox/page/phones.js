// The page of the customers' phones: the list, the phones of the chosen one, and the stream that keeps both true.
import { el, face, icon } from "./draw.js";
import { Phone } from "./phone.js";
import { day, hour, language, say, switchLanguage } from "./words.js";

const people = document.getElementById("people");
const shelf = document.getElementById("phones");
const line = document.querySelector(".line");
const customers = new Map();
let order = [];
let chosen = "";
let phones = [];
let widget = "";

function start() {
  document.getElementById("language").addEventListener("click", () => { switchLanguage(); draw(); });
  window.addEventListener("hashchange", choose);
  document.addEventListener("visibilitychange", look);
  document.addEventListener("keydown", walk);
  draw();
  listen();
}

function draw() {
  document.documentElement.lang = language;
  document.title = `${say("title")} · Switchboard`;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  document.getElementById("language").textContent = say("other");
  people.setAttribute("aria-label", say("people"));
  drawPeople();
  chosen = "";
  choose();
}

function listen() {
  const stream = new EventSource("/changes");
  stream.onopen = async () => {
    // Ask for everything once the stream is open: nothing can change unseen in between.
    const all = await (await fetch("/phones")).json();
    for (const customer of all.customers) customers.set(customer.id, customer);
    // The chat's endpoints stand beside the channel's hook, and with them a page that carries the real widget.
    widget = all.connected.webchat ? `${all.connected.webchat.replace("/hooks/", "/chat/")}/demo` : "";
    line.hidden = true;
    drawPeople();
    choose();
    for (const phone of phones) phone.show(customers.get(chosen));
  };
  stream.onmessage = (event) => changed(JSON.parse(event.data));
  stream.onerror = () => {
    line.hidden = false;
    line.textContent = say("lost");
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 1000);
  };
}

function changed(customer) {
  customers.set(customer.id, customer);
  drawPeople();
  if (customer.id !== chosen) return;
  if (phones.length !== Object.keys(customer.addresses).length) { chosen = ""; choose(); }
  for (const phone of phones) phone.show(customer);
  look();
}

function unread(customer) {
  return customer.bubbles.filter((bubble) => !bubble.mine && bubble.state !== "read").length;
}

function lastAt(customer) {
  return customer.bubbles.length ? Date.parse(customer.bubbles.at(-1).at) : 0;
}

function drawPeople() {
  const focused = document.activeElement?.closest?.(".person")?.hash;
  // Nothing jumps while the pointer is over the list.
  if (!people.matches(":hover") || order.length !== customers.size) {
    order = [...customers.values()].sort((a, b) => lastAt(b) - lastAt(a)).map((customer) => customer.id);
  }
  people.replaceChildren(...order.map((id) => row(customers.get(id))));
  if (focused) [...people.children].find((person) => person.hash === focused)?.focus();
}

function row(customer) {
  const last = customer.bubbles.at(-1);
  const fresh = unread(customer);
  const when = last && (day(last.at) === say("today") ? hour(last.at) : day(last.at));
  return el(`a.person${fresh ? ".new" : ""}`, { href: `#${encodeURIComponent(customer.id)}`, "aria-current": customer.id === chosen && "true" },
    face(customer.name, customer.id),
    el("span.who", {},
      el("b", {}, el("span", { title: customer.name }, customer.name), el("span.ways", {}, ...Object.keys(customer.addresses).map((way) => icon(way, say(way))))),
      el("i", {}, last ? `${last.mine ? say("you") : ""}${last.text.replace(/\s+/g, " ") || last.files[0]?.name || say("file")}` : " ")),
    el("span.when", {}, when ?? "", fresh > 0 && el("span.count", {}, String(fresh))));
}

function choose() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  const customer = customers.get(wanted);
  document.body.classList.toggle("open", Boolean(customer));
  if (!customer) {
    chosen = "";
    phones = [];
    shelf.replaceChildren(el("p.nobody", {}, say("pick")));
    if (!wanted && customers.size && innerWidth > 720) location.replace(`#${people.querySelector(".person").hash.slice(1)}`);
    return;
  }
  if (chosen === customer.id && phones.length) return;
  chosen = customer.id;
  phones = Object.keys(customer.addresses).map((channel) => new Phone(customer, channel, write, channel === "webchat" ? widget : ""));
  shelf.replaceChildren(...phones.map((phone) => phone.element));
  for (const phone of phones) phone.toEnd();
  drawPeople();
  look();
}

async function write(channel, draft) {
  const where = `/phones/${encodeURIComponent(chosen)}/${channel}`;
  try {
    const response = await fetch(where, { method: "POST", body: JSON.stringify(draft) });
    return response.ok ? "" : (await response.json().catch(() => ({}))).detail || say("fault");
  } catch {
    return say("fault");
  }
}

function look() {
  const customer = customers.get(chosen);
  if (!customer || document.visibilityState !== "visible" || !unread(customer)) return;
  fetch(`/phones/${encodeURIComponent(chosen)}/read`, { method: "POST" }).catch(() => {});
}

function walk(event) {
  if (event.target.closest("input, textarea, button, a.file") || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { j: 1, о: 1, k: -1, л: -1 }[event.key.toLowerCase()];
  const rows = [...people.children];
  const next = rows[rows.findIndex((one) => one.hasAttribute("aria-current")) + step];
  if (step && next) { location.hash = next.hash; next.scrollIntoView({ block: "nearest" }); }
}

start();
