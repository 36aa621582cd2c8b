"""Walk over the people of a filter by ranges of their ids: no statement looks at more than that, however many there are."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.segments.language import Filter
from inbox.segments.sql import compiled

SPAN = 5_000
"""Ids that one statement looks at."""
FIRST, WIDEST = 2_000, 32_000
"""Of a count: the first, and the widest."""
BUDGET = 0.06
"""Seconds after which a count stops and says where to go on."""
SAMPLE = 5

_C = t.contacts.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """Some people of a filter, by id. `up_to`: everybody with an id up to here was looked at; `done`: there is nobody beyond."""

    ids: tuple[int, ...] = ()
    up_to: int = 0
    done: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """How many people were found between two ids, and some of them."""

    count: int = 0
    sample: tuple[int, ...] = ()
    up_to: int = 0
    done: bool = False


def members(connection: sa.Connection, found: Filter, now: datetime, after: int, limit: int, span: int = SPAN) -> Slice:
    """The next people after an id, at most `limit`; maybe nobody although there are more: go on from `up_to`."""
    last = _last(connection)
    inside = _inside(found, now, after, after + span)
    ids = tuple(connection.scalars(sa.select(_C.id).where(*inside).order_by(_C.id).limit(limit)))
    if len(ids) == limit:
        return Slice(ids=ids, up_to=ids[-1])
    return Slice(ids=ids, up_to=after + span, done=after + span >= last)


def gathered(
    connection: sa.Connection, found: Filter, now: datetime, after: int, limit: int, clock: Callable[[], float] = time.monotonic
) -> Slice:
    """As `members`, over as many ranges as fit in the time, until there are `limit`."""
    end = clock() + BUDGET
    part = members(connection, found, now, after, limit)
    while len(part.ids) < limit and not part.done and clock() < end:
        more = members(connection, found, now, part.up_to, limit - len(part.ids))
        part = replace(more, ids=part.ids + more.ids)
    return part


def count(
    connection: sa.Connection, found: Filter, now: datetime, after: int = 0, clock: Callable[[], float] = time.monotonic
) -> Counted:
    """Count on from an id, for as long as the time allows: exact in the end, and nobody waits meanwhile.

    What is cheap to tell is asked of ever more people at once, what is dear of ever fewer.
    """
    began, last = clock(), _last(connection)
    total, sample, span = 0, tuple[int, ...](), FIRST
    while after < last:
        asked = clock()
        inside = _inside(found, now, after, after + span)
        some = connection.scalar(sa.select(sa.func.count()).select_from(t.contacts).where(*inside)) or 0
        if some and len(sample) < SAMPLE:
            few = sa.select(_C.id).where(*inside).order_by(_C.id).limit(SAMPLE - len(sample))
            sample += tuple(connection.scalars(few))
        total, after, answered = total + some, after + span, clock()
        if answered > began + BUDGET:
            break
        span = min(span * 2, WIDEST) if answered < asked + BUDGET / 6 else max(span // 2, FIRST // 4)
    return Counted(count=total, sample=sample, up_to=after, done=after >= last)


def _last(connection: sa.Connection) -> int:
    return connection.scalar(sa.select(sa.func.max(_C.id))) or 0


def _inside(found: Filter, now: datetime, after: int, up_to: int) -> tuple[Any, ...]:
    return (_C.id > after, _C.id <= up_to, _C.merged_into.is_(None), _C.erased_at.is_(None), compiled(found.match, now))
