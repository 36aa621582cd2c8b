"""Two requests of one person become one, one becomes two, two are named together. Messages move; events stay where they were."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.actions import undoing
from inbox.actions.conversations import require
from inbox.delivery.outgoing import preview
from inbox.labels import put
from inbox.record import record
from inbox.refusals import Conflict, Invalid
from inbox.store import ids
from inbox.store.within import within

_c, _m, _k, _l = t.conversations.c, t.messages.c, t.tasks.c, t.conversation_links.c
_OPEN_ANSWER = sa.and_(_k.kind == "answer", _k.done_at.is_(None))
_STATE = (
    "status", "manager_id", "team_id", "bot", "unread", "priority", "heard_at", "seen_at", "waiting_since",
    "answer_due", "snoozed_until", "closed_at", "close_reason_id", "close_summary",
)  # fmt: skip
"""What goes along with the later part of a request."""
_REST: Mapping[str, Any] = {
    "status": "closed", "unread": 0, "heard_at": None, "waiting_since": None, "answer_due": None, "snoozed_until": None,
    "bot": False,
}  # fmt: skip
"""What a request is from which everything has gone."""


def merge(connection: sa.Connection, now: datetime, by: int, conversation_id: int, other_id: int) -> tuple[int, int]:
    """Both become one: the one that goes on, else the later; (its id, the step to take back).

    Raises NotFound, Invalid for itself, or Conflict for two people's.
    """
    if conversation_id == other_id:
        raise Invalid("with", "This is the same conversation")
    rows = [require(connection, number) for number in sorted((conversation_id, other_id))]
    if rows[0].contact_id != rows[1].contact_id:
        raise Conflict("These are conversations of two customers: merge the customers first, if they are one person")
    if any(row.merged_into is not None for row in rows):
        raise Conflict("One of them was merged already")
    kept, gone = sorted(rows, key=lambda row: (row.status != "closed", row.opened_at, row.id), reverse=True)
    moved = _ids(connection, sa.select(_m.id).where(_m.conversation_id == gone.id))
    tasks = _ids(connection, sa.select(_k.id).where(_k.conversation_id == gone.id, _k.done_at.is_(None)))
    _move(connection, moved, kept.id)
    _move_tasks(connection, tasks, kept.id)
    labels = list(dict.fromkeys([*kept.labels, *gone.labels]))
    put(connection, kept.id, labels)
    _set(connection, kept.id, opened_at=min(kept.opened_at, gone.opened_at))
    _set(connection, gone.id, merged_into=kept.id)
    _point(connection, kept.id)
    was = {"opened_at": kept.opened_at.isoformat(), "labels": [kept.labels, labels]}
    step = undoing.keep_step(
        connection,
        now,
        by,
        "merge",
        conversations=[kept.id, gone.id],
        kept=kept.id,
        gone=gone.id,
        moved=moved,
        tasks=tasks,
        was=was,
    )
    _note(connection, now, by, kept, "conversation.merged", other=gone.id, messages=len(moved), step=step)
    _note(connection, now, by, gone, "conversation.merged_away", other=kept.id, step=step)
    return kept.id, step


def split(connection: sa.Connection, now: datetime, by: int, conversation_id: int, message_id: int) -> tuple[int, int]:
    """From this message on it is another request; (its id, the step to take back).

    What goes on, goes on in the new one; the old one is closed. Raises NotFound, Invalid or Conflict.
    """
    old = require(connection, conversation_id)
    at = connection.execute(sa.select(_m.at, _m.id).where(_m.id == message_id, _m.conversation_id == old.id)).one_or_none()
    if at is None:
        raise Invalid("message_id", "There is no such message in this conversation")
    later = sa.tuple_(_m.at, _m.id) >= sa.tuple_(sa.literal(at.at, t.Instant), sa.literal(at.id))
    moved = _ids(connection, sa.select(_m.id).where(_m.conversation_id == old.id, later))
    left = sa.select(_m.id).where(_m.conversation_id == old.id, _m.direction != "note", _m.id.not_in(sa.select(_m.id).where(
        _m.conversation_id == old.id, later))).limit(1)  # fmt: skip
    if connection.scalar(left) is None:
        raise Conflict("This is the first message: there would be nothing left of the conversation")
    new_id = ids.one(connection, "conversations")
    row = dict(old._mapping) | {"id": new_id, "token": secrets.token_urlsafe(12), "opened_at": at.at, "merged_into": None}
    _set(connection, old.id, **_REST, closed_at=old.closed_at or now)
    connection.execute(sa.insert(t.conversations).values(row))
    put(connection, new_id, old.labels)
    tasks = _ids(connection, sa.select(_k.id).where(_k.conversation_id == old.id, _OPEN_ANSWER))
    _move(connection, moved, new_id)
    _move_tasks(connection, tasks, new_id)
    _move_bot(connection, old.id, new_id)
    for number in (old.id, new_id):
        _point(connection, number)
    step = undoing.keep_step(connection, now, by, "split", conversations=[old.id, new_id], old=old.id, new=new_id, tasks=tasks)
    _note(connection, now, by, old, "conversation.split", other=new_id, messages=len(moved), step=step)
    _note(connection, now, by, row, "conversation.split_off", other=old.id, step=step)
    return new_id, step


def _undo_merge(connection: sa.Connection, now: datetime, by: int, data: Mapping[str, Any]) -> None:
    """Only what is still where the merge had put it goes back: what was written since stays with the kept one."""
    kept, gone = require(connection, data["kept"]), require(connection, data["gone"])
    if gone.merged_into != kept.id:
        raise Conflict("The conversation was merged further since: undo that first")
    here = {"some": data["moved"]}
    moved = _ids(connection, sa.select(_m.id).where(_m.conversation_id == kept.id, within(_m.id, "some")), here)
    _move(connection, moved, gone.id)
    _move_tasks(connection, data["tasks"], gone.id)
    before, after = data["was"]["labels"]
    opened_at = datetime.fromisoformat(data["was"]["opened_at"])
    _set(connection, kept.id, opened_at=opened_at)
    if kept.labels == after:
        put(connection, kept.id, before)
    _set(connection, gone.id, merged_into=None)
    for number in (kept.id, gone.id):
        _point(connection, number)


def _undo_split(connection: sa.Connection, now: datetime, by: int, data: Mapping[str, Any]) -> None:
    """Everything goes back, also what was written since; the one that was split off stays as an empty, merged one."""
    old, new = require(connection, data["old"]), require(connection, data["new"])
    if new.merged_into is not None or old.merged_into is not None:
        raise Conflict("One of them was merged since: undo that first")
    if old.status != "closed":
        raise Conflict("Both conversations go on by now: merge them instead")
    _move(connection, _ids(connection, sa.select(_m.id).where(_m.conversation_id == new.id)), old.id)
    _set(connection, new.id, **_REST, closed_at=new.closed_at or now, merged_into=old.id)
    _set(connection, old.id, **{name: getattr(new, name) for name in _STATE})
    put(connection, old.id, new.labels)
    _move_tasks(connection, _ids(connection, sa.select(_k.id).where(_k.conversation_id == new.id, _k.done_at.is_(None))), old.id)
    _move_bot(connection, new.id, old.id)
    _point(connection, old.id)


undoing.UNDOERS.update(merge=_undo_merge, split=_undo_split)


def link(connection: sa.Connection, now: datetime, by: int, conversation_id: int, other_id: int) -> None:
    """Name them together, whosever they are. Twice is once. Raises NotFound, or Invalid for itself."""
    if conversation_id == other_id:
        raise Invalid("other", "This is the same conversation")
    rows = [require(connection, number) for number in sorted((conversation_id, other_id))]
    known = sa.select(_l.other_id).where(_l.conversation_id == conversation_id, _l.other_id == other_id)
    if connection.scalar(known) is not None:
        return
    pairs = ((conversation_id, other_id), (other_id, conversation_id))
    made = [{"conversation_id": a, "other_id": b, "created_by": by, "created_at": now} for a, b in pairs]
    connection.execute(sa.insert(t.conversation_links), made)
    for row, other in zip(rows, reversed(rows), strict=True):
        _note(connection, now, by, row, "conversation.linked", other=other.id)


def unlink(connection: sa.Connection, now: datetime, by: int, conversation_id: int, other_id: int) -> None:
    """Take the link away, from both. Nothing happens where there is none. Raises NotFound."""
    rows = [require(connection, number) for number in sorted({conversation_id, other_id})]
    pair = sa.and_(_l.conversation_id.in_((conversation_id, other_id)), _l.other_id.in_((conversation_id, other_id)))
    if connection.execute(sa.delete(t.conversation_links).where(pair)).rowcount:
        for row, other in zip(rows, reversed(rows), strict=True):
            _note(connection, now, by, row, "conversation.unlinked", other=other.id)


def _ids(connection: sa.Connection, query: sa.Select[Any], given: Mapping[str, Any] | None = None) -> list[int]:
    return [int(number) for number in connection.scalars(query, given or {})]


def _set(connection: sa.Connection, conversation_id: int, **values: Any) -> None:
    connection.execute(sa.update(t.conversations).where(_c.id == conversation_id).values(values))


def _move(connection: sa.Connection, message_ids: Sequence[int], to: int) -> None:
    moving = sa.update(t.messages).where(within(_m.id, "some")).values(conversation_id=to)
    connection.execute(moving, {"some": list(message_ids)})


def _move_tasks(connection: sa.Connection, task_ids: Iterable[int], to: int) -> None:
    """At most one open task to answer a conversation: where there is one, another stays where it was."""
    taken = connection.scalar(sa.select(_k.id).where(_k.conversation_id == to, _OPEN_ANSWER)) is not None
    here = within(_k.id, "some")
    chosen = sa.and_(here, ~_OPEN_ANSWER) if taken else here
    connection.execute(sa.update(t.tasks).where(chosen).values(conversation_id=to), {"some": list(task_ids)})


def _move_bot(connection: sa.Connection, before: int, to: int) -> None:
    s = t.flow_sessions.c.conversation_id
    connection.execute(sa.update(t.flow_sessions).where(s == before).values(conversation_id=to))


def _point(connection: sa.Connection, conversation_id: int) -> None:
    """The list shows what was said last in it, and answers go where that came or went."""
    said = sa.select(_m.at, _m.text, _m.kind, _m.direction, _m.author_kind, _m.channel_id, _m.address).where(
        _m.conversation_id == conversation_id, _m.direction != "note", _m.deleted_at.is_(None)
    )
    last = connection.execute(said.order_by(_m.at.desc(), _m.id.desc()).limit(1)).one_or_none()
    if last is None:
        return
    values = {"last_at": last.at, "last_text": preview(last.text, kind=last.kind), "last_direction": last.direction}
    values |= {"last_author": last.author_kind, "channel_id": last.channel_id}
    _set(connection, conversation_id, **values, **({"address": last.address} if last.address else {}))
    live.tell(connection, "conversation", conversation_id=conversation_id)
    live.tell(connection, "counts")


def _note(connection: sa.Connection, now: datetime, by: int, row: Any, kind: str, **data: Any) -> None:
    named = row if isinstance(row, dict) else row._mapping
    about = {"contact_id": named["contact_id"], "conversation_id": named["id"]}
    record(connection, now, kind, actor_kind="manager", actor_id=by, **about, **data)
    live.tell(connection, "conversation", conversation_id=named["id"])
