// Every word of the phones page, in both languages.
const WORDS = {
  en: {
    title: "Customers' phones", about: "The other side of Switchboard: write as a customer, see what a customer sees.", other: "Русский",
    people: "Customers", pick: "Choose a customer to see their phones.", empty: "Nothing yet. Write first, as a customer would.",
    write: "Message", subject: "Subject", send: "Send", attach: "Attach a picture or file", drop: "Remove", back: "Customers",
    lost: "No connection to the sandbox, trying again", you: "Me: ", file: "File", today: "Today", yesterday: "Yesterday", big: "The file is larger than 8 MB.",
    noaddress: "new visitor", widget: "The widget on a site", sent: "sent", delivered: "delivered", read: "read", fault: "Not delivered. Try again.", nothere: "This stand-in is not running.",
    telegram: "Telegram", whatsapp: "WhatsApp", sms: "SMS", email: "Mail", webchat: "Web chat",
  },
  ru: {
    title: "Телефоны клиентов", about: "Другая сторона Switchboard: пишите как клиент и смотрите, что видит клиент.", other: "English",
    people: "Клиенты", pick: "Выберите клиента, чтобы увидеть его телефоны.", empty: "Пока пусто. Напишите первым, как написал бы клиент.",
    write: "Сообщение", subject: "Тема", send: "Отправить", attach: "Приложить картинку или файл", drop: "Убрать", back: "Клиенты",
    lost: "Нет связи с песочницей, пробуем снова", you: "Я: ", file: "Файл", today: "Сегодня", yesterday: "Вчера", big: "Файл больше 8 МБ.",
    noaddress: "новый посетитель", widget: "Виджет на сайте", sent: "отправлено", delivered: "доставлено", read: "прочитано", fault: "Не доставлено. Попробуйте ещё раз.", nothere: "Эта имитация не запущена.",
    telegram: "Telegram", whatsapp: "WhatsApp", sms: "СМС", email: "Почта", webchat: "Чат на сайте",
  },
};

export let language = localStorage.getItem("language") ?? (navigator.language.startsWith("ru") ? "ru" : "en");

export function say(word) {
  return WORDS[language][word];
}

export function switchLanguage() {
  language = language === "ru" ? "en" : "ru";
  localStorage.setItem("language", language);
}

function locale() {
  return navigator.language.startsWith(language) ? navigator.language : language;
}

export function hour(at) {
  return new Date(at).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit" });
}

export function day(at) {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days < 2) return say(days === 1 ? "yesterday" : "today");
  return new Date(at).toLocaleDateString(locale(), { day: "numeric", month: "long" });
}
