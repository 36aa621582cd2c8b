"""Conversations as they are shown: one of them, and the rows of a list (see `inbox.views.lists`)."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.delivery import reach
from inbox.refusals import NotFound
from inbox.views.shapes import ChannelName, Named, channel_named, named

ACTIVE = ("open", "waiting", "snoozed")
CURRENT = ("open", "waiting")
"""Going on, and not put off."""
_c = t.conversations.c


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactName:
    """A contact in a list."""

    id: int
    number: str
    name: str
    language: str | None
    address: str | None
    """The phone or mail address by which somebody without a name is known to people."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LastMessage:
    """What the list shows of the last message."""

    text: str
    at: datetime
    direction: str
    author: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """One request of one contact, as the list shows it."""

    id: int
    status: str
    contact: ContactName
    channel: ChannelName
    assignee: Named | None
    team: Named | None
    bot: bool
    unread: int
    priority: int
    labels: list[str]
    subject: str | None
    waiting_since: datetime | None
    answer_due: datetime | None
    snoozed_until: datetime | None
    last_message: LastMessage
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """One way to write to the contact. `reason` says in words why it cannot be used now."""

    channel: ChannelName
    address: str
    can_send: bool
    reason: str | None
    window_until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OneConversation(Conversation):
    """A conversation with the ways to answer it, the one used last first."""

    reaches: list[Reach]


def one(connection: sa.Connection, conversation_id: int, now: datetime) -> OneConversation:
    """A conversation with its reaches. Raises NotFound."""
    row = connection.execute(with_names(_by_id(conversation_id), "last_at")).one_or_none()
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}")
    reaches = [_reach(each) for each in reach.reaches(connection, row.contact_id, now)]
    shown = conversation(row)
    return OneConversation(**{f.name: getattr(shown, f.name) for f in fields(shown)}, reaches=reaches)


def item(connection: sa.Connection, conversation_id: int) -> Conversation:
    """A conversation as the list shows it. Raises NotFound."""
    row = connection.execute(with_names(_by_id(conversation_id), "last_at")).one_or_none()
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}")
    return conversation(row)


def _by_id(conversation_id: int) -> sa.Subquery:
    return sa.select(_c.id, _c.last_at).where(_c.id == conversation_id).subquery("page")


def with_names(chosen: sa.Subquery, key: str) -> sa.Select[Any]:
    """The chosen rows with what they refer to, each found by its id, in the same order.

    Ordered by the columns of `chosen`: by those of the table, SQLite would walk the whole table in that order instead.
    """
    at, number = chosen.c[key], chosen.c.id
    order = [at.desc(), number.desc()] if key == "last_at" else [at, number]
    return (
        sa.select(*_COLUMNS)
        .select_from(chosen)
        .join(t.conversations, _c.id == chosen.c.id)
        .join(t.contacts, t.contacts.c.id == _c.contact_id)
        .join(t.channels, t.channels.c.id == _c.channel_id)
        .outerjoin(t.managers, t.managers.c.id == _c.manager_id)
        .outerjoin(t.teams, t.teams.c.id == _c.team_id)
        .order_by(*order)
    )


_COLUMNS = (
    _c.id, _c.status, _c.contact_id, _c.channel_id, _c.manager_id, _c.team_id, _c.bot, _c.unread, _c.priority, _c.labels,
    _c.subject, _c.waiting_since, _c.answer_due, _c.snoozed_until, _c.last_at, _c.last_text, _c.last_direction, _c.last_author,
    _c.opened_at, _c.closed_at, _c.address, t.contacts.c.number, t.contacts.c.name.label("contact_name"),
    t.contacts.c.language, t.channels.c.kind, t.channels.c.name.label("channel_name"),
    t.managers.c.name.label("manager_name"), t.teams.c.name.label("team_name"),
)  # fmt: skip


def conversation(row: Any) -> Conversation:
    """A row of `with_names` as it is shown."""
    (
        number, status, contact_id, channel_id, manager_id, team_id, bot, unread, priority, labels, subject, waiting_since,
        answer_due, snoozed_until, last_at, last_text, last_direction, last_author, opened_at, closed_at, address, contact_number,
        contact_name, language, kind, channel_name, manager_name, team_name,
    ) = row  # fmt: skip
    return Conversation(
        id=number, status=status,
        contact=ContactName(
            id=contact_id, number=contact_number, name=contact_name, language=language,
            address=None if contact_name else speaking(kind, address),
        ),
        channel=channel_named(channel_id, kind, channel_name), assignee=named(manager_id, manager_name),
        team=named(team_id, team_name), bot=bot, unread=unread, priority=priority, labels=labels, subject=subject,
        waiting_since=waiting_since, answer_due=answer_due, snoozed_until=snoozed_until,
        last_message=LastMessage(text=last_text, at=last_at, direction=last_direction, author=last_author),
        opened_at=opened_at, closed_at=closed_at,
    )  # fmt: skip


def speaking(kind: str, address: str) -> str | None:
    """A person's phone or mail address, as people write it; nothing for what a messenger calls somebody inside."""
    bare = address.removeprefix("whatsapp:")
    if kind == "whatsapp" and bare.isdecimal():
        return f"+{bare}"
    return bare if bare.startswith("+") or "@" in bare else None


def _reach(found: reach.Reach) -> Reach:
    return Reach(
        channel=ChannelName(id=found.channel_id, kind=found.kind, name=found.channel_name),
        address=found.address,
        can_send=found.can_send,
        reason=found.reason or None,
        window_until=found.window_until,
    )
