"""What is due: open tasks by their time, done ones newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.refusals import NotFound
from inbox.views.paging import Page, beyond, cut, decode
from inbox.views.shapes import Named, named

_t = t.tasks.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """Something due. `kind`: answer (made by a request) or reminder (made by a person). `late`: due and not done."""

    id: int
    kind: str
    title: str
    contact: Named
    conversation_id: int | None
    manager: Named | None
    team: Named | None
    due_at: datetime
    created_at: datetime
    done_at: datetime | None
    late: bool


def page(
    connection: sa.Connection,
    now: datetime,
    *,
    manager: int | None = None,
    nobody: bool = False,
    people: Sequence[int] | sa.Select[Any] | None = None,
    done: bool,
    cursor: str | None,
    limit: int,
) -> Page[Task]:
    """Open tasks, the most urgent first; or done ones, the newest first. Those about some `people`, or about everybody."""
    query = _tasks().where(_t.done_at.is_not(None) if done else _t.done_at.is_(None))
    if people is not None:
        query = query.where(_t.contact_id.in_(people))
    if nobody:
        query = query.where(_t.manager_id.is_(None))
    elif manager is not None:
        query = query.where(_t.manager_id == manager)
    if cursor:
        query = query.where(_beyond(cursor, done))
    order = (_t.id.desc(),) if done else (_t.due_at, _t.id)
    rows = connection.execute(query.order_by(*order).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: _task(row, now), lambda row: (row.id,) if done else (row.due_at, row.id))


def one(connection: sa.Connection, task_id: int, now: datetime) -> Task:
    """A task. Raises NotFound."""
    row = connection.execute(_tasks().where(_t.id == task_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no task {task_id}")
    return _task(row, now)


def _beyond(cursor: str, done: bool) -> sa.ColumnElement[bool]:
    if done:
        last: int = decode(cursor, int)[0]
        return _t.id < last
    return beyond((_t.due_at, _t.id), decode(cursor, datetime, int), descending=False)


def _tasks() -> sa.Select[Any]:
    return (
        sa.select(
            t.tasks, t.contacts.c.name.label("contact_name"), t.managers.c.name.label("manager_name"),
            t.teams.c.name.label("team_name"),
        )
        .join(t.contacts, t.contacts.c.id == _t.contact_id)
        .outerjoin(t.managers, t.managers.c.id == _t.manager_id)
        .outerjoin(t.teams, t.teams.c.id == _t.team_id)
    )  # fmt: skip


def _task(row: Any, now: datetime) -> Task:
    return Task(
        id=row.id, kind=row.kind, title=row.title, contact=Named(id=row.contact_id, name=row.contact_name),
        conversation_id=row.conversation_id, manager=named(row.manager_id, row.manager_name),
        team=named(row.team_id, row.team_name), due_at=row.due_at, created_at=row.created_at, done_at=row.done_at,
        late=row.done_at is None and row.due_at < now,
    )  # fmt: skip
