"""The record of who did what when, of one conversation or of everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.refusals import NotFound
from inbox.views.paging import Page, cut, decode
from inbox.views.shapes import Actor

_e = t.events.c


@dataclass(frozen=True, kw_only=True, slots=True)
class EventShown:
    """One thing that happened. `data` depends on the kind."""

    id: int
    at: datetime
    kind: str
    actor: Actor
    contact_id: int | None
    conversation_id: int | None
    message_id: int | None
    data: dict[str, Any]


def of_conversation(connection: sa.Connection, conversation_id: int, cursor: str | None, limit: int) -> Page[EventShown]:
    """What happened in a conversation, oldest first. Raises NotFound."""
    if connection.scalar(sa.select(t.conversations.c.id).where(t.conversations.c.id == conversation_id)) is None:
        raise NotFound(f"There is no conversation {conversation_id}")
    query = sa.select(t.events).where(_e.conversation_id == conversation_id)
    if cursor:
        query = query.where(_e.id > decode(cursor, int)[0])
    return _page(connection, connection.execute(query.order_by(_e.id).limit(limit + 1)).all(), limit)


def page(
    connection: sa.Connection, kind: str | None, conversation_id: int | None, cursor: str | None, limit: int
) -> Page[EventShown]:
    """What happened, newest first."""
    query = sa.select(t.events)
    if kind is not None:
        query = query.where(_e.kind == kind)
    if conversation_id is not None:
        query = query.where(_e.conversation_id == conversation_id)
    if cursor:
        query = query.where(_e.id < decode(cursor, int)[0])
    return _page(connection, connection.execute(query.order_by(_e.id.desc()).limit(limit + 1)).all(), limit)


def shown(connection: sa.Connection, rows: Sequence[Any]) -> list[EventShown]:
    """Rows of events with the names of those who did it."""
    people = _names(connection, t.managers, rows, "manager")
    contacts = _names(connection, t.contacts, rows, "contact")
    return [_shown(row, {"manager": people, "contact": contacts}) for row in rows]


def _page(connection: sa.Connection, rows: Sequence[Any], limit: int) -> Page[EventShown]:
    ready = {each.id: each for each in shown(connection, rows[:limit])}
    return cut(rows, limit, lambda row: ready[row.id], lambda row: (row.id,))


def _shown(row: Any, names: dict[str, dict[int, str]]) -> EventShown:
    actor = Actor(kind=row.actor_kind, id=row.actor_id, name=names.get(row.actor_kind, {}).get(row.actor_id))
    return EventShown(
        id=row.id, at=row.at, kind=row.kind, actor=actor, contact_id=row.contact_id, conversation_id=row.conversation_id,
        message_id=row.message_id, data=row.data or {},
    )  # fmt: skip


def _names(connection: sa.Connection, table: sa.Table, rows: Sequence[Any], kind: str) -> dict[int, str]:
    ids = {row.actor_id for row in rows if row.actor_kind == kind and row.actor_id is not None}
    if not ids:
        return {}
    return {row.id: row.name for row in connection.execute(sa.select(table.c.id, table.c.name).where(table.c.id.in_(ids)))}
