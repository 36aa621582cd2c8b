"""What came to somebody while they were away: conversations that were given to them, and tasks whose time has passed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.notices.attention import MOST, SAID, Waits, shortened

_c, _v, _m, _p, _k = t.conversations.c, t.events.c, t.messages.c, t.contacts.c, t.tasks.c
SEVERAL = 4
"""Times that a conversation changed hands, of each that is looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overdue:
    """A task of theirs that became late at `at`."""

    id: int
    title: str
    contact_id: int
    conversation_id: int | None
    name: str | None
    number: str
    at: datetime


def assigned(connection: sa.Connection, me: int, since: datetime) -> list[Waits]:
    """Conversations of theirs that go on, given to them since by somebody else or by the router, the newest first; those in
    which they have done something since are known to them."""
    rows = connection.execute(_GIVEN, {"me": me, "since": since, "most": SEVERAL * MOST}).all()
    last: dict[int, Any] = {}
    for row in rows:
        last.setdefault(row.id, row)
    theirs = [row for row in last.values() if row.data["manager_id"] == me and (row.actor_kind, row.actor_id) != ("manager", me)]
    fresh = [row for row in theirs if not _touched(connection, me, row)][:MOST]
    return [
        Waits(
            kind="assigned", conversation_id=row.id, name=row.name, number=str(row.number), text=shortened(row.said),
            at=row.at,
        )
        for row in fresh
    ]  # fmt: skip


def overdue(connection: sa.Connection, me: int, since: datetime, now: datetime) -> list[Overdue]:
    """Their open tasks that became late since, the newest first. Answers that are late wait as conversations."""
    rows = connection.execute(_LATE, {"me": me, "since": since, "now": now})
    return [
        Overdue(
            id=row.id, title=shortened(row.title), contact_id=row.contact_id, conversation_id=row.conversation_id, name=row.name,
            number=str(row.number), at=row.due_at,
        )
        for row in rows
    ]  # fmt: skip


def _touched(connection: sa.Connection, me: int, row: Any) -> bool:
    """Whether they wrote or did something there since it was given to them."""
    about = {"me": me, "conversation": row.id, "at": row.at, "event": row.event_id}
    return connection.scalar(_DID, about) is not None or connection.scalar(_WROTE, about) is not None


_GIVEN = (
    sa.select(_c.id, SAID, _p.name, _p.number, _v.id.label("event_id"), _v.at, _v.data, _v.actor_kind, _v.actor_id)
    .join(t.events, _v.conversation_id == _c.id)
    .join(t.contacts, _p.id == _c.contact_id)
    .where(
        _c.manager_id == sa.bindparam("me"), _c.status.in_(("open", "snoozed")), _v.kind == "conversation.assigned",
        _v.at > sa.bindparam("since", type_=t.Instant),
    )
    .order_by(_v.id.desc())
    .limit(sa.bindparam("most"))
)  # fmt: skip
_BY_ME: tuple[sa.BindParameter[int], ...] = (sa.bindparam("conversation"), sa.bindparam("me"))
_DID = (
    sa.select(_v.id)
    .where(_v.conversation_id == _BY_ME[0], _v.id > sa.bindparam("event"), _v.actor_kind == "manager", _v.actor_id == _BY_ME[1])
    .limit(1)
)
_WROTE = (
    sa.select(_m.id)
    .where(
        _m.conversation_id == _BY_ME[0], _m.at > sa.bindparam("at", type_=t.Instant), _m.author_kind == "manager",
        _m.author_id == _BY_ME[1],
    )
    .limit(1)
)  # fmt: skip
_LATE = (
    sa.select(_k.id, _k.title, _k.contact_id, _k.conversation_id, _k.due_at, _p.name, _p.number)
    .join(t.contacts, _p.id == _k.contact_id)
    .where(
        _k.manager_id == sa.bindparam("me"), _k.kind == "reminder", _k.done_at.is_(None),
        _k.due_at > sa.bindparam("since", type_=t.Instant), _k.due_at <= sa.bindparam("now", type_=t.Instant),
    )
    .order_by(_k.due_at.desc(), _k.id.desc())
    .limit(MOST)
)  # fmt: skip
