"""Reminders that people make for themselves and others, and what they do with all tasks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.actions.conversations import require_colleague
from inbox.record import record
from inbox.refusals import Invalid, NotFound
from inbox.store import ids


def add(
    connection: sa.Connection,
    now: datetime,
    by: int,
    *,
    title: str,
    due_at: datetime,
    contact_id: int | None = None,
    conversation_id: int | None = None,
    manager: int | None = None,
) -> int:
    """Remind `manager` (or whoever asks) of something about a contact; the task's id. Raises Invalid."""
    contact_id = _about(connection, contact_id, conversation_id)
    if manager is not None:
        require_colleague(connection, manager, "manager")
    task_id = ids.one(connection, "tasks")
    row = {"id": task_id, "kind": "reminder", "title": title, "contact_id": contact_id, "conversation_id": conversation_id}
    connection.execute(sa.insert(t.tasks).values(row | {"manager_id": manager or by, "due_at": due_at, "created_at": now}))
    about = {"contact_id": contact_id, "conversation_id": conversation_id, "task_id": task_id}
    record(connection, now, "task.added", actor_kind="manager", actor_id=by, **about)
    live.tell(connection, "task", task_id=task_id)
    return task_id


def change(connection: sa.Connection, now: datetime, by: int, task_id: int, wanted: Mapping[str, Any]) -> None:
    """Apply what is named in `wanted`: done, due_at, manager, title. Raises NotFound or Invalid."""
    task = connection.execute(sa.select(t.tasks).where(t.tasks.c.id == task_id)).one_or_none()
    if task is None:
        raise NotFound(f"There is no task {task_id}")
    values = _values(connection, task, now, by, wanted)
    if not values:
        return
    connection.execute(sa.update(t.tasks).where(t.tasks.c.id == task_id).values(values))
    about = {"contact_id": task.contact_id, "conversation_id": task.conversation_id, "task_id": task_id}
    kind = "task.done" if values.get("done_at") else "task.changed"
    record(connection, now, kind, actor_kind="manager", actor_id=by, **about, fields=sorted(values))
    live.tell(connection, "task", task_id=task_id)


def _values(connection: sa.Connection, task: Any, now: datetime, by: int, wanted: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: wanted[name] for name in ("due_at", "title") if name in wanted}
    if "manager" in wanted:
        if wanted["manager"] is not None:
            require_colleague(connection, wanted["manager"], "manager")
        values["manager_id"] = wanted["manager"]
    if "done" in wanted and wanted["done"] != (task.done_at is not None):
        if task.kind == "answer" and not wanted["done"] and _has_open_answer(connection, task.conversation_id):
            raise Invalid("done", "This conversation has another open task to answer")
        values |= {"done_at": now, "done_by": by} if wanted["done"] else {"done_at": None, "done_by": None}
    return values


def _has_open_answer(connection: sa.Connection, conversation_id: int) -> bool:
    k = t.tasks.c
    query = sa.select(k.id).where(k.conversation_id == conversation_id, k.kind == "answer", k.done_at.is_(None))
    return connection.scalar(query) is not None


def _about(connection: sa.Connection, contact_id: int | None, conversation_id: int | None) -> int:
    """The contact whom a task is about."""
    if conversation_id is not None:
        query = sa.select(t.conversations.c.contact_id).where(t.conversations.c.id == conversation_id)
        found = connection.scalar(query)
        if found is None:
            raise Invalid("conversation_id", f"There is no conversation {conversation_id}")
        if contact_id not in (None, found):
            raise Invalid("contact_id", "This conversation is with somebody else")
        return int(found)
    if contact_id is None:
        raise Invalid("contact_id", "Say whom it is about: contact_id or conversation_id")
    if connection.scalar(sa.select(t.contacts.c.id).where(t.contacts.c.id == contact_id)) is None:
        raise Invalid("contact_id", f"There is no contact {contact_id}")
    return contact_id
