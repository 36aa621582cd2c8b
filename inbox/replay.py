"""Bring back what was kept: deliveries in the spool when the database is there again, and any raw body on request."""

import asyncio
import heapq
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
import structlog

from channels.base import BadPayload, Hook
from channels.events import Event, InboundMessage, MessageEdited
from inbox import files, receive, spool
from inbox import schema as t
from inbox.accounts import Line
from inbox.db import DatabaseDown
from inbox.house import House
from inbox.receive import Arrival
from inbox.spool import Kept
from inbox.views import raw

log = structlog.get_logger()
TOGETHER = 100
"""Deliveries in one transaction,"""
TOGETHER_BYTES = 4_000_000
"""... and bytes of their bodies."""
LINGER = 5
"""Looks after the last delivery: who still queues up behind it is replayed at once, not at the next sweep."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What became of a raw body that was read again. `stored`: messages that were new; `known`: those we had already.
    `error`: why it cannot be read, empty if it can."""

    stored: int = 0
    known: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Next:
    """The next delivery of a spool file, by its name there."""

    file: str
    kept: Kept


async def drain(house: House) -> None:
    """Replay the spool files of all processes as one, in the order in which the deliveries came.

    A file is removed only when every delivery in it is in the database; one that is broken off goes on where it stopped.
    """
    quiet = 0
    while quiet < LINGER:
        if await asyncio.to_thread(house.spool.waiting):
            await house.db.read(lambda connection: connection.execute(sa.select(1)))
            quiet = 0 if await _replay(house) else LINGER
        elif quiet == 0:
            return
        quiet += 1
        await asyncio.sleep(spool.LOOK)


async def _replay(house: House) -> int:
    """Replay what waits, unless another process does. How many deliveries they held."""
    count = 0
    with ExitStack() as stack:
        found = await asyncio.to_thread(house.spool.claim)
        for file in found:
            stack.enter_context(file)
        marks = await house.db.read(_marks, [Path(file.name).name for file in found])
        coming = _merged(found, marks)
        while batch := await asyncio.to_thread(_batch, coming):
            await _store_batch(house, batch)
            count += len(batch)
        for file in found:
            await asyncio.to_thread(Path(file.name).unlink)
        await house.db.run(_forget, [Path(file.name).name for file in found])
    if count:
        log.info("spooled deliveries were stored", count=count)
    return count


def _merged(found: Sequence[IO[bytes]], marks: Mapping[str, int]) -> Iterator[_Next]:
    """All deliveries, by the time they came: each process wrote its own in order."""
    names = [Path(file.name).name for file in found]
    streams = [_named(name, spool.read(file, marks.get(name, 0))) for name, file in zip(names, found, strict=True)]
    return heapq.merge(*streams, key=lambda each: each.kept.hook.received_at)


def _named(name: str, kept: Iterator[Kept]) -> Iterator[_Next]:
    return (_Next(name, each) for each in kept)


def _batch(coming: Iterator[_Next]) -> list[_Next]:
    found: list[_Next] = []
    room = TOGETHER_BYTES
    while len(found) < TOGETHER and room > 0 and (each := next(coming, None)):
        found.append(each)
        room -= len(each.kept.hook.body)
    return found


async def _store_batch(house: House, batch: Sequence[_Next]) -> None:
    """Store deliveries together; if they cannot be, one by one, so that a bad one costs its neighbours only time."""
    arrivals: list[tuple[_Next, Arrival | None]] = []
    for each in batch:
        arrivals.append((each, await _arrival(house, each.kept)))
    try:
        await house.db.run(_store, [a for _, a in arrivals if a is not None], {each.file: each.kept.end for each in batch})
    except DatabaseDown:
        raise
    except Exception:
        log.exception("spooled deliveries could not be stored together")
        for each, arrival in arrivals:
            await house.db.run(_store_one, arrival, {each.file: each.kept.end})


async def _arrival(house: House, kept: Kept) -> Arrival | None:
    """A spooled delivery, read. None if its channel was disconnected meanwhile: then nothing comes in for it any more."""
    line = await house.accounts.line(kept.channel_id)
    if line is None:
        log.warning("a spooled delivery of a channel that is gone was dropped", channel=kept.channel_id)
        return None
    events, error = _read(line, kept.hook)
    events = await asyncio.to_thread(files.put_contents, house.store, events)
    return Arrival(
        channel_id=kept.channel_id,
        identity=line.connector.identity,
        hook=kept.hook,
        events=events,
        error=error,
        cursor=kept.cursor,
        secret=house.settings.key,
    )


