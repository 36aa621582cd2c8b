"""Who has a tag, how each is reached, and what each would read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bots.broadcast import Address, Broadcast, Channel, Person
from bots.render import RenderError, render
from inbox import schema as t
from inbox.accounts import capabilities

CHUNK = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A contact of the audience, with what a template may say about them."""

    id: int
    name: str
    number: str
    language: str
    fields: Mapping[str, Any]
    person: Person


def members(connection: sa.Connection, tag: str, after: int, limit: int = CHUNK) -> list[Member]:
    """The next contacts with the tag, by id."""
    g = t.contact_tags.c
    in_tag = sa.select(g.contact_id).where(g.tag == tag, g.contact_id > after).order_by(g.contact_id).limit(limit)
    return load(connection, connection.execute(in_tag).scalars().all())


def load(connection: sa.Connection, contact_ids: Sequence[int]) -> list[Member]:
    """These contacts, by id."""
    c, r = t.contacts.c, t.reaches.c
    ways: dict[int, list[Address]] = defaultdict(list)
    for row in connection.execute(
        sa.select(r.contact_id, r.channel_id, r.address, r.heard_at, r.stopped_at, r.marketing_stopped_at, r.blocked_at).where(
            r.contact_id.in_(contact_ids)
        )
    ):
        ways[row.contact_id].append(_address(row))
    rows = connection.execute(
        sa.select(c.id, c.name, c.number, c.language, c.fields, c.timezone).where(c.id.in_(contact_ids)).order_by(c.id)
    )
    return [
        Member(
            id=row.id, name=row.name, number=row.number, language=row.language or "", fields=row.fields,
            person=Person(id=row.id, addresses=tuple(ways[row.id]), timezone=row.timezone or ""),
        )
        for row in rows
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
    card = {**member.fields, "name": member.name, "number": member.number, "language": member.language}
    return render(body, {**card, "contact": card, **variables})


def filled(template: Mapping[str, Any], member: Member) -> dict[str, Any]:
    """A provider's template with its variables and the values of its buttons rendered for one person. Raises RenderError."""
    values = {
        part: {key: rendered(text, member, {}) for key, text in template[part].items()} for part in ("variables", "buttons")
    }
    empty = [f"{part}.{key}" for part, found in values.items() for key, text in found.items() if not text.strip()]
    if empty:
        raise RenderError(f"the template's {empty[0]} is empty", variable=empty[0].partition(".")[2])
    return {**template, **values}
