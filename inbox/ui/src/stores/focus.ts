// Where the keyboard is: through the rows of any list, and never lost when what had it goes away.
const takes = 'a[href], button:not([disabled]), input:not([disabled]), select:not([disabled]), textarea:not([disabled])';
const rowsOf = 'main :is(li, [role="listitem"], tbody tr)';

/** To the next or the previous row of the page's lists: its first link or button. */
export function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>(rowsOf)].filter((row) => row.offsetParent !== null && row.querySelector(takes) && !row.parentElement?.closest(rowsOf));
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at === -1 ? (step === 1 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step))];
  next?.querySelector<HTMLElement>(takes)?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

let trail: Element[] = [];
/** Remembers where the focus was, with all that was around it. */
export function noteFocus(event: FocusEvent): void {
  trail = [];
  for (let each = event.target as Element | null; each; each = each.parentElement) trail.push(each);
}
/** What had the focus was taken away by its own action: Tab goes on from what is left around it, not from the top of the page. */
export function findFocus(event: KeyboardEvent): void {
  if (event.key !== 'Tab' || (document.activeElement && document.activeElement !== document.body)) return;
  if (!trail.length || trail[0]!.isConnected) return;
  const left = trail.find((each) => each.isConnected && each !== document.body && each !== document.documentElement);
  if (!(left instanceof HTMLElement)) return;
  if (!left.hasAttribute('tabindex')) left.setAttribute('tabindex', '-1');
  left.focus({ preventScroll: true });
}
