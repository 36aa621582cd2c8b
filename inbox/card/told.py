"""What texts and bots can name of a card, and where what a bot was told belongs: the same names, read and written.

The company's own fields, `name`, `number`, `language`, `timezone`, `birthday`, `category`, and every address by its label:
`home_address`, `work_address`. What is not known has no name, so that a text which needs it can say so.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bots.card import Card
from inbox import schema as t
from inbox.card import fields as card_fields
from inbox.card.write import birthday
from inbox.card.zones import zones
from inbox.quality.greeting import greeting
from inbox.refusals import Invalid

_C = t.contacts.c
PLAIN = ("name", "number", "language", "timezone", "birthday", "category")
COLUMNS = (*(_C[name] for name in PLAIN), _C.greeting, _C.addresses, _C.fields)
"""What a row must have."""
_ADDRESS, _LABEL = "_address", 40
"""How an address is named behind its label, and how long a label may be."""
_EMPTY: Mapping[str, Any] = {"fields": {}}
_LONGEST = {"name": 200, "language": 20}


def known(row: Any) -> dict[str, Any]:
    """By name. `row` has COLUMNS."""
    found = {**row.fields} if row.fields else {}
    for each in row.addresses or ():
        found[each["label"] + _ADDRESS] = each["text"]
    for name in PLAIN:
        if value := getattr(row, name):
            found[name] = value
    return found


def card(row: Any, *, many: bool = False) -> Card:
    """For a text: with `greeting`. `row` has COLUMNS. `many`: one text suits everybody, so that a name or a language which is not
    known is empty and leaves nobody out."""
    return Card(({"name": "", "language": ""} if many else {}) | known(row), row.greeting, greeting)


def of(connection: sa.Connection, contact_id: int, *, many: bool = False) -> Card:
    """As `card`, of one contact."""
    return card(connection.execute(sa.select(*COLUMNS).where(_C.id == contact_id)).one(), many=many)


def placed(connection: sa.Connection, now: datetime, row: Any, told: Mapping[str, Any]) -> dict[str, Any]:
    """The columns as they are after this was told; only those that change, and nothing that a person wrote.

    What a column cannot take (a birthday to come, an unknown time zone) becomes an own field: it is kept, and somebody sees it.
    """
    columns: dict[str, Any] = {}
    fields = dict(row.fields or {})
    for name, value in told.items():
        if name in row.edited or f"fields.{name}" in row.edited:
            continue
        if value and (label := _label(name)):
            columns["addresses"] = _moved(row, columns.get("addresses", row.addresses), label, str(value))
        elif name in _FITS and value and _FITS[name](connection, now, value):
            columns[name] = str(value)[: _LONGEST.get(name)]
        else:
            fields[name] = value
    columns["fields"] = {name: value for name, value in fields.items() if value is not None}
    return {name: value for name, value in columns.items() if value != (getattr(row, name) or _EMPTY.get(name))}


def _is_birthday(connection: sa.Connection, now: datetime, value: Any) -> bool:
    try:
        return bool(birthday(str(value), now))
    except Invalid:
        return False


_FITS: Mapping[str, Callable[[sa.Connection, datetime, Any], bool]] = {
    "name": lambda connection, now, value: True,
    "language": lambda connection, now, value: True,
    "timezone": lambda connection, now, value: value in zones(),
    "birthday": _is_birthday,
    "category": lambda connection, now, value: value in card_fields.categories(connection),
}
"""Columns that a bot may fill, and whether the value is one for them."""


def _label(name: str) -> str:
    """Of which address this is the name; empty: of none."""
    label = name.removesuffix(_ADDRESS)
    return label if label != name and len(label) <= _LABEL else ""


def _moved(row: Any, addresses: list[dict[str, str]], label: str, text: str) -> list[dict[str, str]]:
    """The addresses with this one. What a person wrote stays; a new label stands beside it."""
    new = {"label": label, "text": text[:500]}
    if new in addresses:
        return addresses
    others = [each for each in addresses if each["label"] != label]
    if len(others) < len(addresses) and "addresses" in row.edited:
        return addresses
    return [*others, new]
