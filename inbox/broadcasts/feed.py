"""Keep running broadcasts fed: write the ledger, then queue messages a handful ahead of delivery, so that a pause is a pause."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bots.broadcast import Broadcast, Delivery, Skip, plan
from bots.render import RenderError
from inbox import live, queue
from inbox import schema as t
from inbox.broadcasts.audience import CHUNK, Member, chunk_of, filled, load, plan_of, rendered
from inbox.db import Database
from inbox.delivery.outgoing import BROADCAST, preview
from inbox.record import event, record_all
from inbox.segments import Filter
from inbox.store import bulk, ids
from inbox.store.within import within

AHEAD = 1_000
"""Messages of one broadcast that may wait in the queue."""


async def feed(db: Database) -> None:
    """Do what can be done now for every broadcast; called again by each wake-up and sweep."""
    while await db.batch(_steps, datetime.now(UTC)):
        pass


def _steps(connection: sa.Connection, times: Sequence[datetime]) -> list[bool]:
    return [step(connection, now) for now in times]


def step(connection: sa.Connection, now: datetime) -> bool:
    """One short transaction of work. False when nothing is left to do for the moment."""
    b = t.broadcasts.c
    statement = sa.select(t.broadcasts).where(b.state.in_(("planning", "running"))).order_by(b.id)
    if connection.dialect.name == "postgresql":
        statement = statement.with_for_update(skip_locked=True)
    did = False
    for broadcast in connection.execute(statement).all():
        did |= _plan(connection, now, broadcast) if broadcast.state == "planning" else _queue(connection, now, broadcast)
    return did


def _plan(connection: sa.Connection, now: datetime, broadcast: Any) -> bool:
    """Write the next rows of the ledger. A person who is in it already stays as they are."""
    b = t.broadcasts.c
    audience = Filter.model_validate(broadcast.audience) if broadcast.audience is not None else broadcast.tag
    chunk = chunk_of(connection, audience, broadcast.started_at, broadcast.planned_up_to)
    results = plan([member.person for member in chunk.members], _rules(connection, broadcast), now)
    rows = [_ledger_row(broadcast.id, result, now) for result in results]
    bulk.execute(connection, _LEDGER[connection.dialect.name], rows)
    values: dict[str, Any] = {"planned_up_to": chunk.up_to, "planned": b.planned + len(rows)}
    if chunk.done:
        values |= {"state": "running", "planned_done": True}
    connection.execute(sa.update(t.broadcasts).where(b.id == broadcast.id).values(values))
    live.tell(connection, "broadcast", broadcast_id=broadcast.id)
    return True


def _ledger_row(broadcast_id: int, result: Delivery | Skip, now: datetime) -> dict[str, Any]:
    row = {"broadcast_id": broadcast_id, "contact_id": result.person, "channel_id": result.channel, "changed_at": now}
    if isinstance(result, Skip):
        return {**row, "state": "skipped", "reason": result.reason, "address": None}
    return {**row, "state": "waiting", "reason": "", "address": result.address}


def _queue(connection: sa.Connection, now: datetime, broadcast: Any) -> bool:
    """Queue the next messages, unless enough wait; finish when nobody is left."""
    r = t.recipients.c
    mine = r.broadcast_id == broadcast.id
    ahead = connection.execute(
        sa.select(sa.func.count()).select_from(sa.select(r.contact_id).where(mine, r.state == "queued").limit(AHEAD).subquery())
    ).scalar_one()
    if ahead >= AHEAD // 2:
        return False
    waiting = bulk.fetch(connection, _WAITING, {"broadcast": broadcast.id, "most": CHUNK})
    if not waiting:
        if ahead == 0:
            _finish(connection, now, broadcast.id)
        return False
    _queue_messages(connection, now, broadcast, waiting)
    return True


def _queue_messages(connection: sa.Connection, now: datetime, broadcast: Any, waiting: Sequence[Any]) -> None:
    people = {member.id: member for member in load(connection, [row.contact_id for row in waiting])}
    results = plan([member.person for member in people.values()], _rules(connection, broadcast), now)
    planned = {result.person: result for result in results}
    rows, refused = [], []
    for row in waiting:
        said = _said(broadcast, people[row.contact_id])
        result = planned.get(row.contact_id)
        if isinstance(result, Delivery) and not isinstance(said, RenderError):
            rows.append(_message_row(broadcast, row, said, now))
        else:
            reason = result.reason if isinstance(result, Skip) else str(said)
            refused.append({"contact": row.contact_id, "broadcast": broadcast.id, "why": reason, "now": now})
    if refused:
        bulk.execute(connection, _REFUSED, refused)
    if rows:
        _insert(connection, now, broadcast, rows)
    live.tell(connection, "broadcast", broadcast_id=broadcast.id)


def _rules(connection: sa.Connection, broadcast: Any) -> Broadcast:
    return plan_of(connection, broadcast.id, broadcast.channel_id, template=broadcast.template)


def _said(broadcast: Any, member: Member) -> dict[str, Any] | RenderError:
    """The text for one person, and with it the provider's template where one is sent."""
    try:
        data = {"template": filled(broadcast.template, member)} if broadcast.template else None
        return {"text": rendered(broadcast.body, member, broadcast.variables), "data": data}
    except RenderError as error:
        return error


