"""A mail that came back: the message that bounced is failed, and a dead address is written to no more."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from channels.events import DeliveryStatus
from inbox import schema as t
from inbox.receive import statuses
from inbox.receive.arrival import Heard


def apply(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> None:
    """Fail what bounced and block addresses that bounced for good."""
    for each in heard:
        bounce = each.message.bounce
        assert bounce is not None
        if bounce.hard:
            reason = f"Mail to this address came back: {bounce.reason or bounce.code}"
            statuses.block(connection, each.channel_id, bounce.address.lower(), now, reason)
        message_id = _bounced(connection, each.channel_id, bounce.external_id)
        if message_id is not None:
            reason = f"The mail came back: {bounce.reason or bounce.code}"
            status = DeliveryStatus(state="failed", at=now, code=bounce.code, reason=reason)
            statuses.raise_state(connection, message_id, "failed", now, status)


def _bounced(connection: sa.Connection, channel_id: int, external_id: str | None) -> int | None:
    if not external_id:
        return None
    mine = sa.and_(
        t.messages.c.channel_id == channel_id, t.messages.c.external_id == external_id, t.messages.c.direction == "out"
    )
    return connection.execute(sa.select(t.messages.c.id).where(mine)).scalars().first()
