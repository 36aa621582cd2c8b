// Where the widget begins: reads its script tag, builds the chat in a shadow root, offers window.SwitchboardChat.
// CONFIG (the channel's appearance) and STYLE (style.css) are put before these files when the server joins them into one.
/* global CONFIG, STYLE */
import { Words } from "./words.js";
import { Attic, Store } from "./store.js";
import { Wire } from "./wire.js";
import { Panel } from "./panel.js";

const script = document.currentScript;

function begin(given) {
  const chat = new URL(".", script.src).href.replace(/\/$/, "");
  const words = new Words(given.language, CONFIG.language, document.documentElement.lang, navigator.language);
  const store = new Store(chat, given.user ?? "");
  if (!given.user) store.inherit(); // whoever was signed in here before is forgotten
  const attic = new Attic();
  const wire = new Wire(chat, store, attic, { ...given, language: words.language });
  const panel = new Panel({ ...CONFIG, mode: given.mode }, words, store, attic, wire);
  const host = document.createElement("div");
  host.id = "switchboard-chat";
  const root = host.attachShadow({ mode: "open" });
  dress(root, host);
  root.append(panel.element);
  document.body.append(host);
  panel.begin();
  return { host, panel };
}

function dress(root, host) {
  const sheet = new CSSStyleSheet(); // allowed where a page's policy forbids <style>
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  host.style.setProperty("--accent", CONFIG.colour);
  host.style.setProperty("--on-accent", readable(CONFIG.colour));
  // Dark only on pages that say they can be dark, where the visitor wants it.
  const told = document.querySelector("meta[name=color-scheme]")?.content ?? getComputedStyle(document.documentElement).colorScheme;
  const dark = told.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches;
  host.classList.toggle("dark", dark);
}

// Black or white, whichever is easier to read on the colour (WCAG's relative luminance).
function readable(colour) {
  const [red, green, blue] = [1, 3, 5].map((n) => parseInt(colour.slice(n, n + 2), 16) / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

function whenReady(start) {
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start, { once: true });
}

if (script && !window.SwitchboardChat) {
  const { user, userHash, name, email, language, mode } = script.dataset;
  let chat = null;
  window.SwitchboardChat = {
    open: () => chat?.panel.show(true),
    close: () => chat?.panel.hide(),
    // For sites that learn who the visitor is after the page has loaded: {user, userHash, name, email}; {} signs out.
    identify: (who) => {
      chat?.host.remove();
      chat = begin({ language, mode, ...who });
    },
  };
  whenReady(() => { chat ??= begin({ user, userHash, name, email, language, mode }); });
}
