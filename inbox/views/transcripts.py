"""A conversation to take along: what stands above it, its messages and events page by page, and the files that belong to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from inbox import schema as t
from inbox.views import conversations, events, messages
from inbox.views.events import EventShown
from inbox.views.files import Content
from inbox.views.messages import Message
from inbox.views.paging import Page
from inbox.views.work import Reason, work

PAGE = 200
_a, _f, _m = t.attachments.c, t.files.c, t.messages.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What is known of the conversation as a whole. `channels`: the names of all channels there are, by id."""

    conversation: conversations.Conversation
    addresses: list[str]
    reason: Reason | None
    summary: str
    channels: dict[int, str]
    exported_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A stored file of a message."""

    id: int
    name: str
    sha256: str


def head(connection: sa.Connection, conversation_id: int, now: datetime, *, notes: bool) -> Head:
    """Without `notes`: without what only colleagues wrote about it, labels and how it ended. Raises NotFound."""
    item = conversations.item(connection, conversation_id)
    i, said = t.identities.c, work(connection, conversation_id)
    addresses = connection.scalars(sa.select(i.address).where(i.contact_id == item.contact.id).order_by(i.id)).all()
    named = connection.execute(sa.select(t.channels.c.id, t.channels.c.name)).all()
    return Head(
        conversation=item if notes else replace(item, labels=[]),
        addresses=list(addresses),
        reason=said.reason if notes else None,
        summary=said.summary if notes else "",
        channels={row.id: row.name for row in named},
        exported_at=now,
    )


def said(connection: sa.Connection, conversation_id: int, cursor: str | None, *, notes: bool) -> Page[Message]:
    """A page of messages, oldest first. Without `notes`: only what the customer wrote and got, as they would see it."""
    page = messages.page(connection, conversation_id, messages.Window(cursor=cursor, limit=PAGE))
    return page if notes else Page(items=[each for each in page.items if each.direction != "note"], next=page.next)


def happened(connection: sa.Connection, conversation_id: int, cursor: str | None) -> Page[EventShown]:
    """A page of events, oldest first."""
    return events.of_conversation(connection, conversation_id, cursor, PAGE)


def files(connection: sa.Connection, conversation_id: int, after: int, *, notes: bool) -> Sequence[File]:
    """The next stored files after the one with the id `after`."""
    mine = [_m.conversation_id == conversation_id, _a.state == "stored", _a.sha256.is_not(None), _a.id > after]
    if not notes:
        mine.append(_m.direction != "note")
    query = sa.select(_a.id, _a.name, _a.sha256).join(t.messages, _m.id == _a.message_id).where(*mine)
    return [File(**row) for row in connection.execute(query.order_by(_a.id).limit(PAGE)).mappings()]


def pictures(connection: sa.Connection, attachment_ids: Sequence[int], largest: int) -> Mapping[int, Content]:
    """A small picture of each attachment that has one, or itself where that is a picture of at most `largest` bytes."""
    query = sa.select(_a.id, _f.thumbnail, _f.sha256, _f.mime, _f.size).join(t.files, _f.sha256 == _a.sha256)
    found = {}
    for row in connection.execute(query.where(_a.id.in_(attachment_ids), _a.state == "stored")):
        if row.thumbnail:
            found[row.id] = Content(sha256=row.thumbnail, name="", mime="image/webp")
        elif row.mime in _PICTURES and row.size <= largest:
            found[row.id] = Content(sha256=row.sha256, name="", mime=row.mime)
    return found


_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
