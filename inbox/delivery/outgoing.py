"""Queue a message to a customer: the row that `deliver` takes, and what changes in its conversation. Notes too, unsent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live, queue
from inbox import schema as t
from inbox.delivery.reach import SHUT, Reach, reaches
from inbox.record import event, record_all
from inbox.store import ids

OPERATOR, BOT, BROADCAST = 0, 1, 2
"""Priorities: the lower one overtakes."""
PREVIEW = 200
"""Characters of a message that the list of conversations shows."""


class CannotSend(Exception):
    """The message cannot be queued; `reason` is for the operator, `field` what they should change."""

    def __init__(self, reason: str, *, field: str = "channel_id") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


@dataclass(frozen=True, kw_only=True, slots=True)
class NewFile:
    """A file that is already stored (`sha256`), or that deliver has to fetch first (`url`)."""

    kind: str
    name: str
    mime: str
    size: int | None = None
    sha256: str | None = None
    url: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What somebody wants to say in a conversation."""

    conversation_id: int
    author_kind: str
    author_id: int | None = None
    text: str = ""
    html: str | None = None
    channel_id: int | None = None
    address: str | None = None
    """Where it must go, of several addresses on the channel."""
    choices: Sequence[Mapping[str, str]] = ()
    files: Sequence[NewFile] = ()
    template: Mapping[str, Any] | None = None
    reply_to: int | None = None
    subject: str | None = None
    idempotency_key: str | None = None
    note: bool = False
    send_at: datetime | None = None
    priority: int = OPERATOR
    data: Mapping[str, Any] = field(default_factory=dict)


def queue_message(connection: sa.Connection, now: datetime, draft: Draft) -> int:
    """Write one message and all that follows from it; returns its id. Raises CannotSend, LookupError for a wrong conversation.

    The same `idempotency_key` again returns the first message's id and writes nothing. What a manager says in a closed
    conversation goes into the contact's open one, or reopens it.
    """
    if draft.idempotency_key is not None and (known := _known(connection, draft.idempotency_key)):
        return known
    conversation = connection.execute(_CONVERSATION, {"id": draft.conversation_id}).one_or_none()
    if conversation is None:
        raise LookupError(f"There is no conversation {draft.conversation_id}")
    answering = draft.author_kind == "manager" and not draft.note
    if answering and conversation.status == "closed":
        conversation = _current(connection, conversation)
    way = None if draft.note else choose(connection, conversation, draft, now)
    if answering and conversation.status == "closed":
        _reopen(connection, now, conversation, draft)
    message_id = ids.one(connection, "messages")
    connection.execute(sa.insert(t.messages), _row(message_id, conversation, draft, way, now))
    _add_files(connection, message_id, conversation, way, draft, now)
    _touch(connection, conversation, draft, way, now)
    kind = "note.added" if draft.note else "message.queued"
    about = {"contact_id": conversation.contact_id, "conversation_id": conversation.id, "message_id": message_id}
    record_all(connection, [event(now, kind, actor_kind=draft.author_kind, actor_id=draft.author_id, **about)])
    live.tell(connection, "message", conversation_id=conversation.id, message_id=message_id)
    wait = 0.0 if draft.send_at is None else (draft.send_at - now).total_seconds()
    if wait > 0 and not draft.note:
        queue.wake_later(connection, "deliver", wait)
    elif not draft.note:
        queue.wake(connection, "deliver")
    return message_id


def _current(connection: sa.Connection, closed: Any) -> Any:
    """The conversation that goes on with this contact, else the closed one itself."""
    c = t.conversations.c
    active = connection.execute(sa.select(c.id).where(c.contact_id == closed.contact_id, c.status != "closed")).scalar()
    return closed if active is None else connection.execute(_CONVERSATION, {"id": active}).one()


def _reopen(connection: sa.Connection, now: datetime, conversation: Any, draft: Draft) -> None:
    reopened = {"status": "waiting", "closed_at": None}
    connection.execute(sa.update(t.conversations).where(t.conversations.c.id == conversation.id).values(reopened))
    about = {"contact_id": conversation.contact_id, "conversation_id": conversation.id}
    record_all(connection, [event(now, "conversation.reopened", actor_kind="manager", actor_id=draft.author_id, **about)])
    live.tell(connection, "conversation", conversation_id=conversation.id)


