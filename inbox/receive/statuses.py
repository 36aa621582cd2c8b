"""What became of our messages: a state only ever goes up, whatever order the provider tells it in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from channels.events import DeliveryStatus
from inbox import ids, live
from inbox import schema as t
from inbox.receive.arrival import Heard
from inbox.receive.messages import known_ids

RANK = {state: rank for rank, state in enumerate(t.OUTGOING_STATES)}
_RECIPIENT_STATES = {"sent", "delivered", "read", "failed", "unknown"}


def apply(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> None:
    """Apply statuses to the messages they speak of; those we cannot place yet wait in `loose_statuses`."""
    told = [(each, each.event) for each in heard if isinstance(each.event, DeliveryStatus)]
    if not told:
        return
    by_id = _ours(connection, told)
    keys = [(each.channel_id, s.external_id, s.thread) for each, s in told if s.external_id]
    known = known_ids(connection, keys) if keys else {}
    for each, status in told:
        ours = int(status.message_id.partition(".")[0]) if status.message_id and _number(status.message_id) in by_id else None
        message_id = ours or known.get((each.channel_id, status.external_id, status.thread))
        if message_id is not None:
            raise_state(connection, message_id, status.state, now, status)
        elif status.external_id:
            _keep_loose(connection, each.channel_id, status)


def raise_state(
    connection: sa.Connection, message_id: int, state: str, now: datetime, status: DeliveryStatus | None = None
) -> bool:
    """Bring a message to `state` if that is higher than where it is. True if it was."""
    row = connection.execute(sa.select(*_STATE).where(t.messages.c.id == message_id)).one()
    if row.direction != "out" or RANK[state] <= RANK.get(row.state, -1) or (_parts_wait(row) and state != "failed"):
        return False
    values: dict[str, Any] = {"state": state}
    if status is not None and status.external_id and row.external_id is None:
        values |= {"external_id": status.external_id, "thread": status.thread}
    if state == "failed" and status is not None:
        values |= {"reason": status.reason or "The provider could not deliver it.", "code": status.code}
    elif row.reason:
        values |= {"reason": "", "code": ""}
    connection.execute(sa.update(t.messages).where(t.messages.c.id == message_id).values(values))
    if status is not None and status.blocked:
        block(connection, row.channel_id, row.address, now, status.reason)
    if row.broadcast_id is not None and state in _RECIPIENT_STATES:
        mine = sa.and_(t.recipients.c.broadcast_id == row.broadcast_id, t.recipients.c.contact_id == row.contact_id)
        reason = values.get("reason", "")
        connection.execute(sa.update(t.recipients).where(mine).values(state=state, reason=reason, changed_at=now))
        live.tell(connection, "broadcast", broadcast_id=row.broadcast_id)
    live.tell(connection, "state", message_id=message_id, conversation_id=row.conversation_id, state=state)
    return True


def _parts_wait(row: Any) -> bool:
    """Whether only some parts of the message are with the provider: their statuses say nothing of the whole."""
    return bool(row.state == "queued" and row.parts > 0)


def block(connection: sa.Connection, channel_id: int, address: str, now: datetime, reason: str) -> None:
    """Nothing reaches this address on this channel any more."""
    where = sa.and_(t.reaches.c.channel_id == channel_id, t.reaches.c.address == address)
    connection.execute(sa.update(t.reaches).where(where).values(blocked_at=now, blocked_reason=reason))


def stop_marketing(connection: sa.Connection, channel_id: int, address: str, now: datetime) -> None:
    """No broadcast goes to this address on this channel any more; answers may."""
    where = sa.and_(t.reaches.c.channel_id == channel_id, t.reaches.c.address == address)
    fresh = sa.and_(where, t.reaches.c.marketing_stopped_at.is_(None))
    connection.execute(sa.update(t.reaches).where(fresh).values(marketing_stopped_at=now))


def settle_loose(connection: sa.Connection, channel_id: int, external_id: str, message_id: int, now: datetime) -> None:
    """Apply the statuses that came before we knew this id."""
    c = t.loose_statuses.c
    mine = sa.and_(c.channel_id == channel_id, c.external_id == external_id)
    rows = connection.execute(sa.select(t.loose_statuses).where(mine).order_by(c.id)).all()
    for row in rows:
        status = DeliveryStatus(state=row.state, at=row.at, code=row.code, reason=row.reason, blocked=row.blocked)
        raise_state(connection, message_id, row.state, now, status)
    if rows:
        connection.execute(sa.delete(t.loose_statuses).where(mine))


def _ours(connection: sa.Connection, told: Sequence[tuple[Heard, DeliveryStatus]]) -> set[int]:
    """Which of the message ids that the provider gave back are messages of that very channel."""
    wanted = {n: each.channel_id for each, s in told if s.message_id and (n := _number(s.message_id)) is not None}
    if not wanted:
        return set()
    rows = connection.execute(
        sa.select(t.messages.c.id, t.messages.c.channel_id).where(
            t.messages.c.id.in_(list(wanted)), t.messages.c.direction == "out"
        )
    )
    return {row.id for row in rows if wanted[row.id] == row.channel_id}


def _number(message_id: str) -> int | None:
    """Our id from `OutgoingMessage.id`, which has a part number behind a point for the further parts."""
    digits = message_id.partition(".")[0]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


def _keep_loose(connection: sa.Connection, channel_id: int, status: DeliveryStatus) -> None:
    row = {
        "id": ids.one(connection, "loose_statuses"), "channel_id": channel_id, "external_id": status.external_id,
        "thread": status.thread, "state": status.state, "code": status.code, "reason": status.reason,
        "blocked": status.blocked, "at": status.at,
    }  # fmt: skip
    connection.execute(sa.insert(t.loose_statuses), row)


_STATE: tuple[Any, ...] = (
    t.messages.c.direction, t.messages.c.state, t.messages.c.external_id, t.messages.c.reason, t.messages.c.channel_id,
    t.messages.c.parts, t.messages.c.address, t.messages.c.broadcast_id, t.messages.c.contact_id, t.messages.c.conversation_id,
)  # fmt: skip
