"""The inbox: lists of conversations by view, one conversation, and the counts beside the views."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.delivery import reach
from inbox.refusals import NotFound
from inbox.store import bulk
from inbox.store.within import within
from inbox.views import search
from inbox.views.paging import Page, cut, decode
from inbox.views.shapes import ChannelName, Named, channel_named, named

ACTIVE = ("open", "waiting", "snoozed")
CURRENT = ("open", "waiting")
"""Going on, and not put off."""
SORTS = {"last": "last_at", "waiting": "waiting_since", "due": "answer_due", "snoozed": "snoozed_until"}
"""Orders of a list. `last` is newest first, the others begin with the oldest time."""
FEW = 2_000
"""So many conversations are looked up by their ids; more stand close enough in a list to be met on the way along it."""
COUNT_TO = 1000
"""Counts stop here: nobody reads a larger one, and counting a million costs."""

_c, _l, _m = t.conversations.c, t.conversation_labels.c, t.mentions.c


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
    """Numbers beside the views; 1000 means 1000 or more. `late`: waiting beyond the time they should be answered by.

    `mentioned`: where somebody called me and I have not looked since. `mine`, `unassigned`, `team`, `waiting`: without snoozed.
    """

    mine: int
    unassigned: int
    all: int
    unread_mine: int
    late: int
    team: int
    waiting: int
    mentioned: int
    snoozed: int


NOBODY = -1
"""The assignee of what nobody has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which conversations. `statuses` empty: any. `assignee` -1: nobody's. `teams`: queues of these teams."""

    statuses: Sequence[str] = ACTIVE
    assignee: int | None = None
    teams: Sequence[int] | None = None
    channel: int | None = None
    contact: int | None = None
    waiting: bool = False
    late_at: datetime | None = None
    """Only what should have been answered by then."""
    label: str = ""
    mentioned: int | None = None
    """Only where this manager was called."""
    after: datetime | None = None
    before: datetime | None = None
    """Bounds of the last message's time."""
    q: str = ""
    counted: sa.Select[Any] | None = None
    """Only these ids: what a figure of a report counts."""

    def values(self, connection: sa.Connection) -> dict[str, Any]:
        """What fills the statement; its names say which conditions there are."""
        found: dict[str, Any] = {"nobody": True} if self.assignee == NOBODY else {}
        if self.assignee not in (None, NOBODY):
            found["manager"] = self.assignee
        others = {
            "channel": self.channel,
            "contact": self.contact,
            "late": self.late_at,
            "after": self.after,
            "before": self.before,
        }
        found |= {name: value for name, value in others.items() if value is not None} | self._teams()
        return found | self._looked_up(connection) | ({"contacts": search.contact_ids(connection, self.q)} if self.q else {})

    def _teams(self) -> dict[str, Any]:
        if self.teams is None or len(self.teams) != 1:
            return {} if self.teams is None else {"teams": self.teams}
        return {"team": self.teams[0]}

    def _looked_up(self, connection: sa.Connection) -> dict[str, Any]:
        """What stands in tables of its own."""
        found: dict[str, Any] = {}
        if self.label:
            labelled = _ids(connection, sa.select(_l.conversation_id).where(_l.label == self.label).limit(FEW + 1))
            found = {"label": self.label} if len(labelled) > FEW else {"among": labelled}
        if self.mentioned is not None:
            called = sa.select(_m.conversation_id).where(_m.manager_id == self.mentioned).order_by(_m.at.desc()).limit(FEW)
            both = set(_ids(connection, called))
            found["among"] = sorted(both & set(found["among"]) if "among" in found else both)
        return found


def _ids(connection: sa.Connection, query: sa.Select[Any]) -> list[int]:
    return list(connection.scalars(query))


_nobodys = sa.and_(_c.manager_id.is_(None), ~_c.bot)
"""No person has it, and no bot serves it."""


def page(connection: sa.Connection, wanted: Filter, sort: str, cursor: str | None, limit: int) -> Page[Conversation]:
    """A page in the order of `sort`: last (newest message first), waiting (who waits longest first), due, snoozed."""
    given = wanted.values(connection) | {"limit": limit + 1}
    if cursor:
        given["at"], given["id"] = decode(cursor, datetime, int)
    # One person's are indexed by status: any status means each of them.
    statuses = tuple(wanted.statuses) or (t.STATUSES if {"manager", "nobody"} & given.keys() else ())
    shape = Shape(statuses=statuses, names=frozenset(given), waiting=wanted.waiting, sort=sort)
    # Building a statement costs more than running it: each shape is built once.
    if wanted.counted is None:
        rows: Sequence[Any] = bulk.fetch(connection, _statement(shape), given)
    else:
        rows = connection.execute(_build(shape, wanted.counted), given).all()
    key = SORTS[sort]
    return cut(rows, limit, _conversation, lambda row: (getattr(row, key), row.id))


