"""What operators do with a message of ours that did not go as it should: send it again, call it back, say what became of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from channels.registry import connector_type
from inbox import live
from inbox import schema as t
from inbox.actions.messages import BESIDES, way_to
from inbox.delivery.outgoing import Draft, NewFile, preview, queue_message
from inbox.delivery.unanswered import wait_again
from inbox.receive.statuses import raise_state
from inbox.record import record
from inbox.refusals import Conflict, Invalid, NotFound

_m, _c = t.messages.c, t.conversations.c
CANCELLED = "Called back before it was sent."


def retry(
    connection: sa.Connection, now: datetime, by: int, message_id: int, *, confirm: bool = False, channel_id: int | None = None
) -> int:
    """Send a failed message again as a new one, over another channel if one is named; the new one's id.

    One whose fate is unknown needs `confirm`. Asked twice, by whomever, it is sent once: the second gets the first's id.
    Raises NotFound, Invalid, Conflict or CannotSend.
    """
    old = _ours(connection, message_id)
    data = dict(old.data or {})
    if data.get("retried_as"):
        return int(data["retried_as"])
    _require_retriable(old, confirm=confirm)
    if channel_id is not None and channel_id != old.channel_id:
        _require_fit(connection, old, data, channel_id)
    draft = Draft(
        conversation_id=old.conversation_id, author_kind="manager", author_id=by, text=old.text, html=old.html,
        channel_id=channel_id or old.channel_id, choices=data.get("choices", ()), template=data.get("template"),
        reply_to=old.reply_to, subject=old.subject, files=_files_of(connection, message_id),
        data={**{name: data[name] for name in BESIDES if name in data}, "retry_of": message_id},
    )  # fmt: skip
    new_id = queue_message(connection, now, draft)
    connection.execute(sa.update(t.messages).where(_m.id == message_id).values(data={**data, "retried_as": new_id}))
    live.tell(connection, "message", conversation_id=old.conversation_id, message_id=message_id)
    return new_id


def cancel(connection: sa.Connection, now: datetime, by: int, message_id: int) -> None:
    """Call back a message that waits to be sent, scheduled or not. Raises NotFound, or Conflict once it is being sent."""
    old = _ours(connection, message_id)
    if old.code == "cancelled" and old.state == "failed":
        return
    if old.state != "queued" or old.parts:
        raise Conflict("It is too late: this message is being sent or was sent already")
    if old.broadcast_id is not None:
        raise Conflict("This message is a broadcast's: cancel the broadcast")
    values = {"state": "failed", "code": "cancelled", "reason": CANCELLED, "try_at": None, "deleted_at": now}
    connection.execute(sa.update(t.messages).where(_m.id == message_id).values(values))
    _show_the_last(connection, old.conversation_id)
    wait_again(connection, message_id)
    about = {"contact_id": old.contact_id, "conversation_id": old.conversation_id, "message_id": message_id}
    record(connection, now, "message.cancelled", actor_kind="manager", actor_id=by, **about)
    live.tell(connection, "state", message_id=message_id, conversation_id=old.conversation_id, state="failed")
    live.tell(connection, "message", conversation_id=old.conversation_id, message_id=message_id)


def settle(connection: sa.Connection, now: datetime, by: int, message_id: int, *, arrived: bool) -> int:
    """A person found out what became of a message of unknown fate; its id. Raises NotFound, or Conflict where it is known."""
    old = _ours(connection, message_id)
    if old.state != "unknown":
        raise Conflict("What became of this message is known")
    raise_state(connection, message_id, "sent" if arrived else "failed", now)
    if not arrived:
        reason = "A colleague found out that it did not arrive."
        connection.execute(sa.update(t.messages).where(_m.id == message_id).values(reason=reason, code="not_arrived"))
    about = {"contact_id": old.contact_id, "conversation_id": old.conversation_id, "message_id": message_id}
    record(connection, now, "message.settled", actor_kind="manager", actor_id=by, arrived=arrived, **about)
    return message_id


def _ours(connection: sa.Connection, message_id: int) -> Any:
    """The row, kept from others until the transaction ends."""
    row = connection.execute(sa.select(t.messages).where(_m.id == message_id).with_for_update()).one_or_none()
    if row is None or row.direction != "out":
        raise NotFound(f"There is no message {message_id} of ours")
    return row


def _require_retriable(old: Any, *, confirm: bool) -> None:
    if old.state == "unknown" and not confirm:
        raise Conflict("Nobody knows whether this message arrived: confirm that it may arrive twice")
    if old.state not in ("failed", "unknown"):
        raise Conflict("Only a message that failed can be sent again")


def _require_fit(connection: sa.Connection, old: Any, data: Any, channel_id: int) -> None:
    """What was said must mean something on the other channel, and there must be a way there."""
    channel = connection.execute(sa.select(t.channels).where(t.channels.c.id == channel_id)).one_or_none()
    if channel is None or channel.removed_at is not None:
        raise Invalid("channel_id", f"There is no channel {channel_id}")
    kind_before = connection.scalar(sa.select(t.channels.c.kind).where(t.channels.c.id == old.channel_id))
    if data.get("template") and kind_before != channel.kind and not old.text:
        raise Conflict(f"A template of {connector_type(str(kind_before)).title} has no words for another channel: write it anew")
    way_to(connection, old.contact_id, channel)


def _files_of(connection: sa.Connection, message_id: int) -> Sequence[NewFile]:
    a = t.attachments.c
    rows = connection.execute(sa.select(t.attachments).where(a.message_id == message_id).order_by(a.id))
    return [
        NewFile(kind=r.kind, name=r.name, mime=r.mime, size=r.size, sha256=r.sha256, url=(r.remote or {}).get("url"))
        for r in rows
    ]


def _show_the_last(connection: sa.Connection, conversation_id: int) -> None:
    """The list shows what was said last, without what was called back."""
    said = sa.select(_m.at, _m.text, _m.kind, _m.direction, _m.author_kind).where(
        _m.conversation_id == conversation_id, _m.direction != "note", _m.deleted_at.is_(None)
    )
    last = connection.execute(said.order_by(_m.at.desc(), _m.id.desc()).limit(1)).one_or_none()
    if last is not None:
        shown = {"last_at": last.at, "last_text": preview(last.text, kind=last.kind)}
        shown |= {"last_direction": last.direction, "last_author": last.author_kind}
        connection.execute(sa.update(t.conversations).where(_c.id == conversation_id).values(shown))
        live.tell(connection, "conversation", conversation_id=conversation_id)
