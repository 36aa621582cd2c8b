"""The inbox: lists of conversations by view, one conversation, and the counts beside the views."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import reach
from inbox import schema as t
from inbox.refusals import NotFound
from inbox.views import search
from inbox.views.paging import Page, beyond, cut, decode
from inbox.views.shapes import ChannelName, Named, named

ACTIVE = ("open", "waiting", "snoozed")
COUNT_TO = 1000
"""Counts stop here: nobody reads a larger one, and counting a million costs."""

_c = t.conversations.c


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactName:
    """A contact in a list."""

    id: int
    number: str
    name: str
    language: str | None


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """Numbers beside the views; 1000 means 1000 or more. `late`: waiting beyond the time they should be answered by."""

    mine: int
    unassigned: int
    all: int
    unread_mine: int
    late: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which conversations. `statuses` empty: any. `assignee` -1: nobody's. `teams`: queues of these teams."""

    statuses: Sequence[str] = ACTIVE
    assignee: int | None = None
    teams: Sequence[int] | None = None
    channel: int | None = None
    contact: int | None = None
    waiting: bool = False
    q: str = ""
    counted: sa.Select[Any] | None = None
    """Only these ids: what a figure of a report counts."""


NOBODY = -1
_nobodys = sa.and_(_c.manager_id.is_(None), ~_c.bot)
"""No person has it, and no bot serves it."""


def page(connection: sa.Connection, wanted: Filter, sort: str, cursor: str | None, limit: int) -> Page[Conversation]:
    """A page in the order of `sort`: last (newest message first) or waiting (who waits longest first)."""
    conditions = _conditions(connection, wanted)
    chosen = _waiting(wanted, conditions, cursor) if sort == "waiting" else _newest(wanted, conditions, cursor, limit)
    key = "waiting_since" if sort == "waiting" else "last_at"
    rows = connection.execute(_with_names(chosen.limit(limit + 1).subquery("page"), key)).all()
    return cut(rows, limit, _conversation, lambda row: (getattr(row, key), row.id))


def one(connection: sa.Connection, conversation_id: int, now: datetime) -> OneConversation:
    """A conversation with its reaches. Raises NotFound."""
    row = connection.execute(_with_names(_by_id(conversation_id), "last_at")).one_or_none()
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}")
    reaches = [_reach(each) for each in reach.reaches(connection, row.contact_id, now)]
    return OneConversation(**_fields(row), reaches=reaches)


def item(connection: sa.Connection, conversation_id: int) -> Conversation:
    """A conversation as the list shows it. Raises NotFound."""
    row = connection.execute(_with_names(_by_id(conversation_id), "last_at")).one_or_none()
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}")
    return _conversation(row)


def counts(connection: sa.Connection, me: int, now: datetime) -> Counts:
    """The numbers beside the views, for one manager."""
    active = _c.status.in_(ACTIVE)
    late = sa.and_(_c.waiting_since.is_not(None), _c.answer_due < now, active)
    return Counts(
        mine=_count(connection, _c.manager_id == me, active),
        unassigned=_count(connection, _nobodys, active),
        all=_count(connection, active),
        unread_mine=_count(connection, _c.manager_id == me, active, _c.unread > 0),
        late=_count(connection, late),
    )


