"""The way back: what stood in the rows before somebody's step, kept with the step, and put back when they say "Undo".

A step is undone whole or not at all. What somebody else has changed since is never overwritten: the undo is refused.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.actions import resending
from inbox.labels import put
from inbox.record import event, record_all
from inbox.refusals import Conflict, NotAllowed, NotFound
from inbox.store import ids
from inbox.store.within import within

Rows = dict[tuple[str, int], dict[str, Any]]
"""Rows by (table, key), values as JSON holds them."""

_c, _k, _s = t.conversations.c, t.tasks.c, t.undo_steps.c
HARD = frozenset({"status", "snoozed_until", "manager_id", "team_id", "labels", "priority"})
"""What people decide: if it is no longer what the step made of it, somebody else has decided anew."""
_SAID = frozenset({"last_at", "last_text", "last_direction", "last_author", "channel_id", "address"})
_CONVERSATION = (
    *sorted(HARD), *sorted(_SAID), "bot", "unread", "heard_at", "waiting_since", "answer_due", "closed_at", "close_reason_id",
    "close_summary",
)  # fmt: skip
_KEYS = {"conversations": "id", "tasks": "id", "flow_sessions": "conversation_id", "contacts": "id"}


def snapshot(connection: sa.Connection, conversation_ids: Sequence[int]) -> Rows:
    """What a step may change, as it is now."""
    given = {"some": sorted(conversation_ids)}
    mine = sa.select(_c.contact_id).where(within(_c.id, "some"))
    selects: dict[str, sa.Select[Any]] = {
        "conversations": sa.select(_c.id, *(_c[name] for name in _CONVERSATION)).where(within(_c.id, "some")),
        "tasks": sa.select(_k.id, _k.manager_id, _k.team_id, _k.due_at, _k.done_at, _k.done_by).where(
            within(_k.conversation_id, "some"), _k.kind == "answer"
        ),
        "flow_sessions": sa.select(t.flow_sessions).where(within(t.flow_sessions.c.conversation_id, "some")),
        "contacts": sa.select(t.contacts.c.id, t.contacts.c.manager_id).where(t.contacts.c.id.in_(mine)),
    }
    found: Rows = {}
    for table, select in selects.items():
        for row in connection.execute(select, given).mappings():
            found[table, row[_KEYS[table]]] = {name: plain(value) for name, value in row.items()}
    return found


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def values_of(table: sa.Table, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The other way round: what `plain` made of times are times again."""
    return {
        name: datetime.fromisoformat(value) if value is not None and isinstance(table.c[name].type, t.Instant) else value
        for name, value in kept.items()
    }


def keep(connection: sa.Connection, now: datetime, by: int, kind: str, before: Rows, changed: Sequence[int], **more: Any) -> int:
    """Keep what a step changed since `before` was taken; the step's id. `changed`: the conversations that did not refuse."""
    after = snapshot(connection, [key for table, key in before if table == "conversations"])
    return keep_step(connection, now, by, kind, conversations=list(changed), rows=_differences(before, after), **more)


def keep_step(connection: sa.Connection, now: datetime, by: int, kind: str, **data: Any) -> int:
    step_id = ids.one(connection, "undo_steps")
    connection.execute(sa.insert(t.undo_steps).values(id=step_id, manager_id=by, kind=kind, data=data, at=now))
    return step_id


def _differences(before: Rows, after: Rows) -> list[dict[str, Any]]:
    found = []
    for (table, key), was in before.items():
        became = after.get((table, key))
        changed = {name: value for name, value in was.items() if became is None or became[name] != value}
        if changed:
            now = None if became is None else {name: became[name] for name in changed}
            found.append({"table": table, "key": key, "was": changed, "became": now})
    return found


Undoer = Callable[[sa.Connection, datetime, int, Mapping[str, Any]], None]
UNDOERS: dict[str, Undoer] = {}
"""Steps that move messages have ways back of their own (see `inbox.actions.regrouping`)."""


def undo(connection: sa.Connection, now: datetime, by: int, step_id: int) -> list[int]:
    """Take a step back; the conversations it concerned. Raises NotFound, NotAllowed or Conflict, and then nothing has changed."""
    step = connection.execute(sa.select(t.undo_steps).where(_s.id == step_id).with_for_update()).one_or_none()
    if step is None:
        raise NotFound(f"There is no step {step_id}")
    if step.manager_id != by:
        raise NotAllowed("Only who did it can undo it")
    if step.undone_at is not None:
        raise Conflict("This has been undone already")
    connection.execute(sa.update(t.undo_steps).where(_s.id == step_id).values(undone_at=now))
    UNDOERS.get(step.kind, _put_back)(connection, now, by, step.data)
    touched = [int(number) for number in step.data["conversations"]]
    _tell(connection, now, by, step.kind, touched)
    return touched


