"""Guess what a column holds, by its heading in Russian or English, else by what stands in it."""

import re
from collections.abc import Sequence

TARGETS = (
    "name", "first_name", "middle_name", "last_name", "phone", "email", "number", "language", "timezone", "manager", "tags",
    "company", "position",
)  # fmt: skip
"""What a column can become, beside `field:<key>` and the empty word for a column that is left out."""
OURS = ("Source", "First seen")
"""Columns of our own lists (see `inbox.views.exports`) that say how things were, not how they are to be."""
_PHRASES = {
    "name": ("full name", "display name", "имя клиента", "ф и о", "полное имя", "имя и фамилия"),
    "first_name": ("first name", "given name"),
    "middle_name": ("middle name",),
    "last_name": ("last name", "family name"),
    "phone": (
        "phone number", "mobile phone", "номер телефона", "контактный телефон", "мобильный телефон", "рабочий телефон",
        "telephone number", "phone",
    ),
    "email": ("e mail", "email address", "e mail address", "эл почта", "электронная почта", "адрес почты",
        "адрес электронной почты"),
    "number": ("personal number", "customer number", "личный номер", "номер клиента"),
    "timezone": ("time zone", "часовой пояс"),
    "manager": ("assigned to",),
    "company": ("место работы", "company name", "название компании"),
    "position": ("job title",),
    "field:city": ("населенный пункт",),
    "field:birthday": ("birth date", "date of birth", "день рождения", "дата рождения"),
    "field:address": ("street address",),
}  # fmt: skip
_SINGLE = {
    "name": ("name", "fullname", "contact", "client", "customer", "фио", "клиент", "контакт", "наименование"),
    "first_name": ("firstname", "имя"),
    "middle_name": ("patronymic", "отчество"),
    "last_name": ("lastname", "surname", "фамилия"),
    "phone": ("telephone", "tel", "mobile", "cell", "whatsapp", "телефон", "тел",
        "мобильный", "моб", "сотовый", "phones", "телефоны"),
    "email": ("email", "mail", "почта", "имейл", "емейл", "мейл", "emails"),
    "number": ("number",),
    "language": ("language", "lang", "locale", "язык"),
    "timezone": ("timezone", "tz", "таймзона"),
    "manager": ("manager", "owner", "responsible", "менеджер", "ответственный", "куратор"),
    "tags": ("tags", "tag", "labels", "label", "groups", "categories", "теги", "тег", "метки", "метка", "группа", "группы",
        "категории"),
    "company": ("company", "organisation", "organization", "employer", "компания", "организация", "фирма"),
    "position": ("position", "title", "role", "должность", "роль"),
    "field:city": ("city", "town", "город"),
    "field:birthday": ("birthday", "dob", "др"),
    "field:address": ("address", "адрес"),
    "field:note": ("note", "notes", "comment", "comments", "description", "комментарий", "заметка", "заметки", "примечание",
        "описание"),
}  # fmt: skip
_KNOWN = {phrase: target for table in (_PHRASES, _SINGLE) for target, phrases in table.items() for phrase in phrases}
_SEVERAL = ("phone", "email", "tags")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+?[\d\s().-]{7,20}")


def guess(headings: Sequence[str], sample: Sequence[Sequence[str]]) -> dict[str, str]:
    """What each column (by its index, as text) becomes. Only phones, mails and tags may have several columns."""
    found: dict[str, str] = {}
    for index, heading in enumerate(headings):
        if heading in OURS:
            found[str(index)] = ""
            continue
        target = _by_heading(heading) or _by_content([row[index] for row in sample if index < len(row) and row[index]])
        if not target or (target in found.values() and target not in _SEVERAL):
            target = f"field:{heading.strip().lower()[:100]}" if heading.strip() else ""
        found[str(index)] = target
    return _with_whole_name(found)


def _by_heading(heading: str) -> str:
    words = " ".join(re.findall(r"[^\W\d_]+", heading.lower().replace("ё", "е")))
    if known := _KNOWN.get(words):
        return known
    stems = (("phone", ("телефон", "phone", "моб")), ("email", ("mail", "почт")))
    return next((target for target, found in stems if any(w.startswith(found) for w in words.split())), "")


def _by_content(cells: Sequence[str]) -> str:
    for target, shape in (("email", _MAIL), ("phone", _PHONE)):
        if cells and sum(bool(shape.fullmatch(cell.strip())) for cell in cells) >= 0.8 * len(cells):
            enough = target == "email" or all(sum(c.isdigit() for c in cell) >= 10 for cell in cells)
            return target if enough else ""
    return ""


def _with_whole_name(found: dict[str, str]) -> dict[str, str]:
    """A lone column of first names is the name; beside a whole name its parts are left to the fields."""
    targets = set(found.values())
    if "name" in targets:
        return {
            index: f"field:{target}" if target in ("first_name", "last_name", "middle_name") else target
            for index, target in found.items()
        }
    if "first_name" in targets and "last_name" not in targets:
        return {index: "name" if target == "first_name" else target for index, target in found.items()}
    return found
