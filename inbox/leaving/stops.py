"""A stop outlives the person who said it: kept as a keyed hash, and put onto whatever card has the address next."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from channels.registry import connector_type
from inbox import live
from inbox import schema as t

PAGE = 200
SETTLED = timedelta(seconds=5)
"""A row of a transaction that ended later than its neighbours' may have a lower id: nothing younger is passed over."""
_MARKS = ("stops.contacts", "stops.identities")
_r, _s, _i, _m = t.reaches.c, t.suppressions.c, t.identities.c, t.care_marks.c


def digest(key: str, channel_id: int, address: str) -> str:
    """What is kept of an address. Without the installation's secret nobody can try addresses against it."""
    return hmac.digest(key.encode(), f"stop:{channel_id}:{address}".encode(), "sha256").hex()


def any_left(connection: sa.Connection) -> bool:
    """Whether a stop is remembered at all: mostly there is none."""
    return connection.scalar(sa.select(_s.hash).limit(1)) is not None


def remember(connection: sa.Connection, now: datetime, key: str, contact_ids: Sequence[int]) -> None:
    """Keep the stops of people whose addresses are about to go."""
    stopped = sa.or_(_r.stopped_at.is_not(None), _r.marketing_stopped_at.is_not(None))
    rows = connection.execute(sa.select(t.reaches).where(_r.contact_id.in_(contact_ids), stopped)).all()
    if not rows:
        return
    _begin_to_watch(connection)
    for row in rows:
        kept = {
            "hash": digest(key, row.channel_id, row.address), "channel_id": row.channel_id, "stopped_at": row.stopped_at,
            "marketing_stopped_at": row.marketing_stopped_at or row.stopped_at, "created_at": now,
        }  # fmt: skip
        connection.execute(sa.delete(t.suppressions).where(_s.hash == kept["hash"]))
        connection.execute(sa.insert(t.suppressions).values(kept))


def settle(connection: sa.Connection, now: datetime, key: str, contact_id: int) -> int:
    """Put the stops that are remembered of a card's addresses onto it, and forget the hashes; how many there were."""
    if not any_left(connection):
        return 0
    ways = {(row.channel_id, row.address) for row in connection.execute(_ways(contact_id))}
    ways |= _possible(connection, contact_id)
    by_hash = {digest(key, channel_id, address): (channel_id, address) for channel_id, address in ways}
    found = connection.execute(sa.select(t.suppressions).where(_s.hash.in_(by_hash))).all()
    for row in found:
        _put(connection, contact_id, *by_hash[row.hash], row)
    connection.execute(sa.delete(t.suppressions).where(_s.hash.in_([row.hash for row in found])))
    if found:
        live.tell(connection, "contact", contact_id=contact_id)
    return len(found)


def watch(connection: sa.Connection, now: datetime, key: str) -> bool:
    """Look at cards and addresses that are new since the last look. True if there may be more."""
    if not any_left(connection):
        return False
    c = t.contacts.c
    queries = (
        (_MARKS[0], sa.select(c.id, c.id.label("contact_id")).where(c.created_at <= now - SETTLED), c.id),
        (_MARKS[1], sa.select(_i.id, _i.contact_id).where(_i.created_at <= now - SETTLED), _i.id),
    )
    more = False
    for name, query, number in queries:
        last = connection.scalar(sa.select(_m.last_id).where(_m.name == name).with_for_update()) or 0
        rows = connection.execute(query.where(number > last).order_by(number).limit(PAGE)).all()
        for contact_id in sorted({row.contact_id for row in rows}):
            settle(connection, now, key, contact_id)
        if rows:
            connection.execute(sa.update(t.care_marks).where(_m.name == name).values(last_id=rows[-1].id))
        more = more or len(rows) == PAGE
    return more


def _begin_to_watch(connection: sa.Connection) -> None:
    """The first stop that is remembered: whoever is here already is not met anew."""
    if any_left(connection):
        return
    connection.execute(sa.delete(t.care_marks).where(_m.name.in_(_MARKS)))
    for name, number in zip(_MARKS, (t.contacts.c.id, _i.id), strict=True):
        last = connection.scalar(sa.select(sa.func.max(number))) or 0
        connection.execute(sa.insert(t.care_marks).values(name=name, last_id=last))


def _ways(contact_id: int) -> sa.Select[Any]:
    return sa.select(_r.channel_id, _r.address).where(_r.contact_id == contact_id)


def _possible(connection: sa.Connection, contact_id: int) -> set[tuple[int, str]]:
    """Where the card's addresses could be written to, on whatever channel."""
    addresses = connection.execute(sa.select(_i.kind, _i.address).where(_i.contact_id == contact_id)).all()
    channels = connection.execute(sa.select(t.channels.c.id, t.channels.c.kind)).all() if addresses else ()
    return {
        (channel.id, each.address) for channel in channels for each in addresses
        if connector_type(channel.kind).identity == each.kind
    }  # fmt: skip


def _put(connection: sa.Connection, contact_id: int, channel_id: int, address: str, kept: Any) -> None:
    """On the way to this card, which is made if there is none. Another card's way stays that card's."""
    row = {"channel_id": channel_id, "address": address, "contact_id": contact_id}
    connection.execute(_WAY[connection.dialect.name], row)
    stops = {
        name: sa.func.coalesce(_r[name], sa.literal(getattr(kept, name), t.Instant))
        for name in ("stopped_at", "marketing_stopped_at")
        if getattr(kept, name) is not None
    }
    connection.execute(sa.update(t.reaches).where(_r.channel_id == channel_id, _r.address == address).values(stops))


_WAY = {
    "sqlite": sqlite.insert(t.reaches).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(t.reaches).on_conflict_do_nothing(),
}
