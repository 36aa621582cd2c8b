// The address bar is the only place that says which view is shown.
/** `message`: the one that the address points at (`#m12`). */
export interface Route { path: string; parts: string[]; query: URLSearchParams; message: number | null }

function read(): Route {
  const path = location.pathname;
  return { path, parts: path.split('/').filter(Boolean), query: new URLSearchParams(location.search), message: Number(/^#m(\d+)$/.exec(location.hash)?.[1]) || null };
}

let current = $state.raw<Route>(read());
addEventListener('popstate', () => (current = read()));

export const route = () => current;

export function go(to: string, replace = false): void {
  if (to === location.pathname + location.search + location.hash) return;
  history[replace ? 'replaceState' : 'pushState']({ depth: depth() + (replace ? 0 : 1) }, '', to);
  current = read();
}

const depth = (): number => (history.state as { depth?: number } | null)?.depth ?? 0;

/** Back when we came from inside the app, else to `otherwise`. */
export function back(otherwise: string): void {
  if (depth() > 0) history.back();
  else go(otherwise, true);
}

/** The same page with a few query values changed; null removes one. */
export function withQuery(change: Record<string, string | null>, path = current.path): string {
  const query = new URLSearchParams(current.query);
  for (const [name, value] of Object.entries(change)) if (value === null || value === '') query.delete(name); else query.set(name, value);
  const tail = query.toString();
  return `${path}${tail ? `?${tail}` : ''}`;
}

/** Links inside the app open without loading it again; the browser's own ways (new tab, copy) still work. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest('a');
  if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
  if (link.pathname.startsWith('/api/') || link.pathname.startsWith('/assets/')) return;
  event.preventDefault();
  go(link.pathname + link.search + link.hash);
}
