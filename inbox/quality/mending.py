"""Put one value of a card right, or back: a person's edit, with its history. What no longer stands as it stood is left alone."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.card import write as cards
from inbox.card.folding import fold
from inbox.quality.cards import FIELD, IDENTITY, NAME
from inbox.record import record
from inbox.refusals import Refusal

_i, _c = t.identities.c, t.contacts.c


def mend(connection: sa.Connection, now: datetime, by: int, contact_id: int, place: str, was: str, becomes: str) -> bool:
    """Write `becomes` where `was` stands; whether that could be done. `place`: see `inbox.quality.cards`. Empty takes it away."""
    query = sa.select(t.contacts).where(_c.id == contact_id, _c.merged_into.is_(None)).with_for_update()
    card = connection.execute(query).one_or_none()
    if card is None:
        return False
    done = _identity(connection, now, by, card, place, was, becomes) if place.startswith(IDENTITY) else None
    if done is None:
        done = _column(connection, now, by, card, place, was, becomes)
    if done:
        about = {"contact_id": contact_id, "fields": [place.partition(".")[0] if place.startswith(IDENTITY) else place]}
        record(connection, now, "contact.changed", actor_kind="manager", actor_id=by, **about)
        live.tell(connection, "contact", contact_id=contact_id)
    return done


def _column(connection: sa.Connection, now: datetime, by: int, card: Any, place: str, was: str, becomes: str) -> bool:
    name = place.removeprefix(FIELD)
    stands = card.name if place == NAME else card.fields.get(name)
    if (stands or "") != was:
        return False
    try:
        cards.write(connection, now, by, card, {"name": becomes} if place == NAME else {"set_fields": {name: becomes or None}})
    except Refusal:  # a choice that does not offer it, say
        return False
    return True


def _identity(connection: sa.Connection, now: datetime, by: int, card: Any, place: str, was: str, becomes: str) -> bool:
    number = int(place.removeprefix(IDENTITY))
    row = connection.execute(sa.select(t.identities).where(_i.id == number, _i.contact_id == card.id)).one_or_none()
    if (row.address if row is not None else "") != was or (row is not None and row.verified):
        return False
    kind = row.kind if row is not None else _kind(becomes)
    if becomes and connection.scalar(sa.select(_i.id).where(_i.kind == kind, _i.address == becomes)) is not None:
        return False
    if row is None:
        values = {"id": number, "contact_id": card.id, "kind": kind, "address": becomes, "verified": False, "created_at": now}
        connection.execute(sa.insert(t.identities).values(values))
    elif becomes:
        values = {"address": becomes, "fold": fold(kind, becomes)}
        connection.execute(sa.update(t.identities).where(_i.id == number).values(values))
        connection.execute(sa.delete(t.identity_checks).where(t.identity_checks.c.identity_id == number))
    else:
        connection.execute(sa.delete(t.identity_checks).where(t.identity_checks.c.identity_id == number))
        connection.execute(sa.delete(t.identities).where(_i.id == number))
    cards.keep_changes(connection, now, card.id, "manager", by, {f"identity.{kind}": (was or None, becomes or None)})
    return True


def _kind(address: str) -> str:
    return "email" if "@" in address else "phone"
