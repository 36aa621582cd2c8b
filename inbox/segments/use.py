"""Keep segments: add, change, remove; put people on a list and take them off; narrow other lists down to one."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from inbox import schema as t
from inbox.record import record
from inbox.refusals import Conflict, Invalid, NotFound
from inbox.segments.language import Filter, Listed, of_tag
from inbox.segments.sql import compiled
from inbox.store import bulk, ids

_S, _M = t.segments.c, t.segment_members.c
MOST_AT_ONCE = 10_000
"""People put on a list by one call."""


def add(
    connection: sa.Connection,
    now: datetime,
    by: int | None,
    *,
    name: str,
    found: Filter | None = None,
    tag: str | None = None,
    contacts: Sequence[int] | None = None,
) -> int:
    """Keep a filter (or that of a tag), or a list of these people; its id. Raises Invalid, or Conflict for a taken name."""
    if sum(each is not None for each in (found, tag, contacts)) != 1:
        raise Invalid("filter", "Give one of filter, tag, contacts")
    number = ids.one(connection, "segments")
    kept = of_tag(tag) if tag is not None else found or Filter(version=1, match=Listed(kind="list", list=number))
    _require_lists(connection, kept, number)
    row = {"id": number, "name": name, "filter": kept.stored(), "created_by": by, "created_at": now, "changed_at": now}
    row["kind"] = "filter" if contacts is None else "list"
    _write(connection, lambda: connection.execute(sa.insert(t.segments).values(row)))
    _note(connection, now, by, "added", number)
    if contacts:
        put(connection, now, by, number, contacts)
    return number


def change(connection: sa.Connection, now: datetime, by: int | None, segment_id: int, wanted: Mapping[str, Any]) -> None:
    """Change `name` or `filter` (a Filter). Broadcasts that were started keep the filter they had."""
    row = _require(connection, segment_id)
    values = dict(wanted) | {"changed_at": now}
    if "filter" in wanted:
        if row.kind == "list":
            raise Conflict("This is a list: add and remove people instead")
        _require_lists(connection, wanted["filter"], segment_id)
        values["filter"] = wanted["filter"].stored()
    _write(connection, lambda: connection.execute(sa.update(t.segments).where(_S.id == segment_id).values(values)))
    _note(connection, now, by, "changed", segment_id)


def remove(connection: sa.Connection, now: datetime, by: int | None, segment_id: int) -> None:
    """Take it out of the lists and free its name. Raises Conflict while a draft of a broadcast is meant for it."""
    row = _require(connection, segment_id)
    b = t.broadcasts.c
    waiting = sa.select(b.name).where(b.segment_id == segment_id, b.state == "draft").limit(1)
    draft = connection.scalar(waiting)
    if draft is not None:
        raise Conflict(f"The broadcast “{draft}” is meant for this segment and not started yet")
    values = {"removed_at": now, "name": f"{row.name} ({segment_id})"}
    connection.execute(sa.update(t.segments).where(_S.id == segment_id).values(values))
    _note(connection, now, by, "removed", segment_id)


def put(connection: sa.Connection, now: datetime, by: int | None, segment_id: int, contacts: Sequence[int]) -> None:
    """Put people on a list; who stands there already stays. Raises Conflict for a filter, Invalid for somebody unknown."""
    _require_list(connection, segment_id)
    wanted = sorted(set(contacts))
    c = t.contacts.c
    known = set(connection.scalars(sa.select(c.id).where(c.id.in_(wanted), c.merged_into.is_(None), c.erased_at.is_(None))))
    if missing := [each for each in wanted if each not in known]:
        raise Invalid("contacts", f"There is no contact {missing[0]}")
    rows = [{"segment_id": segment_id, "contact_id": each, "added_by": by, "added_at": now} for each in wanted]
    connection.execute(_PUT[connection.dialect.name], rows)
    _note(connection, now, by, "filled", segment_id)


def take_off(connection: sa.Connection, now: datetime, by: int | None, segment_id: int, contacts: Sequence[int]) -> None:
    """Take people off a list; who does not stand there does not matter."""
    _require_list(connection, segment_id)
    connection.execute(sa.delete(t.segment_members).where(_M.segment_id == segment_id, _M.contact_id.in_(set(contacts))))
    _note(connection, now, by, "emptied", segment_id)


def load(connection: sa.Connection, segment_id: int) -> Filter:
    """The filter of a segment. Raises NotFound."""
    return Filter.model_validate(_require(connection, segment_id).filter)


def condition(
    connection: sa.Connection, segment_id: int, now: datetime, column: sa.ColumnElement[Any] = t.contacts.c.id
) -> sa.ColumnElement[bool]:
    """True where `column` (a contact's id, in whatever table) is of somebody in the segment. Raises NotFound."""
    people = t.contacts.alias("people_of_segment")
    found = compiled(load(connection, segment_id).match, now, people)
    inside = (
        sa.select(sa.literal(1))
        .select_from(people)
        .where(people.c.id == column, people.c.merged_into.is_(None), people.c.erased_at.is_(None), found)
    )
    return sa.exists(inside.correlate_except(people))


def _require(connection: sa.Connection, segment_id: int) -> Any:
    row = connection.execute(sa.select(t.segments).where(_S.id == segment_id, _S.removed_at.is_(None))).one_or_none()
    if row is None:
        raise NotFound(f"There is no segment {segment_id}")
    return row


def _require_list(connection: sa.Connection, segment_id: int) -> None:
    if _require(connection, segment_id).kind != "list":
        raise Conflict("This segment is a filter: whoever fulfils it is in it")


def _require_lists(connection: sa.Connection, found: Filter, own: int) -> None:
    """The lists that a filter names are there."""
    lists = {each.list for each in found.leaves() if isinstance(each, Listed)} - {own}
    query = sa.select(_S.id).where(_S.id.in_(lists), _S.kind == "list", _S.removed_at.is_(None))
    if missing := lists - set(connection.scalars(query)):
        raise Invalid("filter", f"There is no list {min(missing)}")


def _write(connection: sa.Connection, write: Callable[[], object]) -> None:
    try:
        with bulk.savepoint(connection):
            write()
    except IntegrityError as error:
        raise Conflict("There is a segment of this name already") from error


def _note(connection: sa.Connection, now: datetime, by: int | None, done: str, number: int) -> None:
    actor = "manager" if by is not None else "system"
    record(connection, now, f"segment.{done}", actor_kind=actor, actor_id=by, segment_id=number)


_PUT = {
    "sqlite": sqlite.insert(t.segment_members).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(t.segment_members).on_conflict_do_nothing(),
}
