"""Note what became of a call to a provider, many in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from inbox import live, queue
from inbox import schema as t
from inbox.broadcasts.use import CANCELLED, HELD
from inbox.delivery.unanswered import wait_again
from inbox.receive.statuses import block, settle_loose, stop_marketing
from inbox.store import bulk
from inbox.store.within import within


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The outcome of sending one message. `try_at`: it goes back into the queue until then, with `rest`, its followers."""

    id: int
    channel_id: int
    state: str
    external_ids: Sequence[str] = ()
    thread: str = ""
    parts: int = 0
    parts_all: int = 1
    reason: str = ""
    code: str = ""
    try_at: datetime | None = None
    pause_channel: datetime | None = None
    blocked: bool = False
    marketing_stopped: bool = False
    broken: str = ""
    """The channel fails: what to tell on its page."""
    mended: bool = False
    """The channel that failed sends again."""
    rest: Sequence[int] = ()

    def with_rest(self, rest: Sequence[int]) -> "Result":
        return replace(self, rest=rest) if rest else self


def note(connection: sa.Connection, results: Sequence[Result]) -> list[None]:
    """Write down what became of the messages. A status that was faster than we were is not overwritten."""
    now = datetime.now(UTC)
    rows = {row.id: row for row in bulk.fetch(connection, _ROWS, {"messages": [result.id for result in results]})}
    plain = [result for result in results if _plain(result, rows[result.id])]
    if plain:
        bulk.execute(connection, _SENT, [_sent_row(result) for result in plain])
    for result in results:
        if not _plain(result, rows[result.id]):
            _note_special(connection, result, rows[result.id], now)
        _after(connection, result, rows[result.id], now)
    _note_recipients(connection, [(result, rows[result.id]) for result in results], now)
    _settle(connection, [result for result in results if result.external_ids], now)
    return [None] * len(results)


def _plain(result: Result, row: Any) -> bool:
    return result.state in ("sent", "delivered") and len(result.external_ids) + (row.external_id is not None) <= 1


def _sent_row(result: Result) -> dict[str, Any]:
    external_id = result.external_ids[0] if result.external_ids else None
    return {
        "message": result.id, "new_state": result.state, "new_id": external_id, "new_thread": result.thread, "done": result.parts,
    }  # fmt: skip


def _note_special(connection: sa.Connection, result: Result, row: Any, now: datetime) -> None:
    """Failures, retries, and messages that became several at the provider."""
    connection.execute(_SENT, [_sent_row(result)])
    values: dict[str, Any] = {"reason": result.reason, "code": result.code}
    if result.parts_all > 1:
        values["parts_all"] = result.parts_all
    if result.state == "queued":
        values |= {"state": "queued", "try_at": result.try_at, "attempts": t.messages.c.attempts + 1, "claimed_by": None}
        values |= _held_back(connection, row)
    elif row.state == "sending":
        values["state"] = result.state
    connection.execute(sa.update(t.messages).where(t.messages.c.id == result.id).values(values))
    if result.rest:
        back = {"state": "queued", "try_at": result.try_at, "claimed_by": None}
        connection.execute(sa.update(t.messages).where(t.messages.c.id.in_(result.rest)).values(back))
    _keep_parts(connection, result, row)
    if values.get("state") == "failed" and row.broadcast_id is None:
        wait_again(connection, result.id)


def _held_back(connection: sa.Connection, row: Any) -> dict[str, Any]:
    """What else becomes of a message that goes back into the queue: its broadcast may be paused or cancelled by now."""
    if row.broadcast_id is None:
        return {}
    b = t.broadcasts.c
    state = connection.execute(sa.select(b.state).where(b.id == row.broadcast_id)).scalar_one()
    return {"try_at": HELD} if state == "paused" else CANCELLED if state == "cancelled" else {}


def _keep_parts(connection: sa.Connection, result: Result, row: Any) -> None:
    first = row.external_id or next(iter(result.external_ids), None)
    further = [each for each in result.external_ids if each != first]
    if further:
        parts = [
            {"channel_id": result.channel_id, "external_id": each, "thread": result.thread, "message_id": result.id}
            for each in further
        ]
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        connection.execute(insert(t.message_parts).on_conflict_do_nothing(), parts)


def _after(connection: sa.Connection, result: Result, row: Any, now: datetime) -> None:
    """What a result means for the channel, the address, the broadcast and the browsers."""
    if result.blocked:
        block(connection, result.channel_id, row.address, now, result.reason)
        live.tell(connection, "contact", contact_id=row.contact_id)
    if result.marketing_stopped:
        stop_marketing(connection, result.channel_id, row.address, now)
        live.tell(connection, "contact", contact_id=row.contact_id)
    if result.mended:
        _mend(connection, result)
    elif result.pause_channel is not None:
        _pause(connection, result, now)
    live.tell(connection, "state", message_id=result.id, conversation_id=row.conversation_id, state=result.state)


