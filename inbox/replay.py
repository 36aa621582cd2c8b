"""Bring back what was kept: deliveries in the spool when the database is there again, and any raw body on request."""

import asyncio
from pathlib import Path

import sqlalchemy as sa
import structlog

from channels.base import BadPayload, Hook
from inbox import files, receive, spool
from inbox import schema as t
from inbox.accounts import Line
from inbox.house import House
from inbox.receive import Arrival, Stored

log = structlog.get_logger()


async def drain(house: House) -> None:
    """Replay all spool files, in their order. A file is removed only when every delivery in it is in the database."""
    for path in await asyncio.to_thread(house.spool.waiting):
        await house.db.read(_reachable)
        file = await asyncio.to_thread(house.spool.claim, path)
        if file is None:
            continue
        with file:
            for kept in await asyncio.to_thread(lambda spooled: list(spool.read(spooled)), file):
                line = await house.accounts.line(kept.channel_id)
                if line is not None:
                    await _store(house, line, kept.hook, None)
            await asyncio.to_thread(Path(file.name).unlink)
        log.info("spooled deliveries were stored")


def _reachable(connection: sa.Connection) -> None:
    connection.execute(sa.select(1))


async def replay_raw(house: House, raw_id: int) -> Stored:
    """Parse and store a kept body again: what is stored already stays as it is. Raises LookupError, BadPayload."""
    row = await house.db.read(_raw, raw_id)
    line = await house.accounts.line(row.channel_id)
    if line is None:
        raise LookupError(f"The channel of raw body {raw_id} is gone")
    hook = Hook(method=row.method, url=row.url, headers=row.headers, body=row.body, received_at=row.received_at)
    return await _store(house, line, hook, raw_id)


async def _store(house: House, line: Line, hook: Hook, raw_id: int | None) -> Stored:
    try:
        events = list(line.connector.parse(hook))
        error = ""
    except BadPayload as bad:
        if raw_id is not None:
            raise
        events, error = [], bad.reason
    except Exception as bug:
        if raw_id is not None:
            raise
        log.exception("a connector failed on a spooled body", channel=line.channel.id, kind=line.channel.kind)
        events, error = [], f"{type(bug).__name__} in the connector"
    events = await asyncio.to_thread(files.put_contents, house.store, events)
    arrival = Arrival(
        channel_id=line.channel.id, identity=line.connector.identity, hook=hook, events=events, error=error, raw_id=raw_id
    )
    return await house.db.run(receive.store_anyway, arrival)


def _raw(connection: sa.Connection, raw_id: int) -> sa.Row[tuple[object, ...]]:
    row = connection.execute(sa.select(t.raw_bodies).where(t.raw_bodies.c.id == raw_id)).one_or_none()
    if row is None:
        raise LookupError(f"There is no raw body {raw_id}")
    return row
