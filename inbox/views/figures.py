"""The figures of reports as sets of conversations: what is counted and what opens when it is clicked are one query."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t

_e, _m, _k = t.events.c, t.messages.c, t.tasks.c

Pairs = sa.Select[tuple[int, int]]
"""Rows of (manager_id, conversation_id), perhaps repeated."""


def pairs(figure: str, since: datetime, until: datetime) -> Pairs:
    """Who did what `figure` names, in which conversations, from `since` to just before `until`."""
    return FIGURES[figure](since, until)


def conversations(figure: str, manager_id: int, since: datetime, until: datetime) -> sa.Select[Any]:
    """The ids of the conversations that a manager's figure counts."""
    found = pairs(figure, since, until).subquery()
    return sa.select(found.c.conversation_id).where(found.c.manager_id == manager_id).distinct()


def taken(since: datetime, until: datetime) -> Pairs:
    """Conversations that were given to the manager, by whomever."""
    given = _e.data["manager_id"].as_integer()
    return _events("conversation.assigned", given, since, until).where(given.is_not(None))


def answered(since: datetime, until: datetime) -> Pairs:
    """Conversations in which the manager wrote to the customer."""
    return _by_managers("message.queued", since, until)


def closed(since: datetime, until: datetime) -> Pairs:
    """Conversations that the manager closed."""
    return _by_managers("conversation.closed", since, until)


def first(since: datetime, until: datetime) -> Pairs:
    """Conversations that a customer began, and in which the manager was the first person who answered."""
    rows = first_answers(since, until).subquery()
    return sa.select(rows.c.manager_id, rows.c.conversation_id)


def late(since: datetime, until: datetime) -> Pairs:
    """Conversations that were not answered when they should have been."""
    missed = (_k.due_at >= since, _k.due_at < until, sa.or_(_k.done_at.is_(None), _k.done_at > _k.due_at))
    return sa.select(_k.manager_id, _k.conversation_id).where(
        _k.kind == "answer", _k.manager_id.is_not(None), _k.conversation_id.is_not(None), *missed
    )


def first_answers(since: datetime, until: datetime) -> sa.Select[Any]:
    """(manager_id, conversation_id, asked, answered): the first answer by a person in each conversation, given in this time."""
    ours = (_m.direction == "out", _m.author_kind == "manager", _m.author_id.is_not(None))
    touched = sa.select(_m.conversation_id).where(*ours, _m.at >= since, _m.at < until)
    firsts = (
        sa.select(sa.func.min(_m.id).label("id"))
        .where(*ours, _m.conversation_id.in_(touched))
        .group_by(_m.conversation_id)
        .subquery()
    )
    asked = sa.alias(t.messages, "asked")
    first_asked = (
        sa.select(sa.func.min(asked.c.at))
        .where(asked.c.conversation_id == _m.conversation_id, asked.c.direction == "in", asked.c.at <= _m.at)
        .scalar_subquery()
    )
    rows = (
        sa.select(_m.author_id.label("manager_id"), _m.conversation_id, first_asked.label("asked"), _m.at.label("answered"))
        .join(firsts, firsts.c.id == _m.id)
        .where(_m.at >= since, _m.at < until)
        .subquery()
    )
    return sa.select(rows).where(rows.c.asked.is_not(None))


def _by_managers(kind: str, since: datetime, until: datetime) -> Pairs:
    return _events(kind, _e.actor_id, since, until).where(_e.actor_kind == "manager", _e.actor_id.is_not(None))


def _events(kind: str, manager: sa.ColumnElement[Any], since: datetime, until: datetime) -> Pairs:
    in_time = (_e.at >= since, _e.at < until, _e.conversation_id.is_not(None))
    return sa.select(manager.label("manager_id"), _e.conversation_id).where(_e.kind == kind, *in_time)


FIGURES: Mapping[str, Callable[[datetime, datetime], Pairs]] = {
    "taken": taken,
    "answered": answered,
    "first": first,
    "closed": closed,
    "late": late,
}
