"""A person's dossier as a page to read, in their language: no script, nothing from outside."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from inbox.leaving.dossier import Person, Row

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2129}"
    "h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.5rem}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:start;vertical-align:top;padding:.35rem .75rem .35rem 0;border-bottom:1px solid #ddd}"
    "td{overflow-wrap:anywhere}"
    "th{font-weight:600;white-space:nowrap}.said{margin:1rem 0;padding-inline-start:1rem;border-inline-start:3px solid #ccc}"
    ".out{border-color:#3b6fd4}.note{border-color:#c98a00}.meta{color:#5b6472;font-size:.875rem}"
    "p{margin:.25rem 0;white-space:pre-wrap;overflow-wrap:anywhere}"
    "@media(prefers-color-scheme:dark){body{background:#15181d;color:#e6e8eb}th,td{border-color:#333}"
    ".meta{color:#9aa3af}a{color:#8ab4ff}}"
)

WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("Everything we know about you", "Всё, что мы о вас знаем"),
    "about": (
        "Personal number {number}. Taken on {day}. All times are UTC. The same stands in data.json for programs; files lie in the folder files.",  # noqa: E501 a text
        "Личный номер {number}. Составлено {day}. Время везде — UTC. То же для программ — в data.json, файлы — в папке files.",
    ),
    "card": ("Card", "Карточка"), "tags": ("Tags", "Метки"), "identities": ("Addresses", "Адреса"),
    "claims": ("Addresses somebody named", "Адреса, названные кем-то"), "consent": ("Consent", "Согласия"),
    "consent_history": ("History of consent", "История согласий"), "changes": ("Changes of the card", "Изменения карточки"),
    "happened": ("Told by other systems", "Сообщили другие системы"), "conversations": ("Conversations", "Разговоры"),
    "tasks": ("Tasks", "Задачи"), "drafts": ("Begun and not sent", "Начато и не отправлено"),
    "broadcasts": ("Broadcasts", "Рассылки"), "lists": ("Lists", "Списки"), "imports": ("From files", "Из файлов"),
    "duplicates": ("Likeness to other cards", "Сходство с другими карточками"), "merges": ("Merged cards", "Объединения"),
    "events": ("What happened to the card", "Что происходило с карточкой"), "work": ("Work", "Работа"),
    "quality": ("What was to mend", "Что следовало исправить"),
    "messages": ("Messages and notes", "Сообщения и заметки"), "nothing": ("Nothing", "Ничего"),
    "contact": ("You", "Вы"), "bot": ("Bot", "Бот"), "system": ("System", "Система"), "manager": ("Colleague", "Сотрудник"),
    "note": ("note", "заметка"), "before": ("Before", "Прежде"), "yes": ("yes", "да"), "no": ("no", "нет"),
}  # fmt: skip

_COLUMNS: Mapping[str, str] = {
    "id": "№", "number": "Личный номер", "name": "Имя", "language": "Язык", "timezone": "Часовой пояс",
    "birthday": "День рождения", "category": "Категория", "addresses": "Места", "fields": "Поля", "source": "Источник",
    "origin": "Откуда", "edited": "Что записали люди", "created_at": "Создано", "colleague": "Сотрудник", "tag": "Метка",
    "kind": "Вид", "address": "Адрес", "verified": "Подтверждён", "channel": "Канал", "heard_at": "Писали нам",
    "stopped_at": "Остановлено", "marketing_stopped_at": "Без рассылок", "blocked_at": "Недоступен",
    "blocked_reason": "Почему недоступен", "context": "Обстоятельства", "soft_bounces": "Возвраты", "soft_since": "Возвраты с",
    "at": "Когда", "data": "Подробности", "actor_kind": "Кто", "changes": "Что изменено", "title": "Название", "link": "Ссылка",
    "opened_at": "Начат", "closed_at": "Закрыт", "status": "Состояние", "subject": "Тема", "labels": "Метки",
    "close_summary": "Итог", "due_at": "Срок", "done_at": "Сделано", "conversation_id": "Разговор", "changed_at": "Изменено",
    "said": "Текст", "state": "Состояние", "reason": "Причина", "added_at": "Добавлено", "row": "Строка", "outcome": "Итог",
    "change": "Что записано", "found_at": "Найдено", "low_id": "Карточка", "high_id": "Другая карточка", "score": "Сходство",
    "reasons": "Почему", "decided_at": "Решено", "contact_id": "Карточка", "merged_id": "Объединена", "undone_at": "Отменено",
}  # fmt: skip


class Paper:
    """The page for one person."""

    def __init__(self, who: Person, now: datetime) -> None:
        self.who, self.now = who, now
        self.russian = who.language.lower().startswith("ru")

    def word(self, name: str) -> str:
        return WORDS[name][self.russian]

    def begin(self, sections: Mapping[str, Sequence[Row]]) -> Iterator[str]:
        """Up to the first message."""
        language, title = "ru" if self.russian else "en", escape(self.word("title"))
        yield f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        yield '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        about = self.word("about").format(number=self.who.number, day=f"{self.now:%Y-%m-%d}")
        yield f"<h1>{title}</h1><p class=meta>{escape(about)}</p>"
        for name, rows in sections.items():
            yield f"<h2>{escape(self.word(name))}</h2>"
            yield from self._table(name, rows)
        yield f"<h2>{escape(self.word('messages'))}</h2>"

    def said(self, rows: Sequence[Row]) -> Iterator[str]:
        """Some messages."""
        for row in rows:
            who = row["colleague"] or self.word(row["author_kind"])
            told = [self._value(row["at"]), who, row["channel"], self.word("note") if row["direction"] == "note" else ""]
            yield f'<div class="said {row["direction"]}"><p class=meta>{escape(" · ".join(each for each in told if each))}</p>'
            if row["subject"]:
                yield f"<p><b>{escape(row['subject'])}</b></p>"
            yield f"<p dir=auto>{escape(row['text'])}</p>" if row["text"] else ""
            for each in row["versions"]:
                yield f"<p class=meta>{escape(self.word('before'))}: {escape(each['text'])}</p>"
            yield from (self._file(each) for each in row["attachments"])
            yield "</div>"

    def end(self) -> str:
        return "</html>"

    def _file(self, each: Row) -> str:
        name = escape(each["name"] or each["kind"])
        return f'<p><a href="{escape(each["file"])}">{name}</a></p>' if each["file"] else f"<p class=meta>{name}</p>"

    def _table(self, name: str, rows: Sequence[Row]) -> Iterator[str]:
        if not rows:
            yield f"<p class=meta>{escape(self.word('nothing'))}</p>"
            return
        if name == "card":  # one beside the other
            for row in rows:
                pairs = [(key, value) for key, value in row.items() if value not in (None, "", [], {})]
                lines = (f"<tr><th>{self._heading(key)}<td dir=auto>{escape(self._value(value))}" for key, value in pairs)
                yield f"<table>{''.join(lines)}</table>"
            return
        yield "<table><tr>" + "".join(f"<th>{self._heading(key)}" for key in rows[0])
        for row in rows:
            yield "<tr>" + "".join(f"<td dir=auto>{escape(self._value(value))}" for value in row.values())
        yield "</table>"

    def _heading(self, key: str) -> str:
        return escape(_COLUMNS.get(key, key) if self.russian else key.replace("_", " ").capitalize())

    def _value(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return self.word("yes" if value else "no")
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M}"
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
