"""The board by the door, in Redis: which browsers are connected, whether a hand is on them, what is open in them.

Somebody is here as long as a stream of theirs is open (`inbox.presence.door` says so again and again). Their browser tells when
the hands have left the keyboard and which conversations are open. Nothing of it outlives Redis, and nothing breaks without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec
from redis.asyncio import Redis

State = Literal["online", "away", "off"]

STALE = 70.0
"""Seconds after which a connection or a look that was not confirmed is over."""
KEPT = 86_400
LOOK_KEPT = 150
SEEN = "switchboard:presence:seen"
"""manager -> when a connection of theirs was confirmed last."""
STATES = "switchboard:presence:states"
"""manager -> "state since"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Browser:
    """One browser of one person. `number`: of its session."""

    manager_id: int
    number: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Here:
    """How somebody is here, and since when."""

    state: State
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a beat changed. `looking`: who looks at each conversation of this browser now; `news`: where others should hear it."""

    state: State | None = None
    looking: Mapping[int, Sequence[int]] = field(default_factory=dict)
    news: Mapping[int, Sequence[int]] = field(default_factory=dict)


class _Doing(msgspec.Struct):
    active: bool = True
    looking: list[int] = []
    at: float = 0.0


_read = msgspec.json.Decoder(_Doing).decode


class Board:
    """Reads and writes the board. Raises RedisError or OSError while Redis is away: callers do without."""

    def __init__(self, redis: "Redis") -> None:
        self._redis: Any = redis  # its commands are typed for every protocol version at once

    async def touch(self, process: str, browsers: Sequence[Browser], now: datetime) -> None:
        """These browsers' streams are open in this process."""
        if not browsers:
            return
        at = str(now.timestamp())
        pipe = self._redis.pipeline(transaction=False)
        for each in browsers:
            pipe.hset(_person(each.manager_id), f"c:{each.number}:{process}", at)
            pipe.expire(_person(each.manager_id), KEPT)
        pipe.hset(SEEN, mapping={str(each.manager_id): at for each in browsers})
        await pipe.execute()

    async def leave(self, process: str, browser: Browser, now: datetime) -> Told:
        """The last stream of this browser in this process has ended."""
        person = _person(browser.manager_id)
        await self._redis.hdel(person, f"c:{browser.number}:{process}")
        fields = await self._redis.hgetall(person)
        if _connected(fields, now, browser.number):
            return Told(state=await self.settle(browser.manager_id, now, fields))
        doing = _doing(fields, browser.number)
        await self._redis.hdel(person, f"b:{browser.number}")
        news = await self._look(browser, (), doing.looking, now)
        return Told(state=await self.settle(browser.manager_id, now), news=_worth_telling(news, browser.manager_id))

    async def beat(self, browser: Browser, active: bool, looking: Sequence[int], now: datetime) -> Told:
        """What the browser tells: whether a hand is on it, and which conversations are open in it."""
        person = _person(browser.manager_id)
        before = _doing(await self._redis.hgetall(person), browser.number)
        await self._redis.hset(person, f"b:{browser.number}", msgspec.json.encode(_Doing(active, list(looking), now.timestamp())))
        found = await self._look(browser, looking, [each for each in before.looking if each not in looking], now)
        moved = {number: found[number] for number in set(looking) ^ set(before.looking)}
        return Told(
            state=await self.settle(browser.manager_id, now),
            looking={number: found[number] for number in looking},
            news=_worth_telling(moved, browser.manager_id),
        )

    async def settle(self, manager_id: int, now: datetime, fields: Mapping[bytes, bytes] | None = None) -> State | None:
        """Write down how somebody is here. The state if it is another one than before.

        What processes that died have left is taken away: whoever works every day has a key that never expires.
        """
        fields = await self._redis.hgetall(_person(manager_id)) if fields is None else fields
        if over := _over(fields, now):
            await self._redis.hdel(_person(manager_id), *over)
        state = _state(fields, now)
        was = (await self._redis.hget(STATES, str(manager_id)) or b"off").partition(b" ")[0].decode()
        if was == state:
            return None
        await self._redis.hset(STATES, str(manager_id), f"{state} {now.timestamp()}")
        return state

    async def everybody(self, now: datetime) -> dict[int, Here]:
        """Who is online or away. Who is not in it is off."""
        seen, states = await self._both()
        found = {}
        for manager_id, at in seen.items():
            state, _, since = states.get(manager_id, b"off").partition(b" ")
            if now.timestamp() - float(at) <= STALE and state in (b"online", b"away"):
                moment = datetime.fromtimestamp(float(since), now.tzinfo)
                found[int(manager_id)] = Here(state=state.decode(), since=moment)  # type: ignore[arg-type]
        return found

    async def last_seen(self, now: datetime) -> dict[int, datetime]:
        """When a connection of each was confirmed last, as far as it is known."""
        return {int(who): datetime.fromtimestamp(float(at), now.tzinfo) for who, at in (await self._redis.hgetall(SEEN)).items()}

    async def _both(self) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
        pipe = self._redis.pipeline(transaction=False)
        pipe.hgetall(SEEN)
        pipe.hgetall(STATES)
        seen, states = await pipe.execute()
        return seen, states

    async def _look(self, browser: Browser, at: Sequence[int], gone: Sequence[int], now: datetime) -> dict[int, list[int]]:
        """Note what is open and what no more; who looks at each of these conversations now."""
        numbers, me = [*at, *gone], f"{browser.manager_id}:{browser.number}"
        if not numbers:
            return {}
        pipe = self._redis.pipeline(transaction=False)
        for number in at:
            pipe.hset(_at(number), me, str(now.timestamp()))
            pipe.expire(_at(number), LOOK_KEPT)
        for number in gone:
            pipe.hdel(_at(number), me)
        for number in numbers:
            pipe.hgetall(_at(number))
        answers = (await pipe.execute())[-len(numbers) :]
        return {number: _lookers(fields, now) for number, fields in zip(numbers, answers, strict=True)}


