"""Pictures that were sent together are one message, whether they come in one webhook or in several, in order or not."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from channels.events import InboundMessage, MessageEdited
from inbox import live
from inbox import schema as t
from inbox.receive.arrival import Heard
from inbox.receive.attached import keep_files, keep_part

_Album = tuple[int, str, str]
"""(channel, thread, group)."""


def join(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> list[Heard]:
    """Let further pictures join the first of their album, stored or in this batch. Returns what are messages of their own."""
    albums: dict[_Album, list[Heard]] = defaultdict(list)
    for each in heard:
        if each.message.group:
            albums[each.channel_id, each.message.thread, each.message.group].append(each)
    if not albums:
        return list(heard)
    if connection.dialect.name == "postgresql":
        _wait_for_others(connection, albums)
    joined = {id(each) for parts in albums.values() for each in _join(connection, sorted(parts, key=_place), now)}
    return [each for each in heard if id(each) not in joined]


def _place(each: Heard) -> tuple[int, str]:
    """Providers number messages as they were sent; a longer number is a higher one."""
    return len(each.message.external_id), each.message.external_id


def _wait_for_others(connection: sa.Connection, albums: Collection[_Album]) -> None:
    """Let another process that is just storing a picture of the same album finish, so that none becomes two messages."""
    connection.execute(_WAIT, {"keys": [":".join(map(str, album)) for album in albums]})


def _join(connection: sa.Connection, parts: Sequence[Heard], now: datetime) -> Sequence[Heard]:
    """Those of an album's parts that have joined another."""
    stored = connection.execute(_STORED, _keys(parts[0], now)).first()
    if stored is None:
        for each in parts[1:]:
            _merge(parts[0], each)
        return parts[1:]
    for each in parts:
        each.id, each.contact_id, each.conversation_id = stored.id, stored.contact_id, stored.conversation_id
        keep_files(connection, [each], now)
        keep_part(connection, each, each.message.external_id)
    _add_words(connection, stored, parts)
    live.tell(connection, "message", conversation_id=stored.conversation_id, message_id=stored.id)
    return parts


def _add_words(connection: sa.Connection, stored: Any, parts: Sequence[Heard]) -> None:
    """The caption may stand under any picture, and come last."""
    said = next((each.message for each in parts if each.message.text), None)
    if said is not None and not stored.text:
        words = {"text": said.text, "html": said.html}
        connection.execute(sa.update(t.messages).where(t.messages.c.id == stored.id).values(words))


def _merge(album: Heard, each: Heard) -> None:
    first, further = album.message, each.message
    words = first if first.text else further
    ids = [*first.data.get("album", ()), further.external_id]
    whole = replace(
        first,
        text=words.text,
        html=words.html,
        attachments=(*first.attachments, *further.attachments),
        data={**first.data, "album": ids},
    )
    album.event = replace(album.event, message=whole) if isinstance(album.event, MessageEdited) else whole


def _keys(each: Heard, now: datetime) -> dict[str, Any]:
    message: InboundMessage = each.message
    about = {"channel": each.channel_id, "address": message.address, "thread": message.thread, "album": message.group}
    return {**about, "since": min(message.at, now) - timedelta(hours=1)}


_WAIT = sa.text(
    "SELECT pg_advisory_xact_lock(7283404, bucket) FROM (SELECT DISTINCT abs(hashtext(each) % 1024) AS bucket "
    "FROM unnest(CAST(:keys AS text[])) AS each ORDER BY bucket OFFSET 0) AS buckets"
)
_WRITER = sa.select(t.reaches.c.contact_id).where(
    t.reaches.c.channel_id == sa.bindparam("channel"), t.reaches.c.address == sa.bindparam("address")
)
_STORED = (
    sa.select(t.messages.c.id, t.messages.c.contact_id, t.messages.c.conversation_id, t.messages.c.text)
    .where(
        t.messages.c.contact_id == _WRITER.scalar_subquery(),  # for the index: there is none on albums
        t.messages.c.at >= sa.bindparam("since", type_=t.Instant),
        t.messages.c.channel_id == sa.bindparam("channel"),
        t.messages.c.thread == sa.bindparam("thread"),
        t.messages.c.data["group"].as_string() == sa.bindparam("album"),
        t.messages.c.external_id.is_not(None),
    )
    .order_by(t.messages.c.id)
)
