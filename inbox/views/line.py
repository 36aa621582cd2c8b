"""All that happened with a person in one line: messages, calls, notes, tasks, conversations, changes, consent, what others told.

Each source gives its newest rows by an index of its own, and the page is what is newest among them: the cost of a page does not
grow with the length of the line.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.views.cards import cards_of, names
from inbox.views.paging import Page, decode, encode
from inbox.views.shapes import Actor

_m, _k, _e, _h, _x, _v = t.messages.c, t.tasks.c, t.events.c, t.contact_changes.c, t.contact_events.c, t.conversations.c
_TEXT = 300
_NOT_SHOWN = ("contact.changed", "contact.event", "identity.claimed", "identity.removed")
"""Events whose matter has a source of its own here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """One thing that happened. `kind`: message, call, note, task, conversation, change, consent, event (told by another system),
    card (the card itself: met, merged, an address verified). `what` says which of its kind: in, out, consent.stop, purchase ...
    `id` is of its kind: a message's, a task's. `data` depends on the kind."""

    kind: str
    id: int
    at: datetime
    what: str
    text: str
    actor: Actor | None
    conversation_id: int | None
    link: str | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a kind of moments comes from. `rank` orders moments of the same time."""

    rank: int
    query: Callable[[Sequence[int]], sa.Select[Any]]
    at: sa.ColumnElement[datetime]
    id: sa.ColumnElement[int]
    make: Callable[[Any, dict[int, str]], Moment]
    kinds: tuple[str, ...]


def page(connection: sa.Connection, contact_id: int, kinds: Sequence[str], cursor: str | None, limit: int) -> Page[Moment]:
    """The line of a contact and of all that were merged into it, newest first; only some `kinds`, if any are named."""
    cards = cards_of(connection, contact_id)
    after = decode(cursor, datetime, int, int) if cursor else None
    found: list[tuple[datetime, int, int, Any, _Source]] = []
    for source in SOURCES:
        if kinds and not set(kinds) & set(source.kinds):
            continue
        query = source.query(cards)
        if source.rank == 0 and kinds:
            query = query.where(_of_kinds(kinds))
        if after is not None:
            query = query.where(_beyond(source, after))
        rows = connection.execute(query.order_by(source.at.desc(), source.id.desc()).limit(limit + 1))
        found += [(row.at, source.rank, row.id, row, source) for row in rows]
    found.sort(key=lambda each: each[:3], reverse=True)
    shown = found[:limit]
    people = names(connection, [row for *_, row, _ in shown])
    following = encode(shown[-1][:3]) if len(found) > limit else None
    return Page(items=[source.make(row, people) for *_, row, source in shown], next=following)


def told(connection: sa.Connection, number: int) -> Moment:
    """What another system told."""
    row = connection.execute(_TOLD.where(_x.id == number)).one()
    return _event(row, names(connection, [row]))


def _beyond(source: _Source, after: tuple[datetime, int, int]) -> sa.ColumnElement[bool]:
    at, rank, number = after
    time = sa.bindparam(None, at, type_=t.Instant())
    if source.rank == rank:
        return sa.or_(source.at < time, sa.and_(source.at == time, source.id < number))
    return source.at <= time if source.rank < rank else source.at < time


def _of_kinds(kinds: Sequence[str]) -> sa.ColumnElement[bool]:
    wanted = {
        "note": _m.direction == "note",
        "call": _m.kind == "call",
        "message": sa.and_(_m.direction != "note", _m.kind != "call"),
    }
    return sa.or_(*(condition for kind, condition in wanted.items() if kind in kinds))


def _actor(row: Any, people: dict[int, str]) -> Actor:
    known = people.get(row.actor_id) if row.actor_kind == "manager" and row.actor_id is not None else None
    return Actor(kind=row.actor_kind, id=row.actor_id, name=known)


def _messages(cards: Sequence[int]) -> sa.Select[Any]:
    kind = sa.select(t.channels.c.kind).where(t.channels.c.id == _m.channel_id).scalar_subquery().label("channel_kind")
    columns = (_m.id, _m.at, _m.direction, _m.kind, _m.text, _m.subject, _m.state, _m.conversation_id, _m.data, _m.deleted_at)
    actor = (_m.author_kind.label("actor_kind"), _m.author_id.label("actor_id"))
    return sa.select(*columns, *actor, kind).where(_m.contact_id.in_(cards))


def _message(row: Any, people: dict[int, str]) -> Moment:
    kind = "note" if row.direction == "note" else "call" if row.kind == "call" else "message"
    told = {"kind": row.kind, "channel": row.channel_kind, "state": row.state, "deleted": row.deleted_at is not None}
    if kind == "call":
        told["call"] = (row.data or {}).get("call")
    return Moment(
        kind=kind, id=row.id, at=row.at, what=row.direction, text=(row.text or row.subject or "")[:_TEXT],
        actor=_actor(row, people), conversation_id=row.conversation_id, link=None, data=told,
    )  # fmt: skip


def _tasks(cards: Sequence[int]) -> sa.Select[Any]:
    columns = (_k.id, _k.created_at.label("at"), _k.kind, _k.title, _k.due_at, _k.done_at, _k.conversation_id)
    actor = (sa.literal("manager").label("actor_kind"), _k.manager_id.label("actor_id"))
    return sa.select(*columns, *actor).where(_k.contact_id.in_(cards))


def _task(row: Any, people: dict[int, str]) -> Moment:
    return Moment(
        kind="task", id=row.id, at=row.at, what=row.kind, text=row.title[:_TEXT],
        actor=_actor(row, people) if row.actor_id is not None else None, conversation_id=row.conversation_id, link=None,
        data={"due_at": row.due_at, "done_at": row.done_at},
    )  # fmt: skip


def _conversations(cards: Sequence[int]) -> sa.Select[Any]:
    columns = (_v.id, _v.opened_at.label("at"), _v.status, _v.closed_at, _v.subject)
    actor = (sa.literal("manager").label("actor_kind"), _v.manager_id.label("actor_id"))
    return sa.select(*columns, *actor).where(_v.contact_id.in_(cards))


def _conversation(row: Any, people: dict[int, str]) -> Moment:
    return Moment(
        kind="conversation", id=row.id, at=row.at, what=row.status, text=(row.subject or "")[:_TEXT],
        actor=_actor(row, people) if row.actor_id is not None else None, conversation_id=row.id, link=None,
        data={"closed_at": row.closed_at},
    )  # fmt: skip


def _changes(cards: Sequence[int]) -> sa.Select[Any]:
    return sa.select(t.contact_changes).where(_h.contact_id.in_(cards))


def _change(row: Any, people: dict[int, str]) -> Moment:
    return Moment(
        kind="change", id=row.id, at=row.at, what="change", text="", actor=_actor(row, people), conversation_id=None, link=None,
        data=row.changes,
    )  # fmt: skip


def _told(cards: Sequence[int]) -> sa.Select[Any]:
    return _TOLD.where(_x.contact_id.in_(cards))


def _event(row: Any, people: dict[int, str]) -> Moment:
    return Moment(
        kind="event", id=row.id, at=row.at, what=row.kind, text=row.title, actor=_actor(row, people), conversation_id=None,
        link=row.link or None, data=row.data,
    )  # fmt: skip


def _card_events(cards: Sequence[int]) -> sa.Select[Any]:
    alone = sa.text("events.conversation_id IS NULL")
    consent = sa.or_(_e.kind == "consent.stop", _e.kind == "consent.start")
    others = sa.and_(_e.kind.not_like("task.%"), _e.kind.not_like("employment.%"))
    return sa.select(t.events).where(_e.contact_id.in_(cards), alone, _e.kind.not_in(_NOT_SHOWN), others, sa.not_(consent))


def _card_event(row: Any, people: dict[int, str]) -> Moment:
    return _recorded("card", row, people)


def _consents(cards: Sequence[int]) -> sa.Select[Any]:
    return sa.select(t.events).where(_e.contact_id.in_(cards), sa.text("events.kind IN ('consent.stop', 'consent.start')"))


def _consent(row: Any, people: dict[int, str]) -> Moment:
    return _recorded("consent", row, people)


def _recorded(kind: str, row: Any, people: dict[int, str]) -> Moment:
    return Moment(
        kind=kind, id=row.id, at=row.at, what=row.kind, text="", actor=_actor(row, people), conversation_id=row.conversation_id,
        link=None, data=row.data or {},
    )  # fmt: skip


_TOLD = sa.select(
    _x.id, _x.at, _x.kind, _x.title, _x.data, _x.link,
    sa.literal("manager").label("actor_kind"), _x.manager_id.label("actor_id"),
)  # fmt: skip
SOURCES = (
    _Source(0, _messages, _m.at, _m.id, _message, ("message", "call", "note")),
    _Source(1, _tasks, _k.created_at, _k.id, _task, ("task",)),
    _Source(2, _changes, _h.at, _h.id, _change, ("change",)),
    _Source(3, _told, _x.at, _x.id, _event, ("event",)),
    _Source(4, _card_events, _e.at, _e.id, _card_event, ("card",)),
    _Source(5, _consents, _e.at, _e.id, _consent, ("consent",)),
    _Source(6, _conversations, _v.opened_at, _v.id, _conversation, ("conversation",)),
)
KINDS = tuple(kind for source in SOURCES for kind in source.kinds)
