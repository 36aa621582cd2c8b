"""Undo an import: cards that it made go, unless somebody has used them; cards that it changed get back what stood there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from inbox import schema as t
from inbox.imports import employers
from inbox.store import bulk

_USED = (t.conversations, t.messages, t.tasks, t.reaches, t.recipients)
"""Whoever has a row here was spoken with: the card stays."""


def take_back(connection: sa.Connection, now: datetime, import_id: int, count: int) -> dict[str, int] | None:
    """Undo the last `count` rows that are not undone; how many came to what, None if nothing is left."""
    r = t.import_rows.c
    query = sa.select(t.import_rows).where(r.import_id == import_id, r.outcome != "wrong").order_by(r.row.desc()).limit(count)
    rows = connection.execute(query).all()
    if not rows:
        employers.close(connection, import_id)
        return None
    for row in rows:
        if row.outcome == "matched":
            _restore(connection, row.contact_id, row.change)
    employers.leave(connection, import_id, [row.contact_id for row in rows if row.outcome == "matched"])
    made = [row.contact_id for row in rows if row.outcome == "new"]
    removed = _remove(connection, import_id, made)
    done = sa.delete(t.import_rows).where(r.import_id == import_id, r.row.in_([row.row for row in rows]))
    connection.execute(done)
    return {"removed": removed, "kept": len(made) - removed, "restored": len(rows) - len(made)}


def _remove(connection: sa.Connection, import_id: int, contacts: Sequence[int]) -> int:
    """Delete the cards that nobody has used since; how many these were."""
    if not contacts:
        return 0
    used: set[int] = set(connection.scalars(sa.select(t.contacts.c.merged_into).where(t.contacts.c.merged_into.in_(contacts))))
    used |= set(
        connection.scalars(sa.select(t.contacts.c.id).where(t.contacts.c.id.in_(contacts), t.contacts.c.merged_into.is_not(None)))
    )
    used |= employers.touched(connection, import_id, contacts)
    for table in _USED:
        used |= set(connection.scalars(sa.select(table.c.contact_id).distinct().where(table.c.contact_id.in_(contacts))))
    free = [each for each in contacts if each not in used]
    try:
        with bulk.savepoint(connection):
            _delete(connection, free)
    except IntegrityError:  # something else refers to one of them: find out to which
        return sum(_delete_one(connection, each) for each in free)
    return len(free)


def _delete_one(connection: sa.Connection, contact_id: int) -> bool:
    try:
        with bulk.savepoint(connection):
            _delete(connection, [contact_id])
    except IntegrityError:
        return False
    return True


def _delete(connection: sa.Connection, contacts: Sequence[int]) -> None:
    for table in (t.identities, t.contact_tags, t.employments):
        connection.execute(sa.delete(table).where(table.c.contact_id.in_(contacts)))
    connection.execute(sa.delete(t.contacts).where(t.contacts.c.id.in_(contacts)))


def _restore(connection: sa.Connection, contact_id: int, change: dict[str, Any]) -> None:
    """Put back what the import changed, where it still stands as the import wrote it: what a person edited since stays."""
    card = connection.execute(sa.select(t.contacts).where(t.contacts.c.id == contact_id).with_for_update()).one_or_none()
    if card is None:
        return
    values: dict[str, Any] = {}
    for name in ("name", "language", "timezone", "manager_id"):
        if name in change and getattr(card, name) == change[name][1]:
            values[name] = change[name][0]
    if "fields" in change:
        values["fields"] = _fields(card.fields, change["fields"])
    if values:
        connection.execute(sa.update(t.contacts).where(t.contacts.c.id == contact_id).values(values))
    employers.take_up(connection, change.get("left", {}))
    tag, i = t.contact_tags.c, t.identities.c
    if tags := change.get("tags"):
        connection.execute(sa.delete(t.contact_tags).where(tag.contact_id == contact_id, tag.tag.in_(tags)))
    for kind, address in change.get("addresses", ()):
        mine = sa.and_(i.contact_id == contact_id, i.kind == kind, i.address == address)
        connection.execute(sa.delete(t.identities).where(mine, ~_heard(contact_id, address)))


def _heard(contact_id: int, address: str) -> Any:
    """Whether a channel has come to know the address: then it is no longer only the import's."""
    r = t.reaches.c
    return sa.exists().where(r.contact_id == contact_id, r.address == address)


def _fields(now: dict[str, Any], change: dict[str, list[Any]]) -> dict[str, Any]:
    fields = dict(now)
    for key, (before, after) in change.items():
        if fields.get(key) == after:
            if before is None:
                del fields[key]
            else:
                fields[key] = before
    return fields
