"""Repairs by one click: of one finding, of those chosen, of all of a kind; each batch goes in pages and can be undone whole."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.quality.findings import KINDS
from inbox.quality.look import look
from inbox.quality.mending import mend
from inbox.queue import wake
from inbox.record import record
from inbox.refusals import Conflict, Invalid, NotFound
from inbox.store import ids

PAGE = 50
"""Cards in one transaction: some fifty milliseconds, for which an operator's own writing waits at most."""
_f, _b, _p = t.quality_findings.c, t.quality_batches.c, t.quality_repairs.c


def repair(connection: sa.Connection, now: datetime, by: int, finding_ids: Sequence[int]) -> int:
    """Repair these; the batch's id. Raises Invalid for those that only a person can put right."""
    rows = connection.execute(
        sa.select(t.quality_findings).where(_f.id.in_(finding_ids), _f.state == "open").order_by(_f.id)
    ).all()
    if any(row.after is None for row in rows):
        raise Invalid("ids", "One of these has no repair: open the card")
    batch_id = _begin(connection, now, by, None, "done", 0)
    _repair(connection, now, by, batch_id, rows, len(set(finding_ids)) - len(rows))
    return batch_id


def repair_all(connection: sa.Connection, now: datetime, by: int, kind: str) -> int:
    """Repair all of a kind that are open now: the first page at once, the rest by the worker; the batch's id. Raises Invalid."""
    if kind not in KINDS:
        raise Invalid("kind", "There is no such kind of finding")
    last = connection.scalar(sa.select(sa.func.max(_f.id)).where(_f.kind == kind, _f.state == "open", _f.after.is_not(None)))
    batch_id = _begin(connection, now, by, kind, "running", last or 0)
    step(connection, now, batch_id)
    wake(connection, "cards")
    return batch_id


def dismiss(connection: sa.Connection, now: datetime, by: int, finding_ids: Sequence[int], right: bool) -> int:
    """It is right so: remembered while the value stands; or (`right` false) it may be asked again. How many it concerned."""
    given = (
        {"state": "right", "decided_at": now, "decided_by": by}
        if right
        else {"state": "open", "decided_at": None, "decided_by": None}
    )
    before = "open" if right else "right"
    mine = sa.and_(_f.id.in_(finding_ids), _f.state == before)
    about = connection.execute(sa.select(_f.id, _f.contact_id, _f.kind).where(mine).with_for_update()).all()
    connection.execute(sa.update(t.quality_findings).where(_f.id.in_([row.id for row in about])).values(given))
    for row in about:
        told = {"contact_id": row.contact_id, "kind_found": row.kind}
        record(
            connection, now, "quality.called_right" if right else "quality.asked_again", actor_kind="manager", actor_id=by, **told
        )
    return len(about)


