"""The messages that wait to be sent: claim them, and load with them all that the connector needs."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from channels.base import OutgoingFile, OutgoingMessage
from inbox import bulk, files, live
from inbox import schema as t
from inbox.reach import BLOCKED, STOPPED
from inbox.said import said
from inbox.settings import Settings
from inbox.within import within

RUN = 20
"""Messages of one conversation taken at once."""
_BOUNDED = ("bot", "system")
"""Authors whom a stop binds at the moment of sending, besides every broadcast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A claimed message, ready for the connector."""

    id: int
    channel_id: int
    conversation_id: int
    thread: str
    parts: int
    attempts: int
    outgoing: OutgoingMessage


@dataclass(frozen=True, slots=True)
class Loader:
    """Makes addresses and reads files for outgoing messages."""

    settings: Settings
    store: files.Store

    def file(self, row: Any) -> OutgoingFile:
        url = files.public_url(self.settings.base_url, self.settings.key, row.id, row.name)
        read: Callable[[], bytes] = partial(self.store.read, row.sha256)
        return OutgoingFile(kind=row.kind, name=row.name or "file", mime=row.mime, size=row.size or 0, url=url, read=read)


def claim(connection: sa.Connection, now: datetime, worker: str, room: Mapping[int, int], loader: Loader) -> list[Loaded]:
    """Claim up to `room[channel]` conversations' waiting messages per channel: they are `sending` from now on.

    A conversation whose earlier message is being sent, or waits for a later try, is passed over, so that order is kept.
    Messages that a stop forbids fail here. Returned conversation by conversation, in order.
    """
    rows = [row for channel_id, free in room.items() for row in _waiting(connection, now, channel_id, free)]
    if connection.dialect.name == "postgresql":
        rows = _in_no_other_hand(connection, now, rows)
    rows = _without_stopped(connection, now, rows)
    if not rows:
        return []
    bulk.execute(connection, _CLAIM, [{"message": row.id, "worker": worker, "now": now} for row in rows])
    return _load(connection, rows, loader)


def _waiting(connection: sa.Connection, now: datetime, channel_id: int, free: int) -> list[Any]:
    statement = _QUEUE.limit(free * 2)
    if connection.dialect.name == "postgresql":
        statement = statement.with_for_update(skip_locked=True, of=t.messages)
    rows = connection.execute(statement, {"channel": channel_id, "now": now}).all()
    runs: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        if row.conversation_id in runs or len(runs) < free:
            runs[row.conversation_id].append(row)
    return [row for run in runs.values() for row in sorted(run[:RUN], key=lambda row: row.id)]


def _in_no_other_hand(connection: sa.Connection, now: datetime, rows: list[Any]) -> list[Any]:
    """Take out conversations that another worker is just claiming, or has claimed since we looked: their order would be lost."""
    ours = set(connection.execute(_LOCK, {"conversations": sorted({row.conversation_id for row in rows})}).scalars())
    locked = [row for row in rows if row.conversation_id in ours]
    if not locked:
        return []
    still = set(connection.execute(_STILL, {"messages": [row.id for row in locked], "now": now}).scalars())
    return [row for row in locked if row.id in still]


def _without_stopped(connection: sa.Connection, now: datetime, rows: list[Any]) -> list[Any]:
    """Take out what must not be sent any more: the person stopped, or the address went dead, after it was queued."""
    forbidden = [(row, reason) for row in rows if (reason := _forbidden(row))]
    if not forbidden:
        return rows
    for row, reason in forbidden:
        values = {"state": "failed", "reason": reason, "code": "stopped"}
        connection.execute(sa.update(t.messages).where(t.messages.c.id == row.id).values(values))
        if row.broadcast_id is not None:
            mine = sa.and_(t.recipients.c.broadcast_id == row.broadcast_id, t.recipients.c.contact_id == row.contact_id)
            connection.execute(sa.update(t.recipients).where(mine).values(state="skipped", reason=reason, changed_at=now))
            live.tell(connection, "broadcast", broadcast_id=row.broadcast_id)
        live.tell(connection, "state", message_id=row.id, conversation_id=row.conversation_id, state="failed")
    gone = {row.id for row, _ in forbidden}
    return [row for row in rows if row.id not in gone]


def _forbidden(row: Any) -> str:
    """Why this may not be sent (any more); empty if it may. A colleague may answer who wrote again after their stop."""
    if row.blocked_at is not None:
        return row.blocked_reason or BLOCKED
    if row.stopped_at is not None:
        bound = row.broadcast_id is not None or row.author_kind in _BOUNDED
        if bound or row.heard_at is None or row.heard_at <= row.stopped_at:
            return STOPPED
    if row.broadcast_id is not None and row.marketing_stopped_at is not None:
        return STOPPED
    return ""


def _load(connection: sa.Connection, rows: Sequence[Any], loader: Loader) -> list[Loaded]:
    attached = _files(connection, rows, loader)
    quoted = _external_ids(connection, [row.reply_to for row in rows if row.reply_to is not None])
    threads = _mail_threads(connection, [row.conversation_id for row in rows if row.kind_of_channel == "email"])
    return [_loaded(row, attached.get(row.id, ()), quoted.get(row.reply_to), threads, loader) for row in rows]


def _loaded(row: Any, attached: Sequence[OutgoingFile], quoted: str | None, threads: Mapping[int, Any], loader: Loader) -> Loaded:
    data = row.data or {}
    thread = threads.get(row.conversation_id, ())
    outgoing = OutgoingMessage(
        id=str(row.id), address=row.address, text=row.text, html=row.html, subject=row.subject or _subject(thread),
        name=row.contact_name or None, attachments=attached, **said(data),
        reply_to=quoted or (thread[-1][0] if thread else None), references=[external_id for external_id, _ in thread],
        token=row.token, automatic=row.author_kind != "manager", bulk=row.broadcast_id is not None, extra=row.context or {},
        status_url=f"{loader.settings.base_url}/hooks/{row.channel_id}?message={row.id}",
        unsubscribe_url=_unsubscribe(loader, row),
    )  # fmt: skip
    return Loaded(
        id=row.id, channel_id=row.channel_id, conversation_id=row.conversation_id, thread=row.thread, parts=row.parts,
        attempts=row.attempts, outgoing=outgoing,
    )  # fmt: skip


def _unsubscribe(loader: Loader, row: Any) -> str | None:
    if row.broadcast_id is None:
        return None
    return f"{loader.settings.base_url}/unsubscribe/{row.id}/{files.sign(loader.settings.key, -row.id)}"


def _files(connection: sa.Connection, rows: Sequence[Any], loader: Loader) -> dict[int, list[OutgoingFile]]:
    found: dict[int, list[OutgoingFile]] = defaultdict(list)
    for row in connection.execute(_FILES, {"messages": [row.id for row in rows]}):
        found[row.message_id].append(loader.file(row))
    return found


def _external_ids(connection: sa.Connection, message_ids: Sequence[int]) -> dict[int | None, str]:
    if not message_ids:
        return {}
    m = t.messages.c
    rows = connection.execute(sa.select(m.id, m.external_id).where(m.id.in_(message_ids), m.external_id.is_not(None)))
    return {row.id: row.external_id for row in rows}


def _mail_threads(connection: sa.Connection, conversation_ids: Sequence[int]) -> dict[int, list[tuple[str, str | None]]]:
    """(Message-ID, subject) of each conversation's mails so far, oldest first, the last twenty."""
    threads: dict[int, list[tuple[str, str | None]]] = {}
    m = t.messages.c
    for conversation_id in set(conversation_ids):
        rows = connection.execute(
            sa.select(m.external_id, m.subject)
            .join(t.channels, t.channels.c.id == m.channel_id)
            .where(m.conversation_id == conversation_id, m.external_id.is_not(None), t.channels.c.kind == "email")
            .order_by(m.at.desc(), m.id.desc())
            .limit(20)
        )
        threads[conversation_id] = [(row.external_id, row.subject) for row in rows][::-1]
    return threads


