"""A mail that came back: the message that bounced is failed, and a dead address is written to no more."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from channels.events import Bounce, DeliveryStatus
from inbox import schema as t
from inbox.receive import statuses
from inbox.receive.arrival import Heard

ENOUGH = 5
"""So many mails in a row that came back for passing reasons (mailbox full, server away) mean a dead address ..."""
LONG = timedelta(days=3)
"""... if the first came back so long ago: a server may be away over a week-end."""


def apply(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> None:
    """Fail what bounced, block addresses that bounced for good, count what may pass."""
    for each in heard:
        bounce = each.message.bounce
        assert bounce is not None
        if bounce.hard:
            reason = f"Mail to this address came back: {bounce.reason or bounce.code}"
            statuses.block(connection, each.channel_id, bounce.address.lower(), now, reason)
        elif _counts(bounce):
            _count(connection, each.channel_id, bounce, now)
        message_id = _bounced(connection, each.channel_id, bounce.external_id)
        if message_id is not None and not bounce.delayed:
            reason = f"The mail came back: {bounce.reason or bounce.code}"
            status = DeliveryStatus(state="failed", at=now, code=bounce.code, reason=reason)
            statuses.raise_state(connection, message_id, "failed", now, status)


def _counts(bounce: Bounce) -> bool:
    """A delay may end well, and what a policy refused (x.7.x) says something of our mail, nothing of the address."""
    return bool(bounce.address) and not bounce.delayed and bounce.code[1:4] != ".7."


def _count(connection: sa.Connection, channel_id: int, bounce: Bounce, now: datetime) -> None:
    """One more in a row. Who wrote to us since the first is alive: the row begins anew."""
    r = t.reaches.c
    where = sa.and_(r.channel_id == channel_id, r.address == bounce.address.lower())
    reach = connection.execute(sa.select(r.soft_bounces, r.soft_since, r.heard_at).where(where)).one_or_none()
    if reach is None:
        return
    alive = reach.soft_since is None or (reach.heard_at is not None and reach.heard_at > reach.soft_since)
    count, since = (1, now) if alive else (reach.soft_bounces + 1, reach.soft_since)
    values: dict[str, Any] = {"soft_bounces": count, "soft_since": since}
    connection.execute(sa.update(t.reaches).where(where).values(values))
    if count >= ENOUGH and now - since >= LONG:
        reason = f"{count} mails in a row to this address came back, the last: {bounce.reason or bounce.code}"
        statuses.block(connection, channel_id, bounce.address.lower(), now, reason)


def _bounced(connection: sa.Connection, channel_id: int, external_id: str | None) -> int | None:
    if not external_id:
        return None
    mine = sa.and_(
        t.messages.c.channel_id == channel_id, t.messages.c.external_id == external_id, t.messages.c.direction == "out"
    )
    return connection.execute(sa.select(t.messages.c.id).where(mine)).scalars().first()
