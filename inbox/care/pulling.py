"""Run the channels that are pulled (IMAP, polling, a listening port), each in one process at a time, from where it stopped."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
import structlog

from channels.base import BadPayload, ChannelError, Hook, Misconfigured
from channels.events import JSON
from inbox import live
from inbox import schema as t
from inbox.accounts import Line
from inbox.db import DatabaseDown
from inbox.house import House

log = structlog.get_logger()
LEASE = timedelta(seconds=15)
LOOK = 2.0
PAUSES = (1, 2, 5, 15, 30, 60)


async def pull_all(house: House) -> None:
    """Keep a puller going for every channel that wants one and that no other process pulls."""
    running: dict[int, tuple[int, asyncio.Task[None]]] = {}
    try:
        while True:
            try:
                await _look(house, running)
            except DatabaseDown:
                pass
            except Exception:
                log.exception("pulling could not be looked after")
            await asyncio.sleep(LOOK)
    finally:
        for _, task in running.values():
            task.cancel()
        await asyncio.gather(*(task for _, task in running.values()), return_exceptions=True)


async def _look(house: House, running: dict[int, tuple[int, "asyncio.Task[None]"]]) -> None:
    lines = {
        n: line for n, line in (await house.accounts.lines()).items() if line.connector.pulls and line.channel.state != "disabled"
    }
    mine = await house.db.run(lease, datetime.now(UTC), house.name, list(lines)) if lines else set()
    for number, (version, task) in list(running.items()):
        if number not in mine or lines[number].channel.version != version or task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            del running[number]
    for number in mine - running.keys():
        running[number] = (lines[number].channel.version, asyncio.create_task(_pull(house, lines[number])))


def lease(connection: sa.Connection, now: datetime, holder: str, channel_ids: list[int]) -> set[int]:
    """Take or renew the right to pull these channels. Returns those that are this process's."""
    c = t.channels.c
    free = sa.or_(c.pulled_until.is_(None), c.pulled_until < now, c.pulled_by == holder)
    take = sa.update(t.channels).where(c.id.in_(channel_ids), free).values(pulled_by=holder, pulled_until=now + LEASE)
    connection.execute(take)
    return set(connection.execute(sa.select(c.id).where(c.pulled_by == holder, c.id.in_(channel_ids))).scalars())


async def _pull(house: House, line: Line) -> None:
    """Pull one channel for ever, with growing pauses after failures."""
    failures = 0

    async def accept(hook: Hook, cursor: Mapping[str, JSON]) -> None:
        nonlocal failures
        failures = 0
        line.connector.verify(hook)
        try:
            await house.intake.take(line, hook, cursor)
        except BadPayload:
            log.warning("an unreadable delivery was kept", channel=line.channel.id)

    while True:
        try:
            cursor = await house.db.read(_cursor, line.channel.id)
            await house.db.run(note_health, line.channel.id, "")
            await line.connector.pull(cursor, accept)
        except ChannelError as error:
            await _note(house, line, error)
        except DatabaseDown:
            log.warning("pulling waits for the database", channel=line.channel.id)
        except Exception:
            log.exception("a puller failed", channel=line.channel.id, kind=line.channel.kind)
        await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
        failures += 1


async def _note(house: House, line: Line, error: ChannelError) -> None:
    log.warning("pulling failed", channel=line.channel.id, kind=line.channel.kind, error=type(error).__name__)
    try:
        reason = error.reason if isinstance(error, Misconfigured) else f"{error.reason}; it is tried again"
        await house.db.run(note_health, line.channel.id, reason)
    except DatabaseDown:
        return


def _cursor(connection: sa.Connection, channel_id: int) -> Mapping[str, JSON]:
    cursor: Mapping[str, JSON] = connection.execute(
        sa.select(t.channels.c.cursor).where(t.channels.c.id == channel_id)
    ).scalar_one()
    return cursor


def note_health(connection: sa.Connection, channel_id: int, error: str) -> None:
    """Say on the channel's page whether it can be pulled."""
    c = t.channels.c
    values = {"state": "failing" if error else "ok", "error": error}
    changed = sa.update(t.channels).where(c.id == channel_id, c.state != "disabled", c.error != error).values(values)
    if connection.execute(changed).rowcount:
        live.tell(connection, "channel", channel_id=channel_id)
