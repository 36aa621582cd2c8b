"""What to mend: findings by kind with their numbers, before and after, and the repairs that can be undone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from inbox import schema as t
from inbox.card.rounds import Run
from inbox.quality import through
from inbox.quality.cards import IDENTITY, Found, of_contacts
from inbox.quality.findings import KINDS
from inbox.refusals import Invalid, NotFound
from inbox.views import contacts
from inbox.views.paging import All, Page, by_id, cut, decode
from inbox.views.shapes import Named

MOST = 10_000
"""Findings of a kind are counted so far; an index over the open ones alone makes that some milliseconds."""
_f, _b, _p, _c = t.quality_findings.c, t.quality_batches.c, t.quality_repairs.c, t.contacts.c


@dataclass(frozen=True, kw_only=True, slots=True)
class KindCount:
    """How much there is of a kind, at most 10,000. `mendable`: how many of these one click can repair. `right`: how many a person
    said are right so."""

    kind: str
    count: int
    mendable: int
    right: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A value that looks wrong. `place`: name, fields.<name>, or the kind of an address (phone, email). `after`: what should
    stand there, empty for nothing at all, null where only a person knows. `id` is null for what was found this moment."""

    id: int | None
    kind: str
    contact: Named
    place: str
    before: str
    after: str | None
    state: str
    found_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Repair:
    """One value that was put right."""

    id: int
    kind: str
    contact: Named
    place: str
    before: str
    after: str
    undone_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """One click. `kind`: all of this kind; null: those that were chosen. `state`: running, done, undoing, undone. `left`: how
    many are still to come. `refused`: could not be repaired; `kept`: somebody edited it since, so the undo left it."""

    id: int
    kind: str | None
    by: Named
    at: datetime
    state: str
    repaired: int
    refused: int
    undone: int
    kept: int
    left: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """What there is to mend, and how far the last look through everybody is."""

    kinds: list[KindCount]
    run: Run | None
    going: Batch | None
    """The batch that is being repaired or undone at the moment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspect:
    """What looks wrong in what is being typed; `place`, `before` and `after` as of a finding."""

    kind: str
    place: str
    before: str
    after: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What looks wrong, and how such a name would be greeted."""

    items: list[Suspect]
    greeting: str


def checked(found: Found) -> Suspect:
    return Suspect(kind=found.fault.kind, place=found.place, before=found.value, after=found.fault.after)


def counts(connection: sa.Connection) -> Quality:
    """By kind, in the order of pages; kinds of which there is nothing are left out."""
    found = [_count(connection, kind) for kind in KINDS]
    number = connection.scalar(sa.select(_b.id).where(_b.state.in_(("running", "undoing"))).order_by(_b.id).limit(1))
    return Quality(
        kinds=[each for each in found if each.count or each.right], run=through.latest(connection),
        going=batch(connection, number) if number is not None else None,
    )  # fmt: skip


def page(connection: sa.Connection, kind: str, state: Literal["open", "right"], cursor: str | None, limit: int) -> Page[Finding]:
    """Findings of a kind, newest first. Raises Invalid."""
    if kind not in KINDS:
        raise Invalid("kind", "There is no such kind of finding")
    query = _FINDINGS.where(_f.kind == kind, _f.state == state)
    if cursor:
        query = query.where(_f.id < decode(cursor, int)[0])
    rows = connection.execute(query.order_by(_f.id.desc()).limit(limit + 1)).all()
    kinds = _address_kinds(connection, rows)
    return cut(rows, limit, lambda row: _finding(row, kinds), lambda row: (row.id,))


def of_contact(connection: sa.Connection, contact_id: int) -> All[Finding]:
    """What looks wrong on a card as it stands this moment, without what somebody said is right. Raises NotFound."""
    card = contacts.one(connection, contact_id)
    kept = {row.place: row for row in connection.execute(_FINDINGS.where(_f.contact_id == contact_id))}
    kinds = {f"{IDENTITY}{each.id}": each.kind for each in card.identities}
    shown = []
    for each in of_contacts(connection, [contact_id]).get(contact_id, ()):
        row = kept.get(each.place)
        if row is not None and row.value != each.value:
            row = None
        if row is not None and row.state == "right":
            continue
        shown.append(
            Finding(
                id=None if row is None else row.id, kind=each.fault.kind, contact=Named(id=card.id, name=card.name),
                place=kinds.get(each.place, each.place), before=each.value, after=each.fault.after, state="open",
                found_at=None if row is None else row.found_at,
            )
        )  # fmt: skip
    return All(items=shown)


