// The present moment, ticking twice a minute, and times said by it in the chosen language.
import { language } from '../text/text.svelte.ts';
import * as when from '../text/when.ts';

let moment = $state.raw(new Date());
setInterval(() => (moment = new Date()), 30_000);
document.addEventListener('visibilitychange', () => { if (!document.hidden) moment = new Date(); });

export const now = () => moment;
export const short = (at: string) => when.short(language(), new Date(at), moment);
export const clock = (at: string) => when.clock(language(), new Date(at));
export const exact = (at: string) => when.exact(language(), new Date(at));
export const dayName = (at: string) => when.dayName(language(), new Date(at), moment);
export const date = (at: string) => when.dayMonth(language(), new Date(at), moment);
export const ahead = (at: string | Date) => when.ahead(language(), new Date(at), moment);
export const span = (milliseconds: number) => when.span(language(), milliseconds);
export const since = (at: string) => span(moment.getTime() - new Date(at).getTime());
export const until = (at: string) => span(new Date(at).getTime() - moment.getTime());
export const past = (at: string) => new Date(at) <= moment;
