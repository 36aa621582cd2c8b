"""The one open conversation of a contact: find it, or open it, and note in it what was heard."""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from channels.events import InboundMessage
from inbox import schema as t
from inbox.delivery.outgoing import finish_answer_task, preview
from inbox.receive.arrival import Heard
from inbox.record import event, record_all
from inbox.store import bulk, ids
from inbox.store.within import within


def wants_answer(message: InboundMessage) -> bool:
    """Whether somebody waits for a reply: not what machines or we ourselves wrote."""
    return not (message.echo or message.auto_reply or message.report or message.bounce)


def find_or_open(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> None:
    """Fill in `conversation_id`. What machines wrote about a conversation stays with it, or at least opens no other."""
    contacts = {each.contact_id for each in heard}
    rows = bulk.fetch(connection, _ACTIVE, {"contacts": list(contacts)})
    active = {contact_id: conversation_id for conversation_id, contact_id in rows}
    missing: dict[int, list[Heard]] = defaultdict(list)
    for each in heard:
        each.conversation_id = _answered(each) or active.get(each.contact_id, 0)
        if not each.conversation_id:
            missing[each.contact_id].append(each)
    _file(connection, missing)
    if missing:
        _open(connection, missing, now)


def _answered(each: Heard) -> int:
    """The conversation that a bounce or an automatic reply is about."""
    mine = each.origin is not None and each.origin.contact_id == each.contact_id and not wants_answer(each.message)
    return each.origin.conversation_id if mine and each.origin is not None else 0


def _file(connection: sa.Connection, missing: dict[int, list[Heard]]) -> None:
    """Take out of `missing` what only machines wrote to people we know: it is filed under their newest conversation."""
    machines = [contact for contact, heard in missing.items() if not any(_wanted(each) for each in heard)]
    newest = bulk.fetch(connection, _NEWEST, {"contacts": machines}) if machines else ()
    for contact_id, conversation_id in newest:
        for each in missing.pop(contact_id):
            each.conversation_id = conversation_id


def _wanted(each: Heard) -> bool:
    return wants_answer(each.message) or each.message.echo


def _open(connection: sa.Connection, missing: dict[int, list[Heard]], now: datetime) -> None:
    rows = []
    for number, (contact_id, heard) in zip(ids.take(connection, "conversations", len(missing)), missing.items(), strict=True):
        for each in heard:
            each.conversation_id = number
        rows.append(_new_row(number, contact_id, heard, now))
    bulk.insert(connection, t.conversations, rows)
    about = [{"contact_id": row["contact_id"], "conversation_id": row["id"], "channel_id": row["channel_id"]} for row in rows]
    record_all(connection, [event(now, "conversation.opened", actor_kind="contact", **each) for each in about])


def _new_row(number: int, contact_id: int, heard: Sequence[Heard], now: datetime) -> dict[str, Any]:
    """What only machines wrote opens no request: it is filed under a conversation that is closed from the start."""
    first = heard[0]
    wanted = any(_wanted(each) for each in heard)
    return {
        "id": number,
        "contact_id": contact_id,
        "status": "open" if wanted else "closed",
        "channel_id": first.channel_id,
        "address": first.message.address,
        "subject": first.message.subject,
        "token": secrets.token_urlsafe(12),
        "last_at": now,
        "opened_at": now,
        "closed_at": None if wanted else now,
    }


def touch(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> None:
    """Note in each conversation what came: unread, waiting, the last message, where to answer, and that respond must look."""
    by_conversation: dict[int, list[Heard]] = defaultdict(list)
    for each in heard:
        by_conversation[each.conversation_id].append(each)
    rows = [_heard_row(number, by_conversation[number], now) for number in sorted(by_conversation)]
    answerable = [row for row in rows if row["count"]]
    if answerable:
        bulk.execute(connection, _HEARD, answerable)
    for each in heard:
        if not wants_answer(each.message):
            _touch_other(connection, each, now)


def _heard_row(number: int, heard: Sequence[Heard], now: datetime) -> dict[str, Any]:
    """One conversation's news; the newest by the provider's time is the one the list shows."""
    asking = [each for each in heard if wants_answer(each.message)]
    if not asking:
        return {"count": 0}
    newest = max(asking, key=lambda each: (each.message.at, each.id))
    message = newest.message
    return {
        "conversation": number,
        "count": len(asking),
        "now": now,
        "since": min(min(each.message.at for each in asking), now),
        "text": preview(message.text, message.attachments, message.kind),
        "channel": newest.channel_id,
        "where": message.address,
    }


def _touch_other(connection: sa.Connection, each: Heard, now: datetime) -> None:
    """What we wrote from the phone answers what the customer wrote before; what a machine wrote only shows."""
    message = each.message
    values: dict[str, Any] = {
        "last_at": now, "last_text": preview(message.text, message.attachments, message.kind),
        "last_direction": "out" if message.echo else "in", "last_author": "manager" if message.echo else "system",
    }  # fmt: skip
    if message.echo and connection.execute(_WRITTEN_SINCE, {"conversation": each.conversation_id, "at": message.at}).first():
        values = {"bot": False}
    elif message.echo:
        values |= {"bot": False, "waiting_since": None, "answer_due": None, "unread": 0, "status": "waiting", "heard_at": None}
        finish_answer_task(connection, each.conversation_id, None, now)
        connection.execute(_ALL_HEARD, {"conversation": each.conversation_id})
    connection.execute(sa.update(t.conversations).where(t.conversations.c.id == each.conversation_id).values(values))


_ACTIVE = sa.select(t.conversations.c.id, t.conversations.c.contact_id).where(
    within(t.conversations.c.contact_id, "contacts"), t.conversations.c.status != "closed"
)
_NEWEST = (
    sa.select(t.conversations.c.contact_id, sa.func.max(t.conversations.c.id))
    .where(within(t.conversations.c.contact_id, "contacts"))
    .group_by(t.conversations.c.contact_id)
)
_ASKING = sa.and_(t.messages.c.conversation_id == sa.bindparam("conversation"), t.messages.c.direction == "in")
_WRITTEN_SINCE = sa.select(t.messages.c.id).where(
    _ASKING, ~t.messages.c.auto_reply, t.messages.c.at > sa.bindparam("at", type_=t.Instant)
)
_ALL_HEARD = sa.update(t.messages).where(_ASKING, ~t.messages.c.heard).values(heard=sa.true())
_HEARD = (
    sa.update(t.conversations)
    .where(t.conversations.c.id == sa.bindparam("conversation"))
    .values(
        status="open",
        snoozed_until=None,
        unread=t.conversations.c.unread + sa.bindparam("count"),
        heard_at=sa.bindparam("now", type_=t.Instant),
        waiting_since=sa.func.coalesce(t.conversations.c.waiting_since, sa.bindparam("since", type_=t.Instant)),
        last_at=sa.bindparam("now", type_=t.Instant),
        last_text=sa.bindparam("text"),
        last_direction="in",
        last_author="contact",
        channel_id=sa.bindparam("channel"),
        address=sa.bindparam("where"),
    )
)
