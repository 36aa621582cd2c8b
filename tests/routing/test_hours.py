# ruff: noqa: E501  a case is a row
"""Working hours: open or not, and when a span of working time is over, through nights, holidays and clock changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from routing.hours import BadHours, Hours, Shift, parse_week

MOSCOW = Hours(timezone="Europe/Moscow", week=parse_week("mon-fri 09:00-13:00, 14:00-18:00; sat 10:00-15:00"))
NEW_YEAR = Hours(
    timezone="Europe/Moscow", week=MOSCOW.week, holidays=frozenset({date(2026, 12, 31)}), special={date(2027, 1, 1): ()}
)
BERLIN_NIGHT = Hours(timezone="Europe/Berlin", week=parse_week("sat 22:00-06:00"))
ALWAYS = Hours()
NEVER = Hours(
    week=parse_week("mon 09:00-18:00"),
    special={},
    holidays=frozenset(date(2026, 1, 1) + timedelta(days=each) for each in range(800)),
)


def local(text: str, zone: str = "Europe/Moscow") -> datetime:
    """A time on the wall."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        (MOSCOW, local("2026-11-23 09:00"), True),
        (MOSCOW, local("2026-11-23 08:59:59"), False),
        (MOSCOW, local("2026-11-23 13:30"), False),
        (MOSCOW, local("2026-11-23 18:00"), False),
        (MOSCOW, local("2026-11-22 12:00"), False),
        (MOSCOW, datetime(2026, 11, 23, 6, tzinfo=UTC), True),
        (NEW_YEAR, local("2026-12-31 12:00"), False),
        (NEW_YEAR, local("2027-01-01 12:00"), False),
        (NEW_YEAR, local("2026-12-30 12:00"), True),
        (BERLIN_NIGHT, local("2026-11-22 05:59", "Europe/Berlin"), True),
        (BERLIN_NIGHT, local("2026-11-22 06:00", "Europe/Berlin"), False),
        (BERLIN_NIGHT, local("2026-11-21 21:59", "Europe/Berlin"), False),
        (ALWAYS, local("2026-11-22 03:00"), True),
        (Hours(week=parse_week("sun 00:00-24:00")), datetime(2026, 11, 22, 23, 59, tzinfo=UTC), True),
        (Hours(week=parse_week("sun 00:00-24:00")), datetime(2026, 11, 23, tzinfo=UTC), False),
    ],
)
def test_is_open(hours: Hours, at: datetime, expected: bool) -> None:
    assert hours.is_open(at) is expected


MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CASES = [
    ("within a shift", MOSCOW, local("2026-11-23 09:30"), HOUR, local("2026-11-23 10:30")),
    ("over lunch", MOSCOW, local("2026-11-23 12:30"), HOUR, local("2026-11-23 14:30")),
    ("to the end of a shift", MOSCOW, local("2026-11-23 12:30"), 30 * MINUTE, local("2026-11-23 13:00")),
    ("over the night", MOSCOW, local("2026-11-23 17:30"), HOUR, local("2026-11-24 09:30")),
    ("from the night", MOSCOW, local("2026-11-23 23:00"), HOUR, local("2026-11-24 10:00")),
    ("over the weekend", MOSCOW, local("2026-11-21 14:30"), HOUR, local("2026-11-23 09:30")),
    ("a whole week", MOSCOW, local("2026-11-23 09:00"), 45 * HOUR, local("2026-11-28 15:00")),
    ("over holidays", NEW_YEAR, local("2026-12-30 17:30"), HOUR, local("2027-01-02 10:30")),
    ("always open", ALWAYS, local("2026-11-22 03:00"), HOUR, local("2026-11-22 04:00")),
    ("closed for more than a year", NEVER, local("2026-11-22 03:00"), HOUR, local("2026-11-22 04:00")),
    ("the clock goes forward: 22-06 is seven hours", BERLIN_NIGHT, local("2026-03-28 22:00", "Europe/Berlin"), 7 * HOUR, local("2026-03-29 06:00", "Europe/Berlin")),
    ("the clock goes back: 22-06 is nine hours", BERLIN_NIGHT, local("2026-10-24 22:00", "Europe/Berlin"), 9 * HOUR, local("2026-10-25 06:00", "Europe/Berlin")),
    ("nothing to wait for", MOSCOW, local("2026-11-23 10:00"), timedelta(), local("2026-11-23 10:00")),
]  # fmt: skip


