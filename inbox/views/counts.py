"""The numbers beside the lists of the inbox."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from inbox import schema as t
from inbox.views.conversations import ACTIVE, CURRENT
from inbox.views.lists import nobodys

COUNT_TO = 1000
"""Counts stop here: nobody reads a larger one, and counting a million costs."""

_c, _m = t.conversations.c, t.mentions.c


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


def counts(connection: sa.Connection, me: int, now: datetime) -> Counts:
    """The numbers beside the views, for one manager."""
    current, k = _c.status.in_(CURRENT), t.team_members.c
    teams = list(connection.scalars(sa.select(k.team_id).where(k.manager_id == me)))
    return Counts(
        mine=_count(connection, _c.manager_id == me, current),
        unassigned=_count(connection, nobodys, current),
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
