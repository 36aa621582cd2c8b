// A conversation taken out of here: onto paper, or as a file.
import type { Id } from '../../api/types.ts';
import { timezone } from '../../stores/work.svelte.ts';
import { language } from '../../text/text.svelte.ts';

export type Form = 'html' | 'text' | 'zip';
const address = (id: Id, format: Form, show = false) => `/api/v1/conversations/${id}/export?${new URLSearchParams({ format, language: language(), timezone: timezone(), ...(show ? { show: 'true' } : {}) })}`;

export function download(id: Id, format: Form): void {
  const link = document.createElement('a');
  link.href = address(id, format);
  link.download = '';
  link.click();
}

/** The page to print comes in a frame of its own: nothing of the app gets onto the paper. */
export function printOut(id: Id): void {
  const frame = document.createElement('iframe');
  frame.className = 'paper';
  frame.hidden = true;
  frame.title = '';
  frame.src = address(id, 'html', true);
  frame.onload = () => {
    frame.contentWindow?.addEventListener('afterprint', () => frame.remove());
    frame.hidden = false;
    frame.contentWindow?.focus();
    frame.contentWindow?.print();
  };
  document.querySelector('.paper')?.remove();
  document.body.append(frame);
}