def _message_row(broadcast: Any, row: Any, said: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "contact_id": row.contact_id, "channel_id": row.channel_id, "address": row.address, "direction": "out",
        "author_kind": "system", "author_id": broadcast.created_by, **said, "subject": broadcast.subject, "state": "queued",
        "priority": BROADCAST, "broadcast_id": broadcast.id, "at": now, "created_at": now,
    }  # fmt: skip


def _insert(connection: sa.Connection, now: datetime, broadcast: Any, rows: list[dict[str, Any]]) -> None:
    """The messages, each in its contact's open conversation, or filed under a closed one of its own."""
    _find_conversations(connection, now, rows)
    numbers = ids.take(connection, "messages", len(rows))
    for number, row in zip(numbers, rows, strict=True):
        row["id"] = number
    bulk.insert(connection, t.messages, rows)
    queued = [{"contact": row["contact_id"], "broadcast": broadcast.id, "message": row["id"], "now": now} for row in rows]
    bulk.execute(connection, _QUEUED, queued)
    queue.wake(connection, "deliver")


def _find_conversations(connection: sa.Connection, now: datetime, rows: Sequence[dict[str, Any]]) -> None:
    found: dict[int, int] = dict(bulk.fetch(connection, _ACTIVE, {"contacts": [row["contact_id"] for row in rows]}))
    missing = [row for row in rows if row["contact_id"] not in found]
    new = [
        {
            "id": number, "contact_id": row["contact_id"], "status": "closed", "channel_id": row["channel_id"],
            "address": row["address"], "subject": row["subject"], "token": secrets.token_urlsafe(12), "last_at": now,
            "last_text": preview(row["text"]), "last_direction": "out", "last_author": "system",
            "opened_at": now, "closed_at": now,
        }
        for number, row in zip(ids.take(connection, "conversations", len(missing)), missing, strict=True)
    ]  # fmt: skip
    if new:
        bulk.insert(connection, t.conversations, new)
    found |= {row["contact_id"]: row["id"] for row in new}
    for row in rows:
        row["conversation_id"] = found[row["contact_id"]]


def _finish(connection: sa.Connection, now: datetime, broadcast_id: int) -> None:
    values = {"state": "done", "finished_at": now}
    connection.execute(sa.update(t.broadcasts).where(t.broadcasts.c.id == broadcast_id).values(values))
    record_all(connection, [event(now, "broadcast.done", broadcast_id=broadcast_id)])
    live.tell(connection, "broadcast", broadcast_id=broadcast_id)


def _ledger(insert: Any) -> Any:
    return insert(t.recipients).on_conflict_do_nothing()


_LEDGER = {"sqlite": _ledger(sqlite.insert), "postgresql": _ledger(postgresql.insert)}
_R = t.recipients.c
_WAITING = (
    sa.select(_R.contact_id, _R.channel_id, _R.address)
    .where(_R.broadcast_id == sa.bindparam("broadcast"), _R.state == "waiting")
    .order_by(_R.contact_id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_ACTIVE = sa.select(t.conversations.c.contact_id, t.conversations.c.id).where(
    within(t.conversations.c.contact_id, "contacts"), t.conversations.c.status != "closed"
)
_ROW = sa.update(t.recipients).where(_R.broadcast_id == sa.bindparam("broadcast"), _R.contact_id == sa.bindparam("contact"))
_QUEUED = _ROW.values(state="queued", message_id=sa.bindparam("message"), changed_at=sa.bindparam("now", type_=t.Instant))
_REFUSED = _ROW.values(state="skipped", reason=sa.bindparam("why"), changed_at=sa.bindparam("now", type_=t.Instant))
