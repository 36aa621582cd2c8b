"""Working hours of a team: whether it is open, and when a span of working time will have passed, clock changes included."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HORIZON = timedelta(days=400)
_ENTRY = re.compile(r"(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?\s+(?P<shifts>\S.*)")
_SHIFT = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


class BadHours(ValueError):
    """Hours that cannot be read; the message says which part and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """From `start` until `end`, local time. An `end` not after `start` is on the next day: 22:00-06:00, 00:00-00:00 (all day)."""

    start: time
    end: time


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """A week of shifts (0 is Monday), days off, and days with other shifts. An empty week: always open."""

    timezone: str = "UTC"
    week: Mapping[int, tuple[Shift, ...]] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()
    special: Mapping[date, tuple[Shift, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise BadHours(f"timezone: there is no timezone {self.timezone!r}") from error
        if any(day not in range(7) for day in self.week):
            raise BadHours("week: days are 0 (Monday) to 6 (Sunday)")

    def is_open(self, at: datetime) -> bool:
        """Whether somebody is at work at this instant."""
        if not self.week:
            return True
        return any(start <= at < end for start, end in self._shifts(at, at))

    def opens_at(self, at: datetime) -> datetime | None:
        """The instant from which it is open, `at` itself if it is open then; None if closed for more than a year."""
        if not self.week:
            return at
        for start, end in self._shifts(at, at + _HORIZON):
            if end > at:
                return max(start, at)
        return None

    def add_working(self, at: datetime, span: timedelta) -> datetime:
        """When `span` of working time after `at` will have passed, in UTC. Closed for more than a year: plain time."""
        at = at.astimezone(UTC)
        if not self.week:
            return at + span
        reached, left = at, span
        for start, end in self._shifts(at, at + _HORIZON):
            start = max(start, reached)
            if end <= start:
                continue
            if left <= end - start:
                return start + left
            left -= end - start
            reached = end
        return at + span

    def _shifts(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Shifts as instants, by their start. Begins a day early: a night shift of yesterday may still run."""
        zone = ZoneInfo(self.timezone)
        day = since.astimezone(zone).date() - timedelta(days=1)
        last = until.astimezone(zone).date()
        while day <= last:
            for shift in sorted(self._day(day), key=lambda each: each.start):
                yield _instants(shift, day, zone)
            day += timedelta(days=1)

    def _day(self, day: date) -> tuple[Shift, ...]:
        if day in self.special:
            return self.special[day]
        return () if day in self.holidays else self.week.get(day.weekday(), ())


def _instants(shift: Shift, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """An hour that the clock repeats belongs to the shift both times."""
    last = day if shift.end > shift.start else day + timedelta(days=1)
    start = datetime.combine(day, shift.start, zone)
    end = datetime.combine(last, shift.end, zone).replace(fold=1)
    return start.astimezone(UTC), end.astimezone(UTC)


def parse_week(text: str) -> dict[int, tuple[Shift, ...]]:
    """A week in words: `mon-fri 09:00-13:00, 14:00-18:00; sat 10:00-15:00`. Raises BadHours."""
    week: dict[int, tuple[Shift, ...]] = {}
    for part in filter(None, (each.strip() for each in text.lower().split(";"))):
        entry = _ENTRY.fullmatch(part)
        if entry is None:
            raise BadHours(f"{part!r}: write a day or two and the hours, like mon-fri 09:00-18:00")
        shifts = tuple(_shift(each.strip()) for each in entry["shifts"].split(","))
        for day in _days(entry["first"], entry["last"] or entry["first"]):
            week[day] = week.get(day, ()) + shifts
    return week


def _days(first: str, last: str) -> list[int]:
    for name in (first, last):
        if name not in DAYS:
            raise BadHours(f"{name!r} is no day: use {', '.join(DAYS)}")
    start, end = DAYS.index(first), DAYS.index(last)
    return [(start + offset) % 7 for offset in range((end - start) % 7 + 1)]


def _shift(text: str) -> Shift:
    found = _SHIFT.fullmatch(text)
    if found is None:
        raise BadHours(f"{text!r}: write hours like 09:00-18:00")
    start_hour, start_minute, end_hour, end_minute = map(int, found.groups())
    try:
        return Shift(start=time(start_hour, start_minute), end=time(end_hour % 24 if end_minute == 0 else end_hour, end_minute))
    except ValueError as error:
        raise BadHours(f"{text!r}: {error}") from error
