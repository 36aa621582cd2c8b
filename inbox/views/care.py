"""How a channel is: does it take and send, since when does it fail, what waits. For its page and for its check."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from inbox import schema as t

COUNT_TO = 1000
NEWEST = 50_000
"""Messages among which the last one sent is looked for: a channel silent for longer than that shows none."""
LATELY = timedelta(days=1)
_m, _r = t.messages.c, t.raw_bodies.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """`state`: ok, failing (sending or pulling fails), paused (nothing is sent before `paused_until`) or disabled.

    `waiting`: messages in its queue, at most 1000 are counted. `last_in_at`: the last delivery of its provider.
    """

    state: str
    error: str
    since: datetime | None
    paused_until: datetime | None
    waiting: int
    last_in_at: datetime | None
    last_out_at: datetime | None


def health(connection: sa.Connection, channel: Any, now: datetime) -> Health:
    """Of a row of channels."""
    paused = channel.paused_until if channel.paused_until is not None and channel.paused_until > now else None
    state = "paused" if channel.state == "ok" and paused else channel.state
    return Health(
        state=state, error=channel.error, since=channel.failed_at, paused_until=paused, waiting=waiting(connection, channel.id),
        last_in_at=last_in(connection, channel.id), last_out_at=last_out(connection, channel.id),
    )  # fmt: skip


def waiting(connection: sa.Connection, channel_id: int) -> int:
    queued = sa.select(_m.id).where(_m.channel_id == channel_id, _m.state == "queued").limit(COUNT_TO).subquery()
    return connection.scalar(sa.select(sa.func.count()).select_from(queued)) or 0


def last_in(connection: sa.Connection, channel_id: int) -> datetime | None:
    query = sa.select(_r.received_at).where(_r.channel_id == channel_id).order_by(_r.id.desc()).limit(1)
    return connection.scalar(query)


def last_out(connection: sa.Connection, channel_id: int) -> datetime | None:
    """When the newest message that its provider took was written."""
    newest = (
        sa.select(_m.id, _m.channel_id, _m.direction, _m.state, _m.created_at).order_by(_m.id.desc()).limit(NEWEST).subquery()
    )
    taken = newest.c.state.in_(("sent", "delivered", "read"))
    query = sa.select(newest.c.created_at).where(newest.c.channel_id == channel_id, newest.c.direction == "out", taken)
    return connection.scalar(query.order_by(newest.c.id.desc()).limit(1))


def unread(connection: sa.Connection, channel_id: int, now: datetime) -> int:
    """Deliveries of the last day, among the newest thousand, that could not be read or only in part."""
    mine = (
        sa.select(_r.received_at, _r.state).where(_r.channel_id == channel_id).order_by(_r.id.desc()).limit(COUNT_TO).subquery()
    )
    bad = sa.and_(mine.c.received_at > now - LATELY, mine.c.state != "done")
    return connection.scalar(sa.select(sa.func.count()).select_from(mine).where(bad)) or 0
