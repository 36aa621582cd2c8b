"""The messages that wait to be sent: claim them, and load with them all that the connector needs."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from channels.base import OutgoingFile, OutgoingMessage
from inbox import files, live
from inbox import schema as t
from inbox.broadcasts.use import CANCELLED, HELD
from inbox.delivery.reach import BLOCKED, SHUT_MEANWHILE, STOPPED
from inbox.delivery.unanswered import wait_again
from inbox.said import said
from inbox.settings import Settings
from inbox.store import bulk
from inbox.store.within import within

RUN = 20
"""Messages of one conversation taken at once."""
TRIAL = timedelta(seconds=150)
"""So long a channel that failed belongs to the worker that tries it: longer than any call lasts."""
QUOTED = 200
"""Characters of a quoted message that are loaded with the quote."""
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
    priority: int
    outgoing: OutgoingMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What of a channel's queue may be claimed now."""

    conversations: int
    tokens: Sequence[int] | None = None
    """Messages that its limit lets through, by priority; None: any number."""
    trial: bool = False
    """It failed: one message, and only if no other worker tries one, finds out whether it works again."""
    window: timedelta | None = None
    """Free messages go only so long after the customer's last one."""


@dataclass(frozen=True, slots=True)
class Loader:
    """Makes addresses and reads files for outgoing messages."""

    settings: Settings
    store: files.Store

    def file(self, row: Any) -> OutgoingFile:
        url = files.public_url(self.settings.base_url, self.settings.key, row.id, row.name)
        read: Callable[[], bytes] = partial(self.store.read, row.sha256)
        return OutgoingFile(kind=row.kind, name=row.name or "file", mime=row.mime, size=row.size or 0, url=url, read=read)


def claim_all(connection: sa.Connection, asked: Sequence[tuple[datetime, str, Mapping[int, Room], Loader]]) -> list[list[Loaded]]:
    """Claims for `Database.batch`, which has a worker's own thread make them."""
    return [claim(connection, *each) for each in asked]


def claim(connection: sa.Connection, now: datetime, worker: str, rooms: Mapping[int, Room], loader: Loader) -> list[Loaded]:
    """Claim waiting messages, per channel as many as there is room for: they are `sending` from now on.

    A conversation whose earlier message is being sent, or waits for a later try, is passed over, so that order is kept.
    Messages that a stop or a window shut meanwhile forbids fail here. Returned conversation by conversation, in order.
    """
    rows = [row for channel_id, room in rooms.items() for row in _waiting(connection, now, channel_id, room)]
    if connection.dialect.name == "postgresql":
        rows = _in_no_other_hand(connection, now, rows)
    rows = _allowed(connection, now, rows, rooms)
    if not rows:
        return []
    bulk.execute(connection, _CLAIM, [{"message": row.id, "worker": worker, "now": now} for row in rows])
    return _load(connection, rows, loader)


def put_back(connection: sa.Connection, late: Sequence[tuple[int, datetime | None]]) -> None:
    """Messages that were claimed and not sent wait on, until the time that stands beside each."""
    bulk.execute(connection, _BACK, [{"message": message_id, "until": until} for message_id, until in late])
    # What was in hand when its broadcast was paused or cancelled was not found then.
    given = {"messages": [message_id for message_id, _ in late]}
    bulk.run(connection, _HELD_BACK, given)
    bulk.run(connection, _CANCELLED_BACK, given)


def _waiting(connection: sa.Connection, now: datetime, channel_id: int, room: Room) -> list[Any]:
    most = room.conversations * 2
    given = {"channel": channel_id, "now": now, "most": most if room.tokens is None else min(most, room.tokens[0])}
    rows = bulk.fetch(connection, _QUEUE[connection.dialect.name], given)
    if room.tokens is not None:
        rows = [row for n, row in enumerate(rows) if n < room.tokens[min(row.priority, 2)]]
    runs: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        if row.conversation_id in runs or len(runs) < room.conversations:
            runs[row.conversation_id].append(row)
    found = [row for run in runs.values() for row in sorted(run[:RUN], key=lambda row: row.id)]
    if room.trial and found:
        return found[:1] if _lease(connection, now, channel_id) else []
    return found


def _lease(connection: sa.Connection, now: datetime, channel_id: int) -> bool:
    """Take the right to try a channel that failed; False where another worker has it."""
    c = t.channels.c
    free = sa.and_(c.id == channel_id, sa.or_(c.paused_until.is_(None), c.paused_until <= now))
    return connection.execute(sa.update(t.channels).where(free).values(paused_until=now + TRIAL)).rowcount == 1


