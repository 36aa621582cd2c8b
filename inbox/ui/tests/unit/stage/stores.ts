// Lets a test run the app's own stores without a browser: their runes compiled, and what a window has given by hand.
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileModule } from 'svelte/compiler';

/** `?life=2` after a module's address: all that it imports from the app is new as well, as after a reload. */
const life = (url: string | undefined): string => /\?life=\d+$/.exec(url ?? '')?.[0] ?? '';

const compiled = new Map<string, string>();

registerHooks({
  resolve(name, context, next) {
    const found = next(name, context);
    return found.url.includes('/ui/src/') && !life(found.url) ? { ...found, url: found.url + life(context.parentURL) } : found;
  },
  load(url, context, next) {
    if (!url.replace(life(url), '').endsWith('.svelte.ts')) return next(url, context);
    const filename = fileURLToPath(url.replace(life(url), ''));
    let source = compiled.get(filename);
    if (source) return { format: 'module', source, shortCircuit: true };
    // Server code has the same meaning without a screen: state is a variable, what is derived a function.
    source = compileModule(stripTypeScriptTypes(readFileSync(filename, 'utf8')), { filename, generate: 'server' }).js.code;
    compiled.set(filename, source);
    return { format: 'module', source, shortCircuit: true };
  },
});

const kept = new Map<string, string>();
const storage = {
  get length() { return kept.size; },
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => { kept.set(key, value); (storage as Record<string, unknown>)[key] = value; },
  removeItem: (key: string) => { kept.delete(key); delete (storage as Record<string, unknown>)[key]; },
};
for (const name of ['length', 'getItem', 'setItem', 'removeItem']) Object.defineProperty(storage, name, { enumerable: false });

const window = new EventTarget();
Object.assign(globalThis, {
  localStorage: storage, location: new URL('http://localhost/inbox'), document: Object.assign(new EventTarget(), { hidden: false, hasFocus: () => true, documentElement: {} }),
  addEventListener: window.addEventListener.bind(window), removeEventListener: window.removeEventListener.bind(window), dispatchEvent: window.dispatchEvent.bind(window),
});

export const keptKeys = (): string[] => [...kept.keys()];
export const forget = (): void => keptKeys().forEach(storage.removeItem);