@pytest.mark.parametrize(("hours", "at", "span", "expected"), [each[1:] for each in CASES], ids=[each[0] for each in CASES])
def test_working_time_is_added(hours: Hours, at: datetime, span: timedelta, expected: datetime) -> None:
    found = hours.add_working(at, span)
    assert found == expected.astimezone(UTC)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        (MOSCOW, local("2026-11-23 10:00"), local("2026-11-23 10:00")),
        (MOSCOW, local("2026-11-22 10:00"), local("2026-11-23 09:00")),
        (MOSCOW, local("2026-11-23 13:00"), local("2026-11-23 14:00")),
        (ALWAYS, local("2026-11-22 10:00"), local("2026-11-22 10:00")),
        (NEVER, local("2026-11-22 10:00"), None),
    ],
)
def test_the_next_opening(hours: Hours, at: datetime, expected: datetime | None) -> None:
    assert hours.opens_at(at) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mon 09:00", "09:00"),
        ("mon", "mon"),
        ("moo 09:00-18:00", "moo"),
        ("mon 25:00-18:00", "25:00-18:00"),
        ("mon 09:61-18:00", "09:61"),
        ("mon-fri 9-18", "9-18"),
        ("every day", "every day"),
    ],
)
def test_hours_that_cannot_be_read_are_explained(text: str, expected: str) -> None:
    with pytest.raises(BadHours, match=expected):
        parse_week(text)


def test_days_may_go_over_the_weekend() -> None:
    assert set(parse_week("sat-mon 10:00-12:00")) == {5, 6, 0}


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "Europe"])
def test_an_unknown_timezone_is_refused(zone: str) -> None:
    with pytest.raises(BadHours, match="timezone"):
        Hours(timezone=zone)


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(BadHours, match="week"):
        Hours(week={7: (Shift(start=time(9), end=time(18)),)})


times = st.times().map(lambda each: each.replace(second=0, microsecond=0))
weeks = st.dictionaries(
    st.integers(0, 6), st.lists(st.builds(Shift, start=times, end=times), min_size=1, max_size=2).map(tuple), max_size=7
)
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


def least_a_week(week: dict[int, tuple[Shift, ...]]) -> int:
    """Minutes that are certainly worked in a week: its longest shift (others may overlap it)."""
    day = 24 * 60
    spans = [(s.end.hour * 60 + s.end.minute - s.start.hour * 60 - s.start.minute) % day or day for d in week.values() for s in d]
    return max(spans, default=7 * day)


@given(week=weeks, zone=zones, at=instants, first=st.integers(0, 3000), second=st.integers(1, 3000))
def test_working_time_adds_up(week: dict[int, tuple[Shift, ...]], zone: str, at: datetime, first: int, second: int) -> None:
    assume(first + second < 45 * least_a_week(week))  # beyond a year it is plain time
    hours = Hours(timezone=zone, week=week)
    halfway = hours.add_working(at, first * MINUTE)
    end = hours.add_working(at, (first + second) * MINUTE)
    assert at <= halfway <= end
    assert hours.add_working(halfway, second * MINUTE) == end


@given(week=weeks, zone=zones, at=instants, minutes=st.integers(1, 3000))
def test_working_time_ends_while_it_is_open(week: dict[int, tuple[Shift, ...]], zone: str, at: datetime, minutes: int) -> None:
    assume(minutes < 45 * least_a_week(week))
    hours = Hours(timezone=zone, week=week)
    assert hours.is_open(hours.add_working(at, minutes * MINUTE) - timedelta(microseconds=1))