def undo(connection: sa.Connection, now: datetime, by: int, batch_id: int) -> None:
    """Put everything back as it stood, except what somebody edited since. Raises NotFound or Conflict."""
    row = connection.execute(sa.select(t.quality_batches).where(_b.id == batch_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"There is no batch {batch_id}")
    if row.state in ("undoing", "undone"):
        raise Conflict("This has been undone already")
    connection.execute(sa.update(t.quality_batches).where(_b.id == batch_id).values(state="undoing", undone_by=by, last_id=0))
    record(connection, now, "quality.undone", actor_kind="manager", actor_id=by, batch=batch_id)
    step(connection, now, batch_id)
    wake(connection, "cards")


def undo_one(connection: sa.Connection, now: datetime, by: int, repair_id: int) -> None:
    """Put one repair back. Raises NotFound or Conflict."""
    row = connection.execute(sa.select(t.quality_repairs).where(_p.id == repair_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"There is no repair {repair_id}")
    if row.undone_at is not None:
        raise Conflict("This has been undone already")
    if not _back(connection, now, by, [row]):
        raise Conflict("Somebody has edited this since: it stays as it is now")
    connection.execute(sa.update(t.quality_batches).where(_b.id == row.batch_id).values(undone=_b.undone + 1))


def going(connection: sa.Connection) -> int | None:
    """The batch that waits to be gone on with."""
    return connection.scalar(sa.select(_b.id).where(_b.state.in_(("running", "undoing"))).order_by(_b.id).limit(1))


def step(connection: sa.Connection, now: datetime, batch_id: int) -> bool:
    """The next page of a batch; whether anything is left."""
    row = connection.execute(sa.select(t.quality_batches).where(_b.id == batch_id).with_for_update()).one()
    if row.state == "running":
        return _forward(connection, now, row)
    return _backward(connection, now, row) if row.state == "undoing" else False


def _forward(connection: sa.Connection, now: datetime, batch: Any) -> bool:
    mine = sa.and_(_f.kind == batch.kind, _f.state == "open", _f.after.is_not(None), _f.id > batch.last_id, _f.id <= batch.up_to)
    rows = connection.execute(sa.select(t.quality_findings).where(mine).order_by(_f.id).limit(PAGE)).all()
    _repair(connection, now, batch.manager_id, batch.id, rows, 0)
    more = len(rows) == PAGE
    values: dict[str, Any] = {"state": "running" if more else "done"} | ({"last_id": rows[-1].id} if rows else {})
    connection.execute(sa.update(t.quality_batches).where(_b.id == batch.id).values(values))
    return more


def _backward(connection: sa.Connection, now: datetime, batch: Any) -> bool:
    mine = sa.and_(_p.batch_id == batch.id, _p.undone_at.is_(None), _p.id > batch.last_id)
    rows = connection.execute(sa.select(t.quality_repairs).where(mine).order_by(_p.id).limit(PAGE)).all()
    done = _back(connection, now, batch.undone_by, rows)
    more = len(rows) == PAGE
    values: dict[str, Any] = {"undone": batch.undone + done, "kept": batch.kept + len(rows) - done}
    values |= {"state": "undoing" if more else "undone"} | ({"last_id": rows[-1].id} if rows else {})
    connection.execute(sa.update(t.quality_batches).where(_b.id == batch.id).values(values))
    return more


def _begin(connection: sa.Connection, now: datetime, by: int, kind: str | None, state: str, up_to: int) -> int:
    batch_id = ids.one(connection, "quality_batches")
    row = {"id": batch_id, "kind": kind, "manager_id": by, "at": now, "state": state, "up_to": up_to}
    connection.execute(sa.insert(t.quality_batches).values(row))
    record(connection, now, "quality.repaired", actor_kind="manager", actor_id=by, batch=batch_id)
    return batch_id


def _repair(connection: sa.Connection, now: datetime, by: int, batch_id: int, rows: Sequence[Any], missing: int) -> None:
    done = [row for row in rows if mend(connection, now, by, row.contact_id, row.place, row.value, row.after)]
    numbers = ids.take(connection, "quality_repairs", len(done))
    kept = [
        {"id": number, "batch_id": batch_id, "contact_id": row.contact_id, "kind": row.kind, "place": row.place}
        | {"before": row.value, "after": row.after}
        for number, row in zip(numbers, done, strict=True)
    ]
    if kept:
        connection.execute(sa.insert(t.quality_repairs), kept)
    counts = {"repaired": _b.repaired + len(done), "refused": _b.refused + len(rows) - len(done) + missing}
    connection.execute(sa.update(t.quality_batches).where(_b.id == batch_id).values(counts))
    look(connection, now, {row.contact_id for row in rows})


def _back(connection: sa.Connection, now: datetime, by: int, rows: Sequence[Any]) -> int:
    """How many could be put back; the others stay as somebody has made them since."""
    done = [row.id for row in rows if mend(connection, now, by, row.contact_id, row.place, row.after, row.before)]
    if done:
        connection.execute(sa.update(t.quality_repairs).where(_p.id.in_(done)).values(undone_at=now))
    look(connection, now, {row.contact_id for row in rows})
    return len(done)
