"""A look through everybody: page after page, each with its mark in one transaction, so that it goes on after a crash."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.quality.look import look
from inbox.record import record
from inbox.store import ids

PAGE = 40
_r, _c = t.quality_runs.c, t.contacts.c


@dataclass(frozen=True, kw_only=True, slots=True)
class QualityRun:
    """How far a look through everybody is. `found`: new findings."""

    id: int
    total: int
    looked: int
    found: int
    started_at: datetime
    finished_at: datetime | None


def begin(connection: sa.Connection, now: datetime, by: int | None) -> int:
    """Begin to look through everybody, or join the look that is going on; its id."""
    if (number := going(connection)) is not None:
        return number
    total, up_to = connection.execute(sa.select(sa.func.count(), sa.func.max(_c.id)).where(_c.merged_into.is_(None))).one()
    run_id = ids.one(connection, "quality_runs")
    row = {"id": run_id, "started_at": now, "started_by": by, "total": total, "up_to": up_to or 0}
    connection.execute(sa.insert(t.quality_runs).values(row))
    if by is not None:
        record(connection, now, "quality.searched", actor_kind="manager", actor_id=by, run=run_id)
    return run_id


def step(connection: sa.Connection, now: datetime, run_id: int) -> QualityRun:
    """The next page of a run."""
    row = connection.execute(sa.select(t.quality_runs).where(_r.id == run_id).with_for_update()).one()
    if row.finished_at is None:
        page = sa.select(_c.id).where(_c.id > row.last_id, _c.id <= row.up_to, _c.merged_into.is_(None))
        wanted = list(connection.scalars(page.order_by(_c.id).limit(PAGE)))
        values: dict[str, Any] = {"looked": row.looked + len(wanted), "found": row.found + look(connection, now, wanted)}
        values |= {"last_id": wanted[-1]} if wanted else {}
        values |= {"finished_at": now} if len(wanted) < PAGE else {}
        connection.execute(sa.update(t.quality_runs).where(_r.id == run_id).values(values))
    return _shown(connection.execute(sa.select(t.quality_runs).where(_r.id == run_id)).one())


def going(connection: sa.Connection) -> int | None:
    """The run that waits to be gone on with."""
    return connection.scalar(sa.select(_r.id).where(_r.finished_at.is_(None)).order_by(_r.id).limit(1))


def latest(connection: sa.Connection) -> QualityRun | None:
    """The last run. None: cards that were here before the rules were have never been looked at."""
    row = connection.execute(sa.select(t.quality_runs).order_by(_r.id.desc()).limit(1)).one_or_none()
    return _shown(row) if row is not None else None


def _shown(row: Any) -> QualityRun:
    return QualityRun(
        id=row.id, total=row.total, looked=row.looked, found=row.found, started_at=row.started_at, finished_at=row.finished_at
    )  # fmt: skip
