"""Flows as the installation keeps them: their text, whether they are on, and nothing that does not load."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.record import record
from inbox.segments.named import loaded
from inbox.store import ids

_F = t.flows.c


def put(
    connection: sa.Connection, now: datetime, source: str, *, enabled: bool = True, by: int | None = None
) -> tuple[int, bool]:
    """Add a flow, or give the one of the same name this text. Returns (id, whether it is new). Raises FlowError."""
    flow = loaded(connection, source)
    known = connection.execute(sa.select(_F.id, _F.version).where(_F.name == flow.name).with_for_update()).one_or_none()
    values: dict[str, Any] = {"source": source, "language": flow.languages[0], "changed_at": now}
    if known is None:
        number = ids.one(connection, "flows")
        row = values | {"id": number, "name": flow.name, "enabled": enabled, "created_at": now}
        connection.execute(sa.insert(t.flows).values(row))
    else:
        number = known.id
        connection.execute(sa.update(t.flows).where(_F.id == number).values(values | {"version": known.version + 1}))
    _told(connection, now, "flow.changed" if known else "flow.added", number, by)
    return number, known is None


def switch(connection: sa.Connection, now: datetime, number: int, *, enabled: bool, by: int | None = None) -> None:
    """Turn a flow on or off. Raises LookupError if there is none."""
    done = connection.execute(sa.update(t.flows).where(_F.id == number).values(enabled=enabled, changed_at=now))
    if done.rowcount == 0:
        raise LookupError(f"There is no flow {number}")
    _told(connection, now, "flow.enabled" if enabled else "flow.disabled", number, by)


def every(connection: sa.Connection) -> list[dict[str, Any]]:
    """All flows without their text, by name."""
    columns = (_F.id, _F.name, _F.language, _F.version, _F.enabled, _F.changed_at)
    return [dict(row) for row in connection.execute(sa.select(*columns).order_by(_F.name, _F.id)).mappings()]


def source(connection: sa.Connection, number: int) -> str:
    """A flow's text. Raises LookupError if there is none."""
    found = connection.scalar(sa.select(_F.source).where(_F.id == number))
    if found is None:
        raise LookupError(f"There is no flow {number}")
    return str(found)


def _told(connection: sa.Connection, now: datetime, what: str, number: int, by: int | None) -> None:
    actor: dict[str, Any] = {"actor_kind": "manager", "actor_id": by} if by is not None else {}
    record(connection, now, what, flow_id=number, **actor)
    live.tell(connection, "flow", flow_id=number)
