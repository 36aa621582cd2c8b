"""What marketers make: flows, broadcasts and who got them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.broadcasts.use import STATES
from inbox.refusals import NotFound
from inbox.views.paging import Page, by_id, cut, decode
from inbox.views.shapes import ChannelName, Named, named


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowShown:
    """A bot. `source` is its YAML."""

    id: int
    name: str
    language: str
    source: str
    version: int
    enabled: bool
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """People of a broadcast by what became of their message."""

    waiting: int
    queued: int
    sent: int
    delivered: int
    read: int
    failed: int
    unknown: int
    skipped: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BroadcastShown:
    """One text to everybody with a tag, or in a segment (`tag` is empty then). `planned`: how many people are in it. `template`:
    the provider's, that is sent."""

    id: int
    name: str
    body: str
    template: dict[str, Any] | None
    subject: str | None
    tag: str
    segment: Named | None
    channel: ChannelName | None
    variables: dict[str, Any]
    state: str
    planned: int
    counts: Counts
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """One person of a broadcast. `reason` says why they were skipped, or why it failed."""

    contact: Named
    state: str
    reason: str
    channel: ChannelName | None
    conversation_id: int | None


def flows(connection: sa.Connection, cursor: str | None, limit: int) -> Page[FlowShown]:
    """All flows, newest first."""
    return by_id(connection, sa.select(t.flows), t.flows.c.id, lambda row: FlowShown(**row._mapping), cursor, limit)


def flow(connection: sa.Connection, flow_id: int) -> FlowShown:
    """One flow. Raises NotFound."""
    row = connection.execute(sa.select(t.flows).where(t.flows.c.id == flow_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no flow {flow_id}")
    return FlowShown(**row._mapping)


def broadcasts(connection: sa.Connection, cursor: str | None, limit: int) -> Page[BroadcastShown]:
    """All broadcasts, newest first."""
    query = _broadcasts()
    if cursor:
        query = query.where(t.broadcasts.c.id < decode(cursor, int)[0])
    rows = connection.execute(query.order_by(t.broadcasts.c.id.desc()).limit(limit + 1)).all()
    counts = _counts(connection, [row.id for row in rows[:limit]])
    return cut(rows, limit, lambda row: _broadcast(row, counts[row.id]), lambda row: (row.id,))


def broadcast(connection: sa.Connection, broadcast_id: int) -> BroadcastShown:
    """One broadcast. Raises NotFound."""
    row = connection.execute(_broadcasts().where(t.broadcasts.c.id == broadcast_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no broadcast {broadcast_id}")
    return _broadcast(row, _counts(connection, [broadcast_id])[broadcast_id])


def recipients(
    connection: sa.Connection, broadcast_id: int, state: str | None, cursor: str | None, limit: int
) -> Page[Recipient]:
    """The people of a broadcast, by contact."""
    r, m = t.recipients.c, t.messages.c
    query = (
        sa.select(
            r.contact_id, r.state, r.reason, r.channel_id, t.contacts.c.name.label("contact_name"), t.channels.c.kind,
            t.channels.c.name.label("channel_name"), m.conversation_id, m.reason.label("failure"),
        )
        .join(t.contacts, t.contacts.c.id == r.contact_id)
        .outerjoin(t.channels, t.channels.c.id == r.channel_id)
        .outerjoin(t.messages, m.id == r.message_id)
        .where(r.broadcast_id == broadcast_id)
    )  # fmt: skip
    if state is not None:
        query = query.where(r.state == state)
    if cursor:
        query = query.where(r.contact_id > decode(cursor, int)[0])
    rows = connection.execute(query.order_by(r.contact_id).limit(limit + 1)).all()
    return cut(rows, limit, _recipient, lambda row: (row.contact_id,))


def _broadcasts() -> sa.Select[Any]:
    columns = (t.broadcasts, t.channels.c.kind, t.channels.c.name.label("channel_name"), t.segments.c.name.label("segment_name"))
    query = sa.select(*columns).outerjoin(t.channels, t.channels.c.id == t.broadcasts.c.channel_id)
    return query.outerjoin(t.segments, t.segments.c.id == t.broadcasts.c.segment_id)


def _counts(connection: sa.Connection, ids: Sequence[int]) -> dict[int, Counts]:
    r = t.recipients.c
    query = sa.select(r.broadcast_id, r.state, sa.func.count()).where(r.broadcast_id.in_(ids))
    found: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(STATES, 0))
    for number, state, count in connection.execute(query.group_by(r.broadcast_id, r.state)):
        found[number][state] = count
    return {number: Counts(**found[number]) for number in ids}


def _broadcast(row: Any, counts: Counts) -> BroadcastShown:
    return BroadcastShown(
        id=row.id, name=row.name, body=row.body, template=row.template, subject=row.subject, tag=row.tag,
        segment=named(row.segment_id, row.segment_name),
        channel=_channel(row.channel_id, row.kind, row.channel_name), variables=row.variables, state=row.state,
        planned=row.planned, counts=counts, created_at=row.created_at, started_at=row.started_at, finished_at=row.finished_at,
    )  # fmt: skip


def _recipient(row: Any) -> Recipient:
    return Recipient(
        contact=Named(id=row.contact_id, name=row.contact_name), state=row.state, reason=row.reason or row.failure or "",
        channel=_channel(row.channel_id, row.kind, row.channel_name), conversation_id=row.conversation_id,
    )  # fmt: skip


def _channel(number: int | None, kind: str, name: str) -> ChannelName | None:
    return None if number is None else ChannelName(id=number, kind=kind, name=name)
