"""The worker's part of imports: batch after batch, each with its mark in one transaction, so that a crash doubles nothing."""

import asyncio
import csv
import hashlib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite

from inbox import live
from inbox import schema as t
from inbox.house import House
from inbox.imports import cards, reading, undo, write
from inbox.imports.desk import WORKING
from inbox.imports.doubts import doubts
from inbox.record import record
from inbox.store import bulk

BATCH = 500
"""Rows in one transaction: some fifty milliseconds, for which an operator's own writing waits at most."""
LEASE = timedelta(seconds=30)
log = structlog.get_logger()
Clock = Callable[[], datetime]


class _Lost(Exception):
    """Another worker has it now, or somebody stopped it."""


def _now() -> datetime:
    return datetime.now(UTC)


def folder(data: Path) -> Path:
    """Where the files lie until they are taken in."""
    return data / "imports"


async def drain(house: House, clock: Clock = _now) -> None:
    """Work until nothing is left."""
    while (row := await house.db.run(claim, clock(), house.name)) is not None:
        try:
            await (_undo if row.state == "undoing" else _read)(house, clock, row)
        except _Lost:
            continue
        except (OSError, UnicodeError, ValueError, KeyError, csv.Error, zipfile.BadZipFile) as error:
            log.warning("an import failed", import_id=row.id, error=type(error).__name__)
            await house.db.run(_fail, clock(), row.id, "The file cannot be read any further")


def claim(connection: sa.Connection, now: datetime, holder: str) -> Any:
    """The oldest import that waits for work and that no other worker has; None if there is none."""
    i = t.imports.c
    for row in connection.execute(sa.select(t.imports).where(i.state.in_(WORKING)).order_by(i.id)):
        if _lease(connection, now, row.id, holder):
            return row
    return None


def _lease(connection: sa.Connection, now: datetime, import_id: int, holder: str) -> bool:
    held = t.leases.c
    name = f"import:{import_id}"
    free = sa.or_(held.until < now, held.holder == holder)
    taken = sa.update(t.leases).where(held.name == name, free).values(holder=holder, until=now + LEASE)
    if connection.execute(taken).rowcount:
        return True
    fresh = {"name": name, "holder": holder, "until": now + LEASE}
    connection.execute(_LEASE[connection.dialect.name], fresh)
    return bool(connection.scalar(sa.select(held.holder).where(held.name == name)) == holder)


def _renew(connection: sa.Connection, now: datetime, row: Any, place: int | None, holder: str) -> None:
    """Raises _Lost unless the import is still ours, in this state and at this place: then a batch may be written."""
    kept = connection.execute(sa.select(t.imports).where(t.imports.c.id == row.id).with_for_update()).one_or_none()
    if kept is None or kept.state != row.state or (place is not None and kept.place != place):
        raise _Lost
    if not _lease(connection, now, row.id, holder):
        raise _Lost


async def _read(house: House, clock: Clock, row: Any) -> None:
    """A dry run, or the real one, from where it stands."""
    layout = reading.Layout(format=row.format, encoding=row.encoding, delimiter=row.delimiter)
    options = cards.Options.of(row.options)
    place = 0 if row.state == "checking" else row.place
    step = _Check(row.id) if row.state == "checking" else _take_in
    with closing(reading.rows(folder(house.settings.data) / row.file, layout)) as found:
        await asyncio.to_thread(_skip, found, place + 1)
        while batch := await asyncio.to_thread(_batch, found, place, row.mapping, options):
            if isinstance(step, _Check):
                step.warned = await asyncio.to_thread(_warned, batch)
            await house.db.run(_write, clock(), row, place, batch, options, step, house.name)
            if isinstance(step, _Check):
                step.remember(batch)
            place += len(batch)
    await house.db.run(_finish, clock(), row, place, house.name)
    if row.state == "running":
        await asyncio.to_thread((folder(house.settings.data) / row.file).unlink, missing_ok=True)


def _skip(found: Iterator[reading.Row], count: int) -> None:
    for _ in islice(found, count):
        continue


def _batch(found: Iterator[reading.Row], place: int, mapping: Any, options: cards.Options) -> list[cards.Row]:
    return [cards.read(place + n, cells, mapping, options) for n, cells in enumerate(islice(found, BATCH), 1)]


def _warned(batch: list[cards.Row]) -> int:
    return sum(1 for row in batch if not row.troubles and doubts(row.card))


