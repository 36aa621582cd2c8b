"""Give requests an owner and a time to answer: load who is there, let `routing` decide, write it down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bots.session import HandOver
from inbox import live
from inbox import schema as t
from inbox.record import event, record_all
from inbox.store import bulk, ids
from inbox.store.within import within
from routing.assign import Assignment, Desk, Manager, Request
from routing.tasks import Targets, answer_due

if TYPE_CHECKING:
    from inbox.respond.decide import Minds
    from inbox.respond.facts import Case

RANKS = {"low": -1, "normal": 0, "high": 1, "urgent": 2}
ANSWERING = ("owner", "lead", "operator")
"""Roles that may be given conversations."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has a conversation, and by when it must be answered."""

    manager_id: int | None
    team_id: int | None
    due: datetime
    priority: int


def assign(
    connection: sa.Connection,
    now: datetime,
    minds: "Minds",
    handed: Sequence[tuple["Case", HandOver | None]],
    events: list[dict[str, Any]],
) -> Mapping[int, Owner]:
    """Owners and tasks for conversations that a person must answer. Those that have a manager keep them."""
    if not handed:
        return {}
    teams = {name: number for number, name in connection.execute(sa.select(t.teams.c.id, t.teams.c.name))}
    desk = Desk(load_managers(connection))
    owners: dict[int, Owner] = {}
    for case, hand_over in handed:
        owners[case.id] = _owner(case, hand_over or HandOver(), desk, teams, minds, now, events)
    _note_picks(connection, now, [(c, owners[c.id]) for c, _ in handed])
    _add_tasks(connection, now, [(c, owners[c.id]) for c, _ in handed])
    return owners


def _owner(
    case: "Case", hand_over: HandOver, desk: Desk, teams: Mapping[str, int], minds: "Minds", now: datetime, events: list[Any]
) -> Owner:
    row = case.row
    team_id = teams.get(hand_over.team or "", row.team_id or row.channel_team_id)
    due = answer_due(hand_over.priority, minds.hours, row.waiting_since or now, targets(minds.answer_minutes))
    rank = max(RANKS[hand_over.priority], row.priority)
    about = {"contact_id": row.contact_id, "conversation_id": case.id}
    if row.bot:
        events.append(event(now, "conversation.handed_over", actor_kind="bot", reason=hand_over.reason, **about))
    if row.manager_id is not None:
        return Owner(row.manager_id, team_id, due, rank)
    chosen = desk.take(Request(id=case.id, since=row.waiting_since or now, team_id=team_id, responsible_id=row.responsible_id))
    kind = "conversation.queued" if chosen.manager_id is None else "conversation.assigned"
    events.append(event(now, kind, manager_id=chosen.manager_id, team_id=team_id, reason=chosen.reason, **about))
    return Owner(chosen.manager_id, team_id, due, rank)


