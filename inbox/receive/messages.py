"""Store what people wrote: each message once, in the one open conversation of its contact."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bots.consent import consent
from channels.events import InboundMessage
from inbox import live
from inbox import schema as t
from inbox.receive import albums, mails, threads
from inbox.receive.arrival import Heard
from inbox.receive.attached import keep_files
from inbox.receive.forgotten import forgotten
from inbox.receive.people import Knock, find_or_make
from inbox.record import event, record_all
from inbox.store import bulk, ids
from inbox.store.within import within


def store(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> list[Heard]:
    """Store those that are new. Returns them, with their ids, contacts and conversations."""
    heard = albums.join(connection, _unknown(connection, heard), now)
    if not heard:
        return []
    mails.place(connection, heard)
    _find_people(connection, heard, now)
    _find_quoted(connection, heard)
    threads.find_or_open(connection, heard, now)
    for each, number in zip(heard, ids.take(connection, "messages", len(heard)), strict=True):
        each.id = number
    bulk.insert(connection, t.messages, [_row(each, now) for each in heard])
    keep_files(connection, heard, now)
    threads.touch(connection, heard, now)
    _note_consent(connection, heard, now)
    record_all(connection, [_event(each, now) for each in heard])
    for each in heard:
        live.tell(connection, "message", conversation_id=each.conversation_id, message_id=each.id)
    return heard


def known_ids(connection: sa.Connection, keys: Sequence[tuple[int, str, str]]) -> dict[tuple[int, str, str], int]:
    """Message ids by (channel, external id, thread), also of albums' and parts' further ids."""
    by_channel: dict[int, list[str]] = defaultdict(list)
    for channel_id, external_id, _ in keys:
        by_channel[channel_id].append(external_id)
    found: dict[tuple[int, str, str], int] = {}
    for channel_id, external_ids in by_channel.items():
        for statement in (_PARTS, _KNOWN):
            rows = bulk.fetch(connection, statement, {"channel": channel_id, "external_ids": external_ids})
            found |= {(channel_id, external_id, thread): message_id for message_id, external_id, thread in rows}
    return found


def key(each: Heard) -> tuple[int, str, str]:
    return each.channel_id, each.message.external_id, each.message.thread


def _unknown(connection: sa.Connection, heard: Sequence[Heard]) -> list[Heard]:
    """Those that are not stored yet and were not erased, the first of each where the batch itself repeats one."""
    if not heard:
        return []
    first = {key(each): each for each in reversed(heard)}
    # In the same statements as the ids: a repeat of what was erased costs those who were not erased next to nothing.
    hashes = {name: (name[0], forgotten(e.arrival.secret, *name), "") for name, e in first.items() if e.arrival.secret}
    known = known_ids(connection, [*first, *hashes.values()])
    return [e for e in heard if first[key(e)] is e and key(e) not in known and hashes.get(key(e)) not in known]


def _find_people(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> None:
    knocks = [_knock(each, now) for each in heard]
    find_or_make(connection, knocks, now)
    for each, knock in zip(heard, knocks, strict=True):
        each.contact_id = knock.contact_id


def _knock(each: Heard, now: datetime) -> Knock:
    message = each.message
    personal = threads.wants_answer(message)
    knock = Knock(
        channel_id=each.channel_id, address=message.address, person=message.sender,
        heard_at=min(message.at, now) if personal else None, context=message.reply_context, source=message.start or "",
        origin=_origin(each),
    )  # fmt: skip
    if each.origin is not None:
        knock.otherwise = each.origin.contact_id
        knock.contact_id = each.origin.contact_id if message.bounce is not None else 0
    return knock


_CAME = ("referral", "visit", "page")
"""What providers tell of where somebody came from: an advert, a campaign's marks, the page the chat stood on."""


def _origin(each: Heard) -> dict[str, Any]:
    message = each.message
    told = {name: message.data[name] for name in _CAME if message.data.get(name)}
    return {"channel_id": each.channel_id, **({"start": message.start} if message.start else {}), **told}


def _find_quoted(connection: sa.Connection, heard: Sequence[Heard]) -> None:
    quoting = {(e.channel_id, e.message.reply_to, e.message.thread): e for e in heard if e.message.reply_to}
    if quoting:
        known = known_ids(connection, list(quoting))
        for each in heard:
            if each.message.reply_to:
                each.reply_to = known.get((each.channel_id, each.message.reply_to, each.message.thread))


def _row(each: Heard, now: datetime) -> dict[str, Any]:
    message = each.message
    return {
        "id": each.id,
        "conversation_id": each.conversation_id,
        "contact_id": each.contact_id,
        "channel_id": each.channel_id,
        "raw_id": each.raw_id,
        "direction": "out" if message.echo else "in",
        "author_kind": "manager" if message.echo else "contact",
        "address": message.address,
        "thread": message.thread,
        "external_id": message.external_id,
        "kind": message.kind,
        "text": message.text,
        "html": message.html,
        "subject": message.subject,
        "reply_to": each.reply_to,
        "data": _data(message),
        "heard": not threads.wants_answer(message),
        "auto_reply": message.auto_reply,
        "state": "sent" if message.echo else None,
        "at": min(message.at, now),
        "created_at": now,
        "edited_at": each.edited_at,
    }


def _data(message: InboundMessage) -> dict[str, Any] | None:
    data = dict(message.data)
    if message.choice is not None:
        data["choice"] = message.choice
    if message.start:
        data["start"] = message.start
    if message.group:
        data["group"] = message.group
    if message.bounce is not None:
        data["bounce"] = {"address": message.bounce.address, "code": message.bounce.code, "hard": message.bounce.hard}
    return data or None


def _note_consent(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> None:
    """Stop words count from this moment, before any bot, broadcast or colleague can send another message."""
    for each in heard:
        message = each.message
        if not threads.wants_answer(message) or message.choice is not None or not (said := consent(message.text)):
            continue
        reach = sa.and_(t.reaches.c.channel_id == each.channel_id, t.reaches.c.contact_id == each.contact_id)
        connection.execute(sa.update(t.reaches).where(reach).values(stopped_at=min(message.at, now) if said == "stop" else None))
        about = {"contact_id": each.contact_id, "conversation_id": each.conversation_id, "message_id": each.id}
        record_all(connection, [event(now, f"consent.{said}", actor_kind="contact", channel_id=each.channel_id, **about)])
        live.tell(connection, "contact", contact_id=each.contact_id)


def _event(each: Heard, now: datetime) -> dict[str, Any]:
    about = {"contact_id": each.contact_id, "conversation_id": each.conversation_id, "message_id": each.id}
    kind = "message.echoed" if each.message.echo else "message.received"
    return event(now, kind, actor_kind="contact", actor_id=each.contact_id, **about)


_KNOWN = sa.select(t.messages.c.id, t.messages.c.external_id, t.messages.c.thread).where(
    t.messages.c.channel_id == sa.bindparam("channel"),
    within(t.messages.c.external_id, "external_ids"),
)
_PARTS = sa.select(t.message_parts.c.message_id, t.message_parts.c.external_id, t.message_parts.c.thread).where(
    t.message_parts.c.channel_id == sa.bindparam("channel"),
    within(t.message_parts.c.external_id, "external_ids"),
)
