"""The only publish/subscribe: what changed goes to every browser within a moment of the commit.

One Redis stream carries everything: it numbers, it can be resumed, and each web process reads it once and fans out. Entries hold
names and ids, never text. Live updates are a convenience: if Redis is away they are lost, and readers are told to `reload`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from inbox.db import Signal, signal

STREAM = "switchboard:live"
KEEP = 10_000
"""Entries kept for browsers that reconnect."""
PATIENCE = 1_000
"""Entries a slow subscriber may lag behind before it is told to reload."""
AGAIN = 0.5
"""Seconds between two looks whether a lost Redis is back."""
INBOX = "inbox"
"""Topic of the operators' stream. Other topics are the web chats' (`chat:<visitor>`)."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Update:
    """One change: `number` resumes after it, `event` names it, `ids` says of what."""

    number: str
    event: str
    ids: Mapping[str, Any]

    @cached_property
    def frame(self) -> bytes:
        """The change as a browser's event stream has it; made once for all who listen."""
        head = f"id: {self.number}\n" if self.number else ""
        return f"{head}event: {self.event}\ndata: ".encode() + msgspec.json.encode(self.ids) + b"\n\n"


RELOAD = "reload"


def tell(connection: sa.Connection, event: str, **ids: int | str | None) -> None:
    """Have every operator's browser told of `event` once this transaction is committed."""
    signal(connection, "live", event, tuple(ids.items()))


@dataclass(eq=False, slots=True)
class Subscription:
    """A subscriber's waiting updates. Iterate over it; it ends when the subscription is closed."""

    topic: str
    waiting: "asyncio.Queue[Update]" = field(default_factory=lambda: asyncio.Queue(PATIENCE))

    def put(self, update: Update) -> None:
        if self.waiting.full():
            while not self.waiting.empty():
                self.waiting.get_nowait()
            update = Update(update.number, RELOAD, {})
        self.waiting.put_nowait(update)

    async def __aiter__(self) -> AsyncIterator[Update]:
        while True:
            yield await self.waiting.get()


class Live:
    """Publisher and reader of one process."""

    def __init__(self, redis: "Redis") -> None:
        self._redis: Any = redis  # its stream commands are typed for every protocol version at once
        self._subscribers: dict[str, set[Subscription]] = {}
        self._reader: asyncio.Task[None] | None = None
        self._unsent: list[list[Any]] = []
        self._sending: asyncio.Task[None] | None = None

    def give_out(self, signals: Sequence[Signal]) -> None:
        """Publish the live ones among the signals of a commit, as one entry."""
        self._unsent += [[s[1], dict(s[2])] for s in signals if s[0] == "live"]  # type: ignore[call-overload]
        if self._unsent and self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._send_all())

    async def publish(self, topic: str, message: Mapping[str, Any]) -> None:
        """Send one message to the subscribers of a topic, wherever they are connected."""
        await self._add(topic, [["message", message]])

    @contextlib.asynccontextmanager
    async def subscribe(self, topic: str = INBOX) -> AsyncIterator[Subscription]:
        """Hear all updates of a topic from now on."""
        subscription = Subscription(topic)
        self._subscribers.setdefault(topic, set()).add(subscription)
        if self._reader is None:
            last = await self._newest()
            if self._reader is None:
                self._reader = asyncio.create_task(self._read(last))
        try:
            yield subscription
        finally:
            self._subscribers[topic].discard(subscription)
            if not self._subscribers[topic]:
                del self._subscribers[topic]

    async def since(self, number: str, topic: str = INBOX) -> list[Update] | None:
        """The updates after `number`; None if they are no longer known, so that the reader must reload."""
        try:
            entry, _, index = number.partition(":")
            first = await self._redis.xrange(STREAM, count=1)
            if not first or _order(first[0][0].decode()) > _order(entry):
                return None
            entries = await self._redis.xrange(STREAM, min=entry)
            updates = [u for e, f in entries for u in _updates(e, f, topic)]
            return [u for u in updates if _order(u.number) > _order(f"{entry}:{index or -1}")]
        except (RedisError, OSError, ValueError):
            return None

    async def close(self) -> None:
        """Stop reading; what is being published is published."""
        if self._reader is not None:
            while not self._reader.done():  # the client swallows a cancellation that comes while it connects
                self._reader.cancel()
                await asyncio.wait([self._reader], timeout=0.1)
        if self._sending is not None:
            await self._sending

    async def _send_all(self) -> None:
        """One entry at a time: what is committed while one is on its way goes into the next together."""
        while self._unsent:
            updates, self._unsent = self._unsent, []
            await self._add(INBOX, updates)
        self._sending = None

    async def _add(self, topic: str, updates: list[list[Any]]) -> None:
        try:
            body = {"topic": topic, "updates": msgspec.json.encode(updates)}
            await self._redis.xadd(STREAM, body, maxlen=KEEP, approximate=True)
        except (RedisError, OSError) as error:
            log.warning("live update lost", error=type(error).__name__)

    async def _newest(self) -> str:
        """Where a reader begins, so that it hears all from now on."""
        try:
            newest = await self._redis.xrevrange(STREAM, count=1)
            return newest[0][0].decode() if newest else "0-0"
        except (RedisError, OSError):
            return "$"

    async def _read(self, last: str) -> None:
        """Read the stream for this process, through any number of lost connections; after each, everybody reloads once."""
        while True:
            try:
                found = await self._redis.xread({STREAM: last}, count=500, block=2_000)
                for entry, fields in found[0][1] if found else ():
                    last = entry.decode()
                    self._fan_out(entry, fields)
            except (RedisError, OSError):
                await self._return_of_redis()
                last = await self._newest() if last == "$" else last
                self._everybody_reload(last)

    async def _return_of_redis(self) -> None:
        while True:
            await asyncio.sleep(AGAIN)
            with contextlib.suppress(RedisError, OSError):
                await self._redis.ping()
                return

    def _fan_out(self, entry: bytes, fields: Mapping[bytes, bytes]) -> None:
        topic = fields[b"topic"].decode()
        subscribers = self._subscribers.get(topic)
        if subscribers:
            for update in _updates(entry, fields, topic):
                for subscriber in subscribers:
                    subscriber.put(update)

    def _everybody_reload(self, number: str) -> None:
        for subscribers in self._subscribers.values():
            for subscriber in subscribers:
                subscriber.put(Update(number, RELOAD, {}))


def _updates(entry: bytes, fields: Mapping[bytes, bytes], topic: str) -> list[Update]:
    if fields[b"topic"].decode() != topic:
        return []
    pairs = msgspec.json.decode(fields[b"updates"])
    return [Update(f"{entry.decode()}:{n}", event, ids) for n, (event, ids) in enumerate(pairs)]


def _order(number: str) -> tuple[int, int, int]:
    entry, _, index = number.partition(":")
    time, _, sequence = entry.partition("-")
    return int(time), int(sequence or 0), int(index or 0)
