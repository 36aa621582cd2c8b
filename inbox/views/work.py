"""What work on conversations is done with, as it is shown: labels, reasons to close, macros, links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.actions import closing, keeping
from inbox.refusals import NotFound
from inbox.views.conversations import Conversation, item


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """A label that is offered. `name` stands in conversations; a title may be empty: then the name is shown."""

    id: int
    name: str
    title_en: str
    title_ru: str
    colour: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """All labels, in their order."""

    items: list[Label]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """A reason to close."""

    id: int
    name: str
    title_en: str
    title_ru: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reasons:
    """All reasons in their order, and what has to be said when closing."""

    items: list[Reason]
    reason_required: bool
    summary_required: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Macro:
    """Several actions under one name. `shared`: everybody's; `shortcut`: the digit that runs it."""

    id: int
    name: str
    shared: bool
    shortcut: str | None
    actions: list[dict[str, Any]]
    changed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Macros:
    """One's own and everybody's, in their order."""

    items: list[Macro]


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What is known of a conversation besides its row: how it was closed, where it went, what it has to do with."""

    reason: Reason | None
    summary: str
    merged_into: int | None
    links: list[Conversation]


def labels(connection: sa.Connection) -> Labels:
    return Labels(items=[Label(**row) for row in _offered(connection, t.labels, Label)])


def label(connection: sa.Connection, number: int) -> Label:
    return Label(**_offer(connection, t.labels, Label, number))


def reasons(connection: sa.Connection) -> Reasons:
    found = [Reason(**row) for row in _offered(connection, t.close_reasons, Reason)]
    needed = closing.rules(connection)
    return Reasons(items=found, reason_required=needed[closing.REASON], summary_required=needed[closing.SUMMARY])


def reason(connection: sa.Connection, number: int) -> Reason:
    return Reason(**_offer(connection, t.close_reasons, Reason, number))


def _offered(connection: sa.Connection, table: sa.Table, shape: type[Any]) -> Sequence[Mapping[str, Any]]:
    """The rows that are offered, in their order, with the columns that `shape` has."""
    query = _columns(table, shape).where(table.c.removed_at.is_(None)).order_by(table.c.position, table.c.name)
    return [dict(row) for row in connection.execute(query).mappings()]


def _offer(connection: sa.Connection, table: sa.Table, shape: type[Any], number: int) -> Mapping[str, Any]:
    return dict(connection.execute(_columns(table, shape).where(table.c.id == number)).mappings().one())


def _columns(table: sa.Table, shape: type[Any]) -> sa.Select[Any]:
    return sa.select(*(table.c[each.name] for each in fields(shape)))


def macros(connection: sa.Connection, me: int) -> Macros:
    m = t.macros.c
    mine = sa.or_(m.manager_id.is_(None), m.manager_id == me)
    rows = connection.execute(sa.select(t.macros).where(mine, m.removed_at.is_(None)).order_by(m.position, m.name, m.id))
    return Macros(items=[_macro(row) for row in rows])


def macro(connection: sa.Connection, me: int, number: int) -> Macro:
    """Raises NotFound."""
    return _macro(keeping.macro(connection, me, number))


def _macro(row: Any) -> Macro:
    return Macro(
        id=row.id,
        name=row.name,
        shared=row.manager_id is None,
        shortcut=row.shortcut,
        actions=row.actions,
        changed_at=row.changed_at,
    )


def work(connection: sa.Connection, conversation_id: int) -> Work:
    """Raises NotFound."""
    c = t.conversations.c
    query = sa.select(c.close_reason_id, c.close_summary, c.merged_into, c.status).where(c.id == conversation_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}")
    closed = row.status == "closed"
    said = reason(connection, row.close_reason_id) if closed and row.close_reason_id else None
    summary = (row.close_summary or "") if closed else ""
    return Work(reason=said, summary=summary, merged_into=row.merged_into, links=_links(connection, conversation_id))


def _links(connection: sa.Connection, conversation_id: int) -> list[Conversation]:
    n = t.conversation_links.c
    others: Sequence[int] = connection.scalars(
        sa.select(n.other_id).where(n.conversation_id == conversation_id).order_by(n.created_at, n.other_id).limit(50)
    ).all()
    return [item(connection, number) for number in others]
