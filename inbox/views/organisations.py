"""Organisations: lists, one with those that may be the same, who works there and did, what is said and due with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.organisations.naming import fold_name, sort_name
from inbox.organisations.write import registration
from inbox.refusals import NotFound
from inbox.segments.fields import place
from inbox.views import lists
from inbox.views.conversations import Conversation
from inbox.views.paging import All, Page, beyond, cut, decode
from inbox.views.shapes import Named, named

_o, _e, _c = t.organisations.c, t.employments.c, t.contacts.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Organisation:
    """A company. `registration`: ИНН, VAT number and the like. `people`: how many work there now. `similar`: those that may be
    the same one, only where one organisation is asked for."""

    id: int
    name: str
    status: str | None
    website: str
    phones: list[str]
    emails: list[str]
    address: str
    registration: str
    note: str
    fields: dict[str, Any]
    tags: list[str]
    manager: Named | None
    people: int
    similar: list[Named]
    merged_into: int | None
    removed_at: datetime | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Employment:
    """Somebody in an organisation. `part`: theirs in decisions. Dates are 2024, 2024-05 or 2024-05-17, null where nobody knows;
    `current`: they work there now."""

    id: int
    contact: Named
    organisation: Named
    title: str
    part: str | None
    influence: str | None
    since: str | None
    until: str | None
    current: bool
    changed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganisationMerge:
    """One organisation that was taken into another."""

    id: int
    organisation: Named
    merged: Named
    at: datetime
    by: Named
    undone_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which organisations."""

    q: str = ""
    status: str | None = None
    manager: int | None = None
    removed: bool = False


def page(connection: sa.Connection, wanted: Filter, cursor: str | None, limit: int) -> Page[Organisation]:
    """Organisations by name."""
    query = _ORGANISATIONS.where(_o.merged_into.is_(None))
    query = query.where(_o.removed_at.is_not(None) if wanted.removed else _o.removed_at.is_(None))
    if wanted.q:
        query = query.where(_matches(wanted.q))
    if wanted.status is not None:
        query = query.where(_o.status == wanted.status)
    if wanted.manager is not None:
        query = query.where(_o.manager_id == wanted.manager)
    if cursor:
        query = query.where(beyond((_o.sort, _o.id), decode(cursor, str, int), descending=False))
    rows = connection.execute(query.order_by(_o.sort, _o.id).limit(limit + 1)).all()
    counts = _people(connection, [row.id for row in rows[:limit]])
    return cut(rows, limit, lambda row: _shown(row, counts.get(row.id, 0), []), lambda row: (row.sort, row.id))


def one(connection: sa.Connection, number: int) -> Organisation:
    """An organisation, also one that is archived or was merged away. Raises NotFound."""
    row = connection.execute(_ORGANISATIONS.where(_o.id == number)).one_or_none()
    if row is None:
        raise NotFound(f"There is no organisation {number}")
    same = [] if row.merged_into or row.removed_at else alike(connection, row.name, row.registration, apart=row.id)
    return _shown(row, _people(connection, [number]).get(number, 0), same)


def alike(connection: sa.Connection, name: str, number: str, *, apart: int = 0) -> list[Named]:
    """Organisations that may be the same: called alike, or with the same registration number; at most ten."""
    told = registration(number)
    same = [_o.fold == fold_name(name)] if name.strip() else []
    same += [sa.and_(_o.registration == told, sa.text("registration <> ''"))] if told else []
    if not same:
        return []
    there = (_o.removed_at.is_(None), _o.merged_into.is_(None), _o.id != apart)
    rows = connection.execute(sa.select(_o.id, _o.name).where(sa.or_(*same), *there).order_by(_o.id).limit(10))
    return [Named(id=row.id, name=row.name) for row in rows]


def people(
    connection: sa.Connection, number: int, current: bool | None, cursor: str | None, limit: int
) -> Page[Employment]:  # fmt: skip
    """Who works in an organisation (`current`), worked there before, or both; who came last first."""
    query = _EMPLOYMENTS.where(_e.organisation_id == number, _c.merged_into.is_(None))
    if current is not None:
        query = query.where(_e.ended.is_(not current))
    if cursor:
        query = query.where(_e.id < decode(cursor, int)[0])
    rows = connection.execute(query.order_by(_e.id.desc()).limit(limit + 1)).all()
    return cut(rows, limit, _employment, lambda row: (row.id,))


def of_contact(connection: sa.Connection, contact_id: int) -> All[Employment]:
    """Where somebody works and worked: what goes on first, then the newest."""
    rows = connection.execute(_EMPLOYMENTS.where(_e.contact_id == contact_id).order_by(_e.id.desc()).limit(200)).all()
    rows = sorted(rows, key=lambda row: (row.since, row.id), reverse=True)
    return All(items=[_employment(row) for row in sorted(rows, key=lambda row: row.ended)])


