// The only door to the server: adds the CSRF header, reads problem documents, says when the session has ended.
import type { Page } from './types.ts';

export interface FieldError { field: string; message: string }

/** The server said no (status) or could not be reached (status 0). `detail` is for the person. */
export class Problem extends Error {
  readonly status: number;
  readonly detail: string;
  readonly errors: FieldError[];
  readonly retryAfter: number | null;
  constructor(status: number, detail: string, errors: FieldError[] = [], retryAfter: number | null = null) {
    super(detail || `HTTP ${status}`);
    this.status = status;
    this.detail = detail;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }
  get offline() { return this.status === 0; }
  field(name: string): string | undefined {
    return this.errors.find((e) => e.field === name || e.field.endsWith(`.${name}`))?.message;
  }
}

const base = '/api/v1';
let csrf = '';
let onSignedOut: () => void = () => undefined;

export function useCsrf(value: string) { csrf = value; }
export function whenSignedOut(act: () => void) { onSignedOut = act; }

export type Query = Record<string, string | number | boolean | null | undefined>;

export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
  const tail = search.toString();
  return `${base}${path}${tail ? `?${tail}` : ''}`;
}

async function problemOf(answer: Response): Promise<Problem> {
  const body = (await answer.json().catch(() => ({}))) as { detail?: string; title?: string; errors?: FieldError[] };
  const after = Number(answer.headers.get('Retry-After'));
  return new Problem(answer.status, body.detail ?? body.title ?? '', body.errors ?? [], Number.isFinite(after) && after > 0 ? after : null);
}

async function call<T>(method: string, path: string, init: { query?: Query; body?: unknown; headers?: Record<string, string>; signal?: AbortSignal | undefined } = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', ...init.headers };
  if (method !== 'GET') headers['X-CSRF-Token'] = csrf;
  const raw = init.body instanceof FormData;
  if (init.body !== undefined && !raw) headers['Content-Type'] = 'application/json';
  const body = raw ? (init.body as FormData) : init.body === undefined ? null : JSON.stringify(init.body);
  const answer = await fetch(address(path, init.query), { method, headers, body, credentials: 'same-origin', signal: init.signal ?? null }).catch(() => {
    throw new Problem(0, '');
  });
  if (!answer.ok) {
    const problem = await problemOf(answer);
    if (problem.status === 401 && path !== '/session') onSignedOut();
    throw problem;
  }
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) => call<T>('GET', path, { ...(query ? { query } : {}), signal });
export const list = <T>(path: string, query?: Query) => get<Page<T>>(path, query);
export const post = <T>(path: string, body: unknown = {}, headers: Record<string, string> = {}, signal?: AbortSignal) => call<T>('POST', path, { body, headers, signal });
export const patch = <T>(path: string, body: unknown) => call<T>('PATCH', path, { body });
export const put = (path: string, body: unknown) => call<void>('PUT', path, { body });
export const remove = (path: string) => call<void>('DELETE', path);

export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(-1, error instanceof Error ? error.message : String(error));
}
