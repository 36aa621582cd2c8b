"""Segments as pages show them: the list, one, how many are in it, who."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.refusals import NotFound
from inbox.segments import Filter, indexed, walk
from inbox.views.paging import Page, by_id, decode, encode

_S = t.segments.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A saved filter of contacts, or a list kept by hand. `tag`: where the filter is nothing but one tag."""

    id: int
    name: str
    kind: str
    filter: dict[str, Any]
    tag: str | None
    created_at: datetime
    changed_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SegmentContact:
    """Somebody in a segment."""

    id: int
    number: str
    name: str
    language: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SegmentCount:
    """People found so far, some of them, and where to count on (null: all are counted). Add the counts up."""

    count: int
    sample: list[SegmentContact]
    next: str | None


def page(connection: sa.Connection, cursor: str | None, limit: int) -> Page[Segment]:
    """All segments, newest first."""
    return by_id(connection, sa.select(t.segments).where(_S.removed_at.is_(None)), _S.id, _shown, cursor, limit)


def one(connection: sa.Connection, segment_id: int) -> Segment:
    """One segment. Raises NotFound."""
    row = connection.execute(sa.select(t.segments).where(_S.id == segment_id, _S.removed_at.is_(None))).one_or_none()
    if row is None:
        raise NotFound(f"There is no segment {segment_id}")
    return _shown(row)


def count(connection: sa.Connection, found: Filter, now: datetime, cursor: str | None) -> SegmentCount:
    """How many people: at once, where an index names them; else for a short while, then on from `next`."""
    if cursor is None and (ids := indexed(connection, found, now)) is not None:
        return SegmentCount(count=len(ids), sample=_people(connection, ids[: walk.SAMPLE]), next=None)
    part = walk.count(connection, found, now, _after(cursor))
    sample = _people(connection, part.sample)
    return SegmentCount(count=part.count, sample=sample, next=None if part.done else encode((part.up_to,)))


def people(connection: sa.Connection, found: Filter, now: datetime, cursor: str | None, limit: int) -> Page[SegmentContact]:
    """Who is in it, by id. A page may be short although there is a next one."""
    part = walk.gathered(connection, found, now, _after(cursor), limit)
    return Page(items=_people(connection, part.ids), next=None if part.done else encode((part.up_to,)))


def _after(cursor: str | None) -> int:
    return int(decode(cursor, int)[0]) if cursor else 0


def _people(connection: sa.Connection, ids: Sequence[int]) -> list[SegmentContact]:
    c = t.contacts.c
    query = sa.select(c.id, c.number, c.name, c.language).where(c.id.in_(ids)).order_by(c.id)
    return [SegmentContact(**row._mapping) for row in connection.execute(query)] if ids else []


def _shown(row: Any) -> Segment:
    match = row.filter.get("match", {})
    only = match.get("kind") == "tag" and not match.get("not") and len(match["tags"]) == 1
    return Segment(
        id=row.id, name=row.name, kind=row.kind, filter=row.filter, tag=match["tags"][0] if only else None,
        created_at=row.created_at, changed_at=row.changed_at,
    )  # fmt: skip
