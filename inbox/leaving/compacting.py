"""SQLite keeps old bytes in free pages and in its log: rewrite the file, so that what was erased is nowhere in it.

On PostgreSQL there is nothing to do here: dead rows go with its own vacuum.
"""

import asyncio
import sqlite3
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
import structlog

from inbox import schema as t
from inbox.house import House
from inbox.settings import Settings
from inbox.store.gate import Gate

LARGE = 512 * 1024 * 1024
"""Bytes of a database that is not rewritten unasked: meanwhile nothing can be written, and deliveries wait in the spool."""
PATIENCE = 10.0
"""Seconds to wait until no reader looks at the log any more."""
TRY = 50
"""Milliseconds that one try to empty the log waits for readers. Writers stand still as long; between two tries is their turn."""
log = structlog.get_logger()
_e = t.erasures.c


async def compact(house: House, now: datetime, *, unless_large: bool = False) -> bool:
    """Rewrite the file if an erasure was done since the last time. False if there is nothing to do, or it is left for later."""
    waiting = await house.db.read(_waiting)
    if not waiting or not house.settings.sqlite:
        return False
    path = database(house.settings)
    if unless_large and path.stat().st_size > LARGE:
        log.warning("the database is large: run `switchboard contacts compact` to leave no old bytes behind")
        return False
    try:
        await asyncio.to_thread(rewrite, house.settings)
    except sqlite3.OperationalError as error:
        log.warning("the database could not be rewritten", error=str(error))
        return False
    await house.db.run(_note, now, waiting)
    return True


def database(settings: Settings) -> Path:
    """SQLite's file."""
    return Path(sa.engine.make_url(settings.sqlalchemy_url).database or "")


def rewrite(settings: Settings) -> None:
    """VACUUM, then empty the log. Raises sqlite3.OperationalError where another program does not let go of the database."""
    gate = Gate(settings.data / "write.lock")
    try:
        with closing(sqlite3.connect(database(settings), timeout=PATIENCE, isolation_level=None)) as connection:
            with gate:
                connection.execute("VACUUM")
            connection.execute(f"PRAGMA busy_timeout = {TRY}")
            end = time.monotonic() + PATIENCE
            while not _emptied(gate, connection):
                if time.monotonic() > end:
                    raise sqlite3.OperationalError("readers do not let go of the log")
                time.sleep(TRY / 1000)
    finally:
        gate.close()


def _emptied(gate: Gate, connection: sqlite3.Connection) -> bool:
    """Whether the log is empty now. Readers of an old state are waited for outside of the gate."""
    with gate:
        return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]


def _waiting(connection: sa.Connection) -> list[int]:
    return list(connection.scalars(sa.select(_e.id).where(_e.state == "done", _e.compacted_at.is_(None))))


def _note(connection: sa.Connection, now: datetime, erasures: list[int]) -> None:
    connection.execute(sa.update(t.erasures).where(_e.id.in_(erasures)).values(compacted_at=now))
