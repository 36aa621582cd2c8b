"""What operators do with a person's card: make it, mend it, tag it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

import phonenumbers
import sqlalchemy as sa

from inbox import ids, live, people
from inbox import schema as t
from inbox.actions.conversations import require_colleague
from inbox.receive.people import personal_number
from inbox.record import record
from inbox.refusals import Conflict, Invalid, NotFound

TYPED = ("phone", "email")
"""Kinds of address that a person can type in; the others only a channel can tell."""


def add(connection: sa.Connection, now: datetime, by: int, wanted: Mapping[str, Any]) -> int:
    """Make a card: name, language, timezone, manager, tags, fields, identities [{kind, address}]; its id.

    Raises Invalid, or Conflict naming the contact that has an address already. A typed address is only claimed.
    """
    identities = [_typed(connection, n, i["kind"], i["address"]) for n, i in enumerate(wanted.get("identities", ()))]
    contact_id = ids.one(connection, "contacts")
    row = {"id": contact_id, "number": personal_number(contact_id, now), "source": "operator", "created_at": now}
    connection.execute(sa.insert(t.contacts).values(row))
    _apply(connection, contact_id, wanted)
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
    """Apply what is named in `wanted`: name, language, timezone, manager, tags, fields. Raises NotFound, Invalid or Conflict."""
    require(connection, contact_id)
    _apply(connection, contact_id, wanted)
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
    return row


def _apply(connection: sa.Connection, contact_id: int, wanted: Mapping[str, Any]) -> None:
    values = {name: wanted[name] for name in ("name", "language", "fields") if name in wanted}
    if "timezone" in wanted:
        values["timezone"] = _timezone(wanted["timezone"])
    if "manager" in wanted:
        if wanted["manager"] is not None:
            require_colleague(connection, wanted["manager"], "manager")
        values["manager_id"] = wanted["manager"]
    if values:
        connection.execute(sa.update(t.contacts).where(t.contacts.c.id == contact_id).values(values))
    if "tags" in wanted:
        _set_tags(connection, contact_id, wanted["tags"])


def _set_tags(connection: sa.Connection, contact_id: int, tags: Sequence[str]) -> None:
    connection.execute(sa.delete(t.contact_tags).where(t.contact_tags.c.contact_id == contact_id))
    rows = [{"tag": tag, "contact_id": contact_id} for tag in sorted(set(tags))]
    if rows:
        connection.execute(sa.insert(t.contact_tags), rows)


def _timezone(name: str | None) -> str | None:
    if name is not None and name not in available_timezones():
        raise Invalid("timezone", "This is not a time zone; they are named like Europe/Berlin")
    return name


def _typed(connection: sa.Connection, index: int, kind: str, address: str) -> tuple[str, str]:
    field = f"identities.{index}.address"
    found = _phone(address, field) if kind == "phone" else people.address(address, field)
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
