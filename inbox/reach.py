"""By which channels a contact can be written to right now, and if not, why, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from channels.base import Capabilities
from inbox import schema as t
from inbox.accounts import capabilities


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """One way to a contact. `reason` says why it cannot be used now, empty if it can. `window_until`: when free messages end."""

    channel_id: int
    kind: str
    channel_name: str
    address: str
    reason: str
    window_until: datetime | None
    can: Capabilities
    context: Mapping[str, Any]
    heard_at: datetime | None

    @property
    def can_send(self) -> bool:
        return not self.reason


SHUT = "The channel's window is shut: only an approved template can be sent until the customer writes again."
SHUT_MEANWHILE = "The channel's window shut before this could be sent: only an approved template can go now."
STOPPED = "The customer asked to stop messages on this channel."
BLOCKED = "The customer cannot be reached on this channel."
DISABLED = "This channel is switched off."

_COLUMNS = (
    t.reaches.c.contact_id, t.reaches.c.channel_id, t.reaches.c.address, t.reaches.c.heard_at, t.reaches.c.stopped_at,
    t.reaches.c.marketing_stopped_at, t.reaches.c.blocked_at, t.reaches.c.blocked_reason, t.reaches.c.context,
    t.channels.c.kind, t.channels.c.name.label("channel_name"), t.channels.c.settings, t.channels.c.state.label("channel_state"),
    t.channels.c.removed_at,
)  # fmt: skip


def reaches(connection: sa.Connection, contact_id: int, now: datetime, *, author: str = "manager") -> list[Reach]:
    """Every way to the contact, the one used last first. `author`: manager, bot or broadcast; a stop binds each differently."""
    rows = connection.execute(
        sa.select(*_COLUMNS)
        .join(t.channels, t.channels.c.id == t.reaches.c.channel_id)
        .where(t.reaches.c.contact_id == contact_id)
        .order_by(sa.nulls_last(t.reaches.c.heard_at.desc()), t.reaches.c.channel_id)
    )
    return [_reach(row, now, author) for row in rows]


def why_not(row: Any, can: Capabilities, now: datetime, author: str) -> str:
    """Why `author` may not write by this row of reaches + channel; empty if it may. A person who has said stop may be answered
    by a colleague once they write again by themselves; bots and broadcasts stay silent until they say start."""
    if row.removed_at is not None or row.channel_state == "disabled":
        return DISABLED
    if row.blocked_at is not None:
        return row.blocked_reason or BLOCKED
    if row.stopped_at is not None and (author != "manager" or row.heard_at is None or row.heard_at <= row.stopped_at):
        return STOPPED
    if author == "broadcast" and row.marketing_stopped_at is not None:
        return STOPPED
    if can.window is not None and (row.heard_at is None or row.heard_at + can.window <= now):
        return SHUT
    return ""


def _reach(row: Any, now: datetime, author: str) -> Reach:
    can = capabilities(row.kind, row.settings)
    until = row.heard_at + can.window if can.window is not None and row.heard_at is not None else None
    return Reach(
        channel_id=row.channel_id, kind=row.kind, channel_name=row.channel_name, address=row.address,
        reason=why_not(row, can, now, author), window_until=until, can=can, context=row.context, heard_at=row.heard_at,
    )  # fmt: skip
