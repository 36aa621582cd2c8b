"""The column of companies: people of a file are put into their organisations, which are made where there are none; and undone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from inbox import schema as t
from inbox.organisations.naming import fold_name, sort_name
from inbox.store import bulk, ids
from inbox.store.within import within

_o, _e = t.organisations.c, t.employments.c


def known(connection: sa.Connection, contacts: Sequence[int]) -> dict[int, set[str]]:
    """Where people work now, by what the spellings of each name share."""
    found: dict[int, set[str]] = {}
    for row in bulk.fetch(connection, _WHERE, {"contacts": list(contacts)}) if contacts else ():
        found.setdefault(row.contact_id, set()).add(row.fold)
    return found


def hire(connection: sa.Connection, now: datetime, import_id: int, hired: Mapping[int, Sequence[tuple[str, str]]]) -> None:
    """Write who works where: {contact: [(organisation, position)]}."""
    names: dict[str, str] = {}
    for pairs in hired.values():
        for name, _ in pairs:
            names.setdefault(fold_name(name), name)
    if not names:
        return
    numbers = {row.fold: row.id for row in bulk.fetch(connection, _NAMED, {"folds": list(names)})}
    numbers |= _made(connection, now, import_id, {fold: name for fold, name in names.items() if fold not in numbers})
    rows = [
        {"contact_id": contact, "organisation_id": numbers[fold_name(name)], "title": title, "import_id": import_id}
        for contact, pairs in hired.items() for name, title in pairs
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
    return numbers


_WHERE = (
    sa.select(_e.contact_id, _o.fold)
    .join(t.organisations, _o.id == _e.organisation_id)
    .where(within(_e.contact_id, "contacts"), sa.not_(_e.ended))
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
