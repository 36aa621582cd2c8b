"""The fields that the lead defines for everybody's card and for companies, and the categories that people are sorted into."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.card import values as card_values
from inbox.card.values import Field
from inbox.record import record
from inbox.refusals import Conflict, Invalid, NotFound
from inbox.store import ids

CATEGORY = "category"
CATEGORIES = ("A", "B", "C")
"""What people are sorted into until somebody says otherwise."""
MOST = 200
_f = t.contact_fields.c


@dataclass(frozen=True)
class Catalogue:
    """The fields of one kind of card, defined in `table`; `event` records who defined what."""

    table: sa.Table
    event: str
    reserved: str = ""

    def fields(self, connection: sa.Connection) -> list[Field]:
        """Every defined field, in the order in which cards show them."""
        return [_field(row.name, row.type, row.title, row.options) for row in connection.execute(self.rows())]

    def rows(self) -> sa.Select[Any]:
        """Their definitions, in this order."""
        c = self.table.c
        return sa.select(self.table).where(c.name != self.reserved).order_by(c.position, c.id)

    def add(self, connection: sa.Connection, now: datetime, by: int, wanted: Mapping[str, Any]) -> int:
        """Define a field: name, title, type, choices, currency, parts; its id. Raises Invalid, or Conflict if there is one."""
        c = self.table.c
        _consider(wanted)
        if wanted["name"] == self.reserved or connection.scalar(sa.select(c.id).where(c.name == wanted["name"])) is not None:
            raise Conflict(f"There is a field {wanted['name']} already")
        if (connection.scalar(sa.select(sa.func.count()).select_from(self.table)) or 0) >= MOST:
            raise Conflict(f"There are {MOST} fields already")
        number = ids.one(connection, self.table.name)
        last = connection.scalar(sa.select(sa.func.max(c.position))) or 0
        row = {"id": number, "name": wanted["name"], "title": wanted.get("title") or wanted["name"], "type": wanted["type"]}
        row |= {"options": _options(wanted), "position": last + 1, "created_at": now}
        connection.execute(sa.insert(self.table).values(row))
        _tell(connection, now, by, f"{self.event}.added", row["name"])
        return number

    def change(self, connection: sa.Connection, now: datetime, by: int, number: int, wanted: Mapping[str, Any]) -> None:
        """Change title, choices, currency, parts, position; name and type stay, for the values that stand there. What a changed
        definition no longer allows stays on the cards until somebody edits it. Raises NotFound or Invalid."""
        row = self._require(connection, number)
        whole = {"name": row.name, "type": row.type, "title": row.title, **row.options, **wanted}
        _consider(whole)
        values = {name: wanted[name] for name in ("title", "position") if name in wanted}
        values["options"] = _options(whole)
        connection.execute(sa.update(self.table).where(self.table.c.id == number).values(values))
        _tell(connection, now, by, f"{self.event}.changed", row.name)

    def remove(self, connection: sa.Connection, now: datetime, by: int, number: int) -> None:
        """Define it no more. The values stay on the cards, as free ones. Raises NotFound."""
        row = self._require(connection, number)
        connection.execute(sa.delete(self.table).where(self.table.c.id == number))
        _tell(connection, now, by, f"{self.event}.removed", row.name)

    def written(self, connection: sa.Connection, before: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a card after somebody wrote `fields` (exactly these) or `set_fields` (only these; null empties).
        Raises Invalid naming fields.<name>."""
        if "fields" not in wanted and "set_fields" not in wanted:
            return dict(before)
        given = dict(before) if "fields" not in wanted else dict(wanted["fields"])
        given |= wanted.get("set_fields") or {}
        # What is as it was is not checked again: its definition may have changed since, and nobody has to mend that first.
        news = {name: value for name, value in given.items() if name not in before or before[name] != value}
        given |= self._checked(connection, news)
        return {name: value for name, value in given.items() if value is not None}

    def _checked(self, connection: sa.Connection, given: Mapping[str, Any]) -> dict[str, Any]:
        """Values as they are kept, None for what is to be empty. What nobody defined is free."""
        defined = {each.name: each for each in self.fields(connection)}
        values = {}
        for name, value in given.items():
            known = defined.get(name)
            values[name] = value if known is None else card_values.check(known, value, f"fields.{name}")
        _consider_people(connection, card_values.people([defined[name] for name in values if name in defined], values))
        return values

    def _require(self, connection: sa.Connection, number: int) -> Any:
        c = self.table.c
        row = connection.execute(sa.select(self.table).where(c.id == number, c.name != self.reserved)).one_or_none()
        if row is None:
            raise NotFound(f"There is no field {number}")
        return row


