"""Find what a question expects in what the person wrote: a number, an address, a phone, a date."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import phonenumbers

from bots.session import Facts, Heard, Value
from bots.words import fold

_SPACES = "\u00a0\u202f "
_NUMBER = re.compile(rf"(?<![\w.,])[-+−]?(?:\d{{1,3}}(?:[{_SPACES}']\d{{3}})+(?:[.,]\d+)?|\d+(?:[.,]\d+)*)(?![.,]?\d)")
_GROUPED = re.compile(r"-?\d{1,3}(?:(,)\d{3}(?:,\d{3})*(?:\.\d+)?|(\.)\d{3}(?:\.\d{3})*(?:,\d+)?)")
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}")
_AROUND = re.compile(r"[\s<>()\[\],;:\"«»]+")
_ISO = re.compile(r"(?<!\d)(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?!\d)")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})\s*([./-])\s*(\d{1,2})(?:\s*\2\s*(\d{4}|\d{2}))?(?!\d)")
_DAY_NAME = re.compile(r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|-?го|-?ое)?\s+(?:of\s+)?([^\W\d_]{3,})\.?,?(?:\s+(\d{4}))?(?!\d)")
_NAME_DAY = re.compile(r"([^\W\d_]{3,})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?(?:\s+(\d{4}))?(?!\d)")
_MONTHS = ("янв", "фев", "мар", "апр", "май мая мае", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_MONTHS_EN = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("понед mon", "вторн tue", "сред wed", "четв thu", "пятн fri", "субб sat", "воскр sun")
_RELATIVE = {"послезавтра": 2, "завтра": 1, "сегодня": 0, "вчера": -1, "tomorrow": 1, "today": 0, "yesterday": -1}
_COUNTRIES = {
    "ru": "RU",
    "be": "BY",
    "kk": "KZ",
    "uk": "UA",
    "de": "DE",
    "fr": "FR",
    "es": "ES",
    "it": "IT",
    "pl": "PL",
    "tr": "TR",
}


def number(text: str, facts: Facts) -> Value:
    """The only number in the text: 1 500,50 and 1,500.50 and "5 шт". None if there is none, or several."""
    found = _NUMBER.findall(text[:200])
    return _value(found[0], english=facts.language.startswith("en")) if len(found) == 1 else None


def _value(written: str, *, english: bool) -> Value:
    bare = re.sub(rf"[{_SPACES}'+]", "", written).replace("−", "-")
    grouped = _GROUPED.fullmatch(bare)
    separators = bare.count(",") + bare.count(".")
    if grouped and (separators > 1 or (english and grouped[1])):
        bare = bare.replace(grouped[1] or grouped[2], "")
    elif separators > 1:
        return None
    bare = bare.replace(",", ".")
    return float(bare) if "." in bare or len(bare) > 15 else int(bare)


def email(text: str, facts: Facts) -> Value:
    """The first mail address in the text, in small letters."""
    for word in _AROUND.split(text):
        bare = word.removeprefix("mailto").strip(".!?'")
        if "@" in bare and len(bare) <= 254 and _EMAIL.fullmatch(bare):
            return bare.lower()
    return None


def phone(text: str, facts: Facts) -> Value:
    """The phone number in the text, in E.164. Without + it is one of the contact's country, with its trunk prefix or without."""
    region = facts.country.upper() or _COUNTRIES.get(facts.language[:2].lower())
    text = text[:200]
    try:
        found = phonenumbers.parse(text, region)
        if phonenumbers.is_valid_number(found):
            return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        pass  # other words stand around it: look for it among them
    for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID):
        return phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
    return None


def day(text: str, facts: Facts) -> Value:
    """The first date in the text as YYYY-MM-DD. Without a year: the next to come. 12/25 is American, 03/04 day first."""
    folded = fold(text)
    today = facts.now.date()
    for find in (_iso, _numeric, _named, _near):
        found = find(folded, today)
        if found is not None:
            return found.isoformat()
    return None


def _iso(text: str, today: date) -> date | None:
    found = _ISO.search(text)
    return _date(int(found[1]), int(found[2]), int(found[3])) if found else None


def _numeric(text: str, today: date) -> date | None:
    found = _DAY_FIRST.search(text)
    if not found:
        return None
    first, second = int(found[1]), int(found[3])
    first, second = (second, first) if second > 12 and found[2] == "/" else (first, second)
    return _with_year(found[4], second, first, today)


def _named(text: str, today: date) -> date | None:
    for pattern, day_at, month_at in ((_DAY_NAME, 1, 2), (_NAME_DAY, 2, 1)):
        for found in pattern.finditer(text):
            month = _month(found[month_at])
            if month:
                return _with_year(found[3], month, int(found[day_at]), today)
    return None


def _month(word: str) -> int:
    for index, (russian, english) in enumerate(zip(_MONTHS, _MONTHS_EN, strict=True), 1):
        if any(word.startswith(stem) for stem in russian.split()) or word.startswith(english):
            return index
    return 0


def _near(text: str, today: date) -> date | None:
    for word in re.findall(r"[^\W\d_]+", text):
        if word in _RELATIVE:
            return today + timedelta(days=_RELATIVE[word])
        for index, stems in enumerate(_WEEKDAYS):
            if any(word.startswith(stem) for stem in stems.split()):
                return today + timedelta(days=(index - today.weekday() - 1) % 7 + 1)
    return None


def _with_year(year: str | None, month: int, day_: int, today: date) -> date | None:
    if year is not None:
        full = int(year) if len(year) == 4 else 2000 + int(year) if int(year) <= today.year % 100 + 20 else 1900 + int(year)
        return _date(full, month, day_)
    for candidate in range(today.year, today.year + 5):  # the next 29 February may be four years away
        found = _date(candidate, month, day_)
        if found is not None and found >= today:
            return found
    return None


def _date(year: int, month: int, day_: int) -> date | None:
    try:
        return date(year, month, day_)
    except ValueError:
        return None


def words(text: str, facts: Facts) -> Value:
    """Any text that is not empty."""
    return text or None


READERS: Final[dict[str, Callable[[str, Facts], Value]]] = {
    "text": words,
    "number": number,
    "email": email,
    "phone": phone,
    "date": day,
}


def understand(expected: str, heard: Heard, facts: Facts) -> Value:
    """The value of an answer, None if it is not what was expected. `any` also takes a picture, a place or a voice message."""
    text = heard.text.strip()[:4096]
    if expected == "any":
        return text or (heard.kind if heard.attachments or heard.kind != "text" else None)
    return READERS[expected](text, facts)
