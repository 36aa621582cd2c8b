"""A colleague's answer that does not reach the customer is none: the request waits again, with the task and the time it had."""

from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t

_m, _k, _c = t.messages.c, t.tasks.c, t.conversations.c


def wait_again(connection: sa.Connection, message_id: int) -> None:
    """Undo what `outgoing` settled when it queued this message, unless somebody has answered since or it was closed."""
    query = sa.select(_m.conversation_id, _m.created_at, _m.author_kind, _m.send_at, _c.status)
    message = connection.execute(query.join(t.conversations, _c.id == _m.conversation_id).where(_m.id == message_id)).one()
    task = _task(connection, message) if message.author_kind == "manager" and message.status != "closed" else None
    if task is None or _said_since(connection, message_id, message):
        return
    connection.execute(sa.update(t.tasks).where(_k.id == task.id).values(done_at=None, done_by=None))
    values = {"status": "open", "snoozed_until": None, "waiting_since": task.created_at, "answer_due": task.due_at}
    connection.execute(sa.update(t.conversations).where(_c.id == message.conversation_id).values(values))
    live.tell(connection, "conversation", conversation_id=message.conversation_id)
    live.tell(connection, "task", task_id=task.id)
    live.tell(connection, "counts")


def _task(connection: sa.Connection, message: Any) -> Any:
    """The task that this message finished, if no other is open by now."""
    mine = sa.and_(_k.conversation_id == message.conversation_id, _k.kind == "answer")
    if connection.scalar(sa.select(_k.id).where(mine, _k.done_at.is_(None))) is not None:
        return None
    finished = sa.select(_k.id, _k.created_at, _k.due_at).where(mine, _k.done_at == message.created_at)
    return connection.execute(finished.order_by(_k.id.desc()).limit(1)).one_or_none()


def _said_since(connection: sa.Connection, message_id: int, message: Any) -> bool:
    """Whether another answer of a person is on its way or with the customer."""
    others = sa.select(_m.id).where(
        _m.conversation_id == message.conversation_id,
        _m.id != message_id,
        _m.direction == "out",
        _m.author_kind == "manager",
        _m.created_at >= message.created_at,
        _m.state != "failed",
    )
    return connection.execute(others.limit(1)).first() is not None
