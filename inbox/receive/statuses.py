"""What became of our messages: a state only ever goes up, whatever order the provider tells it in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from channels.events import DeliveryStatus
from inbox import live, queue
from inbox import schema as t
from inbox.delivery.unanswered import wait_again
from inbox.receive.arrival import Heard
from inbox.receive.messages import known_ids
from inbox.store import ids

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
        ours = _number(status.message_id) if status.message_id and _number(status.message_id) in by_id else None
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
    if row.direction != "out" or not _rises(row, state) or (_parts_wait(row, status) and state != "failed"):
        return False
    if row.state == "unknown" and state != "failed":
        _call_back(connection, row, now)
        if _goes_on(connection, row, status):
            return True
    values = _values(row, state, status)
    connection.execute(sa.update(t.messages).where(t.messages.c.id == message_id).values(values))
    if status is not None and status.blocked:
        block(connection, row.channel_id, row.address, now, status.reason)
    if row.broadcast_id is not None:
        _tell_broadcast(connection, row, state, values.get("reason", ""), now)
    elif state == "failed":
        wait_again(connection, message_id)
    live.tell(connection, "state", message_id=message_id, conversation_id=row.conversation_id, state=state)
    return True


def _values(row: Any, state: str, status: DeliveryStatus | None) -> dict[str, Any]:
    """What changes in the message's row."""
    values: dict[str, Any] = {"state": state}
    if status is not None and status.external_id and row.external_id is None:
        values |= {"external_id": status.external_id, "thread": status.thread}
    if state == "failed" and status is not None:
        values |= {"reason": status.reason or "The provider could not deliver it.", "code": status.code}
    elif row.reason:
        values |= {"reason": "", "code": ""}
    return values


def _tell_broadcast(connection: sa.Connection, row: Any, state: str, reason: str, now: datetime) -> None:
    if state in _RECIPIENT_STATES:
        mine = sa.and_(t.recipients.c.broadcast_id == row.broadcast_id, t.recipients.c.contact_id == row.contact_id)
        connection.execute(sa.update(t.recipients).where(mine).values(state=state, reason=reason, changed_at=now))
        live.tell(connection, "broadcast", broadcast_id=row.broadcast_id)


def _rises(row: Any, state: str) -> bool:
    """Whether `state` is higher. Of a message in several parts none may fail: if one does, the whole has failed for good."""
    if (row.parts_all or 1) > 1 and "failed" in (row.state, state):
        return bool(row.state != "failed")
    return RANK[state] > RANK.get(row.state, -1)


def _parts_wait(row: Any, status: DeliveryStatus | None) -> bool:
    """Whether the status speaks of parts that the provider has for certain, while others wait or one's fate is unknown."""
    if row.state == "unknown" and status is not None and row.parts > 0:
        part = _part(status)
        return part is None or part < row.parts
    return bool(row.state == "queued" and row.parts > 0)


def _part(status: DeliveryStatus) -> int | None:
    """Which part of the message the status names, 0 for the first."""
    digits = (status.message_id or "").partition(".")[2]
    return (int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 5 else 0) if status.message_id else None


def _goes_on(connection: sa.Connection, row: Any, status: DeliveryStatus | None) -> bool:
    """The part whose fate was unknown has arrived: have the parts behind it sent. False where there are none."""
    done = (_part(status) or 0) + 1 if status is not None else row.parts_all or 1
    if done >= (row.parts_all or 1):
        return False
    values: dict[str, Any] = {"state": "queued", "parts": done, "try_at": None, "claimed_by": None, "reason": "", "code": ""}
    if status is not None and status.external_id and row.external_id is None:
        values |= {"external_id": status.external_id, "thread": status.thread}
    connection.execute(sa.update(t.messages).where(t.messages.c.id == row.id).values(values))
    live.tell(connection, "state", message_id=row.id, conversation_id=row.conversation_id, state="queued")
    queue.wake(connection, "deliver")
    return True


def _call_back(connection: sa.Connection, row: Any, now: datetime) -> None:
    """It arrived after all: what a colleague is sending in its place, and no provider has yet, is not needed."""
    again = (row.data or {}).get("retried_as")
    if again is None:
        return
    m = t.messages.c
    waiting = sa.and_(m.id == again, m.state == "queued", m.parts == 0)
    values = {"state": "failed", "code": "cancelled", "reason": "The first one arrived after all.", "deleted_at": now}
    if connection.execute(sa.update(t.messages).where(waiting).values(values)).rowcount:
        live.tell(connection, "state", message_id=again, conversation_id=row.conversation_id, state="failed")


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
    t.messages.c.id, t.messages.c.parts, t.messages.c.parts_all, t.messages.c.data,
    t.messages.c.address, t.messages.c.broadcast_id, t.messages.c.contact_id, t.messages.c.conversation_id,
)  # fmt: skip
