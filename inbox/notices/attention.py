"""What waits for somebody now: requests and replies in their conversations, mentions, their teams' unassigned, what is late."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t

MOST = 50
"""Of each kind: whoever has more waiting needs no list of them."""
LONGEST = 160

_c, _m, _x, _p = t.conversations.c, t.messages.c, t.mentions.c, t.contacts.c
_heard = t.messages.alias("heard")
SAID = sa.func.coalesce(
    sa.func.nullif(
        sa.select(_heard.c.text)
        .where(_heard.c.conversation_id == _c.id, _heard.c.direction == "in")
        .order_by(_heard.c.at.desc(), _heard.c.id.desc())
        .limit(1)
        .scalar_subquery(),
        "",
    ),
    _c.last_text,
).label("said")
"""What the customer said last: whoever is called to a conversation wants that, not the bot's "I am passing you on"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waits:
    """One thing that waits. `kind`: see `inbox.notices.settings.KINDS`. `at`: since when it does; a newer one is news."""

    kind: str
    conversation_id: int
    name: str | None
    number: str
    text: str
    at: datetime


def attention(connection: sa.Connection, me: int, now: datetime) -> list[Waits]:
    """Everything that waits for `me`, newest first."""
    mine = list(connection.execute(_WAITING.where(_c.manager_id == me).limit(MOST)))
    found = [_waits("reply" if row.answered else "request", row, row.last_at) for row in mine]
    found += [_waits("late", row, row.answer_due) for row in mine if row.answer_due is not None and row.answer_due <= now]
    found += [_waits("unassigned", row, row.last_at) for row in _unassigned(connection, me)]
    found += [_waits("mention", row, row.at, row.text) for row in connection.execute(_MENTIONS.where(_x.manager_id == me))]
    return sorted(found, key=lambda each: each.at, reverse=True)


def _unassigned(connection: sa.Connection, me: int) -> Iterable[Any]:
    """Without a team they are anybody's."""
    teams = sa.select(t.team_members.c.team_id).where(t.team_members.c.manager_id == me)
    ours = sa.or_(_c.team_id.is_(None), _c.team_id.in_(teams))
    return connection.execute(_WAITING.where(_c.manager_id.is_(None), ~_c.bot, ours).limit(MOST))


def _waits(kind: str, row: Any, at: datetime, text: str | None = None) -> Waits:
    shown = shortened(row.said if text is None else text)
    return Waits(kind=kind, conversation_id=row.id, name=row.name, number=str(row.number), text=shown, at=at)


def shortened(text: str) -> str:
    """As much of it as a line holds."""
    said = " ".join(text.split())
    return said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"


_ANSWERED = (
    sa.select(sa.literal(1))
    .where(_m.conversation_id == _c.id, _m.direction == "out", _m.author_kind == "manager")
    .exists()
    .label("answered")
)
_SHOWN = (_c.id, SAID, _c.last_at, _c.answer_due, _p.name, _p.number)
_WAITING = (
    sa.select(*_SHOWN, _ANSWERED)
    .join(t.contacts, _p.id == _c.contact_id)
    .where(_c.status == "open", _c.waiting_since.is_not(None))
    .order_by(_c.last_at.desc(), _c.id.desc())
)
_MENTIONS = (
    sa.select(*_SHOWN, _x.at, _m.text)
    .join(t.conversations, _c.id == _x.conversation_id)
    .join(t.contacts, _p.id == _c.contact_id)
    .join(t.messages, _m.id == _x.message_id)
    .where(_x.seen_at.is_(None))
    .order_by(_x.at.desc())
    .limit(MOST)
)
