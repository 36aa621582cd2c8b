"""Who gets a broadcast, through what and when: one delivery a person, never to who said stop, never at night."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from heapq import heapify, heappop, heappush
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Why = Literal["no_address", "stopped", "blocked", "window_shut", "cannot_start", "same_address", "too_late"]
"""same_address: another person of this broadcast gets it there already; too_late: quiet hours or pace go beyond `until`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a person is reached on one channel. `last_heard`: when they last wrote there, `last_used`: or we to them."""

    channel: int
    address: str
    last_heard: datetime | None = None
    last_used: datetime | None = None
    stopped: bool = False
    blocked: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A contact of the segment. `timezone`: IANA name, empty or unknown means the broadcast's."""

    id: int
    addresses: tuple[Address, ...] = ()
    timezone: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """What a channel allows. `window`: free messages only so long after `last_heard`; `template`: an approved one exists here."""

    id: int
    can_start: bool = True
    window: timedelta | None = None
    template: bool = False
    pace: float = 30.0
    """Messages a second, above 0."""

    def __post_init__(self) -> None:
        if self.pace <= 0:
            raise ValueError("pace: a channel sends more than 0 messages a second")


@dataclass(frozen=True, kw_only=True, slots=True)
class Broadcast:
    """One message to many. `channel`: the one to use where the person is reachable on it. `quiet`: from and until, local time."""

    id: int
    channels: Mapping[int, Channel]
    channel: int | None = None
    timezone: str = "UTC"
    quiet: tuple[time, time] | None = (time(21), time(9))
    until: datetime | None = None
    pace: float | None = None
    """Messages a second over all channels together, on top of each channel's own."""

    def __post_init__(self) -> None:
        if self.pace is not None and self.pace <= 0:
            raise ValueError("pace: a broadcast sends more than 0 messages a second")


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """The person gets it there, not before `at` (UTC). `template`: the window will be shut, only the approved template goes."""

    person: int
    channel: int
    address: str
    at: datetime
    template: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Skip:
    """The person does not get it. `channel`: where it failed, where there was one."""

    person: int
    reason: Why
    channel: int | None = None


def plan(people: Iterable[Person], broadcast: Broadcast, now: datetime) -> list[Delivery | Skip]:
    """One result a person, in the order of `people`; somebody named twice counts once. Deterministic."""
    results: dict[int, Delivery | Skip] = {}
    waiting: list[_Waiting] = []
    taken: set[tuple[int, str]] = set()
    for person in people:
        if person.id in results:
            continue
        address = _choose(person, broadcast, now)
        if isinstance(address, Address) and (address.channel, address.address) in taken:
            address = Skip(person=person.id, reason="same_address", channel=address.channel)
        if isinstance(address, Address):
            taken.add((address.channel, address.address))
            waiting.append((now.astimezone(UTC), len(waiting), person, address))
            address = Skip(person=person.id, reason="too_late", channel=address.channel)  # keeps its place until it has a time
        results[person.id] = address
    for result in _paced(waiting, broadcast):
        results[result.person] = result
    return list(results.values())


def _choose(person: Person, broadcast: Broadcast, now: datetime) -> Address | Skip:
    """The address to use. A stop on the named channel is final; on the way to any other channel, a stop anywhere is."""
    known = [each for each in person.addresses if each.channel in broadcast.channels]
    named = [each for each in known if each.channel == broadcast.channel]
    if any(each.stopped for each in named):
        return Skip(person=person.id, reason="stopped", channel=broadcast.channel)
    for address in _latest_first(named):
        if _hindrance(address, broadcast, now) is None:
            return address
    if any(each.stopped for each in person.addresses):
        return Skip(person=person.id, reason="stopped")
    return _last_used(person, known, broadcast, now)


def _last_used(person: Person, known: list[Address], broadcast: Broadcast, now: datetime) -> Address | Skip:
    """The address used last among those that are not blocked, if it can be written to."""
    if not known:
        return Skip(person=person.id, reason="no_address")
    address = min(_latest_first(known), key=lambda each: each.blocked)
    reason = _hindrance(address, broadcast, now)
    return address if reason is None else Skip(person=person.id, reason=reason, channel=address.channel)


