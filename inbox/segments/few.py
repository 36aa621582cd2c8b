"""Few people, or very many: whoever narrows another list down wants the ids of the few, and a condition for the many."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.refusals import Invalid, NotFound
from inbox.segments.language import Group, Listed, Tagged
from inbox.segments.sql import compiled
from inbox.segments.use import load
from inbox.segments.walk import gathered

MOST = 2_000
_C = t.contacts.c


def few(connection: sa.Connection, segment_id: int, now: datetime, among: Sequence[int] | None = None) -> list[int] | None:
    """Who is in the segment (and `among`, where that is given), newest first; None if they are more than a few, or cannot be
    told quickly. Raises Invalid where there is no such segment."""
    try:
        found = load(connection, segment_id)
    except NotFound as error:
        raise Invalid("segment", error.detail) from error
    ids = among if among is not None else _by_index(connection, found.match)
    if ids is None:
        part = gathered(connection, found, now, 0, MOST + 1)
        return sorted(part.ids, reverse=True) if part.done and len(part.ids) <= MOST else None
    if len(ids) > MOST:
        return None
    here = (_C.id.in_(ids), _C.merged_into.is_(None), _C.erased_at.is_(None), compiled(found.match, now))
    return list(connection.scalars(sa.select(_C.id).where(*here).order_by(_C.id.desc())))


def _by_index(connection: sa.Connection, match: Any) -> list[int] | None:
    """Everybody who can be in it at all, where a tag or a list says so; more than `MOST` are not all told."""
    parts = match.of if isinstance(match, Group) and match.kind == "all" and not match.negated else [match]
    for part in parts:
        if isinstance(part, Tagged | Listed) and not part.negated:
            return list(connection.scalars(_ids(part).limit(MOST + 1)))
    return None


def _ids(part: Tagged | Listed) -> sa.Select[Any]:
    if isinstance(part, Listed):
        return sa.select(t.segment_members.c.contact_id).where(t.segment_members.c.segment_id == part.list)
    return sa.select(t.contact_tags.c.contact_id).where(t.contact_tags.c.tag.in_(part.tags)).distinct()
