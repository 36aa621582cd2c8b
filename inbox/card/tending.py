"""The worker's stop that tends people's cards: looks at new and changed ones, and goes on with a look through everybody."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import sqlalchemy as sa

from inbox.db import Database
from inbox.duplicates import through
from inbox.duplicates.finding import look
from inbox.duplicates.watching import changed
from inbox.quality import look as quality
from inbox.quality import repairs
from inbox.quality import through as quality_through

BREATH = 0.05
"""Seconds between two pages."""


def tend(connection: sa.Connection, now: datetime) -> int:
    """Look at the next cards that are new or changed; how many there were."""
    wanted = changed(connection, now)
    look(connection, now, wanted)
    quality.look(connection, now, wanted)
    return len(wanted)


async def tend_all(db: Database, quiet: Callable[[], Awaitable[None]]) -> None:
    """Everything that waits, a page at a time; what people wait for at a page goes first, and customers' messages before each:
    `quiet` returns when none is being answered or sent."""
    while (batch := await db.read(repairs.going)) is not None:
        await db.run(repairs.step, datetime.now(UTC), batch)
        await asyncio.sleep(BREATH)
    await quiet()
    while await db.run(tend, datetime.now(UTC)):
        await asyncio.sleep(BREATH)
        await quiet()
    while (run := await db.read(through.going)) is not None:
        await quiet()
        await db.run(through.step, datetime.now(UTC), run)
    if await db.read(quality_through.latest) is None:  # cards that were here before the rules
        await db.run(quality_through.begin, datetime.now(UTC), None)
    while (checked := await db.read(quality_through.going)) is not None:
        await quiet()
        await db.run(quality_through.step, datetime.now(UTC), checked)
        await asyncio.sleep(BREATH)
