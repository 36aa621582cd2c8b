"""Find what a crash or a lost wake-up left behind, and what time alone makes due. One process at a time sweeps."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.assign import drain_queues, load_managers
from inbox.delivery.outgoing import finish_answer_task
from inbox.receive.statuses import settle_loose
from inbox.record import event, record_all
from routing.assign import Manager, Request, assign
from routing.tasks import Escalate, Reassign, Task, Wait, next_step

BEAT = timedelta(seconds=10)
"""A worker that has not been heard of for so long is dead."""
BOT_IDLE = timedelta(hours=24)
"""A conversation that only the bot had is closed when the customer has been silent for so long."""
LOST = timedelta(hours=2)
"""No run of messages takes a living worker so long."""
LOOSE_KEPT = timedelta(days=7)


def beat(connection: sa.Connection, now: datetime, worker: str) -> bool:
    """Say that this worker lives, and try to be the one who sweeps. True if it is."""
    for name in (f"worker:{worker}", "sweep"):
        free = sa.or_(t.leases.c.until < now, t.leases.c.holder == worker)
        taken = sa.update(t.leases).where(t.leases.c.name == name, free).values(holder=worker, until=now + BEAT)
        if connection.execute(taken).rowcount == 0 and not _held(connection, name):
            connection.execute(sa.insert(t.leases), {"name": name, "holder": worker, "until": now + BEAT})
    return _held(connection, "sweep") == worker


def leave(connection: sa.Connection, worker: str) -> None:
    """This worker ends properly: what it held is free at once."""
    connection.execute(sa.delete(t.leases).where(t.leases.c.holder == worker))


def sweep(connection: sa.Connection, now: datetime) -> None:
    """Everything that is due."""
    settle_interrupted(connection, now)
    settle_early(connection, now)
    wake_snoozed(connection, now)
    move_late(connection, now)
    drain_queues(connection, now)
    close_idle(connection, now)
    connection.execute(sa.delete(t.leases).where(t.leases.c.until < now - timedelta(hours=1)))
    connection.execute(sa.delete(t.loose_statuses).where(t.loose_statuses.c.at < now - LOOSE_KEPT))
    connection.execute(sa.delete(t.idempotency).where(t.idempotency.c.at < now - timedelta(days=1)))


def settle_interrupted(connection: sa.Connection, now: datetime) -> int:
    """Messages whose worker died between calling the provider and noting the answer are unknown: never sent again blindly. So are
    those that no worker knows of, because the database went away in the moment in which they were claimed."""
    m = t.messages.c
    alive = sa.select(t.leases.c.holder).where(t.leases.c.until >= now)
    rows = connection.execute(
        sa.select(m.id, m.conversation_id, m.contact_id, m.broadcast_id).where(
            m.state == "sending", sa.or_(m.claimed_by.not_in(alive), m.claimed_at < now - LOST)
        )
    ).all()
    for row in rows:
        reason = "The worker stopped while this was being sent: it may have arrived."
        values = {"state": "unknown", "reason": reason, "code": "interrupted"}
        connection.execute(sa.update(t.messages).where(m.id == row.id, m.state == "sending").values(values))
        if row.broadcast_id is not None:
            mine = sa.and_(t.recipients.c.broadcast_id == row.broadcast_id, t.recipients.c.contact_id == row.contact_id)
            connection.execute(sa.update(t.recipients).where(mine).values(state="unknown", reason=reason, changed_at=now))
        live.tell(connection, "state", message_id=row.id, conversation_id=row.conversation_id, state="unknown")
    return len(rows)


def settle_early(connection: sa.Connection, now: datetime) -> int:
    """Apply statuses that came in the very moment in which their message's id was noted, so that neither saw the other."""
    s, m, p = t.loose_statuses.c, t.messages.c, t.message_parts.c
    known = sa.select(s.channel_id, s.external_id, m.id).join(
        t.messages, (m.channel_id == s.channel_id) & (m.external_id == s.external_id)
    )
    parts = sa.select(s.channel_id, s.external_id, p.message_id).join(
        t.message_parts, (p.channel_id == s.channel_id) & (p.external_id == s.external_id)
    )
    rows = connection.execute(sa.union(known, parts).limit(500)).all()
    for channel_id, external_id, message_id in rows:
        settle_loose(connection, channel_id, external_id, message_id, now)
    return len(rows)