def one(connection: sa.Connection, conversation_id: int, now: datetime) -> OneConversation:
    """A conversation with its reaches. Raises NotFound."""
    row = connection.execute(_with_names(_by_id(conversation_id), "last_at")).one_or_none()
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}")
    reaches = [_reach(each) for each in reach.reaches(connection, row.contact_id, now)]
    shown = _conversation(row)
    return OneConversation(**{f.name: getattr(shown, f.name) for f in fields(shown)}, reaches=reaches)


def item(connection: sa.Connection, conversation_id: int) -> Conversation:
    """A conversation as the list shows it. Raises NotFound."""
    row = connection.execute(_with_names(_by_id(conversation_id), "last_at")).one_or_none()
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}")
    return _conversation(row)


def counts(connection: sa.Connection, me: int, now: datetime) -> Counts:
    """The numbers beside the views, for one manager."""
    current, k = _c.status.in_(CURRENT), t.team_members.c
    teams = _ids(connection, sa.select(k.team_id).where(k.manager_id == me))
    return Counts(
        mine=_count(connection, _c.manager_id == me, current),
        unassigned=_count(connection, _nobodys, current),
        all=_count(connection, _c.status.in_(ACTIVE)),
        unread_mine=_count_unread(connection, me),
        late=_count(connection, _c.answer_due.is_not(None), _c.answer_due < now),
        team=_count(connection, _c.team_id.in_(teams), current) if teams else 0,
        waiting=_count(connection, _c.waiting_since.is_not(None), _not_put_off),
        mentioned=_count_mentioned(connection, me),
        snoozed=_count(connection, _c.status == "snoozed"),
    )


_not_put_off = sa.and_(_c.status != "snoozed", _c.status != "closed")
"""Said as what it is not, so that SQLite walks along those who wait."""


