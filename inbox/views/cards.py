"""What a card is made of, and what changed on one: definitions of fields, categories, the history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from inbox import schema as t
from inbox.card import fields as card_fields
from inbox.views.paging import All, Page, beyond, cut, decode
from inbox.views.shapes import Actor


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldPart:
    """A part of each entry of a repeating group."""

    name: str
    title: str
    type: str
    choices: list[str]
    currency: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CardField:
    """A field that everybody's card has, or every company's. `type`: text, number, money, date, choice, list, link, person,
    boolean or group."""

    id: int
    name: str
    title: str
    type: str
    choices: list[str]
    currency: str | None
    parts: list[FieldPart]
    position: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Categories:
    """What people are sorted into, the best first."""

    names: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """What stood in a field before, and what stands there since."""

    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """One edit of a card. `changes`: by the name of the field, own fields as fields.<name>."""

    id: int
    at: datetime
    actor: Actor
    changes: dict[str, Difference]


def fields(connection: sa.Connection, of: card_fields.Catalogue) -> All[CardField]:
    """Every defined field, in the order of cards."""
    return All(items=[_field(row) for row in connection.execute(of.rows())])


def field(connection: sa.Connection, of: card_fields.Catalogue, number: int) -> CardField:
    """One of them."""
    return _field(connection.execute(sa.select(of.table).where(of.table.c.id == number)).one())


def categories(connection: sa.Connection) -> Categories:
    return Categories(names=card_fields.categories(connection))


def changes(connection: sa.Connection, contact_id: int, name: str | None, cursor: str | None, limit: int) -> Page[Changed]:
    """Who changed what about a contact, newest first; only edits of the field `name`, if it is given."""
    c = t.contact_changes.c
    query = sa.select(t.contact_changes).where(c.contact_id.in_(cards_of(connection, contact_id)))
    if name is not None:
        query = query.where(_touches(connection, name))
    if cursor:
        query = query.where(beyond((c.at, c.id), decode(cursor, datetime, int)))
    rows = connection.execute(query.order_by(c.at.desc(), c.id.desc()).limit(limit + 1)).all()
    people = names(connection, rows)
    return cut(rows, limit, lambda row: _changed(row, people), lambda row: (row.at, row.id))


def _touches(connection: sa.Connection, name: str) -> sa.ColumnElement[bool]:
    """The edit changed this field."""
    column = t.contact_changes.c.changes
    if connection.dialect.name == "postgresql":
        found: sa.ColumnElement[bool] = sa.type_coerce(column, postgresql.JSONB).has_key(name)
        return found
    return sa.func.json_type(column, '$."' + name.replace('"', "") + '"').is_not(None)


def cards_of(connection: sa.Connection, contact_id: int) -> list[int]:
    """The contact and all that were merged into it: what happened to them happened to this person."""
    c = t.contacts.c
    return [contact_id, *connection.scalars(sa.select(c.id).where(c.merged_into == contact_id))]


def names(connection: sa.Connection, rows: Sequence[Any]) -> dict[int, str]:
    """Names of the managers who acted in `rows`."""
    wanted = {row.actor_id for row in rows if row.actor_kind == "manager" and row.actor_id is not None}
    if not wanted:
        return {}
    query = sa.select(t.managers.c.id, t.managers.c.name).where(t.managers.c.id.in_(wanted))
    return {row.id: row.name for row in connection.execute(query)}


def _changed(row: Any, people: dict[int, str]) -> Changed:
    listed = {name: Difference(before=each["before"], after=each["after"]) for name, each in row.changes.items()}
    actor = Actor(kind=row.actor_kind, id=row.actor_id, name=people.get(row.actor_id))
    return Changed(id=row.id, at=row.at, actor=actor, changes=listed)


def _field(row: Any) -> CardField:
    told = row.options
    parts = [
        FieldPart(
            name=part["name"], title=part["title"], type=part["type"], choices=part.get("choices", []),
            currency=part.get("currency"),
        )
        for part in told.get("parts", ())
    ]  # fmt: skip
    return CardField(
        id=row.id, name=row.name, title=row.title, type=row.type, choices=told.get("choices", []), currency=told.get("currency"),
        parts=parts, position=row.position,
    )  # fmt: skip
