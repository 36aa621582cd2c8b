// Every word of the chat, in both languages.
const WORDS = {
  en: {
    chat: "Chat", open: "Open the chat", close: "Close the chat", title: "Write to us", greeting: "Hello. How can we help?",
    write: "Message", send: "Send", attach: "Attach a file", drop: "Remove", log: "Messages", file: "File", download: "Download",
    offline: "No connection. What you write is kept and sent when it is back.", typing: "is writing…", someone: "Someone", bot: "Assistant",
    waiting: "Waiting to be sent", sent: "Sent", failed: "Not sent.", again: "Try again", remove: "Delete", today: "Today", yesterday: "Yesterday",
    big: (limit) => `This is larger than ${limit} MB.`, many: (limit) => `No more than ${limit} files at once.`, lostFile: "The file is gone from this browser.",
    askEmail: "Leave your e-mail, and the answer reaches you even if you go.", email: "E-mail", save: "Save", later: "Not now", saved: "Saved.",
    badEmail: "This does not look like an e-mail address.", you: "You", denied: "This site may not use the chat.",
    unread: { one: "new message", other: "new messages" },
  },
  ru: {
    chat: "Чат", open: "Открыть чат", close: "Закрыть чат", title: "Напишите нам", greeting: "Здравствуйте! Чем помочь?",
    write: "Сообщение", send: "Отправить", attach: "Приложить файл", drop: "Убрать", log: "Сообщения", file: "Файл", download: "Скачать",
    offline: "Нет связи. Написанное сохранено и уйдёт, когда она появится.", typing: "пишет…", someone: "Сотрудник", bot: "Помощник",
    waiting: "Ждёт отправки", sent: "Отправлено", failed: "Не отправлено.", again: "Повторить", remove: "Удалить", today: "Сегодня", yesterday: "Вчера",
    big: (limit) => `Больше ${limit} МБ не отправить.`, many: (limit) => `Не больше ${limit} файлов за раз.`, lostFile: "Файла больше нет в этом браузере.",
    askEmail: "Оставьте почту: ответ дойдёт, даже если вы уйдёте.", email: "Почта", save: "Сохранить", later: "Не сейчас", saved: "Сохранено.",
    badEmail: "Это не похоже на адрес почты.", you: "Вы", denied: "Этому сайту чат не разрешён.",
    unread: { one: "новое сообщение", few: "новых сообщения", many: "новых сообщений", other: "новых сообщений" },
  },
};

export class Words {
  constructor(...wanted) {
    const known = wanted.filter(Boolean).map((tag) => tag.slice(0, 2).toLowerCase());
    this.language = known.find((tag) => tag in WORDS) ?? "en";
    this.all = WORDS[this.language];
    this.locale = navigator.language.startsWith(this.language) ? navigator.language : this.language;
  }

  unread(count) {
    const form = new Intl.PluralRules(this.language).select(count);
    return `${count} ${this.all.unread[form] ?? this.all.unread.other}`;
  }

  hour(at) {
    return new Date(at).toLocaleTimeString(this.locale, { hour: "2-digit", minute: "2-digit" });
  }

  day(at) {
    const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86_400_000);
    if (days < 2) return days === 1 ? this.all.yesterday : this.all.today;
    return new Date(at).toLocaleDateString(this.locale, { day: "numeric", month: "long" });
  }
}