def _person(manager_id: int) -> str:
    return f"switchboard:presence:{manager_id}"


def _at(conversation_id: int) -> str:
    return f"switchboard:looking:{conversation_id}"


def _doing(fields: Mapping[bytes, bytes], browser: str) -> _Doing:
    kept = fields.get(f"b:{browser}".encode())
    return _read(kept) if kept else _Doing()


def _over(fields: Mapping[bytes, bytes], now: datetime) -> list[bytes]:
    """Connections that nobody confirms any more, and what browsers told that have told nothing for a day."""
    at = now.timestamp()
    ended = [name for name, value in fields.items() if name.startswith(b"c:") and at - float(value) > STALE]
    return ended + [name for name, value in fields.items() if name.startswith(b"b:") and at - _read(value).at > KEPT]


def _connected(fields: Mapping[bytes, bytes], now: datetime, browser: str = "") -> set[str]:
    """The browsers that have a stream open."""
    fresh = set()
    for name, value in fields.items():
        kind, _, rest = name.decode().partition(":")
        number = rest.partition(":")[0]
        if kind == "c" and now.timestamp() - float(value) <= STALE and browser in ("", number):
            fresh.add(number)
    return fresh


def _state(fields: Mapping[bytes, bytes], now: datetime) -> State:
    here = _connected(fields, now)
    if not here:
        return "off"
    return "online" if any(_doing(fields, number).active for number in here) else "away"


def _lookers(fields: Mapping[bytes, bytes], now: datetime) -> list[int]:
    fresh = {int(name.partition(b":")[0]) for name, at in fields.items() if now.timestamp() - float(at) <= STALE}
    return sorted(fresh)


def _worth_telling(found: Mapping[int, list[int]], me: int) -> dict[int, list[int]]:
    """Only where somebody else looks too is there anybody to tell."""
    return {number: who for number, who in found.items() if set(who) - {me}}