def _subject(thread: Sequence[tuple[str, str | None]]) -> str | None:
    return next((subject for _, subject in reversed(thread) if subject), None)


_M, _R = t.messages.c, t.reaches.c
_earlier = t.messages.alias("earlier")
_first = sa.exists().where(
    _earlier.c.conversation_id == _M.conversation_id,
    _earlier.c.id < _M.id,
    _earlier.c.channel_id == _M.channel_id,
    sa.or_(
        _earlier.c.state == "sending",
        sa.and_(_earlier.c.state == "queued", _earlier.c.attempts > 0, _earlier.c.try_at > sa.bindparam("now", type_=t.Instant)),
    ),
    _earlier.c.state.in_(("queued", "sending")),
)
_unfetched = sa.exists().where(t.attachments.c.message_id == _M.id, t.attachments.c.state == "waiting")
_QUEUE = (
    sa.select(
        _M.id, _M.channel_id, _M.conversation_id, _M.contact_id, _M.address, _M.thread, _M.text, _M.html, _M.subject, _M.data,
        _M.reply_to, _M.author_kind, _M.broadcast_id, _M.parts, _M.attempts,
        t.conversations.c.token, t.contacts.c.name.label("contact_name"), t.channels.c.kind.label("kind_of_channel"),
        _R.context, _R.heard_at, _R.stopped_at, _R.marketing_stopped_at, _R.blocked_at, _R.blocked_reason,
    )
    .join(t.conversations, t.conversations.c.id == _M.conversation_id)
    .join(t.contacts, t.contacts.c.id == _M.contact_id)
    .join(t.channels, t.channels.c.id == _M.channel_id)
    .outerjoin(t.reaches, sa.and_(_R.channel_id == _M.channel_id, _R.address == _M.address))
    .where(
        _M.channel_id == sa.bindparam("channel"), _M.state == "queued",
        sa.or_(_M.try_at.is_(None), _M.try_at <= sa.bindparam("now", type_=t.Instant)), ~_first, ~_unfetched,
    )
    .order_by(_M.priority, _M.id)
)  # fmt: skip
_LOCK = sa.text(
    "SELECT each FROM unnest(CAST(:conversations AS bigint[])) AS each "
    "WHERE pg_try_advisory_xact_lock(7283402, (each % 2147483647)::int)"
)
_STILL = sa.select(_M.id).where(within(_M.id, "messages"), _M.state == "queued", ~_first)
_CLAIM = (
    sa.update(t.messages)
    .where(_M.id == sa.bindparam("message"))
    .values(state="sending", claimed_by=sa.bindparam("worker"), claimed_at=sa.bindparam("now", type_=t.Instant))
)
_FILES = (
    sa.select(t.attachments)
    .where(within(t.attachments.c.message_id, "messages"), t.attachments.c.state == "stored")
    .order_by(t.attachments.c.id)
)
