"""Raw deliveries as those see them who mend a channel: with what customers wrote, without a secret."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from channels.events import (
    ConsentChanged,
    ContactChanged,
    DeliveryStatus,
    Event,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    Notice,
    Reaction,
)
from inbox import logs
from inbox import schema as t
from inbox.accounts import Vault
from inbox.receive.messages import known_ids
from inbox.views.paging import Page, by_id

LONGEST = 64 * 1024
"""Bytes of a body that are shown."""
PREVIEW = 160
"""Characters of a body that a list shows."""
_PEEK = 600
_r = t.raw_bodies.c
_KINDS: Mapping[type[Event], str] = {
    InboundMessage: "message", MessageEdited: "edit", MessageDeleted: "deletion", Reaction: "reaction",
    DeliveryStatus: "status", ConsentChanged: "consent", ContactChanged: "contact", Notice: "notice",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class RawBody:
    """A delivery of a provider, kept as it came. `partial`: some element of it could not be read."""

    id: int
    received_at: datetime
    method: str
    state: str
    error: str
    events: int
    size: int
    preview: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RawEvent:
    """What an element of a delivery was read as. `id`: the provider's; `message_id`: our message that it is or speaks of."""

    kind: str
    id: str
    message_id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RawWhole:
    """A delivery with its body (text, at most 64 KB of `size`) and what it is read as today."""

    id: int
    channel_id: int
    received_at: datetime
    method: str
    url: str
    headers: dict[str, str]
    body: str
    size: int
    state: str
    events: list[RawEvent]
    error: str


def secrets_of(connection: sa.Connection, vault: Vault, channel_id: int) -> tuple[str, ...]:
    """What must not be seen in this channel's deliveries."""
    locked = connection.scalar(sa.select(t.channels.c.secrets).where(t.channels.c.id == channel_id))
    return tuple(vault.open(locked).values())


def page(
    connection: sa.Connection, channel_id: int, state: str | None, secrets: Sequence[str], cursor: str | None, limit: int
) -> Page[RawBody]:
    """What a channel's provider delivered, newest first."""
    beginning = sa.func.substr(_r.body, 1, _PEEK, type_=sa.LargeBinary).label("beginning")
    columns = (_r.id, _r.received_at, _r.method, _r.state, _r.error, _r.events, sa.func.length(_r.body).label("size"), beginning)
    query = sa.select(*columns).where(_r.channel_id == channel_id)
    query = query.where(_r.state == state) if state else query
    return by_id(connection, query, _r.id, lambda row: _listed(row, secrets), cursor, limit)


def _listed(row: Any, secrets: Sequence[str]) -> RawBody:
    values = dict(row._mapping)
    beginning = logs.without_secrets(text_of(values.pop("beginning") or b""), secrets)  # SQLite's substr of nothing is NULL
    return RawBody(**values, preview=" ".join(beginning.split())[:PREVIEW])


def whole(connection: sa.Connection, row: Any, events: Sequence[Event], error: str, secrets: Iterable[str]) -> RawWhole:
    """One delivery: its row, and what its connector reads in it now."""
    secrets = tuple(secrets)
    body = bytes(row.body)
    headers = {
        name: logs.HIDDEN if logs.is_secret(name) else logs.without_secrets(str(value), secrets)
        for name, value in row.headers.items()
    }
    return RawWhole(
        id=row.id, channel_id=row.channel_id, received_at=row.received_at, method=row.method,
        url=logs.without_secrets(row.url, secrets), headers=headers, size=len(body), state=row.state,
        body=logs.without_secrets(text_of(body[:LONGEST]), secrets), events=_events(connection, row.channel_id, events),
        error=row.error or error,
    )  # fmt: skip


def text_of(body: bytes | memoryview) -> str:
    """A body as text; what is no UTF-8 is marked, not lost sight of."""
    return bytes(body).decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _events(connection: sa.Connection, channel_id: int, events: Sequence[Event]) -> list[RawEvent]:
    keys = {n: key for n, event in enumerate(events) if (key := _key(channel_id, event))}
    known = known_ids(connection, list(keys.values())) if keys else {}
    return [
        RawEvent(
            kind=_KINDS[type(event)], id=keys[n][1] if n in keys else "", message_id=known.get(keys[n]) if n in keys else None
        )
        for n, event in enumerate(events)
    ]


def _key(channel_id: int, event: Event) -> tuple[int, str, str] | None:
    """By which id our message is found."""
    if isinstance(event, MessageEdited):
        event = event.message
    if isinstance(event, InboundMessage | MessageDeleted | Reaction | DeliveryStatus) and event.external_id:
        return channel_id, event.external_id, event.thread
    return None