def _read(line: Line, hook: Hook) -> tuple[list[Event], str]:
    """(events, what is wrong): a body that cannot be read is kept all the same and waits for a replay."""
    try:
        return list(line.connector.parse(hook)), ""
    except BadPayload as bad:
        return [], bad.reason
    except Exception as bug:
        log.exception("a connector failed on a kept body", channel=line.channel.id, kind=line.channel.kind)
        return [], f"{type(bug).__name__} in the connector"


def _store(connection: sa.Connection, arrivals: Sequence[Arrival], marks: Mapping[str, int]) -> None:
    if arrivals:
        receive.store(connection, arrivals)
    _mark(connection, marks)


def _store_one(connection: sa.Connection, arrival: Arrival | None, marks: Mapping[str, int]) -> None:
    if arrival is not None:
        receive.store_anyway(connection, arrival)
    _mark(connection, marks)


def _mark(connection: sa.Connection, marks: Mapping[str, int]) -> None:
    m = t.spool_marks.c
    for name, place in marks.items():
        if connection.execute(sa.update(t.spool_marks).where(m.name == name).values(place=place)).rowcount == 0:
            connection.execute(sa.insert(t.spool_marks), {"name": name, "place": place})


def _marks(connection: sa.Connection, names: Sequence[str]) -> dict[str, int]:
    m = t.spool_marks.c
    return {row.name: row.place for row in connection.execute(sa.select(m.name, m.place).where(m.name.in_(names)))}


def _forget(connection: sa.Connection, names: Sequence[str]) -> None:
    connection.execute(sa.delete(t.spool_marks).where(t.spool_marks.c.name.in_(names)))


async def replay_raw(house: House, raw_id: int) -> Replayed:
    """Read a kept body again and store what is not there yet; what is stored already stays as it is. Raises LookupError."""
    row = await house.db.read(raw_row, raw_id)
    line = await house.accounts.line(row.channel_id)
    if line is None:
        raise LookupError(f"The channel of raw body {raw_id} is gone")
    events, error = _read(line, hook_of(row))
    events = await asyncio.to_thread(files.put_contents, house.store, events)
    arrival = Arrival(
        channel_id=row.channel_id,
        identity=line.connector.identity,
        hook=hook_of(row),
        events=events,
        error=error,
        raw_id=raw_id,
        secret=house.settings.key,
    )
    stored = await house.db.run(_store_again, arrival)
    messages = sum(isinstance(event, InboundMessage | MessageEdited) for event in events)
    return Replayed(stored=stored, known=max(0, messages - stored), error=error)


async def raw_shown(house: House, raw_id: int) -> raw.RawWhole:
    """A kept body as it may be seen, with what its connector reads in it today. Raises LookupError."""
    row = await house.db.read(raw_row, raw_id)
    line = await house.accounts.line(row.channel_id)
    events, error = _read(line, hook_of(row)) if line is not None else ([], "")
    secrets = await house.db.read(raw.secrets_of, house.vault, row.channel_id)
    return await house.db.read(raw.whole, row, events, error, secrets)


def _store_again(connection: sa.Connection, arrival: Arrival) -> int:
    """What the body left beside messages is said anew, not twice."""
    connection.execute(sa.delete(t.notices).where(t.notices.c.raw_id == arrival.raw_id))
    return receive.store_anyway(connection, arrival).messages


def hook_of(row: Any) -> Hook:
    """The delivery as it came, of a row of raw_bodies."""
    return Hook(method=row.method, url=row.url, headers=row.headers, body=row.body, received_at=row.received_at)


def raw_row(connection: sa.Connection, raw_id: int) -> sa.Row[Any]:
    """A kept body. Raises LookupError."""
    row = connection.execute(sa.select(t.raw_bodies).where(t.raw_bodies.c.id == raw_id)).one_or_none()
    if row is None:
        raise LookupError(f"There is no raw delivery {raw_id}")
    return row
