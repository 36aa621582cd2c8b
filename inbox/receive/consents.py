"""What a provider tells about a person: they stopped or resumed, their number changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from channels.events import JSON, ConsentChanged, ContactChanged
from inbox import live
from inbox import schema as t
from inbox.card import write as cards
from inbox.receive.arrival import Heard
from inbox.receive.people import Knock, find_or_make
from inbox.record import event, record_all


def apply(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> None:
    """Note who stopped or resumed by the provider's own means. A stranger gets a card, so that the stop is not lost."""
    told = [(each, each.event) for each in heard if isinstance(each.event, ConsentChanged)]
    if not told:
        return
    knocks = [Knock(channel_id=e.channel_id, address=c.address, person=c.sender, heard_at=None) for e, c in told]
    find_or_make(connection, knocks, now)
    for (each, consent), knock in zip(told, knocks, strict=True):
        if not _note(connection, each.channel_id, consent):
            continue
        kind = "consent.stop" if consent.stopped else "consent.start"
        what = event(
            now, kind, actor_kind="contact", contact_id=knock.contact_id, channel_id=each.channel_id, source=consent.source
        )
        record_all(connection, [what])
        live.tell(connection, "contact", contact_id=knock.contact_id)


def _note(connection: sa.Connection, channel_id: int, consent: ConsentChanged) -> bool:
    """Whether this is news. What is told again, or was overtaken by a later stop, changes nothing: webhooks are replayed.

    Who lets us in again can be reached again: what the provider last said of the address was that they shut us out.
    """
    r = t.reaches.c
    column = r.marketing_stopped_at if consent.marketing_only else r.stopped_at
    values: dict[Any, datetime | None] = {column: consent.at if consent.stopped else None}
    news = sa.or_(column.is_(None), column < consent.at) if consent.stopped else column <= consent.at
    if not consent.stopped and not consent.marketing_only:
        news = sa.and_(sa.or_(news, r.blocked_at <= consent.at), sa.or_(column.is_(None), column <= consent.at))
        values[r.blocked_at] = None
    mine = sa.and_(r.channel_id == channel_id, r.address == consent.address, news)
    return connection.execute(sa.update(t.reaches).where(mine).values(values)).rowcount > 0


def move(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> None:
    """A person is reached elsewhere now, or told us another identity: the new one joins the card of the old."""
    for each in heard:
        change = each.event
        if not isinstance(change, ContactChanged):
            continue
        old = sa.and_(t.identities.c.kind == change.old.kind, t.identities.c.address == change.old.address)
        contact_id = connection.execute(sa.select(t.identities.c.contact_id).where(old)).scalar_one_or_none()
        knock = Knock(channel_id=each.channel_id, address=change.address, person=change.person, heard_at=None)
        knock.contact_id = contact_id or 0
        find_or_make(connection, [knock], now)
        if change.old.address != change.address:
            _carry_over(connection, each.channel_id, change.old.address, change.address, knock.contact_id, now)
        _keep_fields(connection, knock.contact_id, change.fields)
        record_all(connection, [event(now, "contact.moved", actor_kind="contact", contact_id=knock.contact_id)])
        live.tell(connection, "contact", contact_id=knock.contact_id)


def _keep_fields(connection: sa.Connection, contact_id: int, told: Mapping[str, JSON]) -> None:
    """What people say of themselves fills empty fields of their card; what stands there already stays."""
    if told:
        cards.fill(connection, contact_id, {}, told)


def _carry_over(connection: sa.Connection, channel_id: int, old: str, new: str, contact_id: int, now: datetime) -> None:
    """What held for the old address of a channel holds for the new: the open window, a stop. The old one is dead."""
    r, c = t.reaches.c, t.conversations.c
    mine = sa.and_(r.channel_id == channel_id, r.contact_id == contact_id)
    before = connection.execute(sa.select(t.reaches).where(mine, r.address == old)).one_or_none()
    if before is None:
        return
    columns = ("heard_at", "stopped_at", "marketing_stopped_at")
    kept = {name: sa.func.coalesce(r[name], sa.literal(getattr(before, name), t.Instant())) for name in columns}
    connection.execute(sa.update(t.reaches).where(mine, r.address == new).values(kept))
    gone = {"blocked_at": now, "blocked_reason": "The customer has a new address on this channel."}
    connection.execute(sa.update(t.reaches).where(mine, r.address == old).values(gone))
    here = sa.and_(c.contact_id == contact_id, c.channel_id == channel_id, c.address == old, c.status != "closed")
    connection.execute(sa.update(t.conversations).where(here).values(address=new))
