// Times as people say them. Pure: the present moment is an argument.
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const formats = new Map<string, Intl.DateTimeFormat>();
function format(language: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${name}`;
  let made = formats.get(key);
  if (!made) formats.set(key, (made = new Intl.DateTimeFormat(language, options)));
  return made;
}

/** 09:05 in Russian, 9:05 AM in English. */
const hour = (language: string) => (language === 'en' ? 'numeric' as const : '2-digit' as const);

const startOfDay = (at: Date) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
/** Whole calendar days from `now` back to `at`: 0 today, 1 yesterday, -1 tomorrow. */
export function daysAgo(at: Date, now: Date): number { return Math.round((startOfDay(now) - startOfDay(at)) / DAY); }

export function clock(language: string, at: Date): string { return format(language, 'clock', { hour: hour(language), minute: '2-digit' }).format(at); }
export function exact(language: string, at: Date): string {
  return format(language, 'exact', { day: 'numeric', month: 'long', year: 'numeric', hour: hour(language), minute: '2-digit' }).format(at);
}
/** A date without its hour: "19 нояб", "03.02.25". */
export function dayMonth(language: string, at: Date, now: Date): string {
  return at.getFullYear() === now.getFullYear()
    ? format(language, 'short', { day: 'numeric', month: 'short' }).format(at).replace('.', '')
    : format(language, 'dated', { day: '2-digit', month: '2-digit', year: '2-digit' }).format(at);
}
function weekday(language: string, at: Date): string { return format(language, 'weekday', { weekday: 'short' }).format(at); }
function relative(language: string, days: number): string {
  return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(-days, 'day');
}
const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

/** A row's time: the hour today, "вчера", the weekday this week, else the date. */
export function short(language: string, at: Date, now: Date): string {
  const days = daysAgo(at, now);
  if (days === 0) return clock(language, at);
  if (days === 1) return relative(language, 1);
  return days > 1 && days < 7 ? weekday(language, at) : dayMonth(language, at, now);
}

/** A thread's divider: "Сегодня", "Вчера", "12 мая", with the year when it is another. */
export function dayName(language: string, at: Date, now: Date): string {
  const days = daysAgo(at, now);
  if (Math.abs(days) <= 1) return capital(relative(language, days));
  const options: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'long' };
  if (days > 0 && days < 7) options.weekday = 'long';
  if (at.getFullYear() !== now.getFullYear()) options.year = 'numeric';
  return format(language, `day ${options.weekday ?? ''} ${options.year ?? ''}`, options).format(at);
}

/** When something will be: "сегодня, 18:00", "завтра, 09:00", "пт, 28 нояб., 09:00". */
export function ahead(language: string, at: Date, now: Date): string {
  const days = daysAgo(at, now);
  const day = Math.abs(days) <= 1 ? relative(language, days) : `${Math.abs(days) < 7 ? `${weekday(language, at)}, ` : ''}${dayMonth(language, at, now)}`;
  return `${day}, ${clock(language, at)}`;
}

/** A length of time in its one or two largest units: "14 мин", "2 ч 5 мин", "3 дн." */
export function span(language: string, milliseconds: number): string {
  const unit = (value: number, name: 'minute' | 'hour' | 'day' | 'second') =>
    new Intl.NumberFormat(language, { style: 'unit', unit: name, unitDisplay: 'short' }).format(value);
  const size = Math.abs(milliseconds);
  if (size < MINUTE) return unit(Math.max(1, Math.round(size / 1000)), 'second');
  if (size < HOUR) return unit(Math.floor(size / MINUTE), 'minute');
  if (size < DAY) {
    const minutes = Math.floor((size % HOUR) / MINUTE);
    return `${unit(Math.floor(size / HOUR), 'hour')}${minutes && size < 6 * HOUR ? ` ${unit(minutes, 'minute')}` : ''}`;
  }
  return unit(Math.floor(size / DAY), 'day');
}

/** Sensible moments to be woken at, by name. */
export function snoozeChoices(now: Date): { name: 'hour' | 'evening' | 'tomorrow' | 'monday'; at: Date }[] {
  const at = (days: number, hour: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
  const monday = (8 - now.getDay()) % 7 || 7;
  const choices = [{ name: 'hour' as const, at: new Date(Math.ceil((now.getTime() + HOUR) / (5 * MINUTE)) * 5 * MINUTE) }];
  return [
    ...choices,
    ...(now.getHours() < 17 ? [{ name: 'evening' as const, at: at(0, 18) }] : []),
    { name: 'tomorrow' as const, at: at(1, 9) },
    ...(monday > 1 ? [{ name: 'monday' as const, at: at(monday, 9) }] : []),
  ];
}

/** As `<input type="datetime-local">` wants it, in the person's own time. */
export function fieldTime(at: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
