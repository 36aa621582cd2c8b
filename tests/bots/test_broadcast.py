"""A broadcast reaches each person once, where and when it may, and says of everybody else why not."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.broadcast import Address, Broadcast, Channel, Delivery, Person, Skip, plan

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SMS, TELEGRAM, WHATSAPP = 1, 2, 3
CHANNELS = {
    SMS: Channel(id=SMS),
    TELEGRAM: Channel(id=TELEGRAM, can_start=False),
    WHATSAPP: Channel(id=WHATSAPP, window=DAY),
}
ANY = Broadcast(id=1, channels=CHANNELS, quiet=None)
BY_SMS = replace(ANY, channel=SMS)
BY_WHATSAPP = replace(ANY, channel=WHATSAPP)
TEMPLATE = replace(BY_WHATSAPP, channels=CHANNELS | {WHATSAPP: replace(CHANNELS[WHATSAPP], template=True)})

SMS_OLD = Address(channel=SMS, address="+1", last_used=NOW - 9 * DAY)
TELEGRAM_NEW = Address(channel=TELEGRAM, address="t1", last_heard=NOW - DAY, last_used=NOW - DAY)
TELEGRAM_SILENT = Address(channel=TELEGRAM, address="t1", last_used=NOW)
WHATSAPP_OPEN = Address(channel=WHATSAPP, address="w1", last_heard=NOW - timedelta(hours=23), last_used=NOW)
WHATSAPP_SHUT = Address(channel=WHATSAPP, address="w1", last_heard=NOW - timedelta(hours=25), last_used=NOW)


def sent(channel: int, *, template: bool = False) -> Delivery:
    """What comes of it when all is well."""
    address = {SMS: "+1", TELEGRAM: "t1", WHATSAPP: "w1"}[channel]
    return Delivery(person=7, channel=channel, address=address, at=NOW, template=template)


def skipped(reason: str, channel: int | None = None) -> Skip:
    return Skip(person=7, reason=reason, channel=channel)  # type: ignore[arg-type]  # the table's words


CASES: list[tuple[str, Broadcast, list[Address], Delivery | Skip]] = [
    ("the channel used last", ANY, [SMS_OLD, TELEGRAM_NEW], sent(TELEGRAM)),
    ("the named channel", BY_SMS, [SMS_OLD, TELEGRAM_NEW], sent(SMS)),
    ("not on the named channel: the one used last", BY_SMS, [TELEGRAM_NEW], sent(TELEGRAM)),
    ("blocked on the named channel", BY_SMS, [replace(SMS_OLD, blocked=True), TELEGRAM_NEW], sent(TELEGRAM)),
    ("no address", ANY, [], skipped("no_address")),
    ("an address on a channel that is gone", ANY, [replace(SMS_OLD, channel=99)], skipped("no_address")),
    ("stopped on the named channel", BY_SMS, [replace(SMS_OLD, stopped=True), TELEGRAM_NEW], skipped("stopped", SMS)),
    ("stopped elsewhere, a channel named", BY_SMS, [SMS_OLD, replace(TELEGRAM_NEW, stopped=True)], sent(SMS)),
    ("stopped anywhere, none named", ANY, [SMS_OLD, replace(TELEGRAM_NEW, stopped=True)], skipped("stopped")),
    ("stopped on a channel that is gone", ANY, [SMS_OLD, replace(TELEGRAM_NEW, channel=99, stopped=True)], skipped("stopped")),
    (
        "not on the named channel, stopped elsewhere",
        BY_WHATSAPP,
        [SMS_OLD, replace(TELEGRAM_NEW, stopped=True)],
        skipped("stopped"),
    ),
    ("one of two numbers stopped", BY_SMS, [SMS_OLD, replace(SMS_OLD, address="+2", stopped=True)], skipped("stopped", SMS)),
    ("blocked everywhere", ANY, [replace(SMS_OLD, blocked=True)], skipped("blocked", SMS)),
    ("the last used is blocked", ANY, [SMS_OLD, replace(TELEGRAM_NEW, blocked=True)], sent(SMS)),
    ("the window is open", BY_WHATSAPP, [WHATSAPP_OPEN], sent(WHATSAPP)),
    ("the window is shut", BY_WHATSAPP, [WHATSAPP_SHUT], skipped("window_shut", WHATSAPP)),
    ("the window is shut, a template approved", TEMPLATE, [WHATSAPP_SHUT], sent(WHATSAPP, template=True)),
    ("the window is open, a template approved", TEMPLATE, [WHATSAPP_OPEN], sent(WHATSAPP)),
    (
        "never heard there, a template approved",
        TEMPLATE,
        [replace(WHATSAPP_SHUT, last_heard=None)],
        sent(WHATSAPP, template=True),
    ),
    ("the window of the named channel is shut", BY_WHATSAPP, [replace(WHATSAPP_SHUT, last_used=None), SMS_OLD], sent(SMS)),
    ("a channel that cannot write first", ANY, [TELEGRAM_SILENT], skipped("cannot_start", TELEGRAM)),
]


@pytest.mark.parametrize(("broadcast", "addresses", "expected"), [each[1:] for each in CASES], ids=[each[0] for each in CASES])
def test_one_person(broadcast: Broadcast, addresses: list[Address], expected: Delivery | Skip) -> None:
    assert plan([Person(id=7, addresses=tuple(addresses))], broadcast, NOW) == [expected]


def person(id_: int, timezone: str = "", **more: object) -> Person:
    """Somebody reached by SMS."""
    return Person(id=id_, timezone=timezone, addresses=(replace(SMS_OLD, address=f"+{id_}", **more),))  # type: ignore[arg-type]


QUIET = replace(ANY, quiet=(time(21), time(9)), timezone="Europe/Moscow")


@pytest.mark.parametrize(
    ("timezone", "now", "expected"),
    [
        ("Europe/Moscow", "2026-11-23T12:00+00:00", "2026-11-23T12:00+00:00"),
        ("Europe/Moscow", "2026-11-23T18:00+00:00", "2026-11-24T06:00+00:00"),
        ("Europe/Moscow", "2026-11-23T23:00+00:00", "2026-11-24T06:00+00:00"),
        ("Europe/Moscow", "2026-11-24T06:00+00:00", "2026-11-24T06:00+00:00"),
        ("Asia/Vladivostok", "2026-11-23T12:00+00:00", "2026-11-23T23:00+00:00"),
        ("", "2026-11-23T18:00+00:00", "2026-11-24T06:00+00:00"),
        ("Mars/Olympus", "2026-11-23T18:00+00:00", "2026-11-24T06:00+00:00"),
        ("Europe/Berlin", "2026-03-28T22:00+00:00", "2026-03-29T07:00+00:00"),  # the clock goes forward that night
    ],
)
def test_nobody_is_woken(timezone: str, now: str, expected: str) -> None:
    [found] = plan([person(1, timezone)], QUIET, datetime.fromisoformat(now))
    assert isinstance(found, Delivery)
    assert found.at == datetime.fromisoformat(expected)


def test_quiet_hours_in_the_middle_of_the_day() -> None:
    [found] = plan([person(1)], replace(QUIET, quiet=(time(13), time(16)), timezone="UTC"), NOW + timedelta(hours=2))
    assert isinstance(found, Delivery)
    assert found.at == NOW + timedelta(hours=4)


def test_a_window_that_shuts_during_quiet_hours_is_shut() -> None:
    night = datetime(2026, 11, 23, 21, tzinfo=UTC)
    address = replace(WHATSAPP_OPEN, last_heard=night - timedelta(hours=23))
    assert plan([Person(id=7, addresses=(address,))], replace(QUIET, timezone="UTC"), night) == [skipped("window_shut", WHATSAPP)]


def test_pace_spreads_over_time_and_into_the_next_morning() -> None:
    slow = replace(QUIET, timezone="UTC", pace=1 / 3600)  # one an hour
    found = plan([person(each) for each in range(12)], slow, NOW)
    hours = [(each.at - NOW) / timedelta(hours=1) for each in found if isinstance(each, Delivery)]
    assert hours == [*range(9), 21, 22, 23]


def test_each_channel_has_its_own_pace() -> None:
    channels = {SMS: Channel(id=SMS, pace=1), WHATSAPP: Channel(id=WHATSAPP, pace=0.5)}
    people = [
        person(1),
        person(2),
        *(Person(id=each, addresses=(replace(WHATSAPP_OPEN, address=f"w{each}"),)) for each in (3, 4)),
    ]
    found = plan(people, replace(ANY, channels=channels), NOW)
    assert [each.at - NOW for each in found if isinstance(each, Delivery)] == [timedelta(seconds=each) for each in (0, 1, 0, 2)]


def test_a_slow_channel_holds_up_no_other() -> None:
    channels = {SMS: Channel(id=SMS), WHATSAPP: Channel(id=WHATSAPP, pace=1 / 3600)}
    slow = [Person(id=each, addresses=(replace(WHATSAPP_OPEN, address=f"w{each}", last_heard=NOW),)) for each in (1, 2, 3)]
    found = plan([*slow, person(4)], replace(ANY, channels=channels, pace=1), NOW)
    assert [each.at - NOW for each in found if isinstance(each, Delivery)] == [
        timedelta(seconds=each) for each in (0, 3600, 7200, 1)
    ]


def test_what_would_come_too_late_is_not_sent() -> None:
    found = plan([person(each) for each in range(5)], replace(ANY, pace=1, until=NOW + timedelta(seconds=2)), NOW)
    assert [each.reason for each in found if isinstance(each, Skip)] == ["too_late"] * 2


def test_two_people_with_one_address_get_it_once() -> None:
    twin = replace(person(1), id=2)
    assert plan([person(1), twin], ANY, NOW)[1] == Skip(person=2, reason="same_address", channel=SMS)


def test_a_pace_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="pace"):
        Channel(id=1, pace=0)
    with pytest.raises(ValueError, match="pace"):
        replace(ANY, pace=0)


moments = st.none() | st.integers(-100, 0).map(lambda hours: NOW + timedelta(hours=hours))
addresses = st.builds(
    Address,
    channel=st.integers(1, 4),
    address=st.sampled_from([f"a{each}" for each in range(9)]),
    last_heard=moments,
    last_used=moments,
    stopped=st.booleans(),
    blocked=st.booleans(),
)
zones = st.sampled_from(["", "UTC", "Europe/Moscow", "America/New_York", "Asia/Kolkata", "nowhere"])
people = st.lists(
    st.builds(Person, id=st.integers(1, 12), addresses=st.lists(addresses, max_size=4).map(tuple), timezone=zones), max_size=20
)


@given(people=people, channel=st.none() | st.integers(1, 4), pace=st.none() | st.floats(0.0005, 5), at=st.integers(0, 23))
def test_what_holds_for_every_broadcast(people: list[Person], channel: int | None, pace: float | None, at: int) -> None:
    now = NOW.replace(hour=at)
    broadcast = replace(QUIET, channel=channel, pace=pace)
    found = plan(people, broadcast, now)
    first = {each.id: each for each in reversed(people)}
    assert Counter(each.person for each in found) == Counter(dict.fromkeys(first, 1))
    delivered = [each for each in found if isinstance(each, Delivery)]
    assert len({(each.channel, each.address) for each in delivered}) == len(delivered)
    for each in delivered:
        _check_delivery(each, first[each.person], broadcast, now)
    times = sorted(each.at for each in delivered)
    if pace:
        assert all(later - earlier >= timedelta(seconds=0.999 / pace) for earlier, later in pairwise(times))


def _check_delivery(found: Delivery, person: Person, broadcast: Broadcast, now: datetime) -> None:
    used = next(
        each for each in person.addresses if (each.channel, each.address) == (found.channel, found.address) and not each.blocked
    )
    assert not used.stopped
    assert found.channel == broadcast.channel or not any(each.stopped for each in person.addresses)
    assert found.at >= now
    assert found.channel != TELEGRAM or any(each.last_heard for each in person.addresses if each.address == found.address)
    zone = person.timezone if person.timezone not in ("", "nowhere") else broadcast.timezone
    assert time(9) <= found.at.astimezone(ZoneInfo(zone)).time() < time(21)
