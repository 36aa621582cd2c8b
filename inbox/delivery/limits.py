"""How fast may be sent: buckets per channel and per person, shared by all workers through Valkey, asked once for a whole batch.

A bucket is one number, the time at which it is full again (GCRA). What may go is counted and goes at once; what must wait is
counted nowhere, is told how long, and asks again. Bots leave a part of a channel's bucket to operators, broadcasts a larger one
to both, and while somebody more urgent waits for a token those below get none. While Valkey is away each worker goes by its own.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from channels.base import Capabilities, Settings
from inbox.delivery.limit_script import SCRIPT

log = structlog.get_logger()

BURST = 0.25
"""A full bucket holds so many seconds' worth: what goes in any second stays close to the rate."""
KEPT = (0.0, 0.1, 0.34)
"""The part of a channel's bucket that an operator, a bot, a broadcast leaves for the more urgent."""
GRACE = 0.2
"""Seconds beyond its wait in which one who must wait may come back before the less urgent get a token."""
PATIENCE = 0.5
"""Seconds in which Valkey must answer; sending does not wait for it any longer."""
AGAIN = 3.0
"""Seconds between two looks whether Valkey is back."""
STEP = 0.1
"""Broadcasts are taken in steps of so many seconds' worth at least: a look for each message would cost more than sending it."""
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Limit:
    """How fast a channel may send: `rate` a second, `burst` at once. Rates of 0: not counted."""

    rate: float
    burst: int
    address_rate: float = 0.0
    address_burst: int = 1

    def room(self, priority: int) -> float:
        """Tokens of the full bucket that this priority may take."""
        return max(1.0, self.burst - self.burst * KEPT[min(priority, 2)])


NONE = Limit(0.0, 0)


def limit_of(can: Capabilities, settings: Settings) -> Limit:
    """The limit of a channel: its setting `rate`, else what the connector knows of the provider. A rate of 0 ends all limits."""
    return _limit(can.rate if settings.rate is None else settings.rate, can.address_rate or 0.0, can.address_burst)


@lru_cache(256)
def _limit(rate: float, address_rate: float, address_burst: int) -> Limit:
    return Limit(rate, max(1, int(rate * BURST)), address_rate, max(1, address_burst)) if rate > 0 else NONE


@dataclass(frozen=True, slots=True)
class Ask:
    """One message that wants to go, of `cost` calls. `run`: after one that must wait, the others of its run wait too."""

    channel: int
    run: int
    address: str
    priority: int
    cost: int = 1


@dataclass(slots=True)
class _Bucket:
    """What this process knows of a bucket, in seconds of its own clock."""

    full: float = 0.0
    wanted: list[float] = field(default_factory=lambda: [0.0, 0.0])
    """Until when an operator, a bot waits for a token."""