PEOPLE = Catalogue(t.contact_fields, "field", CATEGORY)
ORGANISATIONS = Catalogue(t.organisation_fields, "organisation_field")


def categories(connection: sa.Connection) -> list[str]:
    """The categories that a contact can have, the best first."""
    options = connection.scalar(sa.select(_f.options).where(_f.name == CATEGORY))
    return list(CATEGORIES if options is None else options["choices"])


def set_categories(connection: sa.Connection, now: datetime, by: int, names: Sequence[str]) -> None:
    """Sort people into these from now on. Who has another one keeps it until somebody changes it."""
    if len(set(names)) < len(names):
        raise Invalid("names", "Name each category once")
    options = {"choices": list(names)}
    known = sa.update(t.contact_fields).where(_f.name == CATEGORY).values(options=options)
    if not connection.execute(known).rowcount:
        row = {"id": ids.one(connection, "contact_fields"), "name": CATEGORY, "title": CATEGORY, "type": "choice"}
        connection.execute(sa.insert(t.contact_fields).values(row | {"options": options, "position": 0, "created_at": now}))
    _tell(connection, now, by, "field.changed", CATEGORY)


def _consider_people(connection: sa.Connection, pointed: Sequence[tuple[str, int]]) -> None:
    if not pointed:
        return
    c = t.contacts.c
    there = set(connection.scalars(sa.select(c.id).where(c.id.in_({who for _, who in pointed}))))
    for where, who in pointed:
        if who not in there:
            raise Invalid(f"fields.{where}", f"There is no contact {who}")


def _consider(wanted: Mapping[str, Any], where: str = "") -> None:
    kind, choices, parts = wanted["type"], wanted.get("choices") or (), wanted.get("parts") or ()
    _consider_choices(kind, choices, where)
    if kind == "group" and not parts:
        raise Invalid(f"{where}parts", "Say what each entry of the group has")
    if parts and (kind != "group" or where):
        raise Invalid(f"{where}parts", "Only a group has parts, and no group stands in another")
    _consider_parts(parts)


def _consider_choices(kind: str, choices: Sequence[str], where: str) -> None:
    if kind == "choice" and not choices:
        raise Invalid(f"{where}choices", "Say what can be chosen")
    if choices and kind not in ("choice", "list"):
        raise Invalid(f"{where}choices", "Only a choice or a list has choices")
    if len(set(choices)) < len(choices):
        raise Invalid(f"{where}choices", "Name each choice once")


def _consider_parts(parts: Sequence[Mapping[str, Any]]) -> None:
    names = [part["name"] for part in parts]
    for n, part in enumerate(parts):
        if part["type"] == "group":
            raise Invalid(f"parts.{n}.type", "No group stands in another")
        if names.index(part["name"]) < n:
            raise Invalid(f"parts.{n}.name", "There is a part of this name already")
        _consider(part, f"parts.{n}.")


def _options(wanted: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: wanted[name] for name in ("choices", "currency") if wanted.get(name)}
    if wanted.get("parts"):
        found["parts"] = [
            {"name": p["name"], "title": p.get("title") or p["name"], "type": p["type"], **_options(p)} for p in wanted["parts"]
        ]
    return found


def _field(name: str, kind: str, title: str, options: Mapping[str, Any]) -> Field:
    parts = tuple(_field(part["name"], part["type"], part["title"], part) for part in options.get("parts", ()))
    choices, currency = tuple(options.get("choices", ())), options.get("currency", "")
    return Field(name=name, type=kind, title=title, choices=choices, currency=currency, parts=parts)


def _tell(connection: sa.Connection, now: datetime, by: int, kind: str, name: str) -> None:
    """Record it, and have every browser ask again what cards are made of."""
    record(connection, now, kind, actor_kind="manager", actor_id=by, name=name)
    live.tell(connection, "field")
