"""Ask for somebody to be erased, and take it back while there is time."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from inbox import live, queue
from inbox import schema as t
from inbox.actions.contacts import require
from inbox.record import record
from inbox.refusals import Conflict, Invalid
from inbox.store import ids

STOP = "leaving"
"""The worker's stop."""
PAUSE = 1
"""Days between asking and erasing, unless somebody says otherwise."""
LONGEST = 30

_e = t.erasures.c


def ask(connection: sa.Connection, now: datetime, by: int | None, contact_id: int, number: str, days: int = PAUSE) -> int:
    """Have a person erased in `days`; the erasure's id. `number`: the card's personal number, typed, so that nobody erases
    another one by a slip. Raises NotFound, Conflict or Invalid."""
    card = require(connection, contact_id)
    if number.strip() != card.number:
        raise Invalid("number", "This is not the personal number on the card")
    if open_of(connection, contact_id) is not None:
        raise Conflict("This person is to be erased already")
    erasure_id = ids.one(connection, "erasures")
    row = {"id": erasure_id, "contact_id": contact_id, "state": "asked", "asked_at": now, "asked_by": by}
    connection.execute(sa.insert(t.erasures).values(row | {"due_at": now + timedelta(days=days)}))
    _note(connection, now, by, "contact.erasure_asked", contact_id, erasure_id)
    if days == 0:
        queue.wake(connection, STOP)
    return erasure_id


def take_back(connection: sa.Connection, now: datetime, by: int | None, contact_id: int) -> None:
    """The person stays after all. Raises NotFound, or Conflict where nobody asked, or it has begun."""
    require(connection, contact_id)
    row = open_of(connection, contact_id)
    if row is None:
        raise Conflict("Nobody asked for this person to be erased")
    mine = (_e.id == row.id, _e.state == "asked")
    if not connection.execute(sa.update(t.erasures).where(*mine).values(state="undone", undone_at=now, undone_by=by)).rowcount:
        raise Conflict("It has begun: what is erased cannot be brought back")
    _note(connection, now, by, "contact.erasure_undone", contact_id, row.id)


def open_of(connection: sa.Connection, contact_id: int) -> Any:
    """The erasure that waits or runs; None if there is none."""
    waiting = (_e.contact_id == contact_id, _e.state.in_(("asked", "running")))
    return connection.execute(sa.select(t.erasures).where(*waiting).order_by(_e.id.desc()).limit(1)).one_or_none()


def last_of(connection: sa.Connection, contact_id: int) -> Any:
    """The newest erasure of a contact, whatever became of it."""
    newest = sa.select(t.erasures).where(_e.contact_id == contact_id).order_by(_e.id.desc()).limit(1)
    return connection.execute(newest).one_or_none()


def _note(connection: sa.Connection, now: datetime, by: int | None, kind: str, contact_id: int, erasure_id: int) -> None:
    actor: dict[str, Any] = {"actor_kind": "manager", "actor_id": by} if by is not None else {}
    record(connection, now, kind, contact_id=contact_id, erasure=erasure_id, **actor)
    live.tell(connection, "contact", contact_id=contact_id)
