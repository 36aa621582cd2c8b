"""What the composer asks for: canned replies, drafts, how somebody writes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.refusals import NotFound
from inbox.views.paging import Page, decode, encode

_k, _d, _p = t.canned.c, t.drafts.c, t.managers.c


@dataclass(frozen=True, kw_only=True, slots=True)
class CannedShown:
    """A ready answer. `text` has Jinja variables. `shared`: everybody's, else one's own."""

    id: int
    shortcut: str
    language: str
    text: str
    shared: bool
    changed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftShown:
    """What was begun to be written. `attachments` are uploads; `seen`: the newest message that its writer knew."""

    conversation_id: int
    text: str
    note: bool
    channel_id: int | None
    subject: str
    cc: str | None
    reply_to: int | None
    attachments: list[dict[str, Any]]
    seen: int | None
    changed_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Writing:
    """How somebody writes: what stands under their mails, how many seconds they can take back what they sent."""

    signature: str
    undo_seconds: int


def canned(connection: sa.Connection, me: int, cursor: str | None, limit: int) -> Page[CannedShown]:
    """Everybody's and one's own, by shortcut."""
    query = sa.select(t.canned).where(sa.or_(_k.manager_id.is_(None), _k.manager_id == me))
    if cursor is not None:
        query = query.where(sa.tuple_(_k.shortcut, _k.id) > sa.tuple_(*map(sa.literal, decode(cursor, str, int))))
    rows = list(connection.execute(query.order_by(_k.shortcut, _k.id).limit(limit + 1)))
    following = encode((rows[limit - 1].shortcut, rows[limit - 1].id)) if len(rows) > limit else None
    return Page(items=[_canned(row) for row in rows[:limit]], next=following)


def one_canned(connection: sa.Connection, number: int) -> CannedShown:
    """One. Raises NotFound."""
    row = connection.execute(sa.select(t.canned).where(_k.id == number)).one_or_none()
    if row is None:
        raise NotFound(f"There is no canned reply {number}")
    return _canned(row)


def drafts(connection: sa.Connection, me: int, cursor: str | None, limit: int) -> Page[DraftShown]:
    """Mine, by conversation, newest conversation first."""
    query = sa.select(t.drafts).where(_d.manager_id == me)
    if cursor is not None:
        query = query.where(_d.conversation_id < decode(cursor, int)[0])
    rows = list(connection.execute(query.order_by(_d.conversation_id.desc()).limit(limit + 1)))
    following = encode((rows[limit - 1].conversation_id,)) if len(rows) > limit else None
    return Page(items=[_draft(row) for row in rows[:limit]], next=following)


def draft(connection: sa.Connection, me: int, conversation_id: int) -> DraftShown:
    """Mine in this conversation; an empty one where nothing was begun. Raises NotFound."""
    mine = (_d.manager_id == me, _d.conversation_id == conversation_id)
    row = connection.execute(sa.select(t.drafts).where(*mine)).one_or_none()
    if row is not None:
        return _draft(row)
    if connection.scalar(sa.select(t.conversations.c.id).where(t.conversations.c.id == conversation_id)) is None:
        raise NotFound(f"There is no conversation {conversation_id}")
    return _shown(conversation_id, {}, None)


def writing(connection: sa.Connection, me: int) -> Writing:
    """Mine."""
    row = connection.execute(sa.select(_p.signature, _p.undo_seconds).where(_p.id == me)).one()
    return Writing(signature=row.signature, undo_seconds=row.undo_seconds)


def _canned(row: Any) -> CannedShown:
    return CannedShown(
        id=row.id, shortcut=row.shortcut, language=row.language, text=row.text, shared=row.manager_id is None,
        changed_at=row.changed_at,
    )  # fmt: skip


def _draft(row: Any) -> DraftShown:
    return _shown(row.conversation_id, row.said, row.changed_at)


def _shown(conversation_id: int, said: dict[str, Any], changed_at: datetime | None) -> DraftShown:
    return DraftShown(
        conversation_id=conversation_id, text=said.get("text", ""), note=said.get("note", False),
        channel_id=said.get("channel_id"), subject=said.get("subject", ""), cc=said.get("cc"),
        reply_to=said.get("reply_to"), attachments=said.get("attachments", []), seen=said.get("seen"), changed_at=changed_at,
    )  # fmt: skip
