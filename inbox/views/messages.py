"""The thread: messages of a conversation, or of a contact over all conversations, with all that hangs on them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.delivery import reach
from inbox.receive.forgotten import MARK
from inbox.refusals import Invalid, NotFound
from inbox.views.files import Attachment, attachments
from inbox.views.letters import with_pictures
from inbox.views.paging import Page, beyond, decode, encode
from inbox.views.shapes import Actor, ChannelName, channel_named

_m = t.messages.c
_SHOWN = ("choices", "location", "bounce", "quoted", "template")
"""Parts of `data` that have a field of their own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageChannel:
    """The channel that a message came or went by."""

    id: int
    kind: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChoiceShown:
    """A button under a message of ours."""

    id: str
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReactionShown:
    """A reaction; `author` is an address of the customer."""

    emoji: str
    author: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """Another way to say what could not be said: `why` says in words what speaks for it."""

    channel: ChannelName
    address: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message. `state` is null for what came in and for notes; `data` holds what else the provider told.

    `send_at`: when it was scheduled for, while it waits. `code` names a failure (the provider's code, or blocked, stopped,
    window, cancelled ...), `reason` says it in words, `alternatives` offers other ways where this one is at an end.
    """

    id: int
    conversation_id: int
    direction: str
    author: Actor
    channel: MessageChannel
    kind: str
    text: str
    html: str | None
    subject: str | None
    quoted: str | None
    auto_reply: bool
    bounce: dict[str, Any] | None
    choices: list[ChoiceShown]
    location: dict[str, Any] | None
    template: dict[str, Any] | None
    data: dict[str, Any]
    attachments: list[Attachment]
    reply_to: int | None
    external_id: str | None
    state: str | None
    reason: str
    code: str
    alternatives: list[Alternative]
    at: datetime
    send_at: datetime | None
    edited_at: datetime | None
    deleted_at: datetime | None
    reactions: list[ReactionShown]
    broadcast_id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Which part of a thread: from its beginning, or the newest, or what stands before, after or around a message."""

    newest: bool = False
    before: int | None = None
    after: int | None = None
    around: int | None = None
    at: datetime | None = None
    """Around the first message at this time or later; around the last one where there is none."""
    cursor: str | None = None
    limit: int = 50


def page(connection: sa.Connection, conversation_id: int, wanted: Window, *, whole_person: bool = False) -> Page[Message]:
    """Messages of a conversation, or with `whole_person` of its contact, always oldest first within the page.

    `next` leads to newer ones; with `newest`, `before` or `around` to older ones. Raises NotFound.
    """
    contact_id = _contact_of(connection, conversation_id)
    mine = _m.contact_id == contact_id if whole_person else _m.conversation_id == conversation_id
    around = wanted.around if wanted.at is None else _said_at(connection, mine, wanted.at)
    if around is not None and not wanted.cursor:
        return _around(connection, mine, wanted, around)
    backwards = wanted.newest or wanted.before is not None or around is not None
    query = sa.select(*_COLUMNS).where(mine)
    if key := _start(connection, wanted, mine):
        query = query.where(beyond((_m.at, _m.id), key, descending=backwards))
    order = (_m.at.desc(), _m.id.desc()) if backwards else (_m.at, _m.id)
    rows = list(connection.execute(query.order_by(*order).limit(wanted.limit + 1)))
    shown = rows[: wanted.limit]
    following = encode((shown[-1].at, shown[-1].id)) if len(rows) > wanted.limit else None
    return Page(items=_messages(connection, shown[::-1] if backwards else shown), next=following)


def _around(connection: sa.Connection, mine: sa.ColumnElement[bool], wanted: Window, message_id: int) -> Page[Message]:
    """A message with half a page before it and half a page after it. Raises Invalid if it is not here."""
    here = _key(connection, "around", message_id, mine)
    half = wanted.limit // 2
    before = sa.select(*_COLUMNS).where(mine, beyond((_m.at, _m.id), here)).order_by(_m.at.desc(), _m.id.desc())
    older = list(connection.execute(before.limit(half + 1)))
    after = sa.select(*_COLUMNS).where(mine, ~beyond((_m.at, _m.id), here)).order_by(_m.at, _m.id)
    rows = older[:half][::-1] + list(connection.execute(after.limit(wanted.limit - half)))
    following = encode((rows[0].at, rows[0].id)) if len(older) > half else None
    return Page(items=_messages(connection, rows), next=following)


def _said_at(connection: sa.Connection, mine: sa.ColumnElement[bool], at: datetime) -> int | None:
    query = sa.select(_m.id).where(mine)
    found = connection.scalar(query.where(_m.at >= at).order_by(_m.at, _m.id).limit(1))
    return found or connection.scalar(query.order_by(_m.at.desc(), _m.id.desc()).limit(1))