def _pause(connection: sa.Connection, result: Result, now: datetime) -> None:
    """Nothing goes through the channel for a while; where it fails its page says why. What is switched off stays off."""
    c = t.channels.c
    values: dict[str, Any] = {"paused_until": result.pause_channel}
    if result.broken:
        state = sa.case((c.state == "disabled", c.state), else_="failing")
        values |= {"state": state, "error": result.broken, "failures": c.failures + 1}
        values["failed_at"] = sa.func.coalesce(c.failed_at, sa.literal(now, t.Instant))
    mine = c.id == result.channel_id
    longer = mine if result.broken else sa.and_(mine, sa.or_(c.paused_until.is_(None), c.paused_until < result.pause_channel))
    connection.execute(sa.update(t.channels).where(longer).values(values))
    live.tell(connection, "channel", channel_id=result.channel_id)


def _mend(connection: sa.Connection, result: Result) -> None:
    """Sending works again, at once or when the pause is over that the provider asked for."""
    c = t.channels.c
    failing = sa.and_(c.id == result.channel_id, c.failed_at.is_not(None))
    state = sa.case((c.state == "failing", "ok"), else_=c.state)
    values = {"state": state, "error": "", "failed_at": None, "failures": 0, "paused_until": result.pause_channel}
    connection.execute(sa.update(t.channels).where(failing).values(values))
    live.tell(connection, "channel", channel_id=result.channel_id)
    queue.wake(connection, "deliver")


def _note_recipients(connection: sa.Connection, noted: Sequence[tuple[Result, Any]], now: datetime) -> None:
    """What it means for the ledgers of broadcasts. A status that was faster than we were stays."""
    ours = [(result, row) for result, row in noted if row.broadcast_id is not None]
    rows = [
        {"broadcast": row.broadcast_id, "contact": row.contact_id, "came": result.state, "why": result.reason, "now": now}
        for result, row in ours
        if result.state != "queued"
    ]
    bulk.execute(connection, _RECIPIENT, rows)
    for broadcast_id in {row.broadcast_id for _, row in ours}:
        live.tell(connection, "broadcast", broadcast_id=broadcast_id)
        queue.wake(connection, "broadcasts")


def _settle(connection: sa.Connection, results: Sequence[Result], now: datetime) -> None:
    """Apply statuses that came before the id was known here."""
    if not results:
        return
    by_id = {external_id: result for result in results for external_id in result.external_ids}
    early = bulk.fetch(connection, _LOOSE, {"external_ids": list(by_id)})
    for channel_id, external_id in early:
        if by_id[external_id].channel_id == channel_id:
            settle_loose(connection, channel_id, external_id, by_id[external_id].id, now)


_M = t.messages.c
_ROWS = sa.select(
    _M.id, _M.state, _M.external_id, _M.address, _M.contact_id, _M.conversation_id, _M.broadcast_id
).where(within(_M.id, "messages"))  # fmt: skip
_OPEN = sa.or_(_M.state == "sending", _M.state == "unknown")
_SENT = (
    sa.update(t.messages)
    .where(_M.id == sa.bindparam("message"))
    .values(
        state=sa.case((_OPEN, sa.bindparam("new_state", type_=sa.Text)), else_=_M.state),
        reason=sa.case((_OPEN, sa.literal_column("''")), else_=_M.reason),
        code=sa.case((_OPEN, sa.literal_column("''")), else_=_M.code),
        external_id=sa.func.coalesce(_M.external_id, sa.bindparam("new_id", type_=sa.Text)),
        thread=sa.case((_M.thread == "", sa.bindparam("new_thread", type_=sa.Text)), else_=_M.thread),
        parts=sa.bindparam("done"),
    )
)
_R = t.recipients.c
_RECIPIENT = (
    sa.update(t.recipients)
    .where(
        _R.broadcast_id == sa.bindparam("broadcast"),
        _R.contact_id == sa.bindparam("contact"),
        _R.state != "delivered",
        _R.state != "read",
    )
    .values(
        state=sa.bindparam("came", type_=sa.Text),
        reason=sa.bindparam("why", type_=sa.Text),
        changed_at=sa.bindparam("now", type_=t.Instant),
    )
)
_LOOSE = (
    sa.select(t.loose_statuses.c.channel_id, t.loose_statuses.c.external_id)
    .where(within(t.loose_statuses.c.external_id, "external_ids"))
    .distinct()
)