def _count(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> int:
    some = sa.select(sa.literal(1)).select_from(t.conversations).where(*conditions).limit(COUNT_TO)
    return connection.scalar(sa.select(sa.func.count()).select_from(some.subquery())) or 0


def _count_unread(connection: sa.Connection, me: int) -> int:
    """Among as many of one's own as are counted at all, so that somebody with very many waits no longer."""
    mine = sa.select(_c.unread).where(_c.manager_id == me, _c.status.in_(ACTIVE)).limit(COUNT_TO).subquery()
    return connection.scalar(sa.select(sa.func.count()).where(mine.c.unread > 0).select_from(mine)) or 0


def _count_mentioned(connection: sa.Connection, me: int) -> int:
    some = sa.select(sa.literal(1)).where(_m.manager_id == me, _m.seen_at.is_(None)).limit(COUNT_TO)
    return connection.scalar(sa.select(sa.func.count()).select_from(some.subquery())) or 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What the statement of a list depends on, besides its values."""

    statuses: tuple[str, ...]
    names: frozenset[str]
    waiting: bool
    sort: str


@lru_cache(256)
def _statement(shape: Shape) -> sa.Select[Any]:
    return _build(shape, None)


def _build(shape: Shape, counted: sa.Select[Any] | None) -> sa.Select[Any]:
    conditions = [_CONDITIONS[name] for name in sorted(shape.names & _CONDITIONS.keys())]
    if shape.waiting:
        conditions.append(_c.waiting_since.is_not(None))
    if counted is not None:
        conditions.append(_c.id.in_(counted))
    chosen = _newest(shape, conditions) if shape.sort == "last" else _oldest(shape, conditions, _c[SORTS[shape.sort]])
    return _with_names(chosen.limit(_LIMIT).subquery("page"), SORTS[shape.sort])


def _newest(shape: Shape, conditions: list[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    """(id, last_at) newest first. Each status is a range of an index of its own: take the newest of each, then of all."""
    if "at" in shape.names:
        conditions = [*conditions, sa.tuple_(_c.last_at, _c.id) < _AFTER]
    base = sa.select(_c.id, _c.last_at).where(*conditions).order_by(_c.last_at.desc(), _c.id.desc())
    if "among" in shape.names and shape.statuses:
        return base.where(_of_status(shape))
    if len(shape.statuses) <= 1:
        return base.where(*(_c.status == status for status in shape.statuses))
    ranges = [base.where(_c.status == status).limit(_LIMIT).subquery() for status in shape.statuses]
    merged = sa.union_all(*(sa.select(each) for each in ranges)).subquery()
    return sa.select(merged.c.id, merged.c.last_at).order_by(merged.c.last_at.desc(), merged.c.id.desc())


def _oldest(shape: Shape, conditions: list[sa.ColumnElement[bool]], column: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """(id, column), the oldest time first: the longest wait, the latest answer, the next to come back."""
    conditions = [*conditions, column.is_not(None)]
    if shape.statuses:
        conditions.append(_of_status(shape))
    if "at" in shape.names:
        conditions.append(sa.tuple_(column, _c.id) > _AFTER)
    return sa.select(_c.id, column).where(*conditions).order_by(column, _c.id)


def _of_status(shape: Shape) -> sa.ColumnElement[bool]:
    """Said as what it is not, so that SQLite walks along those who wait instead of sorting all of a status. One's own are few."""
    if {"manager", "nobody"} & shape.names and "among" not in shape.names:
        return sa.or_(*(_c.status == status for status in shape.statuses))
    return sa.and_(sa.true(), *(_c.status != status for status in t.STATUSES if status not in shape.statuses))


_LIMIT = sa.bindparam("limit", type_=sa.Integer)
_AFTER = sa.tuple_(sa.bindparam("at", type_=t.Instant), sa.bindparam("id", type_=sa.BigInteger))
_CONDITIONS: dict[str, sa.ColumnElement[bool]] = {
    "manager": _c.manager_id == sa.bindparam("manager"),
    "nobody": _nobodys,
    "team": _c.team_id == sa.bindparam("team"),
    "teams": within(_c.team_id, "teams"),
    "late": sa.and_(_c.answer_due.is_not(None), _c.answer_due < sa.bindparam("late", type_=t.Instant)),
    "label": sa.exists().where(_l.label == sa.bindparam("label"), _l.conversation_id == _c.id).correlate(t.conversations),
    "among": within(_c.id, "among"),
    "after": _c.last_at >= sa.bindparam("after", type_=t.Instant),
    "before": _c.last_at < sa.bindparam("before", type_=t.Instant),
    "channel": _c.channel_id == sa.bindparam("channel"),
    "contact": _c.contact_id == sa.bindparam("contact"),
    "contacts": within(_c.contact_id, "contacts"),
}


def _by_id(conversation_id: int) -> sa.Subquery:
    return sa.select(_c.id, _c.last_at).where(_c.id == conversation_id).subquery("page")


def _with_names(chosen: sa.Subquery, key: str) -> sa.Select[Any]:
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
    _c.opened_at, _c.closed_at, t.contacts.c.number, t.contacts.c.name.label("contact_name"),
    t.contacts.c.language, t.channels.c.kind, t.channels.c.name.label("channel_name"),
    t.managers.c.name.label("manager_name"), t.teams.c.name.label("team_name"),
)  # fmt: skip


def _conversation(row: Any) -> Conversation:
    (
        number, status, contact_id, channel_id, manager_id, team_id, bot, unread, priority, labels, subject, waiting_since,
        answer_due, snoozed_until, last_at, last_text, last_direction, last_author, opened_at, closed_at, contact_number,
        contact_name, language, kind, channel_name, manager_name, team_name,
    ) = row  # fmt: skip
    return Conversation(
        id=number, status=status, contact=ContactName(id=contact_id, number=contact_number, name=contact_name, language=language),
        channel=channel_named(channel_id, kind, channel_name), assignee=named(manager_id, manager_name),
        team=named(team_id, team_name), bot=bot, unread=unread, priority=priority, labels=labels, subject=subject,
        waiting_since=waiting_since, answer_due=answer_due, snoozed_until=snoozed_until,
        last_message=LastMessage(text=last_text, at=last_at, direction=last_direction, author=last_author),
        opened_at=opened_at, closed_at=closed_at,
    )  # fmt: skip


def _reach(found: reach.Reach) -> Reach:
    return Reach(
        channel=ChannelName(id=found.channel_id, kind=found.kind, name=found.channel_name),
        address=found.address,
        can_send=found.can_send,
        reason=found.reason or None,
        window_until=found.window_until,
    )
