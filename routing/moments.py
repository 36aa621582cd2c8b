"""Times as people say them, in English and Russian: "tomorrow 9:00", "in 2 h", «через 2 часа», «в понедельник». Pure."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MORNING = time(9)
"""When a day begins for which no hour was said."""
FARTHEST = timedelta(days=3 * 366)


class NotATime(Exception):
    """What was said is no time, or one that is over; in words for a person."""


def moment(said: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The time that is meant, aware UTC, always after `now`. Raises NotATime."""
    words = _normal(said)
    here = now.astimezone(zone)
    if not words or len(words) > 100:
        raise NotATime(_UNKNOWN)
    try:
        found = _after(words, here) or _on(words, here)
    except (ValueError, OverflowError) as error:
        raise NotATime(_UNKNOWN) from error
    if found is None:
        raise NotATime(_UNKNOWN)
    meant = found.astimezone(UTC)
    if meant <= now:
        raise NotATime("This time is over")
    if meant - now > FARTHEST:
        raise NotATime("This time is too far away")
    return meant


_UNKNOWN = "This is no time we understand: try “tomorrow 9:00” or “in 2 hours”"

_MINUTE = r"(?:m|min|mins|minutes?|мин|минут[уы]?)"
_HOUR = r"(?:h|hrs?|hours?|ч|час(?:а|ов)?)"
_DAY = r"(?:d|days?|д|дн|день|дня|дней|сутки|суток)"
_WEEK = r"(?:w|wk|weeks?|нед|недел[юиь])"
_MONTH = r"(?:months?|мес|месяц(?:а|ев)?)"
_UNITS = {_MINUTE: "minute", _HOUR: "hour", _DAY: "day", _WEEK: "week", _MONTH: "month"}
_COUNTS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "half": 0.5, "half an": 0.5, "half a": 0.5,
    "один": 1, "одну": 1, "два": 2, "две": 2, "пару": 2, "три": 3, "четыре": 4, "пять": 5, "шесть": 6, "пол": 0.5,
    "полтора": 1.5, "полторы": 1.5, "a couple of": 2,
}  # fmt: skip
_NUMBER = rf"(\d{{1,4}}(?:[.,]5)?|{'|'.join(sorted(map(re.escape, _COUNTS), key=len, reverse=True))})"
_SPAN = re.compile(rf"(?:{_NUMBER}\s*)?({'|'.join(_UNITS)})(?![a-zа-я])")

_WEEKDAYS = (
    r"mon(?:day)?|понедельник|пн", r"tue(?:s|sday)?|вторник|вт", r"wed(?:nesday)?|сред[уа]|ср", r"thu(?:rs|rsday)?|четверг|чт",
    r"fri(?:day)?|пятниц[уа]|пт", r"sat(?:urday)?|суббот[уа]|сб", r"sun(?:day)?|воскресенье|вс",
)  # fmt: skip
_MONTHS = (
    r"jan(?:uary)?|янв(?:аря|арь)?", r"feb(?:ruary)?|фев(?:раля|раль)?", r"mar(?:ch)?|мар(?:та|т)?",
    r"apr(?:il)?|апр(?:еля|ель)?", r"may|мая|май", r"june?|июн[яь]?", r"july?|июл[яь]?",
    r"aug(?:ust)?|авг(?:уста|уст)?", r"sept?(?:ember)?|сент?(?:ября|ябрь)?",
    r"oct(?:ober)?|окт(?:ября|ябрь)?", r"nov(?:ember)?|ноя(?:бря|брь)?", r"dec(?:ember)?|дек(?:абря|абрь)?",
)  # fmt: skip
_DAYS = (
    (r"today|сегодня", 0), (r"the day after tomorrow|day after tomorrow|послезавтра", 2), (r"tomorrow|tmrw|tmr|завтра", 1),
)  # fmt: skip
_PARTS = (
    (r"(?:in the |this )?morning|утром|утро", time(9)), (r"noon|midday|(?:в )?полдень|в обед", time(12)),
    (r"(?:in the |this )?afternoon|днем", time(14)), (r"(?:in the |this )?evening|tonight|вечером|вечер", time(18)),
    (r"at night|ночью", time(22)),
)  # fmt: skip
_CLOCK = re.compile(
    r"(?:at|@|в|к|by)?\s*(?<![\d.])(\d{1,2})(?:[:.\-](\d{2})|\s*(?:час(?:а|ов)?|ч|h))?\s*"
    r"(am|pm|a\.m\.|p\.m\.|утра|дня|вечера|ночи|o'clock)?(?![\d.a-zа-я])"
)


def _normal(said: str) -> str:
    words = said.strip().lower().replace("ё", "е").replace("’", "'").replace(",", " ")
    return re.sub(r"\s+", " ", words)


def _after(words: str, here: datetime) -> datetime | None:
    """A length of time from now: "in 1 h 30 min", «через неделю в 10»."""
    rest, marked = re.subn(r"^(?:in|after|через|спустя|\+)\s*", "", words)
    spans = {"minute": 0.0, "hour": 0.0, "day": 0.0, "week": 0.0, "month": 0.0}
    found = 0
    while match := _SPAN.match(rest):
        count, unit = match.group(1), match.group(2)
        if count is None and not marked:
            return None
        spans[_unit(unit)] += _count(count)
        found += 1
        rest = re.sub(r"^(?:and|и)\s+", "", rest[match.end() :].strip())
    if not found:
        return None
    if spans["minute"] or spans["hour"]:
        return None if rest else here.astimezone(UTC) + timedelta(
            days=spans["day"] + 7 * spans["week"], hours=spans["hour"], minutes=spans["minute"]
        )  # fmt: skip
    day = _months_on(here.date(), int(spans["month"])) + timedelta(days=spans["day"] + 7 * spans["week"])
    at = _time(rest) if rest else MORNING
    return None if at is None else datetime.combine(day, at, here.tzinfo)