def _count(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> int:
    some = sa.select(sa.literal(1)).select_from(t.conversations).where(*conditions).limit(COUNT_TO)
    return connection.scalar(sa.select(sa.func.count()).select_from(some.subquery())) or 0


def _conditions(connection: sa.Connection, wanted: Filter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.assignee is not None:
        found.append(_nobodys if wanted.assignee == NOBODY else _c.manager_id == wanted.assignee)
    if wanted.teams is not None:
        found.append(_c.team_id.in_(wanted.teams))
    if wanted.channel is not None:
        found.append(_c.channel_id == wanted.channel)
    if wanted.contact is not None:
        found.append(_c.contact_id == wanted.contact)
    if wanted.waiting:
        found.append(_c.waiting_since.is_not(None))
    if wanted.counted is not None:
        found.append(_c.id.in_(wanted.counted))
    if wanted.q:
        found.append(_c.contact_id.in_(search.contact_ids(connection, wanted.q)))
    return found


def _newest(wanted: Filter, conditions: list[sa.ColumnElement[bool]], cursor: str | None, limit: int) -> sa.Select[Any]:
    """(id, last_at) newest first. Each status is a range of an index of its own: take the newest of each, then of all."""
    if cursor:
        conditions = [*conditions, beyond((_c.last_at, _c.id), decode(cursor, datetime, int))]
    base = sa.select(_c.id, _c.last_at).where(*conditions).order_by(_c.last_at.desc(), _c.id.desc())
    if len(wanted.statuses) <= 1:
        return base.where(*(_c.status == status for status in wanted.statuses))
    ranges = [base.where(_c.status == status).limit(limit + 1).subquery() for status in wanted.statuses]
    merged = sa.union_all(*(sa.select(each) for each in ranges)).subquery()
    return sa.select(merged.c.id, merged.c.last_at).order_by(merged.c.last_at.desc(), merged.c.id.desc())


def _waiting(wanted: Filter, conditions: list[sa.ColumnElement[bool]], cursor: str | None) -> sa.Select[Any]:
    """(id, waiting_since), the longest wait first; only those who wait."""
    conditions = [*conditions, _c.waiting_since.is_not(None)]
    conditions += _of_status(wanted)
    if cursor:
        conditions.append(beyond((_c.waiting_since, _c.id), decode(cursor, datetime, int), descending=False))
    return sa.select(_c.id, _c.waiting_since).where(*conditions).order_by(_c.waiting_since, _c.id)


def _of_status(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    """Said as what it is not, so that SQLite walks along those who wait instead of sorting all of a status; a manager's are few."""
    if not wanted.statuses:
        return []
    others = [status for status in t.STATUSES if status not in wanted.statuses]
    return [_c.status.not_in(others) if wanted.assignee is None else _c.status.in_(wanted.statuses)]


def _by_id(conversation_id: int) -> sa.Subquery:
    return sa.select(_c.id, _c.last_at).where(_c.id == conversation_id).subquery("page")


def _with_names(chosen: sa.Subquery, key: str) -> sa.Select[Any]:
    """The chosen rows with what they refer to, each found by its id, in the same order.

    Ordered by the columns of `chosen`: by those of the table, SQLite would walk the whole table in that order instead.
    """
    at, number = chosen.c[key], chosen.c.id
    order = [at, number] if key == "waiting_since" else [at.desc(), number.desc()]
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
    _c.opened_at, _c.closed_at, t.contacts.c.number, t.contacts.c.name.label("contact_name"),
    t.contacts.c.language, t.channels.c.kind, t.channels.c.name.label("channel_name"),
    t.managers.c.name.label("manager_name"), t.teams.c.name.label("team_name"),
)  # fmt: skip


def _conversation(row: Any) -> Conversation:
    return Conversation(**_fields(row))


def _fields(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "status": row.status,
        "contact": ContactName(id=row.contact_id, number=row.number, name=row.contact_name, language=row.language),
        "channel": ChannelName(id=row.channel_id, kind=row.kind, name=row.channel_name),
        "assignee": named(row.manager_id, row.manager_name),
        "team": named(row.team_id, row.team_name),
        "bot": row.bot,
        "unread": row.unread,
        "priority": row.priority,
        "labels": row.labels,
        "subject": row.subject,
        "waiting_since": row.waiting_since,
        "answer_due": row.answer_due,
        "snoozed_until": row.snoozed_until,
        "last_message": LastMessage(text=row.last_text, at=row.last_at, direction=row.last_direction, author=row.last_author),
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
    }


def _reach(found: reach.Reach) -> Reach:
    return Reach(
        channel=ChannelName(id=found.channel_id, kind=found.kind, name=found.channel_name),
        address=found.address,
        can_send=found.can_send,
        reason=found.reason or None,
        window_until=found.window_until,
    )
