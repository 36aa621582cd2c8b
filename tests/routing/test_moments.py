"""Times as people say them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from routing.moments import NotATime, moment

NOW = datetime(2026, 11, 25, 10, 20, tzinfo=UTC)
"""A Wednesday; in Moscow 13:20."""
MOSCOW = ZoneInfo("Europe/Moscow")

CASES = [
    ("tomorrow 9:00", "2026-11-26 09:00"),
    ("Tomorrow", "2026-11-26 09:00"),
    ("tomorrow at 3", "2026-11-26 15:00"),
    ("tomorrow 3 am", "2026-11-26 03:00"),
    ("tomorrow at 3:00", "2026-11-26 03:00"),
    ("9am tomorrow", "2026-11-26 09:00"),
    ("tomorrow evening", "2026-11-26 18:00"),
    ("day after tomorrow noon", "2026-11-27 12:00"),
    ("in 2 h", "2026-11-25 15:20"),
    ("2h", "2026-11-25 15:20"),
    ("in 2 hours", "2026-11-25 15:20"),
    ("in an hour", "2026-11-25 14:20"),
    ("in half an hour", "2026-11-25 13:50"),
    ("in 1 h 30 min", "2026-11-25 14:50"),
    ("in 1.5 hours", "2026-11-25 14:50"),
    ("45 min", "2026-11-25 14:05"),
    ("in 2 days", "2026-11-27 09:00"),
    ("in 2 days at 14:30", "2026-11-27 14:30"),
    ("in a week", "2026-12-02 09:00"),
    ("in 3 months", "2027-02-25 09:00"),
    ("monday", "2026-11-30 09:00"),
    ("next Monday", "2026-11-30 09:00"),
    ("next wednesday", "2026-12-02 09:00"),
    ("wed", "2026-12-02 09:00"),
    ("on friday at 5 pm", "2026-11-27 17:00"),
    ("next friday", "2026-12-04 09:00"),
    ("next week", "2026-11-30 09:00"),
    ("next month", "2026-12-01 09:00"),
    ("18:30", "2026-11-25 18:30"),
    ("at 9", "2026-11-26 09:00"),
    ("tonight", "2026-11-25 18:00"),
    ("today", "2026-11-25 18:00"),
    ("dec 25", "2026-12-25 09:00"),
    ("25 December 10:15", "2026-12-25 10:15"),
    ("2026-12-01 08:00", "2026-12-01 08:00"),
    ("завтра в 9", "2026-11-26 09:00"),
    ("завтра", "2026-11-26 09:00"),
    ("Завтра в 15:30", "2026-11-26 15:30"),
    ("завтра утром", "2026-11-26 09:00"),
    ("завтра вечером в 7", "2026-11-26 19:00"),
    ("завтра в 7 вечера", "2026-11-26 19:00"),
    ("в 11 ночи", "2026-11-25 23:00"),
    ("послезавтра", "2026-11-27 09:00"),
    ("сегодня вечером", "2026-11-25 18:00"),
    ("вечером", "2026-11-25 18:00"),
    ("днём", "2026-11-25 14:00"),
    ("через 2 часа", "2026-11-25 15:20"),
    ("через час", "2026-11-25 14:20"),
    ("через полчаса", "2026-11-25 13:50"),
    ("через полтора часа", "2026-11-25 14:50"),
    ("через 1 ч 30 мин", "2026-11-25 14:50"),
    ("через час и 15 минут", "2026-11-25 14:35"),
    ("через 10 минут", "2026-11-25 13:30"),
    ("через день", "2026-11-26 09:00"),
    ("через 3 дня в 12", "2026-11-28 12:00"),
    ("через неделю", "2026-12-02 09:00"),
    ("через 2 недели в 10:00", "2026-12-09 10:00"),
    ("через месяц", "2026-12-25 09:00"),
    ("в понедельник", "2026-11-30 09:00"),
    ("в пятницу в 17", "2026-11-27 17:00"),
    ("во вторник утром", "2026-12-01 09:00"),
    ("пн 10:00", "2026-11-30 10:00"),
    ("в следующую пятницу", "2026-12-04 09:00"),
    ("на следующей неделе", "2026-11-30 09:00"),
    ("25.12", "2026-12-25 09:00"),
    ("25.12 в 18:00", "2026-12-25 18:00"),
    ("01.02.2027", "2027-02-01 09:00"),
    ("1 декабря", "2026-12-01 09:00"),
    ("15 марта в 12:00", "2027-03-15 12:00"),
]


@pytest.mark.parametrize(("said", "expected"), CASES)
def test_what_is_said_is_the_time_meant(said: str, expected: str) -> None:
    assert moment(said, NOW, MOSCOW).astimezone(MOSCOW).strftime("%Y-%m-%d %H:%M") == expected


@pytest.mark.parametrize(
    "said",
    [
        "", " ", "soon", "когда-нибудь", "today 9:00", "сегодня в 10", "25:00", "32 декабря", "31.02", "tomorrow maybe",
        "in", "через",
        "99999 years", "2020-01-01", "завтра в 25", "0 min", "in 9999 weeks", "9:99", "a", "x" * 500, "²", "in ² h",
    ],
)  # fmt: skip
def test_what_is_no_time_or_over_is_refused_in_words(said: str) -> None:
    with pytest.raises(NotATime) as caught:
        moment(said, NOW, MOSCOW)
    assert str(caught.value)


@pytest.mark.parametrize(
    ("zone", "now", "said", "expected"),
    [
        pytest.param(
            "Asia/Tokyo", datetime(2026, 11, 25, 20, tzinfo=UTC), "tomorrow 9:00", "2026-11-27T00:00", id="tomorrow there"
        ),
        pytest.param(
            "Europe/Berlin", datetime(2026, 3, 28, 12, tzinfo=UTC), "tomorrow 9:00", "2026-03-29T07:00", id="clocks went on"
        ),
        pytest.param("Europe/Berlin", datetime(2026, 3, 28, 23, tzinfo=UTC), "in 5 h", "2026-03-29T04:00", id="hours are hours"),
        pytest.param("UTC", datetime(2026, 1, 31, 8, tzinfo=UTC), "in a month", "2026-02-28T09:00", id="a shorter month"),
    ],
)
def test_in_the_persons_own_zone(zone: str, now: datetime, said: str, expected: str) -> None:
    assert moment(said, now, ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M") == expected
