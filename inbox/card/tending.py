"""The worker's stop that tends people's cards: looks at new and changed ones, and goes on with a look through everybody."""

import asyncio
from datetime import UTC, datetime

import sqlalchemy as sa

from inbox.db import Database
from inbox.duplicates import through
from inbox.duplicates.finding import look
from inbox.duplicates.watching import changed

REST = 1.0
"""Seconds between two pages of new cards: customers' messages come first."""
BREATH = 0.05


def tend(connection: sa.Connection, now: datetime) -> int:
    """Look at the next cards that are new or changed; how many there were."""
    wanted = changed(connection, now)
    look(connection, now, wanted)
    return len(wanted)


async def tend_all(db: Database) -> None:
    """Everything that waits, a page at a time."""
    while await db.run(tend, datetime.now(UTC)):  # noqa: ASYNC110 a rest, not a wait
        await asyncio.sleep(REST)
    while (run := await db.read(through.going)) is not None:
        await db.run(through.step, datetime.now(UTC), run)
        await asyncio.sleep(BREATH)
