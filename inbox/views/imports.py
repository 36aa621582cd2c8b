"""Imports: lists, one with its preview, and the rows that could not be taken in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.imports import cards
from inbox.imports.doubts import doubts
from inbox.refusals import NotFound
from inbox.views.paging import Page, by_id
from inbox.views.shapes import Named, named

_i = t.imports.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """Rows by what they came to. After an undo: cards that were removed, were kept because somebody used them, or got back
    what they held before."""

    new: int = 0
    matched: int = 0
    unchanged: int = 0
    wrong: int = 0
    warned: int = 0
    """Of a dry run: rows that are taken in although something looks wrong, as a name in capitals."""
    removed: int = 0
    kept: int = 0
    restored: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of the file. `target`: what it becomes, empty if it is left out."""

    index: int
    heading: str
    target: str
    sample: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """A file of people and how far it is. `checked`: what a dry run found."""

    id: int
    name: str
    format: str
    state: str
    size: int
    encoding: str
    delimiter: str
    columns: list[Column]
    country: str
    existing: str
    verified: bool
    tags: list[str]
    total: int | None
    place: int
    counts: Counts
    checked: Counts | None
    error: str
    manager: Named | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What is wrong with a cell; `column` is null for the row as a whole."""

    column: int | None
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubt:
    """A value that looks wrong and is taken in all the same. `after`: what should stand there, null where only a person knows."""

    place: str
    kind: str
    before: str
    after: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewRow:
    """A row as it would be taken in."""

    row: int
    name: str
    phones: list[str]
    emails: list[str]
    tags: list[str]
    company: str
    position: str
    fields: dict[str, str]
    problems: list[Problem]
    warnings: list[Doubt]


@dataclass(frozen=True, kw_only=True, slots=True)
class WrongRow:
    """A row that could not be taken in."""

    row: int
    cells: list[str]
    problems: list[Problem]


def page(connection: sa.Connection, cursor: str | None, limit: int) -> Page[Import]:
    """Imports, newest first."""
    return by_id(connection, _QUERY, _i.id, _shown, cursor, limit)


def one(connection: sa.Connection, import_id: int) -> Import:
    """Raises NotFound."""
    row = connection.execute(_QUERY.where(_i.id == import_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no import {import_id}")
    return _shown(row)


def preview(connection: sa.Connection, import_id: int) -> list[PreviewRow]:
    """The first rows as they would be taken in. Raises NotFound."""
    row = connection.execute(sa.select(t.imports).where(_i.id == import_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no import {import_id}")
    options = cards.Options.of(row.options)
    return [_previewed(cards.read(n, cells, row.mapping, options)) for n, cells in enumerate(row.sample, 1)]


def wrong(connection: sa.Connection, import_id: int, after: int = 0, limit: int = 500) -> list[WrongRow]:
    """Rows that could not be taken in, after a row, in the order of the file."""
    r = t.import_rows.c
    query = sa.select(r.row, r.cells, r.problems).where(r.import_id == import_id, r.outcome == "wrong", r.row > after)
    rows = connection.execute(query.order_by(r.row).limit(limit))
    return [WrongRow(row=row.row, cells=row.cells, problems=_problems(row.problems)) for row in rows]


def headings(connection: sa.Connection, import_id: int) -> list[str]:
    """The file's headings. Raises NotFound."""
    found = connection.execute(sa.select(_i.headings).where(_i.id == import_id)).one_or_none()
    if found is None:
        raise NotFound(f"There is no import {import_id}")
    return list(found.headings)


def _previewed(row: cards.Row) -> PreviewRow:
    problems = [Problem(column=each.column, message=each.message) for each in row.troubles]
    card = row.card
    return PreviewRow(
        row=row.number, name=card.name, phones=list(card.phones), emails=list(card.emails), tags=list(card.tags),
        fields=dict(card.fields), company=card.company, position=card.position, problems=problems,
        warnings=[
            Doubt(place=each.place, kind=each.fault.kind, before=each.value, after=each.fault.after) for each in doubts(card)
        ],
    )  # fmt: skip


def _problems(kept: Sequence[dict[str, Any]]) -> list[Problem]:
    return [Problem(column=each["column"], message=each["message"]) for each in kept]


def _shown(row: Any) -> Import:
    options = cards.Options.of(row.options)
    columns = [
        Column(
            index=index, heading=heading, target=row.mapping.get(str(index), ""),
            sample=[cells[index] for cells in row.sample if index < len(cells) and cells[index]][:3],
        )
        for index, heading in enumerate(row.headings)
    ]  # fmt: skip
    return Import(
        id=row.id, name=row.name, format=row.format, state=row.state, size=row.size, encoding=row.encoding,
        delimiter=row.delimiter, columns=columns, country=options.country, existing=options.existing, verified=options.verified,
        tags=list(options.tags), total=row.total, place=row.place, counts=Counts(**row.counts),
        checked=Counts(**row.checked) if row.checked else None, error=row.error, manager=named(row.manager_id, row.manager_name),
        created_at=row.created_at, started_at=row.started_at, finished_at=row.finished_at,
    )  # fmt: skip


_QUERY = sa.select(t.imports, t.managers.c.name.label("manager_name")).outerjoin(t.managers, t.managers.c.id == _i.manager_id)
