"""Who gets a broadcast, through what and when: one delivery a person, never to who said stop, never at night."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Literal

Why = Literal["no_address", "stopped", "blocked", "window_shut", "cannot_start", "same_address", "too_late"]
"""same_address: another person of this broadcast gets it there already; too_late: quiet hours or pace go beyond `until`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a person is reached on one channel. `last_heard`: when they last wrote there; `last_used`: either side's last message."""

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
    """Messages a second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Broadcast:
    """One message to many. `channel`: the one to use where the person is reachable on it. Quiet hours are each person's local time."""

    id: int
    channels: Mapping[int, Channel]
    channel: int | None = None
    timezone: str = "UTC"
    quiet: tuple[time, time] | None = field(default=(time(21), time(9)))
    until: datetime | None = None
    pace: float | None = None
    """Messages a second over all channels together, on top of each channel's own."""


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
    """One result a person, in the order of `people`; somebody named twice counts once."""
    raise NotImplementedError
