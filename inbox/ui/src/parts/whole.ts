// Words that are cut off at the edge are read whole under the pointer, wherever they stand.

/** Titles that were put here, to be renewed when the row shows somebody else. */
const ours = new WeakSet<HTMLElement>();

export function showWhole(event: Event): void {
  const found = event.target instanceof Element ? event.target.closest<HTMLElement>('.cut') : null;
  if (!found || (found.title && !ours.has(found))) return;
  if (found.scrollWidth > found.clientWidth) {
    ours.add(found);
    found.title = (found.textContent ?? '').replace(/\s+/g, ' ').trim();
  } else if (ours.has(found)) found.removeAttribute('title');
}