class Limits:
    """The limits as one worker sees them. `redis` None: its own copy only."""

    def __init__(self, redis: "Redis | None") -> None:
        self._script = redis.register_script(SCRIPT) if redis is not None else None
        self._buckets: dict[str, _Bucket] = {}
        self._away_until = 0.0
        self.clock = time.monotonic
        self.shared_clock: Callable[[], float] | None = None
        """The time that Valkey goes by, where it must not be its own (tests)."""

    def tokens(self, channel: int, limit: Limit) -> tuple[int, int, int]:
        """How many messages of an operator, a bot, a broadcast the channel would take now, as far as this process knows."""
        missing = max(0.0, self._full(channel) - self.clock()) * limit.rate
        least = min(limit.rate * STEP, limit.room(2))
        free = [limit.room(priority) - missing + 1e-6 for priority in range(3)]
        return max(0, int(free[0])), max(0, int(free[1])), int(free[2]) if free[2] >= max(1.0, least) else 0

    def wait(self, channel: int, limit: Limit) -> float:
        """Seconds until a step of broadcasts may go, so that all who want to can."""
        least = max(1.0, min(limit.rate * STEP, limit.room(2)))
        return max(0.0, self._full(channel) - self.clock() - (limit.room(2) - least) / limit.rate)

    async def take(self, asks: Sequence[Ask], limits: Mapping[int, Limit]) -> list[float]:
        """Seconds that each message has to wait; 0: it is counted and must go now. One call for all."""
        counted = [n for n, ask in enumerate(asks) if limits[ask.channel].rate]
        waits = [0.0] * len(asks)
        if counted:
            for n, wait in zip(counted, await self._take([asks[n] for n in counted], limits), strict=True):
                waits[n] = wait
        return waits

    async def _take(self, asks: Sequence[Ask], limits: Mapping[int, Limit]) -> Sequence[float]:
        if self._script is not None and self.clock() >= self._away_until:
            try:
                async with asyncio.timeout(PATIENCE):
                    return await self._ask(asks, limits)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("limits are kept by each worker alone", error=type(error).__name__)
                self._away_until = self.clock() + AGAIN
        return self._take_here(asks, limits)

    async def _ask(self, asks: Sequence[Ask], limits: Mapping[int, Limit]) -> Sequence[float]:
        assert self._script is not None
        channels = {number: n for n, number in enumerate(dict.fromkeys(ask.channel for ask in asks), 1)}
        given = {
            "grace": GRACE,
            "now": self.shared_clock() if self.shared_clock is not None else None,
            "channels": [_told(number, limits[number]) for number in channels],
            "asks": [[channels[a.channel], a.run, min(a.priority, 2) + 1, a.cost, _person(a, limits)] for a in asks],
        }
        answer = await self._script(args=[msgspec.msgpack.encode(given)])
        now = self.clock()
        for number, debt in zip(channels, answer[len(asks) :], strict=True):
            self._bucket(_key(number)).full = now + debt / 1e6
        return [wait / 1e6 for wait in answer[: len(asks)]]

    def _take_here(self, asks: Sequence[Ask], limits: Mapping[int, Limit]) -> Sequence[float]:
        """What the script does, on this process's own buckets."""
        if len(self._buckets) > _REMEMBERED:
            now = self.clock()
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if bucket.full > now}
        line = _Line(self.clock())
        return [self._one(ask, limits[ask.channel], line) for ask in asks]

    def _one(self, ask: Ask, limit: Limit, line: "_Line") -> float:
        if ask.run in line.refused:
            return line.refused[ask.run]
        bucket, priority = self._bucket(_key(ask.channel)), min(ask.priority, 2)
        room = limit.room(priority)
        busy = max(bucket.full - line.now - (room - min(ask.cost, room)) / limit.rate, *_more_urgent(bucket, priority, line.now))
        person = self._bucket(_person(ask, limits={ask.channel: limit})) if limit.address_rate else _Bucket()
        hers = person.full - line.now - (limit.address_burst - min(ask.cost, limit.address_burst)) / (limit.address_rate or 1.0)
        wait = max(busy, hers if limit.address_rate else 0.0)
        if wait <= 1e-6:
            bucket.full = max(bucket.full, line.now) + ask.cost / limit.rate
            person.full = max(person.full, line.now) + ask.cost / (limit.address_rate or 1.0)
            return 0.0
        if busy > 1e-6:
            wait = max(wait, busy + line.queue(ask.channel, priority, ask.cost / limit.rate))
            if priority < 2:
                bucket.wanted[priority] = max(bucket.wanted[priority], line.now + wait + GRACE)
        line.refused[ask.run] = wait
        return wait

    def _full(self, channel: int) -> float:
        bucket = self._buckets.get(_key(channel))
        return bucket.full if bucket else 0.0

    def _bucket(self, key: str) -> _Bucket:
        return self._buckets.setdefault(key, _Bucket())


@dataclass(slots=True)
class _Line:
    """Who has to wait in one batch: their waits follow one another, so that they do not all come back at once."""

    now: float
    refused: dict[int, float] = field(default_factory=dict)
    behind: dict[tuple[int, int], float] = field(default_factory=dict)

    def queue(self, channel: int, priority: int, seconds: float) -> float:
        before = self.behind.get((channel, priority), 0.0)
        self.behind[channel, priority] = before + seconds
        return before


def _more_urgent(bucket: _Bucket, priority: int, now: float) -> list[float]:
    """Seconds for which the more urgent have asked to be let through first."""
    return [0.0, *(until - now for until in bucket.wanted[:priority])]


def _told(number: int, limit: Limit) -> list[object]:
    """A channel as the script reads it: name, seconds a token, tokens for each priority, seconds and tokens of one person."""
    rooms = [limit.room(priority) for priority in range(3)]
    person = [1 / limit.address_rate, limit.address_burst] if limit.address_rate else [0, 0]
    return [_key(number), 1 / limit.rate, *rooms, *person]


def _key(channel: int) -> str:
    return f"switchboard:limit:{channel}"


def _person(ask: Ask, limits: Mapping[int, Limit]) -> str:
    """The name of a person's bucket; empty where people are not counted. Addresses are hashed: names of keys are seen by many."""
    if not limits[ask.channel].address_rate:
        return ""
    return f"{_key(ask.channel)}:{hashlib.blake2b(ask.address.encode(), digest_size=9).hexdigest()}"
