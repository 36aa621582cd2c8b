"""The column of companies: people of a file are put into their organisations, which are made where there are none; and undone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from inbox import schema as t
from inbox.organisations.naming import fold_name, sort_name
from inbox.organisations.write import keep
from inbox.record import event
from inbox.store import bulk, ids
from inbox.store.within import within

_o, _e = t.organisations.c, t.employments.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Where somebody works or worked. `fold`: what the spellings of the company's name share."""

    id: int
    fold: str
    since: str
    ended: bool
    import_id: int | None
    changed_at: datetime


def known(connection: sa.Connection, contacts: Sequence[int]) -> dict[int, list[Job]]:
    """Where people work and worked."""
    found: dict[int, list[Job]] = {}
    for row in bulk.fetch(connection, _WHERE, {"contacts": list(contacts)}) if contacts else ():
        job = Job(
            id=row.id, fold=row.fold, since=row.since, ended=row.ended, import_id=row.import_id, changed_at=row.changed_at
        )  # fmt: skip
        found.setdefault(row.contact_id, []).append(job)
    return found


def end(connection: sa.Connection, now: datetime, left: Mapping[int, str]) -> None:
    """They work there no more: {employment: its last day}."""
    bulk.execute(connection, _END, [{"job": number, "last": until, "now": now} for number, until in left.items()])


def take_up(connection: sa.Connection, left: Mapping[str, tuple[str, str]]) -> None:
    """They never left: {employment: [the last day that was written, when it had been changed before]}. What somebody dated
    otherwise since stays."""
    for number, (until, before) in left.items():
        as_left = (_e.id == int(number), _e.ended, _e.until == until)
        back = {"ended": False, "until": "", "changed_at": datetime.fromisoformat(before)}
        connection.execute(sa.update(t.employments).where(*as_left).values(back))


def hire(connection: sa.Connection, now: datetime, import_id: int, hired: Mapping[int, Sequence[tuple[str, str, bool]]]) -> None:
    """Write who works where: {contact: [(organisation, position, whether they were there before and are back today)]}."""
    names: dict[str, str] = {}
    for jobs in hired.values():
        for name, *_ in jobs:
            names.setdefault(fold_name(name), name)
    if not names:
        return
    numbers = {row.fold: row.id for row in bulk.fetch(connection, _NAMED, {"folds": list(names)})}
    numbers |= _made(connection, now, import_id, {fold: name for fold, name in names.items() if fold not in numbers})
    rows = [
        {"contact_id": contact, "organisation_id": numbers[fold_name(name)], "title": title, "import_id": import_id}
        | {"since": now.date().isoformat() if back else ""}
        for contact, jobs in hired.items() for name, title, back in jobs
    ]  # fmt: skip
    for number, row in zip(ids.take(connection, "employments", len(rows)), rows, strict=True):
        row |= {"id": number, "created_at": now, "changed_at": now}
    bulk.execute(connection, _HIRE[connection.dialect.name], rows)


def leave(connection: sa.Connection, import_id: int, contacts: Sequence[int]) -> None:
    """These people work no more where an import put them."""
    theirs = sa.delete(t.employments).where(_e.import_id == import_id, _e.contact_id.in_(contacts))
    connection.execute(theirs)


def touched(connection: sa.Connection, import_id: int, contacts: Sequence[int]) -> set[int]:
    """Those of whom somebody else than this import said where they work."""
    others = sa.or_(_e.import_id.is_(None), _e.import_id != import_id, _e.changed_at != _e.created_at)
    return set(connection.scalars(sa.select(_e.contact_id).where(_e.contact_id.in_(contacts), others)))


def close(connection: sa.Connection, import_id: int) -> None:
    """Organisations that an import made go, unless somebody works there or has touched them since."""
    m = t.organisation_merges.c
    works = sa.exists().where(_e.organisation_id == _o.id)
    merged = sa.exists().where(sa.or_(m.organisation_id == _o.id, m.merged_id == _o.id))
    alone = (_o.merged_into.is_(None), _o.changed_at == _o.created_at, ~works, ~merged)
    connection.execute(sa.delete(t.organisations).where(_o.import_id == import_id, *alone))


def _made(connection: sa.Connection, now: datetime, import_id: int, names: Mapping[str, str]) -> dict[str, int]:
    numbers = dict(zip(names, ids.take(connection, "organisations", len(names)), strict=True))
    rows: list[dict[str, Any]] = [
        {"id": numbers[fold], "name": name, "sort": sort_name(name), "fold": fold, "import_id": import_id}
        | {"created_at": now, "changed_at": now}
        for fold, name in names.items()
    ]
    bulk.insert(connection, t.organisations, rows)
    keep(
        connection,
        [event(now, "organisation.added", organisation_id=r["id"], name=r["name"], import_id=import_id) for r in rows],
    )
    return numbers


_WHERE = (
    sa.select(_e.contact_id, _e.id, _o.fold, _e.since, _e.ended, _e.import_id, _e.changed_at)
    .join(t.organisations, _o.id == _e.organisation_id)
    .where(within(_e.contact_id, "contacts"))
    .order_by(_e.contact_id, _o.fold, _e.id)
)
_END = (
    sa.update(t.employments)
    .where(_e.id == sa.bindparam("job"), sa.not_(_e.ended))
    .values(ended=True, until=sa.bindparam("last"), changed_at=sa.bindparam("now"))
)
_NAMED = (
    sa.select(_o.fold, sa.func.min(_o.id).label("id"))
    .where(within(_o.fold, "folds"), _o.merged_into.is_(None), _o.removed_at.is_(None))
    .group_by(_o.fold)
)
_HIRE = {
    "sqlite": sqlite.insert(t.employments).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(t.employments).on_conflict_do_nothing(),
}
"""Who is there already, since nobody knows when, stays as they are."""
