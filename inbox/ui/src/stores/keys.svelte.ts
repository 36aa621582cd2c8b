// Keyboard habits: keys are known by their place, so that J is J in a Russian layout too.
import { onDestroy } from 'svelte';

export interface Shortcut { code: string; command: boolean; shift: boolean }
export const shortcut = (code: string, command = false, shift = false): Shortcut => ({ code, command, shift });

const handlers: { key: Shortcut; act: () => void }[] = [];
export const commandKey = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘' : 'Ctrl';

/** While the component lives; the latest one wins. */
export function whenKey(key: Shortcut, act: () => void): void {
  const entry = { key, act };
  handlers.unshift(entry);
  onDestroy(() => handlers.splice(handlers.indexOf(entry), 1));
}

export const typesHere = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

let until = 0;
let early = '';
/** A dialog was asked for and its code is on the way: what is typed meanwhile is for it, and does nothing behind it. */
export function awaitDialog(): void { [until, early] = [Date.now() + 3000, '']; }
export function typedEarly(): string { const typed = early; [until, early] = [0, '']; return typed; }

export function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  const command = event.ctrlKey || event.metaKey;
  if (!command && until > Date.now() && !document.querySelector('[role=dialog]')) {
    if (event.key === 'Escape') until = 0;
    if (event.key.length === 1) { early += event.key; event.preventDefault(); }
    return;
  }
  // Inside a field or a dialog only command keys are ours.
  if (!command && (typesHere(event.target) || document.querySelector('[role=dialog], [role=menu]'))) return;
  const found = handlers.find(({ key }) => key.code === event.code && key.command === command && key.shift === event.shiftKey);
  if (!found) return;
  event.preventDefault();
  found.act();
}