def _latest_first(addresses: list[Address]) -> list[Address]:
    return sorted(addresses, key=lambda each: each.last_used.timestamp() if each.last_used else float("-inf"), reverse=True)


def _hindrance(address: Address, broadcast: Broadcast, at: datetime) -> Why | None:
    """What stands in the way of writing there at this time."""
    channel = broadcast.channels[address.channel]
    if address.blocked:
        return "blocked"
    if not channel.can_start and address.last_heard is None:
        return "cannot_start"
    return None if channel.template or _window_open(address, channel, at) else "window_shut"


def _window_open(address: Address, channel: Channel, at: datetime) -> bool:
    return channel.window is None or (address.last_heard is not None and at < address.last_heard + channel.window)


_Waiting = tuple[datetime, int, Person, Address]
"""(ready from, order, who, where)"""


def _paced(waiting: Iterable[_Waiting], broadcast: Broadcast) -> Iterator[Delivery | Skip]:
    """Give each the first free moment that is not at night where they live. Only a delivery uses its moment up.

    Each channel has a queue of its own, so that a slow one holds up no other.
    """
    queues: dict[int, list[_Waiting]] = {}
    for each in waiting:
        queues.setdefault(each[3].channel, []).append(each)
    for queue in queues.values():
        heapify(queue)
    free: dict[int | None, datetime] = {}
    while queues:
        channel = min(queues, key=lambda each: max(queues[each][0][0], free.get(each, queues[each][0][0])))
        ready, order, person, address = heappop(queues[channel])
        at = max(ready, free.get(channel, ready), free.get(None, ready))
        awake = _after_quiet(at, _zone(person.timezone, broadcast.timezone), broadcast.quiet)
        if awake > at:
            heappush(queues[channel], (awake, order, person, address))
            continue
        result = _at(person, address, broadcast, at)
        yield result
        if isinstance(result, Delivery):
            free |= _next_free(at, channel, broadcast)
        if not queues[channel]:
            del queues[channel]


def _next_free(at: datetime, channel: int, broadcast: Broadcast) -> dict[int | None, datetime]:
    """When the channel and, where it has a pace, the broadcast may send again."""
    free: dict[int | None, datetime] = {channel: at + timedelta(seconds=1 / broadcast.channels[channel].pace)}
    return free | ({None: at + timedelta(seconds=1 / broadcast.pace)} if broadcast.pace else {})


def _at(person: Person, address: Address, broadcast: Broadcast, at: datetime) -> Delivery | Skip:
    """What comes of it at that time: the window may have shut meanwhile."""
    channel = broadcast.channels[address.channel]
    if broadcast.until is not None and at > broadcast.until:
        return Skip(person=person.id, reason="too_late", channel=channel.id)
    reason = _hindrance(address, broadcast, at)
    if reason is not None:
        return Skip(person=person.id, reason=reason, channel=channel.id)
    needs_template = not _window_open(address, channel, at)
    return Delivery(person=person.id, channel=channel.id, address=address.address, at=at, template=needs_template)


def _after_quiet(at: datetime, zone: ZoneInfo, quiet: tuple[time, time] | None) -> datetime:
    """`at`, or the end of the quiet hours in which it falls, in UTC."""
    if quiet is None or quiet[0] == quiet[1]:
        return at
    start, end = quiet
    local = at.astimezone(zone)
    clock = local.time()
    inside = start <= clock < end if start < end else clock >= start or clock < end
    if not inside:
        return at
    day = local.date() if clock < end else local.date() + timedelta(days=1)
    return max(datetime.combine(day, end, zone).astimezone(UTC), at)


@lru_cache(maxsize=1024)
def _zone(name: str, otherwise: str) -> ZoneInfo:
    """Unknown names of people fall back to the broadcast's, that to UTC: one bad contact must not stop the others."""
    for each in (name or otherwise, otherwise):
        try:
            return ZoneInfo(each)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return ZoneInfo("UTC")