def one(connection: sa.Connection, message_id: int) -> Message:
    """A message. Raises NotFound."""
    row = connection.execute(sa.select(*_COLUMNS).where(_m.id == message_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no message {message_id}")
    return _messages(connection, [row])[0]


def _contact_of(connection: sa.Connection, conversation_id: int) -> int:
    query = sa.select(t.conversations.c.contact_id).where(t.conversations.c.id == conversation_id)
    contact_id: int | None = connection.scalar(query)
    if contact_id is None:
        raise NotFound(f"There is no conversation {conversation_id}")
    return contact_id


def _start(connection: sa.Connection, wanted: Window, mine: sa.ColumnElement[bool]) -> tuple[Any, ...] | None:
    if wanted.cursor:
        return decode(wanted.cursor, datetime, int)
    field = "before" if wanted.before is not None else "after"
    message_id = wanted.before if wanted.before is not None else wanted.after
    return None if message_id is None else _key(connection, field, message_id, mine)


def _key(connection: sa.Connection, field: str, message_id: int, mine: sa.ColumnElement[bool]) -> tuple[datetime, int]:
    at = connection.scalar(sa.select(_m.at).where(_m.id == message_id, mine))
    if at is None:
        raise Invalid(field, "There is no such message here")
    return at, message_id


def _messages(connection: sa.Connection, rows: Sequence[Any]) -> list[Message]:
    """Rows with what hangs on them: three further queries a page, whatever its size."""
    if not rows:
        return []
    ids = [row.id for row in rows]
    files, reactions = attachments(connection, ids), _reactions(connection, ids)
    people, letters = _names(connection, rows), with_pictures(connection, [(row.id, row.html) for row in rows])
    shown = [_message(row, letters[row.id], files.get(row.id, []), reactions.get(row.id, []), people) for row in rows]
    others = _others(connection, rows)
    return [replace(each, alternatives=others[each.id]) if each.id in others else each for each in shown]


def _others(connection: sa.Connection, rows: Sequence[Any]) -> dict[int, list[Alternative]]:
    """Other ways, for what failed and was not sent again. Failures are few, and of one person's only the channel differs."""
    failed = [row for row in rows if row.state == "failed" and row.code != "cancelled" and not (row.data or {}).get("retried_as")]
    known: dict[tuple[int, int], list[Alternative]] = {}
    for row in failed:
        if (row.contact_id, row.channel_id) not in known:
            found = reach.alternatives(connection, row.contact_id, datetime.now(UTC), row.channel_id, shut=True)
            known[row.contact_id, row.channel_id] = [alternative(each) for each in found]
    return {row.id: known[row.contact_id, row.channel_id] for row in failed}


def alternative(found: reach.Alternative) -> Alternative:
    """Another way as the app shows it."""
    channel = channel_named(found.channel_id, found.kind, found.channel_name)
    return Alternative(channel=channel, address=found.address, why=found.why)


def _message(
    row: Any, html: str | None, files: list[Attachment], reactions: list[ReactionShown], people: dict[int, str]
) -> Message:
    data = dict(row.data or {})
    shown = {name: data.pop(name, None) for name in _SHOWN}
    return Message(
        id=row.id, conversation_id=row.conversation_id, direction=row.direction, author=_author(row, people),
        channel=MessageChannel(id=row.channel_id, kind=row.channel_kind), kind=row.kind, text=row.text, html=html,
        subject=row.subject, quoted=shown["quoted"], auto_reply=row.auto_reply, bounce=shown["bounce"],
        choices=[ChoiceShown(id=str(c["id"]), title=str(c["title"])) for c in shown["choices"] or ()],
        location=shown["location"], template=shown["template"], data=data, attachments=files, reply_to=row.reply_to,
        external_id=_external(row.external_id), state=row.state, reason=row.reason, code=row.code, alternatives=[], at=row.at,
        send_at=row.send_at if row.state == "queued" else None, edited_at=row.edited_at, deleted_at=row.deleted_at,
        reactions=reactions, broadcast_id=row.broadcast_id,
    )  # fmt: skip


def _external(kept: str | None) -> str | None:
    """The provider's id; of what was erased there is none."""
    return None if kept is not None and kept.startswith(MARK) else kept


def _author(row: Any, people: dict[int, str]) -> Actor:
    if row.author_kind == "contact":
        return Actor(kind="contact", id=row.contact_id, name=row.contact_name)
    name = people.get(row.author_id) if row.author_kind == "manager" else None
    return Actor(kind=row.author_kind, id=row.author_id, name=name)


def _reactions(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[ReactionShown]]:
    found: dict[int, list[ReactionShown]] = defaultdict(list)
    query = sa.select(t.reactions).where(t.reactions.c.message_id.in_(ids)).order_by(t.reactions.c.at)
    for row in connection.execute(query):
        found[row.message_id].append(ReactionShown(emoji=row.emoji, author=row.author))
    return found


def _names(connection: sa.Connection, rows: Sequence[Any]) -> dict[int, str]:
    authors = {row.author_id for row in rows if row.author_kind == "manager" and row.author_id is not None}
    if not authors:
        return {}
    query = sa.select(t.managers.c.id, t.managers.c.name).where(t.managers.c.id.in_(authors))
    return {row.id: row.name for row in connection.execute(query)}


_COLUMNS = (
    _m.id, _m.conversation_id, _m.contact_id, _m.channel_id, _m.direction, _m.author_kind, _m.author_id, _m.external_id, _m.kind,
    _m.text, _m.html, _m.subject, _m.reply_to, _m.data, _m.auto_reply, _m.state, _m.reason, _m.code, _m.broadcast_id, _m.at,
    _m.send_at,
    _m.edited_at, _m.deleted_at,
    sa.select(t.channels.c.kind).where(t.channels.c.id == _m.channel_id).scalar_subquery().label("channel_kind"),
    sa.select(t.contacts.c.name).where(t.contacts.c.id == _m.contact_id).scalar_subquery().label("contact_name"),
)  # fmt: skip