def _write(
    connection: sa.Connection,
    now: datetime,
    row: Any,
    place: int,
    batch: list[cards.Row],
    options: cards.Options,
    step: Any,
    holder: str,
) -> None:
    """A batch and its mark."""
    if row.state == "checking" and place == 0:
        connection.execute(sa.delete(t.import_rows).where(t.import_rows.c.import_id == row.id))
        connection.execute(sa.update(t.imports).where(t.imports.c.id == row.id).values(place=0, counts={}))
    _renew(connection, now, row, place, holder)
    counts = step(connection, now, row.id, batch, options)
    kept = connection.scalar(sa.select(t.imports.c.counts).where(t.imports.c.id == row.id)) or {}
    values = {"place": place + len(batch), "counts": {name: kept.get(name, 0) + number for name, number in counts.items()}}
    connection.execute(sa.update(t.imports).where(t.imports.c.id == row.id).values(values))
    live.tell(connection, "import", import_id=row.id)


_take_in = write.take_in


class _Check:
    """A dry run: decides as the real one would and keeps only what is wrong. Whom earlier rows of the file would have made is
    known by eight bytes an address."""

    def __init__(self, import_id: int) -> None:
        self._seen: set[bytes] = set()
        self.warned = 0
        """Rows of the batch in which something looks wrong: found out before its transaction, which others wait for."""

    def __call__(
        self, connection: sa.Connection, now: datetime, import_id: int, batch: list[cards.Row], options: cards.Options
    ) -> dict[str, int]:
        known = write.load(connection, now, import_id, [row.card for row in batch])
        again = [row for row in batch if not row.troubles and self._met(row.card, known)]
        met = {row.number for row in again}
        result = write.decide([row for row in batch if row.number not in met], known, options, _Fresh())
        bulk.insert(
            connection, t.import_rows, [{"import_id": import_id, **each} for each in result.rows if each["outcome"] == "wrong"]
        )
        result.counts["unchanged" if options.existing == "skip" else "matched"] += len(again)
        return result.counts | {"warned": self.warned}

    def remember(self, batch: list[cards.Row]) -> None:
        """Only once the batch is written: a transaction may be run again."""
        for row in batch:
            if not row.troubles:
                self._seen.update(_digest(key) for key in row.card.addresses)

    def _met(self, card: cards.Card, known: write.Known) -> bool:
        keys = card.addresses
        return not card.number and any(_digest(k) in self._seen for k in keys) and not any(k in known.by_address for k in keys)


class _Fresh:
    """Ids of cards that a dry run would make: below zero, so that they are nobody's."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self) -> int:
        self._last -= 1
        return self._last


def _digest(key: tuple[str, str]) -> bytes:
    return hashlib.blake2b(f"{key[0]}:{key[1]}".encode(), digest_size=8).digest()


def _finish(connection: sa.Connection, now: datetime, row: Any, place: int, holder: str) -> None:
    _renew(connection, now, row, place if row.state == "running" or place else None, holder)
    counts = connection.scalar(sa.select(t.imports.c.counts).where(t.imports.c.id == row.id)) or {}
    if row.state == "checking":
        values: dict[str, Any] = {"state": "checked", "checked": counts, "counts": {}, "place": 0, "total": place}
    else:
        values = {"state": "done", "total": place, "finished_at": now, "file": "", "sample": []}
        record(connection, now, "import.done", import_id=row.id, **counts)
    connection.execute(sa.update(t.imports).where(t.imports.c.id == row.id).values(values))
    _leave(connection, row.id)


async def _undo(house: House, clock: Clock, row: Any) -> None:
    while await house.db.run(_take_back, clock(), row, house.name):
        continue


def _take_back(connection: sa.Connection, now: datetime, row: Any, holder: str) -> bool:
    _renew(connection, now, row, None, holder)
    counts = undo.take_back(connection, now, row.id, BATCH)
    i = t.imports.c
    if counts is None:
        connection.execute(sa.update(t.imports).where(i.id == row.id).values(state="undone", finished_at=now))
        _leave(connection, row.id)
        return False
    kept = connection.scalar(sa.select(i.counts).where(i.id == row.id)) or {}
    summed = {name: kept.get(name, 0) + count for name, count in counts.items()}
    connection.execute(sa.update(t.imports).where(i.id == row.id).values(counts=summed))
    live.tell(connection, "import", import_id=row.id)
    return True


def _fail(connection: sa.Connection, now: datetime, import_id: int, error: str) -> None:
    connection.execute(
        sa.update(t.imports).where(t.imports.c.id == import_id).values(state="failed", error=error, finished_at=now)
    )
    _leave(connection, import_id)


def _leave(connection: sa.Connection, import_id: int) -> None:
    connection.execute(sa.delete(t.leases).where(t.leases.c.name == f"import:{import_id}"))
    live.tell(connection, "import", import_id=import_id)


_LEASE = {
    "sqlite": sqlite.insert(t.leases).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(t.leases).on_conflict_do_nothing(),
}
