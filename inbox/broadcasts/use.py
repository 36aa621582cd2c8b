"""What a marketer does with a broadcast: create, look at what would happen, start, pause, go on, cancel, watch."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bots.broadcast import Skip, plan
from bots.render import compile_text
from inbox import live, queue
from inbox import schema as t
from inbox.broadcasts.audience import chunk_of, plan_of, rendered
from inbox.record import event, record_all
from inbox.segments import Filter
from inbox.segments import load as load_segment
from inbox.store import ids

STATES = ("waiting", "queued", "sent", "delivered", "read", "failed", "unknown", "skipped")
HELD = datetime(9999, 1, 1, tzinfo=UTC)
"""Until when the queued messages of a paused broadcast wait."""
CANCELLED = {"state": "failed", "reason": "The broadcast was cancelled.", "code": "cancelled"}
"""What becomes of the queued messages of a cancelled one."""
SAMPLE = 5
PATIENCE = 0.5
"""Seconds for which a preview looks at people."""


class NotNow(Exception):
    """The broadcast is not in a state in which this can be done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What a broadcast would do: how many get it, how many not and why, and what the first few would read."""

    people: int
    skipped: Mapping[str, int]
    sample: Sequence[Mapping[str, Any]]
    exact: bool = True
    """False: not everybody was looked at, the numbers are from the first of them."""


def create(
    connection: sa.Connection,
    now: datetime,
    *,
    name: str,
    body: str,
    tag: str = "",
    segment_id: int | None = None,
    channel_id: int | None = None,
    subject: str | None = None,
    variables: Mapping[str, Any] | None = None,
    template_id: int | None = None,
    template: Mapping[str, Any] | None = None,
    created_by: int | None = None,
) -> int:
    """A draft, to a tag or to a segment. `template`: the provider's, that `body` shows. Raises NotFound for the segment, or
    RenderError for a body that cannot be rendered."""
    compile_text(body)
    if segment_id is not None:
        load_segment(connection, segment_id)
    number = ids.one(connection, "broadcasts")
    row = {
        "id": number, "name": name, "body": body, "tag": tag, "channel_id": channel_id, "subject": subject,
        "variables": dict(variables or {}), "template_id": template_id, "state": "draft", "created_by": created_by,
        "template": dict(template) if template is not None else None, "created_at": now,
        "segment_id": segment_id,
    }  # fmt: skip
    connection.execute(sa.insert(t.broadcasts), row)
    _record(connection, now, number, "created", created_by)
    return number


def start(connection: sa.Connection, now: datetime, broadcast_id: int, by: int | None = None) -> None:
    """Begin, or go on after a pause."""
    row = _require(connection, broadcast_id, "draft", "paused")
    state = "planning" if row.started_at is None or not row.planned_done else "running"
    values: dict[str, Any] = {"state": state, "started_at": row.started_at or now}
    if row.segment_id is not None and row.audience is None:
        values["audience"] = load_segment(connection, row.segment_id).stored()
    connection.execute(sa.update(t.broadcasts).where(t.broadcasts.c.id == broadcast_id).values(values))
    held = sa.and_(t.messages.c.broadcast_id == broadcast_id, t.messages.c.state == "queued")
    connection.execute(sa.update(t.messages).where(held).values(try_at=None))
    _record(connection, now, broadcast_id, "resumed" if row.started_at else "started", by)
    queue.wake(connection, "broadcasts")
    queue.wake(connection, "deliver")


def pause(connection: sa.Connection, now: datetime, broadcast_id: int, by: int | None = None) -> None:
    """Send nothing more until it goes on; what the providers have already cannot be called back."""
    _require(connection, broadcast_id, "planning", "running")
    connection.execute(sa.update(t.broadcasts).where(t.broadcasts.c.id == broadcast_id).values(state="paused"))
    queued = sa.and_(t.messages.c.broadcast_id == broadcast_id, t.messages.c.state == "queued")
    connection.execute(sa.update(t.messages).where(queued).values(try_at=HELD))
    _record(connection, now, broadcast_id, "paused", by)


def cancel(connection: sa.Connection, now: datetime, broadcast_id: int, by: int | None = None) -> None:
    """End it: who has not got it will not."""
    _require(connection, broadcast_id, "draft", "planning", "running", "paused")
    values = {"state": "cancelled", "finished_at": now}
    connection.execute(sa.update(t.broadcasts).where(t.broadcasts.c.id == broadcast_id).values(values))
    queued = sa.and_(t.messages.c.broadcast_id == broadcast_id, t.messages.c.state == "queued")
    connection.execute(sa.update(t.messages).where(queued).values(CANCELLED))
    r = t.recipients.c
    waiting = sa.and_(r.broadcast_id == broadcast_id, r.state.in_(("waiting", "queued")))
    skipped = {"state": "skipped", "reason": "cancelled", "changed_at": now}
    connection.execute(sa.update(t.recipients).where(waiting).values(skipped))
    _record(connection, now, broadcast_id, "cancelled", by)


def progress(connection: sa.Connection, broadcast_id: int) -> dict[str, int]:
    """People by state; every state is there, 0 where nobody is in it."""
    r = t.recipients.c
    rows = connection.execute(sa.select(r.state, sa.func.count()).where(r.broadcast_id == broadcast_id).group_by(r.state))
    return dict.fromkeys(STATES, 0) | dict(rows.all())


def preview(
    connection: sa.Connection,
    now: datetime,
    *,
    body: str,
    audience: str | Filter,
    channel_id: int | None,
    variables: Mapping[str, Any] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Preview:
    """Plan without writing anything, for everybody with a tag or in a filter; where they are too many to look at now, for the
    first of them, and from these for all. Raises RenderError for a body that cannot be rendered for one of the sample."""
    people, skipped, sample = 0, Counter[str](), list[Mapping[str, Any]]()
    end, last = clock() + PATIENCE, connection.scalar(sa.select(sa.func.max(t.contacts.c.id))) or 0
    rules, after, done = plan_of(connection, 0, channel_id), 0, False
    while not done and (after == 0 or clock() < end):
        chunk = chunk_of(connection, audience, now, after)
        after, done = chunk.up_to, chunk.done
        for result in plan([member.person for member in chunk.members], rules, now):
            if isinstance(result, Skip):
                skipped[result.reason] += 1
                continue
            people += 1
            if len(sample) < SAMPLE:
                member = next(m for m in chunk.members if m.id == result.person)
                text = rendered(body, member, variables or {})
                sample.append({"contact_id": member.id, "name": member.card["name"], "text": text, "channel_id": result.channel})
    if done or after >= last:
        return Preview(people=people, skipped=dict(skipped), sample=sample)
    share = after / last  # of everybody, by their ids
    told = {reason: _about(count / share) for reason, count in skipped.items()}
    return Preview(people=_about(people / share), skipped=told, sample=sample, exact=False)


def _about(number: float) -> int:
    """Two digits of an estimate: more would be pretended."""
    return int(float(f"{number:.2g}"))


def _require(connection: sa.Connection, broadcast_id: int, *states: str) -> Any:
    row = connection.execute(sa.select(t.broadcasts).where(t.broadcasts.c.id == broadcast_id)).one_or_none()
    if row is None:
        raise LookupError(f"There is no broadcast {broadcast_id}")
    if row.state not in states:
        raise NotNow(f"The broadcast is {row.state}.")
    return row


def _record(connection: sa.Connection, now: datetime, broadcast_id: int, what: str, by: int | None) -> None:
    actor = "manager" if by is not None else "system"
    record_all(connection, [event(now, f"broadcast.{what}", actor_kind=actor, actor_id=by, broadcast_id=broadcast_id)])
    live.tell(connection, "broadcast", broadcast_id=broadcast_id)