def _unit(word: str) -> str:
    return next(name for pattern, name in _UNITS.items() if re.fullmatch(pattern, word))


def _count(word: str | None) -> float:
    if word is None:
        return 1
    return _COUNTS[word] if word in _COUNTS else float(word.replace(",", "."))


def _months_on(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class _Day:
    """A day that was named, and what else was said. `named`: it is that very day, even if it is over."""

    day: date
    rest: str


def _on(words: str, here: datetime) -> datetime | None:
    """A day, a time, or both in either order."""
    found = _day(words, here.date())
    if found is None:
        at = _time(words)
        if at is None:
            return None
        soon = datetime.combine(here.date(), at, here.tzinfo)
        return soon if soon > here else datetime.combine(here.date() + timedelta(days=1), at, here.tzinfo)
    if not found.rest:
        return _plain_day(found.day, here)
    at = _time(found.rest)
    return None if at is None else datetime.combine(found.day, at, here.tzinfo)


def _plain_day(day: date, here: datetime) -> datetime:
    """Only a day: its morning; of today, which has begun, the evening."""
    evening = datetime.combine(day, time(18), here.tzinfo)
    return evening if day == here.date() else datetime.combine(day, MORNING, here.tzinfo)


def _day(words: str, today: date) -> _Day | None:
    for find in (_relative_day, _weekday, _next_week, _date):
        found = find(words, today)
        if found is not None:
            return found
    return None


def _without(words: str, match: re.Match[str]) -> str:
    return f"{words[: match.start()]} {words[match.end() :]}".strip()


def _relative_day(words: str, today: date) -> _Day | None:
    for pattern, days in _DAYS:
        if match := re.search(rf"\b(?:on |на )?(?:{pattern})\b", words):
            return _Day(today + timedelta(days=days), _without(words, match))
    return None


def _weekday(words: str, today: date) -> _Day | None:
    for number, pattern in enumerate(_WEEKDAYS):
        prefix = r"(?:(?:on|во|в|на|к|by|this|this coming|эт\w+)\s+)*(next\s+|следующ\w+\s+)?"
        if match := re.search(rf"\b{prefix}(?:{pattern})\b", words):
            ahead = (number - today.weekday() - 1) % 7 + 1
            if match.group(1):
                ahead = 7 - today.weekday() + number
            return _Day(today + timedelta(days=ahead), _without(words, match))
    return None


def _next_week(words: str, today: date) -> _Day | None:
    if match := re.search(r"\bnext week\b|\b(?:на )?следующей неделе\b", words):
        return _Day(today + timedelta(days=7 - today.weekday()), _without(words, match))
    if match := re.search(r"\bnext month\b|\b(?:в )?следующем месяце\b", words):
        return _Day(_months_on(today.replace(day=1), 1), _without(words, match))
    return None


def _date(words: str, today: date) -> _Day | None:
    if match := re.search(r"\b(\d{4})-(\d\d)-(\d\d)\b", words):
        return _Day(date(*map(int, match.groups())), _without(words, match))
    if match := re.search(r"(?:\bon |\bна )?(?<!\d)(\d{1,2})[./](\d{2})(?:[./](\d{4}|\d{2}))?(?![\d:])", words):
        day, month, year = match.groups()
        if int(month) <= 12:
            return _dated(words, match, (year, int(month), int(day)), today)
    for number, pattern in enumerate(_MONTHS, 1):
        after = rf"(?P<d1>\d{{1,2}})(?:st|nd|rd|th|-?го)?\s+(?:{pattern})"
        month_day = rf"\b(?:on )?(?:{after}|(?:{pattern})\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?)"
        if match := re.search(rf"{month_day}\b(?!:)(?:\s+(?P<y>\d{{4}}))?", words):
            return _dated(words, match, (match["y"], number, int(match["d1"] or match["d2"])), today)
    return None


def _dated(words: str, match: re.Match[str], parts: tuple[str | None, int, int], today: date) -> _Day:
    """Without a year: the next such day."""
    year, month, day = parts
    if year is not None:
        return _Day(date(int(year) + (2000 if len(year) == 2 else 0), month, day), _without(words, match))
    this = date(today.year, month, day) if (month, day) != (2, 29) else date(today.year + -today.year % 4, month, day)
    return _Day(this if this >= today else date(today.year + 1, month, day), _without(words, match))


def _time(words: str) -> time | None:
    for pattern, at in _PARTS:
        if re.fullmatch(pattern, words):
            return at
    match = _CLOCK.fullmatch(words)
    if match is None:
        return _part_with_clock(words)
    return _clock(int(match.group(1)), match.group(2), match.group(3) or "")


def _part_with_clock(words: str) -> time | None:
    """«вечером в 7», "in the evening at 7"."""
    for pattern, at in _PARTS:
        if match := re.search(rf"\b(?:{pattern})\b", words):
            rest = _CLOCK.fullmatch(_without(words, match))
            half = "pm" if at >= time(12) else "am"
            return None if rest is None else _clock(int(rest.group(1)), rest.group(2), rest.group(3) or half)
    return None


def _clock(hour: int, minute: str | None, half: str) -> time:
    """Raises ValueError for what no clock shows."""
    if half.startswith("p") or half in ("дня", "вечера"):
        hour += 12 if hour < 12 else 0
    elif half.startswith("a") or half in ("утра", "ночи"):
        hour = 0 if hour == 12 else hour + (12 if half == "ночи" and 9 <= hour < 12 else 0)
    elif minute is None and 1 <= hour <= 6:
        hour += 12  # nobody asks to be woken at three in the night by saying "three"
    return time(hour, int(minute or 0))
