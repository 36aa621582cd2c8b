"""Edits, deletions and reactions: the newest word counts, whatever the order of arrival, and nothing said before is lost."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from channels.events import InboundMessage, MessageDeleted, MessageEdited, Reaction
from inbox import live
from inbox import schema as t
from inbox.receive import calls
from inbox.receive.arrival import Heard
from inbox.receive.attached import keep_new_files
from inbox.receive.messages import key, known_ids
from inbox.store import ids


def edit(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> list[Heard]:
    """Apply edits to messages we have, in the provider's order. Returns those of messages never seen, to be stored as new."""
    if not heard:
        return []
    known = known_ids(connection, [key(each) for each in heard])
    unseen: dict[tuple[int, str, str], Heard] = {}
    for each in sorted(heard, key=lambda h: h.edited_at or now):
        if key(each) in known and each.message.kind == calls.KIND:
            calls.grow(connection, known[key(each)], each, now)
        elif key(each) in known:
            _apply(connection, known[key(each)], each, now)
        else:
            unseen[key(each)] = each
    return list(unseen.values())


def _apply(connection: sa.Connection, message_id: int, each: Heard, now: datetime) -> None:
    """Words, files and what else it tells (a place that moves): the newest stands, what was there before stays beside it."""
    event = each.event
    assert isinstance(event, MessageEdited)
    old = connection.execute(sa.select(*_VERSIONED).where(t.messages.c.id == message_id)).one()
    changed = keep_new_files(connection, old, event.message.attachments, now)
    values: dict[str, Any] = {}
    if not _same_words(old, event.message):
        values = _new_words(connection, old, event)
    if (data := {**(old.data or {}), **event.message.data}) != (old.data or {}) and _is_newer(old, event):
        values["data"] = data
    if values or changed:
        values["edited_at"] = max(old.edited_at or event.at, event.at)
        connection.execute(sa.update(t.messages).where(t.messages.c.id == message_id).values(values))
        live.tell(connection, "message", conversation_id=old.conversation_id, message_id=message_id)


def _same_words(old: Any, new: InboundMessage) -> bool:
    """An album's caption stands under one of its pictures: that another has none says nothing."""
    return (old.text, old.html) == (new.text, new.html) or bool(new.group and old.text and not new.text)


def _is_newer(old: Any, event: MessageEdited) -> bool:
    return old.edited_at is None or old.edited_at < event.at


def _new_words(connection: sa.Connection, old: Any, event: MessageEdited) -> dict[str, Any]:
    """What to write; what the message said before, or an edit that came late, is kept as a version."""
    if not _is_newer(old, event):
        _keep_version(connection, old.id, event.message.text, event.message.html, event.at)
        return {}
    _keep_version(connection, old.id, old.text, old.html, old.edited_at or old.at)
    return {"text": event.message.text, "html": event.message.html}


def _keep_version(connection: sa.Connection, message_id: int, text: str, html: str | None, at: datetime) -> None:
    """Keep what a message said at a time, once."""
    v = t.versions.c
    known = sa.select(v.id).where(v.message_id == message_id, v.at == at)
    if connection.execute(known).first() is None:
        row = {"id": ids.one(connection, "versions"), "message_id": message_id, "text": text, "html": html, "at": at}
        connection.execute(sa.insert(t.versions), row)


def delete(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> None:
    """Mark messages that the customer took back. The text stays for those who may see it."""
    deleted = [(each, each.event) for each in heard if isinstance(each.event, MessageDeleted)]
    known = known_ids(connection, [(e.channel_id, d.external_id, d.thread) for e, d in deleted]) if deleted else {}
    for each, event in deleted:
        message_id = known.get((each.channel_id, event.external_id, event.thread))
        if message_id is not None:
            update = sa.update(t.messages).where(t.messages.c.id == message_id, t.messages.c.deleted_at.is_(None))
            connection.execute(update.values(deleted_at=event.at))
            _tell(connection, message_id)


def react(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> None:
    """Keep one reaction a person and message; an empty emoji takes it back."""
    reactions = [(each, each.event) for each in heard if isinstance(each.event, Reaction)]
    known = known_ids(connection, [(e.channel_id, r.external_id, r.thread) for e, r in reactions]) if reactions else {}
    for each, event in reactions:
        message_id = known.get((each.channel_id, event.external_id, event.thread))
        if message_id is not None:
            _keep_reaction(connection, message_id, event)
            _tell(connection, message_id)


def _keep_reaction(connection: sa.Connection, message_id: int, event: Reaction) -> None:
    mine = sa.and_(t.reactions.c.message_id == message_id, t.reactions.c.author == event.address)
    newer = connection.execute(sa.select(t.reactions.c.at).where(mine)).scalar_one_or_none()
    if newer is not None and newer > event.at:
        return
    connection.execute(sa.delete(t.reactions).where(mine))
    if event.emoji:
        row = {"message_id": message_id, "author": event.address, "emoji": event.emoji, "at": event.at}
        connection.execute(sa.insert(t.reactions), row)


def _tell(connection: sa.Connection, message_id: int) -> None:
    conversation_id = connection.execute(
        sa.select(t.messages.c.conversation_id).where(t.messages.c.id == message_id)
    ).scalar_one()
    live.tell(connection, "message", conversation_id=conversation_id, message_id=message_id)


_VERSIONED: tuple[Any, ...] = (
    t.messages.c.id, t.messages.c.contact_id, t.messages.c.channel_id, t.messages.c.conversation_id, t.messages.c.text,
    t.messages.c.html, t.messages.c.data, t.messages.c.at, t.messages.c.edited_at,
)  # fmt: skip
