"""By which channels a contact can be written to right now, and if not, why, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from channels.base import Capabilities
from channels.registry import connector_type
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
    failing: str = ""
    """What is wrong with the channel at the moment: what is sent there waits."""

    @property
    def can_send(self) -> bool:
        return not self.reason


SHUT = "The channel's window is shut: only an approved template can be sent until the customer writes again."
SHUT_MEANWHILE = "The channel's window shut before this could be sent: only an approved template can go now."
STOPPED = "The customer asked to stop messages on this channel."
BLOCKED = "The customer cannot be reached on this channel."
FAILING = "This channel fails at the moment."
DISABLED = "This channel is switched off."

_COLUMNS = (
    t.reaches.c.contact_id, t.reaches.c.channel_id, t.reaches.c.address, t.reaches.c.heard_at, t.reaches.c.stopped_at,
    t.reaches.c.marketing_stopped_at, t.reaches.c.blocked_at, t.reaches.c.blocked_reason, t.reaches.c.context,
    t.channels.c.kind, t.channels.c.name.label("channel_name"), t.channels.c.settings, t.channels.c.state.label("channel_state"),
    t.channels.c.removed_at, t.channels.c.failed_at, t.channels.c.error,
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
        failing=(row.error or FAILING) if row.failed_at is not None else "",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """Another way to say it. `why`: why this one would do, in words."""

    channel_id: int
    kind: str
    channel_name: str
    address: str
    why: str


def alternatives(connection: sa.Connection, contact_id: int, now: datetime, besides: int, *, shut: bool) -> list[Alternative]:
    """What else can be done where the channel `besides` cannot be used: a template there if its window is `shut`, then the ways
    that work, the one used last first, then channels that may write first to an address we know."""
    ways = reaches(connection, contact_id, now)
    same = [way for way in ways if way.channel_id == besides and shut and way.can.templates and way.reason == SHUT]
    open_ways = [way for way in ways if way.channel_id != besides and way.can_send and not way.failing]
    found = [_alternative(way, "Its window is shut, but an approved template can be sent.") for way in same]
    found += [_alternative(way, _why(way)) for way in open_ways]
    return found + first_words(connection, contact_id, {besides, *(way.channel_id for way in ways)})


def _alternative(way: Reach, why: str) -> Alternative:
    return Alternative(
        channel_id=way.channel_id, kind=way.kind, channel_name=way.channel_name, address=way.address, why=why
    )  # fmt: skip


def _why(way: Reach) -> str:
    return f"The customer wrote here on {way.heard_at:%Y-%m-%d}." if way.heard_at else "The customer can be written to here."


def first_words(connection: sa.Connection, contact_id: int, known: set[int]) -> list[Alternative]:
    """Channels on which the customer was never met, that may write first to an address of theirs."""
    c, i, r = t.channels.c, t.identities.c, t.reaches.c
    working = sa.select(t.channels).where(
        c.removed_at.is_(None), c.state != "disabled", c.failed_at.is_(None), c.id.not_in(known)
    )
    addresses = connection.execute(
        sa.select(i.kind, i.address).where(i.contact_id == contact_id).order_by(i.verified.desc(), i.id)
    ).all()
    found = []
    for channel in connection.execute(working.order_by(c.id)).all() if addresses else ():
        wanted = connector_type(channel.kind).identity
        address = next((each.address for each in addresses if each.kind == wanted), None)
        if address is None or not capabilities(channel.kind, channel.settings).can_start:
            continue
        if connection.scalar(sa.select(r.contact_id).where(r.channel_id == channel.id, r.address == address)) is None:
            why = "The customer has not written here, but we know this address of theirs."
            found.append(
                Alternative(channel_id=channel.id, kind=channel.kind, channel_name=channel.name, address=address, why=why)
            )
    return found
