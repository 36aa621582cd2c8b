"""Cards that are new or changed since the last look: receive pays nothing, the worker looks afterwards."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from inbox import schema as t

PAGE = 20
SETTLED = timedelta(seconds=5)
"""A row of a transaction that ended later than its neighbours' may have a lower id: nothing younger is passed over."""
_m = t.care_marks.c


def changed(connection: sa.Connection, now: datetime) -> set[int]:
    """The next contacts to look at, the marks moved behind them. Empty when there is nothing new."""
    c, i, e = t.contacts.c, t.identities.c, t.events.c
    found: set[int] = set()
    for name, key, at, query in (
        ("contacts", c.id, c.created_at, sa.select(c.id, c.id)),
        ("identities", i.id, i.created_at, sa.select(i.id, i.contact_id)),
        ("events", e.id, e.at, sa.select(e.id, e.contact_id, e.data).where(e.kind.like("contact.%"))),
    ):
        found |= _next(connection, name, key, query.where(at <= now - SETTLED), now)
    return found


def _next(connection: sa.Connection, name: str, key: sa.ColumnElement[int], query: "sa.Select[Any]", now: datetime) -> set[int]:
    last = connection.scalar(sa.select(_m.last_id).where(_m.name == name).with_for_update())
    if last is None:
        last = _start(connection, name, key)
    rows = connection.execute(
        query.where(key > last, *([key <= last + _SPAN] if name == "events" else [])).order_by(key).limit(PAGE)
    ).all()
    newest = rows[-1][0] if rows else _skip(connection, last, now) if name == "events" else last
    if newest != last:
        connection.execute(sa.update(t.care_marks).where(_m.name == name).values(last_id=newest))
    others = {row[2].get(word) for row in rows if len(row) > 2 and isinstance(row[2], dict) for word in ("merged", "new")}
    return {row[1] for row in rows if row[1]} | {each for each in others if isinstance(each, int)}


_SPAN = 20_000
"""Events are read by their id, few of them are of cards: so far one look goes."""


def _start(connection: sa.Connection, name: str, key: sa.ColumnElement[int]) -> int:
    """Everybody who is there already is looked at, in pages; what has happened so far is no news."""
    last = int(connection.scalar(sa.select(sa.func.max(key))) or 0) if name == "events" else 0
    connection.execute(sa.insert(t.care_marks).values(name=name, last_id=last))
    return last


def _skip(connection: sa.Connection, last: int, now: datetime) -> int:
    """Over a stretch in which no card changed, once it is over."""
    e = t.events.c
    beyond = connection.scalar(sa.select(e.at).where(e.id > last + _SPAN).order_by(e.id).limit(1))
    return last + _SPAN if beyond is not None and beyond <= now - SETTLED else last
