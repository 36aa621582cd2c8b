"""Few people, or very many: whoever narrows another list down wants the ids of the few, and a condition for the many."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.refusals import Invalid, NotFound
from inbox.segments.language import Filter, Got, Group, Listed, Managed, Tagged, Works
from inbox.segments.sql import compiled
from inbox.segments.use import load
from inbox.segments.walk import gathered
from inbox.store.within import within

MOST = 2_000
_C = t.contacts.c


def few(
    connection: sa.Connection, segment_id: int, now: datetime, among: Sequence[int] | None = None, *, gather: bool = True
) -> list[int] | None:
    """Who is in the segment (and `among`, where that is given), newest first; None if they are more than a few, or cannot be
    told quickly. `gather`: look through everybody for a while, where no index tells. Raises Invalid where there is no segment."""
    try:
        found = load(connection, segment_id)
    except NotFound as error:
        raise Invalid("segment", error.detail) from error
    ids = among if among is not None else _by_index(connection, found.match)
    if ids is None and not gather:
        return None
    if ids is None:
        part = gathered(connection, found, now, 0, MOST + 1)
        return sorted(part.ids, reverse=True) if part.done and len(part.ids) <= MOST else None
    return sorted(_inside(connection, found, now, ids), reverse=True) if len(ids) <= MOST else None


def indexed(connection: sa.Connection, found: Filter, now: datetime) -> list[int] | None:
    """Everybody of a filter, by id, where an index names all who can be in it, and they are a few; else None."""
    ids = _by_index(connection, found.match)
    return sorted(_inside(connection, found, now, ids)) if ids is not None and len(ids) <= MOST else None


def tested(connection: sa.Connection, segment_id: int, now: datetime) -> Callable[[sa.Connection, Sequence[int]], set[int]]:
    """A test of people: who of these is in the segment."""
    found = load(connection, segment_id)
    return lambda there, ids: _inside(there, found, now, ids)


def _inside(connection: sa.Connection, found: Filter, now: datetime, ids: Sequence[int]) -> set[int]:
    here = (within(_C.id, "ids"), _C.merged_into.is_(None), _C.erased_at.is_(None), compiled(found.match, now))
    return set(connection.scalars(sa.select(_C.id).where(*here), {"ids": ids}))


def _by_index(connection: sa.Connection, match: Any) -> list[int] | None:
    """Everybody who can be in it at all, where an index tells; if they are more than `MOST`, not all. None: none tells."""
    parts = match.of if isinstance(match, Group) and match.kind == "all" and not match.negated else [match]
    ids: list[int] | None = None
    for query in [found for each in parts if (found := _ids(each)) is not None]:
        ids = list(connection.scalars(query.limit(MOST + 1)))
        if len(ids) <= MOST:
            return ids
    return ids


def _ids(part: Any) -> sa.Select[Any] | None:
    """Who fulfils it, by an index; None where there is no such index."""
    m, g, r, e = t.segment_members.c, t.contact_tags.c, t.recipients.c, t.employments.c
    if getattr(part, "negated", True):
        return None
    if isinstance(part, Listed):
        return sa.select(m.contact_id).where(m.segment_id == part.list)
    if isinstance(part, Tagged):
        return sa.select(g.contact_id).where(g.tag.in_(part.tags)).distinct()
    if isinstance(part, Managed) and None not in part.managers:
        return sa.select(_C.id).where(_C.manager_id.in_(part.managers))
    if isinstance(part, Works) and None not in part.organisations:
        return sa.select(e.contact_id).where(e.organisation_id.in_(part.organisations)).distinct()
    if isinstance(part, Got) and part.broadcast is not None:
        return sa.select(r.contact_id).where(r.broadcast_id == part.broadcast)
    return None