def _tell(connection: sa.Connection, now: datetime, by: int, kind: str, touched: Iterable[int]) -> None:
    about = connection.execute(sa.select(_c.id, _c.contact_id).where(within(_c.id, "some")), {"some": list(touched)}).all()
    said = [
        event(
            now, "conversation.undone", actor_kind="manager", actor_id=by, contact_id=row.contact_id, conversation_id=row.id,
            what=kind,
        )
        for row in about
    ]  # fmt: skip
    record_all(connection, said)
    for row in about:
        live.tell(connection, "conversation", conversation_id=row.id)
    live.tell(connection, "counts")


def _put_back(connection: sa.Connection, now: datetime, by: int, data: Mapping[str, Any]) -> None:
    current = snapshot(connection, data["conversations"])
    for row in data["rows"]:
        _require_untouched(row, current.get((row["table"], row["key"])))
    sent = not _call_back(connection, now, by, data.get("messages", ()))
    _take_notes_back(connection, now, data.get("notes", ()))
    # Calling a message back settles some of the columns by itself: look again at what stands there.
    current = snapshot(connection, data["conversations"]) | {key: row for key, row in current.items() if not sent}
    for row in data["rows"]:
        _restore(connection, row, current.get((row["table"], row["key"])), sent=sent)


def _require_untouched(row: Mapping[str, Any], current: Mapping[str, Any] | None) -> None:
    became = row["became"]
    if row["table"] != "conversations" or became is None or current is None:
        return
    if any(current[name] != became[name] for name in HARD & became.keys()):
        raise Conflict("Somebody has changed this conversation since: it stays as it is now")


def _call_back(connection: sa.Connection, now: datetime, by: int, message_ids: Iterable[int]) -> bool:
    """Whether all that was to be sent could be held back."""
    held = True
    for message_id in message_ids:
        try:
            resending.cancel(connection, now, by, message_id)
        except Conflict:
            held = False
    return held


def _take_notes_back(connection: sa.Connection, now: datetime, message_ids: Sequence[int]) -> None:
    if message_ids:
        mine = within(t.messages.c.id, "some")
        connection.execute(sa.update(t.messages).where(mine).values(deleted_at=now), {"some": list(message_ids)})


def _restore(connection: sa.Connection, row: Mapping[str, Any], current: Mapping[str, Any] | None, *, sent: bool) -> None:
    """`sent`: a message has gone, so only what people decided goes back, not what the message settled."""
    table = t.metadata.tables[row["table"]]
    if row["became"] is None:
        if current is None and not sent:
            connection.execute(sa.insert(table).values(values_of(table, row["was"])))
    elif current is not None and not (sent and row["table"] == "tasks"):
        left = {name: value for name, value in row["was"].items() if current[name] == row["became"][name]}
        if sent:
            left = {name: value for name, value in left.items() if name in HARD - {"status"}}
        _write(connection, table, row, left)


def _write(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any], left: dict[str, Any]) -> None:
    if left.get("status", "closed") != "closed" and row["became"]["status"] == "closed":
        _require_alone(connection, row["key"])
    if row["table"] == "tasks" and "done_at" in left and _other_task(connection, row["key"]):
        return
    if "labels" in left:
        put(connection, row["key"], left.pop("labels"))
    if left:
        key = table.c[_KEYS[row["table"]]]
        connection.execute(sa.update(table).where(key == row["key"]).values(values_of(table, left)))


def _require_alone(connection: sa.Connection, conversation_id: int) -> None:
    contact = sa.select(_c.contact_id).where(_c.id == conversation_id).scalar_subquery()
    other = connection.scalar(sa.select(_c.id).where(_c.contact_id == contact, _c.status != "closed", _c.id != conversation_id))
    if other is not None:
        raise Conflict(f"This customer has a newer conversation that is still going on ({other}): go on there")


def _other_task(connection: sa.Connection, task_id: int) -> bool:
    """Whether the conversation has an open task to answer by now: there is at most one."""
    mine = sa.select(_k.conversation_id).where(_k.id == task_id).scalar_subquery()
    open_answers = sa.and_(_k.kind == "answer", _k.done_at.is_(None), _k.id != task_id)
    return connection.scalar(sa.select(_k.id).where(_k.conversation_id == mine, open_answers)) is not None