def _in_no_other_hand(connection: sa.Connection, now: datetime, rows: list[Any]) -> list[Any]:
    """Take out conversations that another worker is just claiming, or has claimed since we looked: their order would be lost."""
    ours = set(connection.execute(_LOCK, {"conversations": sorted({row.conversation_id for row in rows})}).scalars())
    locked = [row for row in rows if row.conversation_id in ours]
    if not locked:
        return []
    found = {"messages": [row.id for row in locked], "conversations": [row.conversation_id for row in locked], "now": now}
    still = set(connection.execute(_STILL, found).scalars())
    passed = connection.execute(_PASSED, found).all()
    return [row for row in locked if row.id in still and not any(_before(each, row) for each in passed)]


def _before(passed: Any, row: Any) -> bool:
    """Whether one that another worker looked at when we did, so that we passed over it, goes before this one."""
    same = (passed.conversation_id, passed.channel_id) == (row.conversation_id, row.channel_id)
    return same and passed.id < row.id and passed.priority <= row.priority


def _allowed(connection: sa.Connection, now: datetime, rows: list[Any], rooms: Mapping[int, Room]) -> list[Any]:
    """Take out what must not be sent any more: after it was queued the person stopped, the address went dead, the window shut."""
    forbidden = [(row, *why) for row in rows if (why := _forbidden(row, now, rooms[row.channel_id].window))]
    if not forbidden:
        return rows
    for row, code, reason in forbidden:
        values = {"state": "failed", "reason": reason, "code": code}
        connection.execute(sa.update(t.messages).where(t.messages.c.id == row.id).values(values))
        if row.broadcast_id is not None:
            mine = sa.and_(t.recipients.c.broadcast_id == row.broadcast_id, t.recipients.c.contact_id == row.contact_id)
            connection.execute(sa.update(t.recipients).where(mine).values(state="skipped", reason=reason, changed_at=now))
            live.tell(connection, "broadcast", broadcast_id=row.broadcast_id)
        else:
            wait_again(connection, row.id)
        live.tell(connection, "state", message_id=row.id, conversation_id=row.conversation_id, state="failed")
    gone = {row.id for row, _, _ in forbidden}
    return [row for row in rows if row.id not in gone]


def _forbidden(row: Any, now: datetime, window: timedelta | None) -> tuple[str, str] | None:
    """(code, reason) why this may not be sent (any more). A colleague may answer who wrote again after their stop."""
    if row.blocked_at is not None:
        return "blocked", row.blocked_reason or BLOCKED
    if row.stopped_at is not None:
        bound = row.broadcast_id is not None or row.author_kind in _BOUNDED
        if bound or row.heard_at is None or row.heard_at <= row.stopped_at:
            return "stopped", STOPPED
    if row.broadcast_id is not None and row.marketing_stopped_at is not None:
        return "stopped", STOPPED
    if window is not None and (row.heard_at is None or row.heard_at + window <= now) and not (row.data or {}).get("template"):
        return "window", SHUT_MEANWHILE
    return None


def _load(connection: sa.Connection, rows: Sequence[Any], loader: Loader) -> list[Loaded]:
    attached = _files(connection, rows, loader)
    quoted = _quoted(connection, [row.reply_to for row in rows if row.reply_to is not None])
    threads = _mail_threads(connection, [row.conversation_id for row in rows if row.kind_of_channel == "email"])
    return [_loaded(row, attached.get(row.id, ()), quoted.get(row.reply_to), threads, loader) for row in rows]


def _loaded(row: Any, attached: Sequence[OutgoingFile], quoted: Any, threads: Mapping[int, Any], loader: Loader) -> Loaded:
    data = row.data or {}
    thread = threads.get(row.conversation_id, ())
    # An id means nothing on another channel: there the quoted words stand for it.
    reply_to = quoted.external_id if quoted is not None and quoted.channel_id == row.channel_id else None
    outgoing = OutgoingMessage(
        id=str(row.id), address=row.address, text=row.text, html=row.html, subject=row.subject or _subject(thread),
        name=row.contact_name or None, attachments=attached, **said(data),
        reply_to=reply_to or (thread[-1][0] if thread else None), quote=quoted.text if quoted is not None else "",
        references=[external_id for external_id, _ in thread],
        token=row.token, automatic=row.author_kind != "manager", bulk=row.broadcast_id is not None, extra=row.context or {},
        status_url=f"{loader.settings.base_url}/hooks/{row.channel_id}?message={row.id}",
        unsubscribe_url=_unsubscribe(loader, row),
    )  # fmt: skip
    return Loaded(
        id=row.id, channel_id=row.channel_id, conversation_id=row.conversation_id, thread=row.thread, parts=row.parts,
        attempts=row.attempts, priority=row.priority, outgoing=outgoing,
    )  # fmt: skip


