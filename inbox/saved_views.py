"""Views of one's own: named filters of conversations, private or shared, in the order that each person wants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.refusals import Invalid, NotAllowed, NotFound
from inbox.store import ids

MOST = 200
"""Views of one person: more is a mistake of a program."""
_v = t.saved_views.c


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedView:
    """A view as one person sees it. `mine`: they made it, and only they change it."""

    id: int
    name: str
    filter: dict[str, Any]
    shared: str
    team: int | None
    mine: bool


def visible(connection: sa.Connection, me: int) -> list[SavedView]:
    """My own views and those shared with me, in my order; new ones last."""
    mine = sa.select(t.team_members.c.team_id).where(t.team_members.c.manager_id == me)
    seen = sa.or_(_v.manager_id == me, _v.shared == "all", sa.and_(_v.shared == "team", _v.team_id.in_(mine)))
    rows = connection.execute(sa.select(t.saved_views).where(_v.deleted_at.is_(None), seen).order_by(_v.id)).all()
    place = {number: n for n, number in enumerate(_order(connection, me))}
    rows = sorted(rows, key=lambda row: (place.get(row.id, len(place)), row.id))
    return [_shown(row, me) for row in rows]


def add(connection: sa.Connection, now: datetime, me: int, wanted: Mapping[str, Any]) -> SavedView:
    """Save a view of mine. Raises Invalid."""
    count = connection.scalar(sa.select(sa.func.count()).where(_v.manager_id == me, _v.deleted_at.is_(None))) or 0
    if count >= MOST:
        raise Invalid("name", f"You have {MOST} views already: delete some first")
    row = {"id": ids.one(connection, "saved_views"), "manager_id": me, "created_at": now, **_values(connection, wanted)}
    connection.execute(sa.insert(t.saved_views).values(row))
    _tell(connection)
    return _shown(_row(connection, row["id"]), me)


def change(connection: sa.Connection, me: int, view_id: int, wanted: Mapping[str, Any]) -> SavedView:
    """Change a view of mine. Raises NotFound, NotAllowed, Invalid."""
    row = _own(connection, me, view_id)
    if row.deleted_at is not None:
        raise NotFound(f"There is no view {view_id}")
    if "shared" in wanted or "team" in wanted:
        wanted = {"shared": row.shared, "team": None if wanted.get("shared") in ("private", "all") else row.team_id, **wanted}
    if values := _values(connection, wanted):
        connection.execute(sa.update(t.saved_views).where(_v.id == view_id).values(values))
        _tell(connection)
    return _shown(_row(connection, view_id), me)


def delete(connection: sa.Connection, now: datetime, me: int, view_id: int) -> None:
    """Take a view of mine away, for everybody; `restore` brings it back. Raises NotFound, NotAllowed."""
    _own(connection, me, view_id)
    connection.execute(sa.update(t.saved_views).where(_v.id == view_id, _v.deleted_at.is_(None)).values(deleted_at=now))
    _tell(connection)


def restore(connection: sa.Connection, me: int, view_id: int) -> SavedView:
    """Undo `delete`: the view is where it was. Raises NotFound, NotAllowed."""
    _own(connection, me, view_id)
    connection.execute(sa.update(t.saved_views).where(_v.id == view_id).values(deleted_at=None))
    _tell(connection)
    return _shown(_row(connection, view_id), me)


def order(connection: sa.Connection, me: int, view_ids: Sequence[int]) -> list[SavedView]:
    """I want my views in this order; those not named follow. Each person has an order of their own."""
    values = {"view_ids": list(dict.fromkeys(view_ids))}
    mine = t.view_orders.c.manager_id == me
    if not connection.execute(sa.update(t.view_orders).where(mine).values(values)).rowcount:
        connection.execute(sa.insert(t.view_orders).values(manager_id=me, **values))
    _tell(connection)
    return visible(connection, me)


def _order(connection: sa.Connection, me: int) -> list[int]:
    return connection.scalar(sa.select(t.view_orders.c.view_ids).where(t.view_orders.c.manager_id == me)) or []


def _row(connection: sa.Connection, view_id: int) -> Any:
    return connection.execute(sa.select(t.saved_views).where(_v.id == view_id)).one_or_none()


def _own(connection: sa.Connection, me: int, view_id: int) -> Any:
    row = _row(connection, view_id)
    if row is None or (row.manager_id != me and row.shared == "private"):
        raise NotFound(f"There is no view {view_id}")
    if row.manager_id != me:
        raise NotAllowed("Only who made this view can change it")
    return row


def _values(connection: sa.Connection, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of what was asked for. Raises Invalid where it is not said with whom a view is shared."""
    values = {name: wanted[name] for name in ("name", "filter", "shared") if name in wanted}
    if "shared" in wanted:
        team = wanted.get("team")
        if (wanted["shared"] == "team") != (team is not None):
            raise Invalid("team", "Say which team, and only when sharing with a team")
        if team is not None and connection.scalar(sa.select(t.teams.c.id).where(t.teams.c.id == team)) is None:
            raise Invalid("team", f"There is no team {team}")
        values["team_id"] = team
    return values


def _shown(row: Any, me: int) -> SavedView:
    return SavedView(id=row.id, name=row.name, filter=row.filter, shared=row.shared, team=row.team_id, mine=row.manager_id == me)


def _tell(connection: sa.Connection) -> None:
    """Lists of views are asked for again with the counts."""
    live.tell(connection, "views")
