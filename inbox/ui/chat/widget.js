// Where the widget begins: reads its script tag, builds the chat in a shadow root, offers window.SwitchboardChat.
// CONFIG (the channel's appearance) and STYLE (style.css) are put before these files when the server joins them into one.
/* global CONFIG, STYLE */
import { Attic } from "./attic.js";
import { Panel } from "./panel.js";
import { Store } from "./store.js";
import { arrive } from "./visit.js";
import { Wire } from "./wire.js";
import { Words } from "./words.js";

const script = document.currentScript;
// Keys that are pressed and text that is pasted in the chat are none of the page's business: a shop's "/" must not jump to its search.
const OURS = ["keydown", "keyup", "keypress", "beforeinput", "input", "paste", "copy", "cut", "dragenter", "dragover", "drop", "wheel", "touchmove"];

function begin(given, chat, visit) {
  const words = new Words(given.language, CONFIG.language, document.documentElement.lang, navigator.language);
  const store = new Store(chat, given.user ?? "");
  store.forgetOthers();
  const attic = new Attic();
  const wire = new Wire(chat, store, attic, { ...given, language: words.language });
  const panel = new Panel({ ...CONFIG, mode: given.mode }, words, store, attic, wire, visit);
  const host = document.createElement("div");
  host.id = "switchboard-chat";
  // Inline and important: whatever the page says of its elements, it does not say it of this one.
  host.style.cssText = "all: initial !important; display: block !important; position: static !important";
  for (const kind of OURS) host.addEventListener(kind, (event) => event.stopPropagation(), { passive: true });
  const root = host.attachShadow({ mode: "open" });
  dress(root, panel.element, wire.closed.signal);
  root.append(panel.element);
  document.body.append(host);
  panel.begin();
  return { panel, end: () => { wire.close(); host.remove(); } };
}

function dress(root, element, closed) {
  const sheet = new CSSStyleSheet(); // allowed where a page's policy forbids <style>
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  const { colour, offset_x, offset_y, theme } = CONFIG;
  for (const [name, value] of [["--accent", colour], ["--on-accent", readable(colour)], ["--x", `${offset_x}px`], ["--y", `${offset_y}px`]]) element.style.setProperty(name, value);
  const wish = matchMedia("(prefers-color-scheme: dark)");
  const shade = () => element.classList.toggle("dark", theme === "dark" || (theme === "auto" && wish.matches && darkPage()));
  shade();
  wish.addEventListener("change", shade, { signal: closed });
}

// "auto" is dark only on pages that say they can be dark.
function darkPage() {
  const told = document.querySelector("meta[name=color-scheme]")?.content ?? getComputedStyle(document.documentElement).colorScheme;
  return told.includes("dark");
}

// Black or white, whichever is easier to read on the colour (WCAG's relative luminance).
function readable(colour) {
  const [red, green, blue] = [1, 3, 5].map((n) => parseInt(colour.slice(n, n + 2), 16) / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

// As Webchat.allows on the server, which has the last word.
function mayStand(chat) {
  const { origin, protocol, host } = location;
  const wild = host.split(".").map((_, n, parts) => `${protocol}//*.${parts.slice(n + 1).join(".")}`);
  return !CONFIG.origins.length || new URL(chat).host === host || [origin, ...wild].some((one) => CONFIG.origins.includes(one.toLowerCase()));
}

function start(given) {
  const chat = new URL(".", script.src).href.replace(/\/$/, "");
  const visit = arrive(chat);
  if (CONFIG.off) return console.info("Switchboard chat: this chat is switched off"), null;
  if (mayStand(chat)) return begin(given, chat, visit);
  console.error(`Switchboard chat: ${location.origin} is not among the sites of this chat, so it is not shown. Add it under Channels, Sites (it may stand on: ${CONFIG.origins.join(", ")})`);
  // The refusal tells the channel's owner on its page.
  fetch(`${chat}/session`, { method: "POST", body: "{}", credentials: "omit" }).catch(() => {});
  return null;
}

if (script && !window.SwitchboardChat) {
  const { user, userHash, name, email, emailHash, phone, phoneHash, language, mode } = script.dataset;
  let chat = null;
  let given = { user, userHash, name, email, emailHash, phone, phoneHash };
  window.SwitchboardChat = {
    open: () => chat?.panel.show(true),
    close: () => chat?.panel.hide(),
    // For sites that learn who the visitor is after the page has loaded: {user, userHash, name, email, ...}; {} signs out.
    identify: (who) => {
      given = { ...who };
      if (!chat) return;
      chat.end();
      chat = start({ language, mode, ...given });
    },
  };
  const ready = () => { chat = start({ language, mode, ...given }); };
  if (document.body) ready();
  else addEventListener("DOMContentLoaded", ready, { once: true });
}
