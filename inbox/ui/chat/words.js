// Every word of the chat, in both languages.
const WORDS = {
  en: {
    chat: "Chat", open: "Open the chat", close: "Close the chat", title: "Write to us", greeting: "Hello. How can we help?",
    write: "Message", send: "Send", attach: "Attach a file", drop: "Remove", dropHere: "Drop to attach", log: "Messages", file: "File", choices: "Answers to choose from",
    offline: "No connection. What you write is kept and sent when it is back.", typing: "is writing…", someone: "Someone", bot: "Assistant", newer: "New messages",
    waiting: "Waiting to be sent", sent: "Sent", read: "Read", failed: "Not sent.", again: "Try again", remove: "Delete", today: "Today", yesterday: "Yesterday", tomorrow: "tomorrow",
    big: (limit) => `No more than ${limit} MB can be sent.`, many: (limit) => `No more than ${limit} files at once.`, emptyFile: "This file is empty.", lostFile: "The file is gone from this browser.",
    askEmail: "Leave your e-mail, so that we can answer if you go.", email: "E-mail", name: "Name", phone: "Phone", topic: "Topic", choose: "Choose", optional: "(optional)",
    beforeChat: "A few words about you, and we begin.", begin: "Begin the chat", needed: "Please fill this in.", save: "Save", later: "Not now",
    badEmail: "This does not look like an e-mail address.", badPhone: "This does not look like a phone number. Write it with + and the country.",
    formOffline: "No connection. Try again when it is back.", you: "You", denied: "This chat cannot be used here.", origin: "This site may not use the chat.", off: "The chat is switched off.",
    there: "We are here", notThere: "Nobody is here now", away: "We are not here now. Write, and you get an answer.", from: (when) => `Back: ${when}.`, mute: "Mute the sound",
    unread: { one: "new message", other: "new messages" },
  },
  ru: {
    chat: "Чат", open: "Открыть чат", close: "Закрыть чат", title: "Напишите нам", greeting: "Здравствуйте! Чем помочь?",
    write: "Сообщение", send: "Отправить", attach: "Приложить файл", drop: "Убрать", dropHere: "Отпустите, чтобы приложить", log: "Сообщения", file: "Файл", choices: "Варианты ответа",
    offline: "Нет связи. Написанное сохранено и уйдёт, когда она появится.", typing: "пишет…", someone: "Сотрудник", bot: "Помощник", newer: "Новые сообщения",
    waiting: "Ждёт отправки", sent: "Отправлено", read: "Прочитано", failed: "Не отправлено.", again: "Повторить", remove: "Удалить", today: "Сегодня", yesterday: "Вчера", tomorrow: "завтра",
    big: (limit) => `Больше ${limit} МБ не отправить.`, many: (limit) => `Не больше ${limit} файлов за раз.`, emptyFile: "Этот файл пуст.", lostFile: "Файла больше нет в этом браузере.",
    askEmail: "Оставьте почту, чтобы мы могли ответить, если вы уйдёте.", email: "Почта", name: "Имя", phone: "Телефон", topic: "Тема", choose: "Выберите", optional: "(необязательно)",
    beforeChat: "Пара слов о вас, и начнём.", begin: "Начать чат", needed: "Заполните это поле.", save: "Сохранить", later: "Не сейчас",
    badEmail: "Это не похоже на адрес почты.", badPhone: "Это не похоже на номер. Напишите его с + и кодом страны.",
    formOffline: "Нет связи. Попробуйте, когда она появится.", you: "Вы", denied: "Здесь этим чатом пользоваться нельзя.", origin: "Этому сайту чат не разрешён.", off: "Чат выключен.",
    there: "Мы на связи", notThere: "Сейчас никого нет", away: "Сейчас нас нет на месте. Напишите, и мы ответим.", from: (when) => `Будем на связи: ${when}.`, mute: "Выключить звук",
    unread: { one: "новое сообщение", few: "новых сообщения", many: "новых сообщений", other: "новых сообщений" },
  },
};
const ONE_DAY = 86_400_000;

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
    const days = daysAgo(at);
    if (days === 0 || days === 1) return days ? this.all.yesterday : this.all.today;
    return new Date(at).toLocaleDateString(this.locale, { day: "numeric", month: "long" });
  }

  // A moment to come: "10:00", "tomorrow, 10:00", "Monday, 10:00", "3 January, 10:00".
  when(at) {
    const days = -daysAgo(at);
    if (days <= 0) return this.hour(at);
    const day = days === 1 ? this.all.tomorrow : new Date(at).toLocaleDateString(this.locale, days < 7 ? { weekday: "long" } : { day: "numeric", month: "long" });
    return `${day}, ${this.hour(at)}`;
  }
}

function daysAgo(at) {
  return Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / ONE_DAY);
}