def wake_snoozed(connection: sa.Connection, now: datetime) -> int:
    """Conversations whose snooze is over are open again, first in the list; what still has to be answered has its task."""
    c = t.conversations.c
    due = connection.execute(sa.select(c.id, c.contact_id).where(c.status == "snoozed", c.snoozed_until <= now).limit(500)).all()
    for row in due:
        values = {"status": "open", "snoozed_until": None, "last_at": now}
        connection.execute(sa.update(t.conversations).where(c.id == row.id).values(values))
        live.tell(connection, "conversation", conversation_id=row.id)
    woken = [event(now, "conversation.woken", contact_id=row.contact_id, conversation_id=row.id) for row in due]
    record_all(connection, woken)
    return len(due)


def move_late(connection: sa.Connection, now: datetime) -> int:
    """What was not answered in time moves: first to a colleague, then to the lead, and the lead is reminded."""
    k = t.tasks.c
    late = connection.execute(
        sa.select(k.id, k.due_at, k.manager_id, k.team_id, k.conversation_id, k.contact_id, k.moves)
        .where(k.done_at.is_(None), k.kind == "answer", k.due_at <= now)
        .order_by(k.due_at)
        .limit(200)
    ).all()
    managers = load_managers(connection) if late else []
    leads = _leads(connection) if late else {}
    for row in late:
        _move(connection, now, row, managers, leads)
    return len(late)


def _move(connection: sa.Connection, now: datetime, row: Any, managers: Sequence[Manager], leads: dict[int | None, int]) -> None:
    lead = leads.get(row.team_id, leads.get(None))
    task = Task(id=row.id, due=row.due_at, manager_id=row.manager_id, team_id=row.team_id, lead_id=lead, moves=row.moves)
    step = next_step(task, now)
    if isinstance(step, Wait):
        return
    to = row.manager_id
    if isinstance(step, Reassign):
        request = Request(id=row.conversation_id, since=now, team_id=step.team_id, not_to=step.not_to)
        to = assign(request, managers).manager_id or lead or row.manager_id
    elif isinstance(step, Escalate):
        to = step.lead_id or row.manager_id
    values = {"manager_id": to, "due_at": now + step.grace, "moves": t.tasks.c.moves + 1}
    connection.execute(sa.update(t.tasks).where(t.tasks.c.id == row.id).values(values))
    if to != row.manager_id:
        mine = t.conversations.c.id == row.conversation_id
        connection.execute(sa.update(t.conversations).where(mine).values(manager_id=to))
    about = {"contact_id": row.contact_id, "conversation_id": row.conversation_id, "manager_id": to}
    record_all(connection, [event(now, "task.late", was=row.manager_id, **about)])
    live.tell(connection, "conversation", conversation_id=row.conversation_id)
    live.tell(connection, "task", task_id=row.id)


def _leads(connection: sa.Connection) -> dict[int | None, int]:
    """Who leads each team; None: who leads where no team or no lead is."""
    m = t.managers.c
    rows = connection.execute(
        sa.select(m.id, t.team_members.c.team_id, m.role)
        .outerjoin(t.team_members, t.team_members.c.manager_id == m.id)
        .where(m.role.in_(("lead", "owner")), m.disabled_at.is_(None))
        .order_by(sa.case((m.role == "lead", 0), else_=1), m.id)
    ).all()
    leads: dict[int | None, int] = {}
    for row in rows:
        leads.setdefault(row.team_id, row.id)
        leads.setdefault(None, row.id)
    return leads


def close_idle(connection: sa.Connection, now: datetime) -> int:
    """Close what the bot served and nobody came back to."""
    c = t.conversations.c
    idle = connection.execute(
        sa.select(c.id, c.contact_id)
        .where(c.status == "waiting", c.bot, c.waiting_since.is_(None), c.last_at < now - BOT_IDLE)
        .limit(500)
    ).all()
    for row in idle:
        connection.execute(sa.update(t.conversations).where(c.id == row.id).values(status="closed", closed_at=now))
        connection.execute(sa.delete(t.flow_sessions).where(t.flow_sessions.c.conversation_id == row.id))
        finish_answer_task(connection, row.id, None, now)
        live.tell(connection, "conversation", conversation_id=row.id)
    closed = [event(now, "conversation.closed", contact_id=row.contact_id, conversation_id=row.id) for row in idle]
    record_all(connection, closed)
    return len(idle)


def _held(connection: sa.Connection, name: str) -> str | None:
    return connection.execute(sa.select(t.leases.c.holder).where(t.leases.c.name == name)).scalar_one_or_none()
