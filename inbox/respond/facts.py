"""What a decision about a conversation needs, loaded for a whole pass at once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.card import told
from inbox.store import bulk
from inbox.store.within import within


@dataclass(slots=True, kw_only=True)
class Case:
    """A conversation in which something was heard. `row`: conversation, contact and channel columns (see `_CLAIM`)."""

    row: Any
    heard: list[Any] = field(default_factory=list)
    """The unheard messages, in the order in which they were written."""
    session: Any = None
    tags: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    """Of those that flows name."""
    stopped: bool = False
    """They said stop on the channel they wrote on."""

    @property
    def id(self) -> int:
        return int(self.row.id)


def claim(connection: sa.Connection, limit: int) -> list[Case]:
    """Up to `limit` conversations in which something was heard, longest waiting first. On PostgreSQL they are locked for this
    transaction and other workers pass them over; on SQLite the transaction itself is the only one that writes."""
    cases = {row.id: Case(row=row) for row in bulk.fetch(connection, _CLAIM[connection.dialect.name], {"most": limit})}
    if cases:
        _add_heard(connection, cases)
        _add_sessions(connection, cases)
        _add_tags(connection, list(cases.values()))
        _add_stops(connection, list(cases.values()))
    return list(cases.values())


def _add_heard(connection: sa.Connection, cases: dict[int, Case]) -> None:
    for row in bulk.fetch(connection, _HEARD, {"conversations": list(cases)}):
        cases[row.conversation_id].heard.append(row)


def _add_sessions(connection: sa.Connection, cases: dict[int, Case]) -> None:
    for row in bulk.fetch(connection, _SESSIONS, {"conversations": list(cases)}):
        cases[row.conversation_id].session = row


def _add_tags(connection: sa.Connection, cases: Sequence[Case]) -> None:
    tags: dict[int, list[str]] = defaultdict(list)
    for contact_id, tag in bulk.fetch(connection, _TAGS, {"contacts": [case.row.contact_id for case in cases]}):
        tags[contact_id].append(tag)
    for case in cases:
        case.tags = frozenset(tags.get(case.row.contact_id, ()))


def _add_stops(connection: sa.Connection, cases: Sequence[Case]) -> None:
    rows = bulk.fetch(connection, _STOPS, {"contacts": [case.row.contact_id for case in cases]})
    stopped = {(contact_id, channel_id) for contact_id, channel_id in rows}
    for case in cases:
        case.stopped = (case.row.contact_id, case.row.channel_id) in stopped


_C = t.conversations.c
_WAITING = (
    sa.select(
        _C.id, _C.contact_id, _C.channel_id, _C.address, _C.status, _C.manager_id, _C.team_id, _C.bot, _C.priority,
        _C.waiting_since, _C.answer_due, _C.opened_at,
        *told.COLUMNS, t.contacts.c.edited,
        t.contacts.c.manager_id.label("responsible_id"), t.contacts.c.created_at.label("met_at"),
        t.channels.c.kind.label("channel_kind"), t.channels.c.team_id.label("channel_team_id"),
    )
    .join(t.contacts, t.contacts.c.id == _C.contact_id)
    .join(t.channels, t.channels.c.id == _C.channel_id)
    .where(_C.heard_at.is_not(None))
    .order_by(_C.heard_at, _C.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)  # fmt: skip
_CLAIM = {"sqlite": _WAITING, "postgresql": _WAITING.with_for_update(skip_locked=True, of=t.conversations)}
_M = t.messages.c
_HEARD = (
    sa.select(_M.id, _M.conversation_id, _M.channel_id, _M.address, _M.kind, _M.text, _M.data, _M.at)
    .where(within(_M.conversation_id, "conversations"), ~_M.heard)
    .order_by(_M.at, _M.id)
)
_SESSIONS = sa.select(t.flow_sessions).where(within(t.flow_sessions.c.conversation_id, "conversations"))
_TAGS = sa.select(t.contact_tags.c.contact_id, t.contact_tags.c.tag).where(within(t.contact_tags.c.contact_id, "contacts"))
_STOPS = sa.select(t.reaches.c.contact_id, t.reaches.c.channel_id).where(
    within(t.reaches.c.contact_id, "contacts"), t.reaches.c.stopped_at.is_not(None)
)
