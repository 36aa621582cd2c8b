"""What people do with an import: bring a file, say what its columns are, look, begin, stop, undo, throw away."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import phonenumbers
import sqlalchemy as sa

from inbox import live, queue
from inbox import schema as t
from inbox.imports import cards, columns
from inbox.imports.reading import Inspected
from inbox.record import record
from inbox.refusals import Conflict, Invalid, NotFound
from inbox.store import ids

WORKING = ("checking", "running", "undoing")
STOP = "imports"
"""The worker's stop."""


def add(connection: sa.Connection, now: datetime, by: int | None, name: str, file: str, size: int, seen: Inspected) -> int:
    """Note a file that was brought; its id. Columns are guessed."""
    import_id = ids.one(connection, "imports")
    row = {
        "id": import_id, "name": name[-200:], "file": file, "size": size, "format": seen.layout.format,
        "encoding": seen.layout.encoding, "delimiter": seen.layout.delimiter, "headings": seen.headings, "sample": seen.sample,
        "mapping": columns.guess(seen.headings, seen.sample), "options": {}, "state": "new", "total": seen.total,
        "manager_id": by, "created_at": now,
    }  # fmt: skip
    connection.execute(sa.insert(t.imports).values(row))
    _tell(connection, import_id)
    return import_id


def change(connection: sa.Connection, now: datetime, import_id: int, wanted: Mapping[str, Any]) -> None:
    """Say what the columns are (`mapping`) and how to write (`options`). Raises NotFound, Conflict or Invalid."""
    row = require(connection, import_id, ("new", "checked"))
    values: dict[str, Any] = {}
    if "mapping" in wanted:
        cards.check_mapping(wanted["mapping"], len(row.headings))
        values["mapping"] = wanted["mapping"]
    if options := {name: wanted[name] for name in ("country", "existing", "verified", "tags") if name in wanted}:
        if options.get("country") and options["country"] not in phonenumbers.SUPPORTED_REGIONS:
            raise Invalid("country", "Countries are named by two letters, like RU")
        values["options"] = {**row.options, **options}
    if values:
        _set(connection, import_id, **values, state="new", checked=None)


def read_again(connection: sa.Connection, import_id: int, seen: Inspected) -> None:
    """The file was looked at with another encoding or delimiter."""
    require(connection, import_id, ("new", "checked"))
    _set(
        connection, import_id, encoding=seen.layout.encoding, delimiter=seen.layout.delimiter, headings=seen.headings,
        sample=seen.sample, mapping=columns.guess(seen.headings, seen.sample), total=seen.total, state="new", checked=None,
    )  # fmt: skip


def check(connection: sa.Connection, now: datetime, import_id: int) -> None:
    """Begin a dry run."""
    require(connection, import_id, ("new", "checked"))
    _begin(connection, import_id, state="checking", place=0, counts={}, checked=None)


def start(connection: sa.Connection, now: datetime, by: int | None, import_id: int) -> None:
    """Begin, or go on after a stop."""
    row = require(connection, import_id, ("new", "checked", "stopped"))
    cards.check_mapping(row.mapping, len(row.headings))
    if row.state == "stopped":
        _begin(connection, import_id, state="running")
        return
    connection.execute(sa.delete(t.import_rows).where(t.import_rows.c.import_id == import_id))
    _begin(connection, import_id, state="running", place=0, counts={}, started_at=now)
    record(connection, now, "import.started", **_by(by), import_id=import_id)


def stop(connection: sa.Connection, now: datetime, import_id: int) -> None:
    """Have it rest after the batch that is being written."""
    row = require(connection, import_id, ("checking", "running"))
    _set(connection, import_id, state="stopped" if row.state == "running" else "new")


def undo(connection: sa.Connection, now: datetime, by: int | None, import_id: int) -> None:
    """Take back everything that it did."""
    require(connection, import_id, ("done", "stopped", "failed"))
    _begin(connection, import_id, state="undoing", counts={})
    record(connection, now, "import.undone", **_by(by), import_id=import_id)


def drop(connection: sa.Connection, now: datetime, import_id: int) -> str:
    """Forget an import, also how to undo it; its file's name. The people stay."""
    row = require(connection, import_id, ("new", "checked", "stopped", "done", "undone", "failed"))
    connection.execute(sa.delete(t.imports).where(t.imports.c.id == import_id))
    _tell(connection, import_id)
    return str(row.file)


def require(connection: sa.Connection, import_id: int, states: tuple[str, ...] = ()) -> sa.Row[Any]:
    """The row, kept from others until the transaction ends. Raises NotFound, or Conflict if it is in another state."""
    row = connection.execute(sa.select(t.imports).where(t.imports.c.id == import_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"There is no import {import_id}")
    if states and row.state not in states:
        raise Conflict(f"This import is {row.state}")
    return row


def _begin(connection: sa.Connection, import_id: int, **values: Any) -> None:
    _set(connection, import_id, **values, error="", finished_at=None)
    queue.wake(connection, STOP)


def _set(connection: sa.Connection, import_id: int, **values: Any) -> None:
    connection.execute(sa.update(t.imports).where(t.imports.c.id == import_id).values(values))
    _tell(connection, import_id)


def _tell(connection: sa.Connection, import_id: int) -> None:
    live.tell(connection, "import", import_id=import_id)


def _by(manager_id: int | None) -> dict[str, Any]:
    return {"actor_kind": "manager", "actor_id": manager_id} if manager_id else {"actor_kind": "system"}
