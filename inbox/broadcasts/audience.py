"""Who has a tag or is in a segment, how each is reached, and what each would read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bots.broadcast import Address, Broadcast, Channel, Person
from bots.card import Card
from bots.render import RenderError, render
from inbox import schema as t
from inbox.accounts import capabilities
from inbox.card import told
from inbox.segments import Filter
from inbox.segments import members as in_segment
from inbox.store import bulk
from inbox.store.within import within

CHUNK = 200
"""People dealt with in one transaction, which holds up the worker's loop for so long: some 20 ms."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A contact of the audience, with what a template may say about them."""

    id: int
    card: Card
    person: Person


def members(connection: sa.Connection, tag: str, after: int, limit: int = CHUNK) -> list[Member]:
    """The next contacts with the tag, by id."""
    found = bulk.fetch(connection, _IN_TAG, {"tag": tag, "after": after, "most": limit})
    return load(connection, [row.contact_id for row in found])


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """The next people of an audience, maybe none although there are more. `up_to`: where the next chunk begins."""

    members: Sequence[Member]
    up_to: int
    done: bool


def chunk_of(connection: sa.Connection, audience: str | Filter, now: datetime, after: int) -> Chunk:
    """The next people with the tag or in the segment, by id. `now`: the moment from which the segment counts its days."""
    if isinstance(audience, str):
        found = members(connection, audience, after)
        return Chunk(members=found, up_to=found[-1].id if found else after, done=not found)
    part = in_segment(connection, audience, now, after, CHUNK)
    return Chunk(members=load(connection, part.ids) if part.ids else (), up_to=part.up_to, done=part.done)


def load(connection: sa.Connection, contact_ids: Sequence[int]) -> list[Member]:
    """These contacts, by id."""
    ways: dict[int, list[Address]] = defaultdict(list)
    for row in bulk.fetch(connection, _WAYS, {"contacts": contact_ids}):
        ways[row.contact_id].append(_address(row))
    return [
        Member(
            id=row.id, card=told.card(row, many=True),
            person=Person(id=row.id, addresses=tuple(ways[row.id]), timezone=row.timezone or ""),
        )
        for row in bulk.fetch(connection, _CONTACTS, {"contacts": contact_ids})
    ]  # fmt: skip


def _address(row: Any) -> Address:
    stopped = row.stopped_at is not None or row.marketing_stopped_at is not None
    return Address(
        channel=row.channel_id, address=row.address, last_heard=row.heard_at, last_used=row.heard_at, stopped=stopped,
        blocked=row.blocked_at is not None,
    )  # fmt: skip


def plan_of(
    connection: sa.Connection,
    broadcast_id: int,
    channel_id: int | None,
    until: datetime | None = None,
    *,
    template: Mapping[str, Any] | None = None,
) -> Broadcast:
    """What the planner must know of the channels. Delivery is paced by the channels themselves, not by the plan.

    `template`: the provider's, of the channel `channel_id`; it goes through a shut window.
    """
    h = t.channels.c
    rows = connection.execute(sa.select(h.id, h.kind, h.settings).where(h.removed_at.is_(None), h.state != "disabled"))
    channels = {row.id: _channel(row, template=template is not None and row.id == channel_id) for row in rows}
    return Broadcast(id=broadcast_id, channels=channels, channel=channel_id, quiet=None, until=until)


def _channel(row: Any, *, template: bool) -> Channel:
    can = capabilities(row.kind, row.settings)
    return Channel(id=row.id, can_start=can.can_start, window=can.window, pace=1e9, template=template)


def rendered(body: str, member: Member, variables: Mapping[str, Any]) -> str:
    """The text for one person: their card's fields, `name`, `number`, `language`, `contact.…`, the broadcast's own variables."""
    return render(body, {**member.card, "contact": member.card, **variables})


def filled(template: Mapping[str, Any], member: Member) -> dict[str, Any]:
    """A provider's template with its variables and the values of its buttons rendered for one person. Raises RenderError."""
    values = {
        part: {key: rendered(text, member, {}) for key, text in template[part].items()} for part in ("variables", "buttons")
    }
    empty = [f"{part}.{key}" for part, found in values.items() for key, text in found.items() if not text.strip()]
    if empty:
        raise RenderError(f"the template's {empty[0]} is empty", variable=empty[0].partition(".")[2])
    return {**template, **values}


_G, _C, _R = t.contact_tags.c, t.contacts.c, t.reaches.c
_IN_TAG = (
    sa.select(_G.contact_id)
    .where(_G.tag == sa.bindparam("tag"), _G.contact_id > sa.bindparam("after"))
    .order_by(_G.contact_id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_WAYS = sa.select(
    _R.contact_id, _R.channel_id, _R.address, _R.heard_at, _R.stopped_at, _R.marketing_stopped_at, _R.blocked_at
).where(within(_R.contact_id, "contacts"))
_CONTACTS = sa.select(_C.id, *told.COLUMNS).where(within(_C.id, "contacts")).order_by(_C.id)