def choose(connection: sa.Connection, conversation: Any, draft: Draft, now: datetime) -> Reach:
    """The way the message will go: the channel asked for, else the one the customer used last. Raises CannotSend."""
    ways = reaches(connection, conversation.contact_id, now, author=draft.author_kind)
    wanted = draft.channel_id or conversation.channel_id
    found = [way for way in ways if way.channel_id == wanted]
    if not found:
        raise CannotSend("The customer has no address on this channel.")
    way = next((w for w in found if w.address == (draft.address or conversation.address)), found[0])
    if not way.can_send and not (draft.template and way.can.templates and way.reason == SHUT):
        raise CannotSend(way.reason + _instead(ways))
    return way


def _instead(ways: Sequence[Reach]) -> str:
    """The ways that still work, as a sentence to append."""
    open_ways = [way.channel_name for way in ways if way.can_send]
    return f" You can still write by {', '.join(open_ways)}." if open_ways else ""


def preview(text: str, files: Sequence[Any] = (), kind: str = "text") -> str:
    """What the list shows of a message."""
    if text:
        return " ".join(text[: PREVIEW * 2].split())[:PREVIEW]
    return next((file.name or file.kind for file in files), kind)


def _row(message_id: int, conversation: Any, draft: Draft, way: Reach | None, now: datetime) -> dict[str, Any]:
    data = {**draft.data}
    if draft.choices:
        data["choices"] = [dict(choice) for choice in draft.choices]
    if draft.template:
        data["template"] = dict(draft.template)
    return {
        "id": message_id,
        "conversation_id": conversation.id,
        "contact_id": conversation.contact_id,
        "channel_id": way.channel_id if way else conversation.channel_id,
        "address": way.address if way else "",
        "direction": "note" if draft.note else "out",
        "author_kind": draft.author_kind,
        "author_id": draft.author_id,
        "text": draft.text,
        "html": draft.html,
        "subject": draft.subject,
        "reply_to": draft.reply_to,
        "data": data or None,
        "state": None if draft.note else "queued",
        "priority": draft.priority,
        "send_at": draft.send_at,
        "try_at": draft.send_at,
        "idempotency_key": draft.idempotency_key,
        "at": now,
        "created_at": now,
    }


def _add_files(
    connection: sa.Connection, message_id: int, conversation: Any, way: Reach | None, draft: Draft, now: datetime
) -> None:
    if not draft.files:
        return
    rows = [
        {
            "id": number, "message_id": message_id, "contact_id": conversation.contact_id,
            "channel_id": way.channel_id if way else conversation.channel_id, "kind": file.kind, "name": file.name,
            "mime": file.mime, "size": file.size, "sha256": file.sha256, "remote": {"url": file.url} if file.url else {},
            "state": "stored" if file.sha256 else "waiting", "try_at": None if file.sha256 else now,
        }
        for number, file in zip(ids.take(connection, "attachments", len(draft.files)), draft.files, strict=True)
    ]  # fmt: skip
    connection.execute(sa.insert(t.attachments), rows)


def _touch(connection: sa.Connection, conversation: Any, draft: Draft, way: Reach | None, now: datetime) -> None:
    """What a message changes in its conversation: a person's answer ends the wait and the bot's turn; a note does neither."""
    if draft.note:
        return
    values: dict[str, Any] = {
        "last_at": now,
        "last_text": preview(draft.text, draft.files),
        "last_direction": "out",
        "last_author": draft.author_kind,
    }
    if draft.author_kind == "manager":
        values |= {"waiting_since": None, "answer_due": None, "bot": False, "unread": 0}
        if conversation.manager_id is None:
            values["manager_id"] = draft.author_id
        if conversation.status in ("snoozed", "open"):
            values |= {"status": "waiting", "snoozed_until": None}
        finish_answer_task(connection, conversation.id, draft.author_id, now)
        connection.execute(sa.delete(t.flow_sessions).where(t.flow_sessions.c.conversation_id == conversation.id))
    connection.execute(sa.update(t.conversations).where(t.conversations.c.id == conversation.id).values(values))


def finish_answer_task(connection: sa.Connection, conversation_id: int, manager_id: int | None, now: datetime) -> None:
    """The request was answered: its task is done."""
    tasks = t.tasks.c
    open_task = sa.and_(tasks.conversation_id == conversation_id, tasks.kind == "answer", tasks.done_at.is_(None))
    connection.execute(sa.update(t.tasks).where(open_task).values(done_at=now, done_by=manager_id))


def _known(connection: sa.Connection, key: str) -> int | None:
    return connection.execute(sa.select(t.messages.c.id).where(t.messages.c.idempotency_key == key)).scalar_one_or_none()


_CONVERSATION = sa.select(
    t.conversations.c.id, t.conversations.c.contact_id, t.conversations.c.channel_id, t.conversations.c.address,
    t.conversations.c.status, t.conversations.c.manager_id,
).where(t.conversations.c.id == sa.bindparam("id"))  # fmt: skip
