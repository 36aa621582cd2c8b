"""A web chat's visitor: what their browser may see of the conversation, and the small things it tells (seen, typing)."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.receive.statuses import raise_state

SHOWN = 100
"""Newest messages that a browser which remembers nothing gets."""
OVERLAP = timedelta(minutes=2)
"""How far back before the last answer the next one begins: a transaction that began earlier may commit later."""
_VISIBLE = ("sending", "unknown", "sent", "delivered", "read")
_UNSEEN = ("sending", "unknown", "sent")

FileUrl = Callable[[int, str], str]
"""(attachment id, name) -> the address where the browser may fetch it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """Whose browser asks: a channel and the visitor's address on it."""

    channel_id: int
    visitor: str


def page(
    connection: sa.Connection, visit: Visit, file_url: FileUrl, since: datetime | None = None, unread: Sequence[int] = ()
) -> dict[str, Any]:
    """The visitor's messages, oldest first, as the widget reads them: the newest, or with `since` what it may not have.

    What the browser never acknowledged is there whenever it was written: a message may be sent long after it was queued. So are
    the `unread` that it names: they may have been read elsewhere. `more`: there was more than one answer holds.
    """
    wanted = [*_mine(visit)]
    if since is not None:
        unseen = sa.and_(_m.direction == "out", _m.state.in_(_UNSEEN))
        wanted.append(sa.or_(_m.created_at >= since - OVERLAP, unseen, _m.id.in_(unread)))
    rows = connection.execute(_select(wanted).order_by(_m.at.desc(), _m.id.desc()).limit(SHOWN + 1)).all()
    more = since is not None and len(rows) > SHOWN
    return {"items": _items(connection, rows[:SHOWN][::-1], file_url), "more": more, "seen": seen(connection, visit)}


def seen(connection: sa.Connection, visit: Visit) -> str:
    """Until when what the visitor wrote has been read by a person: they looked at the conversation, or answered. Empty: never."""
    c = t.conversations.c
    looked = connection.scalar(sa.select(sa.func.max(c.seen_at)).where(c.contact_id == _contact(visit)))
    by_people = [*_mine(visit), _m.author_kind == "manager"]
    answered = connection.scalar(sa.select(_m.at).where(*by_people).order_by(_m.at.desc()).limit(1))
    last = max((each for each in (looked, answered) if each), default=None)
    return last.isoformat() if last else ""


def met(connection: sa.Connection, visit: Visit) -> bool:
    """Whether this visitor has a card: they wrote, or filled in the form."""
    return connection.scalar(sa.select(_contact(visit))) is not None


def item(
    connection: sa.Connection, visit: Visit, file_url: FileUrl, *, ours: int | None = None, theirs: str | None = None
) -> dict[str, Any] | None:
    """One message: `ours` by our id, or `theirs` by the id their browser gave it. None if it is not this visitor's."""
    which = _m.id == ours if ours is not None else sa.and_(_m.external_id == theirs, _m.direction == "in")
    found = _items(connection, connection.execute(_select([*_mine(visit), which])).all(), file_url)
    return found[0] if found else None


def acknowledge(connection: sa.Connection, visit: Visit, ids: Sequence[int], state: str, now: datetime) -> list[int]:
    """The browser has received or shown these messages of ours; those of other visitors are left alone. Returns what is new."""
    mine = sa.select(_m.id).where(_m.id.in_(ids), *_mine(visit), _m.direction == "out")
    known = connection.execute(mine).scalars().all()
    return [message_id for message_id in known if raise_state(connection, message_id, state, now)]


def typing(connection: sa.Connection, visit: Visit) -> None:
    """Tell the operators that the visitor is writing. Nothing of it is kept."""
    c = t.conversations.c
    mine = sa.select(c.id).where(c.contact_id == _contact(visit), c.status != "closed")
    if conversation_id := connection.execute(mine).scalar_one_or_none():
        live.tell(connection, "typing", conversation_id=conversation_id)


_m = t.messages.c


def _contact(visit: Visit) -> sa.ScalarSelect[int]:
    c = t.reaches.c
    return sa.select(c.contact_id).where(c.channel_id == visit.channel_id, c.address == visit.visitor).scalar_subquery()


def _mine(visit: Visit) -> list[sa.ColumnElement[bool]]:
    """By contact first, because that is what the index knows; by channel and address, because that is what the token proves."""
    shown = sa.or_(_m.direction == "in", sa.and_(_m.direction == "out", _m.state.in_(_VISIBLE)))
    here = sa.and_(_m.channel_id == visit.channel_id, _m.address == visit.visitor)
    return [_m.contact_id == _contact(visit), here, shown, _m.deleted_at.is_(None)]


def _select(wanted: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    author = t.managers.c.name.label("author_name")
    joined = t.messages.outerjoin(t.managers, sa.and_(_m.author_kind == "manager", t.managers.c.id == _m.author_id))
    return sa.select(t.messages, author).select_from(joined).where(*wanted)


def _items(connection: sa.Connection, rows: Sequence[Any], file_url: FileUrl) -> list[dict[str, Any]]:
    files = _files(connection, [row.id for row in rows], file_url) if rows else {}
    return [_item(row, files.get(row.id, [])) for row in rows]


def _item(row: Any, files: list[dict[str, Any]]) -> dict[str, Any]:
    mine = row.direction == "in"
    return {
        "id": str(row.id),
        "client_id": row.external_id if mine else None,
        "mine": mine,
        "text": row.text,
        "author": {"name": row.author_name} if row.author_name else None,
        "automatic": row.author_kind in ("bot", "system"),
        "choices": [{"id": str(c["id"]), "title": str(c["title"])} for c in (row.data or {}).get("choices", ())],
        "attachments": files,
        "reply_to": str(row.reply_to) if row.reply_to else None,
        "at": row.at.isoformat(),
        "state": "sent" if mine or row.state in _UNSEEN else row.state,
    }


def _files(connection: sa.Connection, ids: Sequence[int], file_url: FileUrl) -> dict[int, list[dict[str, Any]]]:
    a = t.attachments.c
    query = sa.select(a.message_id, a.id, a.kind, a.name, a.mime, a.size).where(a.message_id.in_(ids), a.state == "stored")
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(query.order_by(a.id)):
        url = file_url(row.id, row.name)
        found[row.message_id].append({"kind": row.kind, "name": row.name, "mime": row.mime, "size": row.size, "url": url})
    return found
