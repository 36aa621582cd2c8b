"""A look through everybody: page after page, each with its mark in one transaction, so that it goes on after a crash."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.record import record
from inbox.store import ids

_c = t.contacts.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """How far a look through everybody is. `found`: what is new, pairs or findings."""

    id: int
    total: int
    looked: int
    found: int
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class Rounds:
    """The looks of one kind, kept in `runs`; `event` records who asked for one."""

    runs: sa.Table
    event: str

    def begin(self, connection: sa.Connection, now: datetime, by: int | None) -> int:
        """Begin to look through everybody, or join the look that is going on; its id."""
        if (number := self.going(connection)) is not None:
            return number
        total, up_to = connection.execute(sa.select(sa.func.count(), sa.func.max(_c.id)).where(_c.merged_into.is_(None))).one()
        run_id = ids.one(connection, self.runs.name)
        row = {"id": run_id, "started_at": now, "started_by": by, "total": total, "up_to": up_to or 0}
        connection.execute(sa.insert(self.runs).values(row))
        if by is not None:
            record(connection, now, self.event, actor_kind="manager", actor_id=by, run=run_id)
        return run_id

    def step(
        self,
        connection: sa.Connection,
        now: datetime,
        run_id: int,
        look: Callable[[sa.Connection, datetime, Sequence[int]], int],
        page: int,
    ) -> Run:
        """The next `page` people of a run; `look` says how much it found."""
        mine = self.runs.c.id == run_id
        row = connection.execute(sa.select(self.runs).where(mine).with_for_update()).one()
        if row.finished_at is None:
            query = sa.select(_c.id).where(_c.id > row.last_id, _c.id <= row.up_to, _c.merged_into.is_(None))
            wanted = list(connection.scalars(query.order_by(_c.id).limit(page)))
            values: dict[str, Any] = {"looked": row.looked + len(wanted), "found": row.found + look(connection, now, wanted)}
            values |= {"last_id": wanted[-1]} if wanted else {}
            values |= {"finished_at": now} if len(wanted) < page else {}
            connection.execute(sa.update(self.runs).where(mine).values(values))
        return _shown(connection.execute(sa.select(self.runs).where(mine)).one())

    def going(self, connection: sa.Connection) -> int | None:
        """The run that waits to be gone on with."""
        r = self.runs.c
        return connection.scalar(sa.select(r.id).where(r.finished_at.is_(None)).order_by(r.id).limit(1))

    def latest(self, connection: sa.Connection) -> Run | None:
        """The last run; None: nobody was ever looked through."""
        row = connection.execute(sa.select(self.runs).order_by(self.runs.c.id.desc()).limit(1)).one_or_none()
        return _shown(row) if row is not None else None


def _shown(row: Any) -> Run:
    return Run(
        id=row.id, total=row.total, looked=row.looked, found=row.found, started_at=row.started_at, finished_at=row.finished_at
    )  # fmt: skip
