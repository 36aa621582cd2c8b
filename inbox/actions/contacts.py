"""What operators do with a person's card: make it, mend it, tag it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import phonenumbers
import sqlalchemy as sa

from inbox import live, people
from inbox import schema as t
from inbox.actions.conversations import require_colleague
from inbox.card import write as cards
from inbox.receive.people import personal_number
from inbox.record import record
from inbox.refusals import Conflict, Invalid, NotFound
from inbox.store import ids

TYPED = ("phone", "email")
"""Kinds of address that a person can type in; the others only a channel can tell."""


def add(connection: sa.Connection, now: datetime, by: int, wanted: Mapping[str, Any]) -> int:
    """Make a card: what `change` takes, and identities [{kind, address}]; its id.

    Raises Invalid, or Conflict naming the contact that has an address already. A typed address is only claimed.
    """
    identities = [_typed(connection, n, i["kind"], i["address"]) for n, i in enumerate(wanted.get("identities", ()))]
    contact_id = ids.one(connection, "contacts")
    row = {"id": contact_id, "number": personal_number(contact_id, now), "source": "operator", "created_at": now}
    connection.execute(sa.insert(t.contacts).values(row))
    given = {name: value for name, value in wanted.items() if value or name == "fields"}
    _apply(connection, now, by, require(connection, contact_id), given)
    numbers = ids.take(connection, "identities", len(identities))
    rows = [
        {"id": number, "contact_id": contact_id, "kind": kind, "address": address, "verified": False, "created_at": now}
        for number, (kind, address) in zip(numbers, dict.fromkeys(identities), strict=False)
    ]
    if rows:
        connection.execute(sa.insert(t.identities), rows)
    record(connection, now, "contact.added", actor_kind="manager", actor_id=by, contact_id=contact_id)
    live.tell(connection, "contact", contact_id=contact_id)
    return contact_id


def change(connection: sa.Connection, now: datetime, by: int, contact_id: int, wanted: Mapping[str, Any]) -> None:
    """Apply what is named in `wanted`: see `cards.write`, and manager. Raises NotFound, Invalid or Conflict."""
    _apply(connection, now, by, require(connection, contact_id), wanted)
    if wanted:
        record(
            connection, now, "contact.changed", actor_kind="manager", actor_id=by, contact_id=contact_id, fields=sorted(wanted)
        )
        live.tell(connection, "contact", contact_id=contact_id)


def require(connection: sa.Connection, contact_id: int) -> sa.Row[Any]:
    """The row of a contact, kept from others until the transaction ends. Raises NotFound, or Conflict if it was merged away."""
    query = sa.select(t.contacts).where(t.contacts.c.id == contact_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"There is no contact {contact_id}")
    if row.merged_into is not None:
        raise Conflict(f"This contact was merged into contact {row.merged_into}")
    if row.erased_at is not None:
        raise Conflict("This person was erased")
    return row


def _apply(connection: sa.Connection, now: datetime, by: int, card: sa.Row[Any], wanted: Mapping[str, Any]) -> None:
    values = dict(wanted)
    if "manager" in values:
        if values["manager"] is not None:
            require_colleague(connection, values["manager"], "manager")
        values["manager_id"] = values.pop("manager")
    cards.write(connection, now, by, card, values)


def typed(kind: str, address: str, field: str) -> str:
    """An address that somebody typed, as we keep and compare it. Raises Invalid naming `field`."""
    return _phone(address, field) if kind == "phone" else people.address(address, field)


def _typed(connection: sa.Connection, index: int, kind: str, address: str) -> tuple[str, str]:
    field = f"identities.{index}.address"
    found = typed(kind, address, field)
    i = t.identities.c
    owner = connection.scalar(sa.select(i.contact_id).where(i.kind == kind, i.address == found))
    if owner is not None:
        raise Conflict(f"Contact {owner} has this {kind} already")
    return kind, found


def _phone(typed: str, field: str) -> str:
    try:
        number = phonenumbers.parse(typed, None)
    except phonenumbers.NumberParseException:
        raise Invalid(field, "Give the number with its country code, like +49 30 901820") from None
    if not phonenumbers.is_possible_number(number):
        raise Invalid(field, "There is no such number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