def employment(connection: sa.Connection, number: int) -> Employment:
    """One employment. Raises NotFound."""
    row = connection.execute(_EMPLOYMENTS.where(_e.id == number)).one_or_none()
    if row is None:
        raise NotFound(f"There is no employment {number}")
    return _employment(row)


def works(number: int) -> sa.Select[Any]:
    """Ids of the contacts who work in an organisation now."""
    return sa.select(_e.contact_id).where(_e.organisation_id == number, _e.ended.is_(False))


def talks(connection: sa.Connection, number: int, cursor: str | None, limit: int) -> Page[Conversation]:
    """Conversations of the people who work there now, the newest message first."""
    c = t.conversations.alias().c
    counted = sa.select(c.id).where(c.contact_id.in_(works(number)))
    return lists.page(connection, lists.Filter(statuses=(), counted=counted), "last", cursor, limit)


def merges(connection: sa.Connection, number: int) -> All[OrganisationMerge]:
    """What was merged into an organisation, the newest first."""
    m = t.organisation_merges.c
    rows = connection.execute(_MERGES.where(m.organisation_id == number).order_by(m.id.desc()).limit(200))
    return All(items=[_merge(row) for row in rows])


def merge(connection: sa.Connection, number: int) -> OrganisationMerge:
    """One merge."""
    return _merge(connection.execute(_MERGES.where(t.organisation_merges.c.id == number)).one())


def _matches(q: str) -> sa.ColumnElement[bool]:
    """A part of the name, of a mail address or site, or the beginning of the registration number.

    Looked up on its own, in the order of the table: along the names each row would have to be fetched for itself.
    """
    there = t.organisations.alias()
    o = there.c
    found = [_holds(o.sort, sort_name(q))]
    if folded := fold_name(q):
        found.append(_holds(o.fold, folded))
    if any(map(str.isdigit, q)):
        found.append(o.registration.startswith(registration(q), autoescape=True))
    if q.isascii():  # as sites and addresses are
        found += [_holds(sa.func.lower(sa.cast(column, sa.Text)), q.lower()) for column in (o.website, o.emails)]
    return _o.id.in_(sa.select(o.id).where(sa.or_(*found)))


def _holds(column: sa.ColumnElement[str], part: str) -> sa.ColumnElement[bool]:
    """By characters, which costs a third of LIKE: both are in small letters."""
    return place(column, sa.literal(part, sa.Text)) > 0


def _people(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, int]:
    if not numbers:
        return {}
    here = sa.select(_e.organisation_id, sa.func.count(_e.contact_id.distinct()))
    here = here.join(t.contacts, _c.id == _e.contact_id).where(_c.merged_into.is_(None))
    rows = connection.execute(here.where(_e.organisation_id.in_(numbers), _e.ended.is_(False)).group_by(_e.organisation_id))
    return {row[0]: row[1] for row in rows}


def _shown(row: Any, count: int, similar: list[Named]) -> Organisation:
    return Organisation(
        id=row.id, name=row.name, status=row.status, website=row.website, phones=row.phones, emails=row.emails,
        address=row.address, registration=row.registration, note=row.note, fields=row.fields, tags=row.tags,
        manager=named(row.manager_id, row.manager_name), people=count, similar=similar, merged_into=row.merged_into,
        removed_at=row.removed_at, created_at=row.created_at, changed_at=row.changed_at,
    )  # fmt: skip


def _employment(row: Any) -> Employment:
    return Employment(
        id=row.id, contact=Named(id=row.contact_id, name=row.contact_name), title=row.title, part=row.part,
        organisation=Named(id=row.organisation_id, name=row.organisation_name), influence=row.influence,
        since=row.since or None, until=row.until or None, current=not row.ended, changed_at=row.changed_at,
    )  # fmt: skip


def _merge(row: Any) -> OrganisationMerge:
    return OrganisationMerge(
        id=row.id, organisation=Named(id=row.organisation_id, name=row.kept_name), at=row.at,
        merged=Named(id=row.merged_id, name=row.merged_name), by=Named(id=row.by, name=row.manager_name), undone_at=row.undone_at,
    )  # fmt: skip


_ORGANISATIONS = sa.select(t.organisations, t.managers.c.name.label("manager_name")).outerjoin(
    t.managers, t.managers.c.id == _o.manager_id
)
_EMPLOYMENTS = (
    sa.select(t.employments, _c.name.label("contact_name"), _o.name.label("organisation_name"))
    .join(t.contacts, _c.id == _e.contact_id)
    .join(t.organisations, _o.id == _e.organisation_id)
)
_kept, _gone = t.organisations.alias(), t.organisations.alias()
_MERGES = (
    sa.select(
        t.organisation_merges, _kept.c.name.label("kept_name"), _gone.c.name.label("merged_name"),
        t.managers.c.name.label("manager_name"),
    )
    .join(_kept, _kept.c.id == t.organisation_merges.c.organisation_id)
    .join(_gone, _gone.c.id == t.organisation_merges.c.merged_id)
    .join(t.managers, t.managers.c.id == t.organisation_merges.c.by)
)  # fmt: skip
