"""Away by hand with a time to be back, and away by itself where the person wants that: who is given nothing new."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.presence.board import Here
from inbox.record import record
from inbox.refusals import Invalid

_m = t.managers.c


def change(connection: sa.Connection, now: datetime, me: int, wanted: Mapping[str, Any]) -> None:
    """Change one's own `available`, `back_at`, `away_minutes`, `away_pauses`. A time to be back makes away. Raises Invalid."""
    values = dict(wanted)
    back_at = values.get("back_at")
    if back_at is not None:
        if back_at <= now:
            raise Invalid("back_at", "This time has passed")
        if values.get("available"):
            raise Invalid("back_at", "Who is here is not back later")
        values["available"] = False
    if "available" in values:
        values |= {"back_at": back_at, "paused_at": None}
    if values:
        connection.execute(sa.update(t.managers).where(_m.id == me).values(values))
        _told(connection, now, me, sorted(values.keys() - {"paused_at"}), me)


def anybody_due(connection: sa.Connection, now: datetime) -> bool:
    """Whether somebody's time to be back has come."""
    return connection.execute(sa.select(_m.id).where(_m.back_at <= now).limit(1)).first() is not None


def come_back(connection: sa.Connection, now: datetime) -> int:
    """Those whose time to be back has come are available again."""
    due = list(connection.scalars(sa.select(_m.id).where(_m.back_at <= now).order_by(_m.id)))
    for manager_id in due:
        values = {"available": True, "back_at": None, "paused_at": None}
        connection.execute(sa.update(t.managers).where(_m.id == manager_id).values(values))
        _told(connection, now, manager_id, ["available"])
    return len(due)


def follow(
    connection: sa.Connection, now: datetime, here: Mapping[int, Here], seen: Mapping[int, datetime]
) -> tuple[list[int], list[int]]:
    """Pause those who are away and want to get nothing new then; let them go on when they are here. (paused, returned)"""
    paused, back = to_change(connection, now, here, seen)
    _set(connection, now, paused, {"available": False, "paused_at": now})
    _set(connection, now, back, {"available": True, "paused_at": None})
    return paused, back


def to_change(
    connection: sa.Connection, now: datetime, here: Mapping[int, Here], seen: Mapping[int, datetime]
) -> tuple[list[int], list[int]]:
    """Whom `follow` would pause and whom let go on. Of whom nothing was ever heard (Redis is new) nothing is decided."""
    concerned = sa.or_(sa.and_(_m.away_pauses, _m.available), _m.paused_at.is_not(None))
    rows = connection.execute(
        sa.select(_m.id, _m.available, _m.away_minutes, _m.paused_at).where(concerned, _m.disabled_at.is_(None)).order_by(_m.id)
    ).all()
    paused = [row.id for row in rows if row.available and _is_away(row, now, here, seen)]
    back = [row.id for row in rows if row.paused_at is not None and row.id in here and here[row.id].state == "online"]
    return paused, back


def _is_away(row: Any, now: datetime, here: Mapping[int, Here], seen: Mapping[int, datetime]) -> bool:
    if row.id in here:
        return here[row.id].state == "away"
    return row.id in seen and now - seen[row.id] >= timedelta(minutes=row.away_minutes)


def _set(connection: sa.Connection, now: datetime, managers: Collection[int], values: Mapping[str, Any]) -> None:
    for manager_id in managers:
        connection.execute(sa.update(t.managers).where(_m.id == manager_id).values(dict(values)))
        _told(connection, now, manager_id, ["available"])


def _told(connection: sa.Connection, now: datetime, manager_id: int, fields: list[str], by: int | None = None) -> None:
    actor: dict[str, Any] = {"actor_kind": "manager", "actor_id": by} if by else {"actor_kind": "system"}
    record(connection, now, "manager.changed", **actor, manager_id=manager_id, fields=fields)
    live.tell(connection, "manager", manager_id=manager_id)
