"""Which rows follow a contact into another card, each move written down, so that it can be taken back weeks later."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.schema.base import Instant, metadata

_LEFT = {"contacts", "merges", "contact_tags", "recipients", "contact_changes"}
"""Moved by hand, or what is told of a card itself and stays with it."""


@lru_cache(maxsize=1)
def followers() -> tuple[sa.Column[Any], ...]:
    """Every column that names a contact, of whatever table there is: a new table follows its person by itself."""
    found = [
        column
        for table in metadata.sorted_tables
        if table.name not in _LEFT
        for column in table.columns
        if any(key.column is t.contacts.c.id for key in column.foreign_keys)
    ]
    return tuple(found)


def move(connection: sa.Connection, merge_id: int, column: sa.Column[Any], source: int, target: int) -> None:
    """Rows of `source` now name `target`, and are written down. What the target has already (a unique key) stays where it is."""
    table = column.table
    assert isinstance(table, sa.Table)
    mine = sa.and_(column == source, *(~_taken(table, column, target, names) for names in _uniques(table, column)))
    if _numbered(table):
        listed = sa.select(sa.literal(merge_id), sa.literal(place(column)), table.c.id, sa.literal("")).where(mine)
        connection.execute(sa.insert(t.merge_rows).from_select(["merge_id", "place", "row_id", "row_key"], listed))
        connection.execute(sa.update(table).where(table.c.id.in_(_listed(merge_id, column))).values({column.name: target}))
        return
    for row in connection.execute(sa.select(*_rest(table, column)).where(mine)).all():
        note(connection, merge_id, place(column), key=list(row))
        connection.execute(sa.update(table).where(column == source, *_at(table, column, row)).values({column.name: target}))


def move_back(connection: sa.Connection, merge_id: int, column: sa.Column[Any], source: int, target: int) -> None:
    """The rows that a merge moved from `target` to `source` are `target`'s again, unless somebody moved them on since."""
    table = column.table
    assert isinstance(table, sa.Table)
    if _numbered(table):
        mine = sa.and_(column == source, table.c.id.in_(_listed(merge_id, column)))
        connection.execute(sa.update(table).where(mine).values({column.name: target}))
        return
    for row in noted(connection, merge_id, place(column)):
        mine = sa.and_(column == source, *_at(table, column, row))
        free = [~_taken(table, column, target, names) for names in _uniques(table, column)]
        connection.execute(sa.update(table).where(mine, *free).values({column.name: target}))


def place(column: sa.Column[Any]) -> str:
    """table.column"""
    return f"{column.table.name}.{column.name}"


def note(connection: sa.Connection, merge_id: int, where: str, *, row_id: int = 0, key: Sequence[Any] = ()) -> None:
    """Write down one row that a merge changes."""
    row = {"merge_id": merge_id, "place": where, "row_id": row_id, "row_key": json.dumps(list(key)) if key else ""}
    connection.execute(sa.insert(t.merge_rows).values(row))


def noted(connection: sa.Connection, merge_id: int, where: str) -> list[list[Any]]:
    """Keys of the rows that were written down for this place."""
    r = t.merge_rows.c
    return [json.loads(key) for key in connection.scalars(sa.select(r.row_key).where(r.merge_id == merge_id, r.place == where))]


def noted_ids(merge_id: int, where: str) -> sa.Select[tuple[int]]:
    """Ids of the rows that were written down for this place."""
    r = t.merge_rows.c
    return sa.select(r.row_id).where(r.merge_id == merge_id, r.place == where)


def snapshot(row: Any, columns: Sequence[str]) -> dict[str, Any]:
    """Some columns of a row as JSON."""
    return {n: v.isoformat() if isinstance(v := getattr(row, n), datetime) else v for n in columns}


def restored(table: sa.Table, values: dict[str, Any]) -> dict[str, Any]:
    """What `snapshot` kept, as the table takes it."""
    return {
        n: datetime.fromisoformat(v) if v is not None and isinstance(table.c[n].type, Instant) else v for n, v in values.items()
    }


def _listed(merge_id: int, column: sa.Column[Any]) -> sa.Select[tuple[int]]:
    return noted_ids(merge_id, place(column))


def _numbered(table: sa.Table) -> bool:
    return "id" in table.c and list(table.primary_key) == [table.c.id]


def _rest(table: sa.Table, column: sa.Column[Any]) -> list[sa.Column[Any]]:
    """The parts of the key besides the contact."""
    return [each for each in table.primary_key if each is not column]


def _at(table: sa.Table, column: sa.Column[Any], row: Sequence[Any]) -> list[sa.ColumnElement[bool]]:
    return [each == value for each, value in zip(_rest(table, column), row, strict=True)]


def _uniques(table: sa.Table, column: sa.Column[Any]) -> list[list[str]]:
    """What else stands in each key that allows a contact only one such row; a partial one is its table's own affair."""
    keys: list[Any] = [table.primary_key, *(c for c in table.constraints if isinstance(c, sa.UniqueConstraint))]
    return [[c.name for c in key.columns if c is not column] for key in keys if column.name in key.columns]


def _taken(table: sa.Table, column: sa.Column[Any], target: int, names: Sequence[str]) -> sa.ColumnElement[bool]:
    other = table.alias()
    same = [other.c[name] == table.c[name] for name in names]
    return sa.exists().where(other.c[column.name] == target, *same).correlate(table)
