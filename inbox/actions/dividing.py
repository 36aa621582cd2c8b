"""After two cards were parted: what came while they were one goes to whom it came from, by the address it came or went by."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.actions.merging import move_attachments, move_conversation, part_conversation

_c, _m = t.conversations.c, t.messages.c


def divide(connection: sa.Connection, now: datetime, kept_id: int, other_id: int) -> None:
    """Messages that the kept card holds by ways that are the other's again follow them."""
    r = t.reaches.c
    ways = [tuple(row) for row in connection.execute(sa.select(r.channel_id, r.address).where(r.contact_id == other_id))]
    if not ways:
        return
    theirs = sa.and_(_m.contact_id == kept_id, sa.tuple_(_m.channel_id, _m.address).in_(ways))
    for conversation_id in connection.scalars(sa.select(_m.conversation_id).where(theirs).distinct()).all():
        row = connection.execute(sa.select(t.conversations).where(_c.id == conversation_id)).one()
        _give(connection, now, row, other_id, sa.and_(theirs, _m.conversation_id == conversation_id), ways)


def _give(connection: sa.Connection, now: datetime, row: Any, other_id: int, theirs: sa.ColumnElement[bool], ways: Any) -> None:
    active = _c.contact_id == other_id, _c.status != "closed"
    target = connection.scalar(sa.select(_c.id).where(*active)) if row.status != "closed" else None
    spoken = sa.and_(_m.conversation_id == row.id, _m.address != "")
    foreign = sa.select(_m.id).where(spoken, sa.tuple_(_m.channel_id, _m.address).not_in(ways)).limit(1)
    alone = row.contact_id != other_id and connection.scalar(foreign) is None
    if row.contact_id == other_id:
        connection.execute(sa.update(t.messages).where(theirs).values(contact_id=other_id))
        move_attachments(connection, row.id, other_id)
    elif target is not None:
        connection.execute(sa.update(t.messages).where(theirs).values(conversation_id=target, contact_id=other_id))
        move_attachments(connection, target, other_id)
        _recount(connection, target)
        _recount(connection, row.id)
        _hand_task(connection, row.id, target)
    elif alone:
        move_conversation(connection, row.id, other_id)
    else:
        part_conversation(connection, now, row, other_id, theirs)


def _recount(connection: sa.Connection, conversation_id: int) -> None:
    """What a conversation says of its last message, and since when its customer waits, as its messages have it now."""
    row = connection.execute(sa.select(t.conversations).where(_c.id == conversation_id)).one()
    mine = sa.select(t.messages).where(_m.conversation_id == conversation_id, _m.direction != "note")
    last = connection.execute(mine.order_by(_m.at.desc(), _m.id.desc()).limit(1)).one_or_none()
    values: dict[str, Any] = {}
    if last is not None:
        values = {"last_at": last.at, "last_text": last.text[:200], "last_direction": last.direction}
        values |= {"last_author": last.author_kind}
        values |= {"channel_id": last.channel_id, "address": last.address} if last.address else {}
    said = sa.select(sa.func.max(_m.at)).where(_m.conversation_id == conversation_id, _m.direction == "out")
    answered = connection.scalar(said)
    heard = sa.select(sa.func.min(_m.at)).where(_m.conversation_id == conversation_id, _m.direction == "in")
    since = connection.scalar(heard.where(_m.at > answered) if answered is not None else heard)
    if row.status == "closed" or since is None:
        values |= {"waiting_since": None, "answer_due": None}
    elif row.waiting_since is None:
        values["waiting_since"] = since
    connection.execute(sa.update(t.conversations).where(_c.id == conversation_id).values(values))
    live.tell(connection, "conversation", conversation_id=conversation_id)


def _hand_task(connection: sa.Connection, source_id: int, target_id: int) -> None:
    """The open task to answer follows the question, where only that conversation still asks one."""
    waits = {row.id: row for row in connection.execute(sa.select(t.conversations).where(_c.id.in_((source_id, target_id))))}
    k = t.tasks.c
    answers = sa.and_(k.kind == "answer", k.done_at.is_(None))
    if waits[source_id].waiting_since is not None or waits[target_id].waiting_since is None:
        return
    if connection.scalar(sa.select(k.id).where(k.conversation_id == target_id, answers)) is None:
        values = {"conversation_id": target_id, "contact_id": waits[target_id].contact_id}
        connection.execute(sa.update(t.tasks).where(k.conversation_id == source_id, answers).values(values))