def _unsubscribe(loader: Loader, row: Any) -> str | None:
    if row.broadcast_id is None:
        return None
    return f"{loader.settings.base_url}/unsubscribe/{row.id}/{files.sign(loader.settings.key, -row.id)}"


def _files(connection: sa.Connection, rows: Sequence[Any], loader: Loader) -> dict[int, list[OutgoingFile]]:
    found: dict[int, list[OutgoingFile]] = defaultdict(list)
    for row in bulk.fetch(connection, _FILES, {"messages": [row.id for row in rows]}):
        found[row.message_id].append(loader.file(row))
    return found


def _quoted(connection: sa.Connection, message_ids: Sequence[int]) -> dict[int | None, Any]:
    """(channel_id, external_id, text) of the messages that are quoted, by their ids."""
    if not message_ids:
        return {}
    m = t.messages.c
    text = sa.func.substr(m.text, 1, QUOTED).label("text")
    rows = connection.execute(sa.select(m.id, m.channel_id, m.external_id, text).where(m.id.in_(message_ids)))
    return {row.id: row for row in rows}


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
        sa.and_(
            _earlier.c.try_at > sa.bindparam("now", type_=t.Instant),
            _earlier.c.try_at < sa.literal(HELD, t.Instant),
            sa.or_(_earlier.c.send_at.is_(None), _earlier.c.send_at < _earlier.c.try_at),
        ),
    ),
    sa.or_(_earlier.c.state == "queued", _earlier.c.state == "sending"),
)
"""An earlier message that is being sent or tried again later; what a person or a paused broadcast put off holds back nothing."""
_unfetched = sa.exists().where(t.attachments.c.message_id == _M.id, t.attachments.c.state == "waiting")
_WAITING = (
    sa.select(
        _M.id, _M.channel_id, _M.conversation_id, _M.contact_id, _M.address, _M.thread, _M.text, _M.html, _M.subject, _M.data,
        _M.reply_to, _M.author_kind, _M.broadcast_id, _M.parts, _M.attempts, _M.priority,
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
    .limit(sa.bindparam("most", type_=sa.Integer))
)  # fmt: skip
_QUEUE = {"sqlite": _WAITING, "postgresql": _WAITING.with_for_update(skip_locked=True, of=t.messages)}
_LOCK = sa.text(
    "SELECT each FROM unnest(CAST(:conversations AS bigint[])) AS each "
    "WHERE pg_try_advisory_xact_lock(7283402, (each % 2147483647)::int)"
)
_STILL = sa.select(_M.id).where(within(_M.id, "messages"), _M.state == "queued", ~_first)
_PASSED = sa.select(_M.id, _M.conversation_id, _M.channel_id, _M.priority).where(
    within(_M.conversation_id, "conversations"), ~within(_M.id, "messages"), _M.state == "queued",
    sa.or_(_M.try_at.is_(None), _M.try_at <= sa.bindparam("now", type_=t.Instant)), ~_unfetched,
)  # fmt: skip
_CLAIM = (
    sa.update(t.messages)
    .where(_M.id == sa.bindparam("message"))
    .values(state="sending", claimed_by=sa.bindparam("worker"), claimed_at=sa.bindparam("now", type_=t.Instant))
)
_BACK = (
    sa.update(t.messages)
    .where(_M.id == sa.bindparam("message"), _M.state == "sending")
    .values(state="queued", try_at=sa.bindparam("until", type_=t.Instant), claimed_by=None)
)
_B = t.broadcasts.c
_of_broadcast = (within(_M.id, "messages"), _M.state == "queued", _M.broadcast_id.is_not(None))
_HELD_BACK = (
    sa.update(t.messages)
    .where(*_of_broadcast, _M.broadcast_id.in_(sa.select(_B.id).where(_B.state == "paused")))
    .values(try_at=HELD)
)
_CANCELLED_BACK = (
    sa.update(t.messages)
    .where(*_of_broadcast, _M.broadcast_id.in_(sa.select(_B.id).where(_B.state == "cancelled")))
    .values(CANCELLED)
)
_FILES = (
    sa.select(t.attachments)
    .where(within(t.attachments.c.message_id, "messages"), t.attachments.c.state == "stored")
    .order_by(t.attachments.c.id)
)
