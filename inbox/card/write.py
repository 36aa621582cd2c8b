"""Write on a card: what a person writes is kept with its history and wins; what a machine knows only fills what is empty."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.card import fields as card_fields
from inbox.card.zones import zones
from inbox.refusals import Invalid
from inbox.store import ids

PLAIN = ("name", "greeting", "language", "timezone", "birthday", "category", "addresses", "manager_id")
"""Columns of a card that people write. Beside them stand `fields.<name>` and `tags`."""
_BIRTHDAY = re.compile(r"(\d{4}|-)-(\d\d)-(\d\d)")


def write(connection: sa.Connection, now: datetime, by: int, card: sa.Row[Any], wanted: Mapping[str, Any]) -> None:
    """What a person wrote: columns of `PLAIN`, `fields` (exactly these), `set_fields` (only these; null empties), `tags`.

    Each change is kept with who, when and what stood there before. Raises Invalid.
    """
    values = {name: wanted[name] for name in PLAIN if name in wanted}
    _consider(connection, now, values)
    changes = {name: (getattr(card, name), value) for name, value in values.items() if getattr(card, name) != value}
    fields = card_fields.PEOPLE.written(connection, card.fields, wanted)
    for name in {*card.fields, *fields}:
        if card.fields.get(name) != fields.get(name):
            changes[f"fields.{name}"] = (card.fields.get(name), fields.get(name))
    if "tags" in wanted and (tags := _set_tags(connection, card.id, sorted(set(wanted["tags"])))):
        changes["tags"] = tags
    if not changes:
        return
    stamp = {"by": by, "at": now.isoformat()}
    edited = {**card.edited, **{name: stamp for name in changes if name != "tags"}}
    update = sa.update(t.contacts).where(t.contacts.c.id == card.id)
    connection.execute(update.values(**values, fields=fields, edited=edited))
    keep_changes(connection, now, card.id, "manager", by, changes)


def fill(connection: sa.Connection, contact_id: int, told: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    """What a machine heard or guessed: of `name`, `language`, `timezone`, `birthday`, and `fields`. It fills what is empty; what
    stands there stays, and so does an emptiness that a person made."""
    c = t.contacts.c
    card = connection.execute(sa.select(t.contacts).where(c.id == contact_id).with_for_update()).one()
    values = {
        name: told[name]
        for name in ("name", "language", "timezone", "birthday")
        if told.get(name) and not getattr(card, name) and name not in card.edited
    }
    known = card.fields
    empty = {n: value for n, value in fields.items() if known.get(n) in (None, "") and f"fields.{n}" not in card.edited}
    if values or empty:
        connection.execute(sa.update(t.contacts).where(c.id == contact_id).values(**values, fields={**known, **empty}))


def keep_changes(
    connection: sa.Connection,
    now: datetime,
    contact_id: int,
    actor_kind: str,
    actor_id: int | None,
    changes: Mapping[str, tuple[Any, Any]],
) -> None:
    """Put down who changed what, when, and what stood there before: {field: (before, after)}."""
    row = {"id": ids.one(connection, "contact_changes"), "contact_id": contact_id, "at": now, "actor_kind": actor_kind}
    listed = {name: {"before": before, "after": after} for name, (before, after) in sorted(changes.items())}
    connection.execute(sa.insert(t.contact_changes).values(row | {"actor_id": actor_id, "changes": listed}))


def birthday(typed: str | None, now: datetime) -> str | None:
    """1990-05-17, or --05-17 where nobody knows the year. Raises Invalid."""
    if not typed:
        return None
    found = _BIRTHDAY.fullmatch(typed)
    try:
        if found is None:
            raise ValueError
        year = 2000 if found[1] == "-" else int(found[1])
        if date(year, int(found[2]), int(found[3])) > now.date():
            raise Invalid("birthday", "This day is still to come")
    except ValueError:
        raise Invalid("birthday", "Give a birthday like 1990-05-17, or --05-17 without the year") from None
    return typed


def _consider(connection: sa.Connection, now: datetime, values: dict[str, Any]) -> None:
    if values.get("timezone") is not None and values["timezone"] not in zones():
        raise Invalid("timezone", "This is not a time zone; they are named like Europe/Berlin")
    if "birthday" in values:
        values["birthday"] = birthday(values["birthday"], now)
    if values.get("category") is not None and values["category"] not in (known := card_fields.categories(connection)):
        raise Invalid("category", f"Choose one of {', '.join(known)}")
    if "addresses" in values:
        values["addresses"] = [dict(each) for each in values["addresses"]]


def _set_tags(connection: sa.Connection, contact_id: int, tags: list[str]) -> tuple[list[str], list[str]] | None:
    g = t.contact_tags.c
    before = sorted(connection.scalars(sa.select(g.tag).where(g.contact_id == contact_id)))
    if before == tags:
        return None
    connection.execute(sa.delete(t.contact_tags).where(g.contact_id == contact_id))
    if tags:
        connection.execute(sa.insert(t.contact_tags), [{"tag": tag, "contact_id": contact_id} for tag in tags])
    return before, tags