def targets(minutes: int) -> Targets:
    """Minutes to answer by priority, from the company's promise for a normal request."""
    return Targets(low=minutes * 8, normal=minutes, high=max(1, minutes // 2), urgent=max(1, minutes // 6))


def load_managers(connection: sa.Connection) -> list[Manager]:
    """Everybody who answers, with the conversations they have now."""
    m, c = t.managers.c, t.conversations.c
    loads: dict[int | None, int] = dict(
        connection.execute(
            sa.select(c.manager_id, sa.func.count()).where(c.status == "open", c.manager_id.is_not(None)).group_by(c.manager_id)
        ).all()
    )  # fmt: skip
    teams: dict[int, set[int]] = {}
    for team_id, manager_id in connection.execute(sa.select(t.team_members.c.team_id, t.team_members.c.manager_id)):
        teams.setdefault(manager_id, set()).add(team_id)
    rows = connection.execute(
        sa.select(m.id, m.available, m.capacity, m.assigned_at).where(m.disabled_at.is_(None), m.role.in_(ANSWERING))
    )
    return [
        Manager(
            id=row.id, teams=frozenset(teams.get(row.id, ())), available=row.available, load=loads.get(row.id, 0),
            capacity=row.capacity, last_assigned=row.assigned_at,
        )
        for row in rows
    ]  # fmt: skip


def _note_picks(connection: sa.Connection, now: datetime, given: Sequence[tuple["Case", Owner]]) -> None:
    """When each manager was given something last, and whom a contact has from now on."""
    fresh = [(c, o) for c, o in given if o.manager_id is not None and c.row.manager_id is None]
    if not fresh:
        return
    order = {owner.manager_id: n for n, (_, owner) in enumerate(fresh)}
    picked = [{"manager": m, "now": now + timedelta(microseconds=n)} for m, n in sorted(order.items(), key=str)]
    connection.execute(_PICKED, picked)
    connection.execute(_RESPONSIBLE, [{"contact": c.row.contact_id, "manager": o.manager_id} for c, o in fresh])


def _add_tasks(connection: sa.Connection, now: datetime, given: Sequence[tuple["Case", Owner]]) -> None:
    """An open "answer by" task for each, unless there is one already."""
    listed = [case.id for case, _ in given]
    has = set(connection.execute(_OPEN_TASKS, {"conversations": listed}).scalars())
    missing = [(case, owner) for case, owner in given if case.id not in has]
    if not missing:
        return
    rows = [
        {
            "id": number, "kind": "answer", "contact_id": case.row.contact_id, "conversation_id": case.id,
            "manager_id": owner.manager_id, "team_id": owner.team_id, "due_at": owner.due, "created_at": now,
        }
        for number, (case, owner) in zip(ids.take(connection, "tasks", len(missing)), missing, strict=True)
    ]  # fmt: skip
    bulk.insert(connection, t.tasks, rows)
    for row in rows:
        live.tell(connection, "task", task_id=int(row["id"]))


def drain_queues(connection: sa.Connection, now: datetime, limit: int = 500) -> int:
    """Give conversations that wait for anybody to whoever is there now, oldest first. Returns how many were given."""
    waiting = connection.execute(_QUEUED.limit(limit)).all()
    if not waiting:
        return 0
    desk = Desk(load_managers(connection))
    given = 0
    for row in waiting:
        request = Request(id=row.id, since=row.waiting_since, team_id=row.team_id, responsible_id=row.responsible_id)
        chosen = desk.take(request)
        if chosen.manager_id is not None:
            _give(connection, now, row, chosen)
            given += 1
    return given


def _give(connection: sa.Connection, now: datetime, row: Any, chosen: Assignment) -> None:
    connection.execute(sa.update(t.conversations).where(t.conversations.c.id == row.id).values(manager_id=chosen.manager_id))
    mine = sa.and_(t.tasks.c.conversation_id == row.id, t.tasks.c.done_at.is_(None), t.tasks.c.kind == "answer")
    connection.execute(sa.update(t.tasks).where(mine).values(manager_id=chosen.manager_id))
    connection.execute(_PICKED, [{"manager": chosen.manager_id, "now": now}])
    connection.execute(_RESPONSIBLE, [{"contact": row.contact_id, "manager": chosen.manager_id}])
    about = {"contact_id": row.contact_id, "conversation_id": row.id}
    assigned = event(now, "conversation.assigned", manager_id=chosen.manager_id, reason="from the queue", **about)
    record_all(connection, [assigned])
    live.tell(connection, "conversation", conversation_id=row.id)


_PICKED = (
    sa.update(t.managers)
    .where(t.managers.c.id == sa.bindparam("manager"))
    .values(assigned_at=sa.bindparam("now", type_=t.Instant))
)
_RESPONSIBLE = (
    sa.update(t.contacts)
    .where(t.contacts.c.id == sa.bindparam("contact"), t.contacts.c.manager_id.is_(None))
    .values(manager_id=sa.bindparam("manager"))
)
_OPEN_TASKS = sa.select(t.tasks.c.conversation_id).where(
    within(t.tasks.c.conversation_id, "conversations"),
    t.tasks.c.kind == "answer",
    t.tasks.c.done_at.is_(None),
)
_QUEUED = (
    sa.select(
        t.conversations.c.id, t.conversations.c.contact_id, t.conversations.c.team_id, t.conversations.c.waiting_since,
        t.contacts.c.manager_id.label("responsible_id"),
    )
    .join(t.contacts, t.contacts.c.id == t.conversations.c.contact_id)
    .where(
        t.conversations.c.waiting_since.is_not(None), t.conversations.c.manager_id.is_(None), ~t.conversations.c.bot,
        t.conversations.c.status == "open",
    )
    .order_by(t.conversations.c.waiting_since, t.conversations.c.id)
)  # fmt: skip