def batches(connection: sa.Connection, cursor: str | None, limit: int) -> Page[Batch]:
    """What was repaired, newest first."""
    return by_id(connection, _BATCHES, _b.id, lambda row: _batch(connection, row), cursor, limit)


def batch(connection: sa.Connection, batch_id: int) -> Batch:
    """One of them. Raises NotFound."""
    row = connection.execute(_BATCHES.where(_b.id == batch_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no batch {batch_id}")
    return _batch(connection, row)


def repairs(connection: sa.Connection, batch_id: int, cursor: str | None, limit: int) -> Page[Repair]:
    """What a batch put right, newest first. Raises NotFound."""
    batch(connection, batch_id)
    query = sa.select(t.quality_repairs, _c.name).join(t.contacts, _c.id == _p.contact_id).where(_p.batch_id == batch_id)
    return by_id(connection, query, _p.id, _repair, cursor, limit)


def _count(connection: sa.Connection, kind: str) -> KindCount:
    state, mendable = (_f.state == "open", _f.state == "right"), _f.after.is_not(None)
    wanted = (state[0],), (state[0], mendable), (state[1],)
    inside = [sa.select(sa.literal(1)).where(_f.kind == kind, *where).limit(MOST).subquery() for where in wanted]
    numbers = [sa.select(sa.func.count()).select_from(each).scalar_subquery() for each in inside]
    count, mends, right = connection.execute(sa.select(*numbers)).one()
    return KindCount(kind=kind, count=count, mendable=mends, right=right)


def _left(connection: sa.Connection, row: Any) -> int:
    if row.state != "running":
        return 0
    mine = sa.and_(_f.kind == row.kind, _f.state == "open", _f.after.is_not(None), _f.id > row.last_id, _f.id <= row.up_to)
    inside = sa.select(sa.literal(1)).select_from(t.quality_findings).where(mine).limit(MOST).subquery()
    return int(connection.scalar(sa.select(sa.func.count()).select_from(inside)) or 0)


def _address_kinds(connection: sa.Connection, rows: Sequence[Any]) -> dict[str, str]:
    numbers = [int(row.place.removeprefix(IDENTITY)) for row in rows if row.place.startswith(IDENTITY)]
    i = t.identities.c
    found = connection.execute(sa.select(i.id, i.kind).where(i.id.in_(numbers))) if numbers else ()
    return {f"{IDENTITY}{row.id}": row.kind for row in found}


def _finding(row: Any, kinds: dict[str, str]) -> Finding:
    return Finding(
        id=row.id, kind=row.kind, contact=Named(id=row.contact_id, name=row.name), place=kinds.get(row.place, row.place),
        before=row.value, after=row.after, state=row.state, found_at=row.found_at,
    )  # fmt: skip


def _repair(row: Any) -> Repair:
    place = ("email" if "@" in row.before else "phone") if row.place.startswith(IDENTITY) else row.place
    return Repair(
        id=row.id, kind=row.kind, contact=Named(id=row.contact_id, name=row.name), place=place, before=row.before,
        after=row.after, undone_at=row.undone_at,
    )  # fmt: skip


def _batch(connection: sa.Connection, row: Any) -> Batch:
    return Batch(
        id=row.id, kind=row.kind, by=Named(id=row.manager_id, name=row.manager_name), at=row.at, state=row.state,
        repaired=row.repaired, refused=row.refused, undone=row.undone, kept=row.kept, left=_left(connection, row),
    )  # fmt: skip


_FINDINGS = sa.select(t.quality_findings, _c.name).join(t.contacts, _c.id == _f.contact_id)
_BATCHES = sa.select(t.quality_batches, t.managers.c.name.label("manager_name")).join(
    t.managers, t.managers.c.id == _b.manager_id
)
