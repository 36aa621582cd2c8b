"""The lists of the inbox: which conversations, in which order, page by page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.store import bulk
from inbox.store.within import within
from inbox.views.conversations import ACTIVE, Conversation, conversation, with_names
from inbox.views.paging import Page, cut, decode, encode
from inbox.views.sifted import sift
from inbox.views.who import Who, who

SORTS = {"last": "last_at", "waiting": "waiting_since", "due": "answer_due", "snoozed": "snoozed_until"}
"""Orders of a list. `last` is newest first, the others begin with the oldest time."""
FEW = 2_000
"""So many conversations are looked up by their ids; more stand close enough in a list to be met on the way along it."""
_c, _l, _m = t.conversations.c, t.conversation_labels.c, t.mentions.c

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
    segment: tuple[int, datetime] | None = None
    """Only people who are in this segment at this moment."""
    counted: sa.Select[Any] | None = None
    """Only these ids: what a figure of a report counts."""

    def values(self, connection: sa.Connection, sort: str) -> dict[str, Any]:
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
        found |= self._looked_up(connection)
        return found if sort == "last" or "among" in found else found | self._few_of(connection)

    def _few_of(self, connection: sa.Connection) -> dict[str, Any]:
        """Orders of time are indexed over all channels and teams: of one that has few conversations, these are named."""
        of = {_c.channel_id: [self.channel] if self.channel is not None else [], _c.team_id: self.teams or []}
        statuses = self.statuses or t.STATUSES
        for column, numbers in of.items():
            if numbers:
                some = sa.select(_c.id).where(column.in_(numbers), _c.status.in_(statuses)).limit(FEW + 1)
                if len(ids := _ids(connection, some)) <= FEW:
                    return {"among": ids}
        return {}

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


nobodys = sa.and_(_c.manager_id.is_(None), ~_c.bot)
"""No person has it, and no bot serves it."""


def page(connection: sa.Connection, wanted: Filter, sort: str, cursor: str | None, limit: int) -> Page[Conversation]:
    """A page in the order of `sort`: last (newest message first), waiting (who waits longest first), due, snoozed.

    Narrowed to very many people it may be short although there is a next one: see `inbox.views.sifted`.
    """
    given = wanted.values(connection, sort) | {"limit": limit + 1}
    people = who(connection, wanted.q, wanted.segment, first=cursor is None)
    given |= {} if people.few is None else {"contacts": people.few}
    after = decode(cursor, datetime, int) if cursor else None
    if people.tests:
        return _sifted(connection, wanted, people, sort, given, after, limit)
    given |= _key(after)
    shape = _shape(wanted, sort, given)
    # Building a statement costs more than running it: each shape is built once.
    if wanted.counted is None:
        rows: Sequence[Any] = bulk.fetch(connection, _statement(shape), given)
    else:
        rows = connection.execute(_named(_build(shape, wanted.counted), sort), given).all()
    key = SORTS[sort]
    return cut(rows, limit, conversation, lambda row: (getattr(row, key), row.id))


def _sifted(
    connection: sa.Connection, wanted: Filter, people: Who, sort: str, given: dict[str, Any], after: Any, limit: int
) -> Page[Conversation]:  # fmt: skip
    """A page of very many people's: who belongs is asked of each stretch of the list."""
    key = SORTS[sort]

    def take(behind: Any, size: int) -> Sequence[Any]:
        values = given | {"limit": size} | _key(behind)
        stretch = _build(_shape(wanted, sort, values), wanted.counted).subquery("stretch")
        whose = sa.select(stretch, _c.contact_id).join_from(stretch, t.conversations, _c.id == stretch.c.id)
        at = stretch.c[key]
        order = (at.desc(), stretch.c.id.desc()) if sort == "last" else (at, stretch.c.id)
        return connection.execute(whose.order_by(*order), values).all()

    def belonging(rows: Sequence[Any]) -> set[Any]:
        fit = people.pick(connection, sorted({row.contact_id for row in rows}))
        return {(getattr(row, key), row.id) for row in rows if row.contact_id in fit}

    found = sift(take, belonging, lambda row: (getattr(row, key), row.id), after, limit)
    rows = bulk.fetch(connection, _by_ids(sort), {"among": [row.id for row in found.rows]})
    return Page(items=[conversation(row) for row in rows], next=None if found.after is None else encode(found.after))


def _key(after: Any) -> dict[str, Any]:
    return {} if after is None else {"at": after[0], "id": after[1]}


def _shape(wanted: Filter, sort: str, given: Collection[str]) -> "Shape":
    # One person's, and one channel's, are indexed by status: any status means each of them.
    statuses = tuple(wanted.statuses) or (t.STATUSES if {"manager", "nobody", "channel"} & set(given) else ())
    return Shape(statuses=statuses, names=frozenset(given), waiting=wanted.waiting, sort=sort)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What the statement of a list depends on, besides its values."""

    statuses: tuple[str, ...]
    names: frozenset[str]
    waiting: bool
    sort: str


@lru_cache(256)
def _statement(shape: Shape) -> sa.Select[Any]:
    return _named(_build(shape, None), shape.sort)


@lru_cache(len(SORTS))
def _by_ids(sort: str) -> sa.Select[Any]:
    return _named(sa.select(_c.id, _c[SORTS[sort]]).where(within(_c.id, "among")), sort)


def _named(chosen: sa.Select[Any], sort: str) -> sa.Select[Any]:
    return with_names(chosen.subquery("page"), SORTS[sort])


def _build(shape: Shape, counted: sa.Select[Any] | None) -> sa.Select[Any]:
    """(id, the sort's time) of a page, in its order."""
    conditions = [_CONDITIONS[name] for name in sorted(shape.names & _CONDITIONS.keys())]
    if shape.waiting:
        conditions.append(_c.waiting_since.is_not(None))
    if counted is not None:
        conditions.append(_c.id.in_(counted))
    elif not shape.statuses or "closed" in shape.statuses:
        conditions.append(_its_own)
    chosen = _newest(shape, conditions) if shape.sort == "last" else _oldest(shape, conditions, _c[SORTS[shape.sort]])
    return chosen.limit(_LIMIT)


def _newest(shape: Shape, conditions: list[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    """(id, last_at) newest first. Each status is a range of an index of its own: take the newest of each, then of all."""
    if "at" in shape.names:
        conditions = [*conditions, sa.tuple_(_c.last_at, _c.id) < _AFTER]
    base = sa.select(_c.id, _c.last_at).where(*conditions).order_by(_c.last_at.desc(), _c.id.desc())
    if {"among", "contacts"} & shape.names and shape.statuses:
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


_its_own = _c.merged_into.is_(None)
"""What was merged into another is closed and empty: it stands in no list, but a figure that counted it still leads to it."""
_LIMIT = sa.bindparam("limit", type_=sa.Integer)
_AFTER = sa.tuple_(sa.bindparam("at", type_=t.Instant), sa.bindparam("id", type_=sa.BigInteger))
_CONDITIONS: dict[str, sa.ColumnElement[bool]] = {
    "manager": _c.manager_id == sa.bindparam("manager"),
    "nobody": nobodys,
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
