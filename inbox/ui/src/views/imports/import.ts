// What the server says of imports, and the words for it.
import type { Id, Named, Time } from '../../api/types.ts';

export interface Counts { new: number; matched: number; unchanged: number; wrong: number; warned: number; removed: number; kept: number; restored: number }
export interface ImportColumn { index: number; heading: string; target: string; sample: string[] }
export type ImportState = 'new' | 'checking' | 'checked' | 'running' | 'stopped' | 'done' | 'undoing' | 'undone' | 'failed';
export interface Import {
  id: Id; name: string; format: string; state: ImportState; size: number; encoding: string; delimiter: string; columns: ImportColumn[];
  country: string; existing: 'fill' | 'replace' | 'skip'; verified: boolean; tags: string[]; total: number | null; place: number;
  counts: Counts; checked: Counts | null; error: string; manager: Named | null; created_at: Time; started_at: Time | null; finished_at: Time | null;
}
/** `column` null: the row as a whole. */
export interface RowProblem { column: number | null; message: string }
export interface PreviewRow { row: number; name: string; phones: string[]; emails: string[]; tags: string[]; company: string; position: string; fields: Record<string, string>; problems: RowProblem[]; warnings: { place: string; kind: string; before: string; after: string | null }[] }

export const targets = ['name', 'last_name', 'first_name', 'middle_name', 'phone', 'email', 'number', 'language', 'timezone', 'manager', 'tags', 'company', 'position'] as const;
export const countries = ['', 'RU', 'KZ', 'BY', 'UA', 'UZ', 'AM', 'GE', 'DE', 'GB', 'US', 'FR', 'ES', 'IT', 'PL', 'TR', 'AE', 'IL', 'IN', 'AR', 'BR'] as const;
export const encodings = ['utf-8', 'cp1251', 'cp866', 'koi8-r', 'cp1252', 'utf-16'] as const;
export const working = (each: Import) => ['checking', 'running', 'undoing'].includes(each.state);
export const shown = ['new', 'matched', 'unchanged', 'wrong', 'warned', 'removed', 'restored', 'kept'] as const;
