"""Raw bodies of an erased person: those of their messages, and those in which one of their addresses stands (a status has no
message of its own)."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from inbox import schema as t
from inbox.leaving.matter import FATES

SPAN = 300
"""Bodies that one transaction looks into."""
SHORTEST = 4
"""Shorter addresses stand in everything."""
_b = t.raw_bodies.c


def traces(connection: sa.Connection, cards: Sequence[int]) -> dict[str, Any]:
    """What to search for, and where: taken down before the addresses go."""
    r, i, v = t.reaches.c, t.identities.c, t.conversations.c
    addresses: set[str] = set()
    channels: set[int] = set()
    for address in connection.scalars(sa.select(i.address).where(i.contact_id.in_(cards))):
        addresses.add(address)
    for table in (r, v):
        for row in connection.execute(sa.select(table.address, table.channel_id).where(table.contact_id.in_(cards))):
            addresses.add(row.address)
            channels.add(row.channel_id)
    met = connection.scalar(sa.select(sa.func.min(t.contacts.c.created_at)).where(t.contacts.c.id.in_(cards)))
    last = connection.scalar(sa.select(sa.func.max(_b.id))) or 0
    first = _first_since(connection, met, last) if met is not None else 0
    return {"addresses": sorted(addresses - {""}), "channels": sorted(channels), "first_raw": first, "last_raw": last}


def _first_since(connection: sa.Connection, met: datetime, last: int) -> int:
    """The body from which on they can occur: ids grow with the time, so it is found by halves. One that came a little earlier
    and was stored together with theirs is among them."""
    low, high = 0, last
    while high - low > SPAN:
        middle = (low + high) // 2
        row = connection.execute(sa.select(_b.id, _b.received_at).where(_b.id >= middle).order_by(_b.id).limit(1)).one_or_none()
        if row is None or row.received_at >= met:
            high = middle
        else:
            low = middle
    return max(0, low - SPAN)


def search(connection: sa.Connection, place: int, found: dict[str, Any]) -> tuple[bool, int, dict[str, Any]]:
    """Empty those among the next bodies that name the person: (finished, mark, traces)."""
    after = max(place, found["first_raw"])
    up_to = after + SPAN
    needles = [each for each in found["addresses"] if len(each) >= SHORTEST]
    if needles and found["channels"]:
        here = (_b.id > after, _b.id <= up_to, _b.channel_id.in_(found["channels"]))
        forms = sorted({each.removeprefix("+").encode() for each in needles})
        some = sa.or_(*(_holds(connection, _b.body, form) for form in forms), *(_b.url.contains(f.decode()) for f in forms))
        pattern = _pattern(forms)
        rows = connection.execute(sa.select(_b.id, _b.url, _b.body).where(*here, some)).all()
        empty(connection, [row.id for row in rows if pattern.search(bytes(row.body)) or pattern.search(row.url.encode())])
    return up_to >= found["last_raw"], up_to, found


def empty(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Nothing is left of these deliveries but that they came."""
    if not ids:
        return
    connection.execute(sa.update(t.raw_bodies).where(_b.id.in_(ids)).values(dict(FATES["raw_bodies"].values)))
    about = t.notices.c.raw_id.in_(ids)
    connection.execute(sa.update(t.notices).where(about).values(dict(FATES["notices"].values)))


def _holds(connection: sa.Connection, column: Any, form: bytes) -> sa.ColumnElement[bool]:
    part = sa.literal(form, sa.LargeBinary)
    if connection.dialect.name == "sqlite":
        return sa.func.instr(column, part) > 0
    return sa.func.position(part.op("IN")(sa.cast(column, postgresql.BYTEA))) > 0


def _pattern(forms: Sequence[bytes]) -> "re.Pattern[bytes]":
    """The address by itself, not a part of a longer number."""
    return re.compile(b"|".join(rb"(?<![0-9])" + re.escape(form) + rb"(?![0-9])" for form in forms))
