"""Whether somebody is there to answer a web chat now, and if not, from when."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from routing.hours import Hours, parse_week

_ANSWERING = ("owner", "lead", "operator")


def attendance(connection: sa.Connection, hours: str, timezone: str, team_id: int | None, now: datetime) -> dict[str, Any]:
    """`open`: within the channel's hours, and somebody who answers is available. `opens_at`: when the hours begin again."""
    working = Hours(timezone=timezone, week=parse_week(hours))
    if not working.is_open(now):
        opens_at = working.opens_at(now)
        return {"open": False, "opens_at": opens_at.isoformat() if opens_at else None}
    return {"open": _available(connection, team_id), "opens_at": None}


def _available(connection: sa.Connection, team_id: int | None) -> bool:
    m = t.managers.c
    there = sa.select(m.id).where(m.available, m.disabled_at.is_(None), m.role.in_(_ANSWERING))
    if team_id is not None:
        members = sa.select(t.team_members.c.manager_id).where(t.team_members.c.team_id == team_id)
        there = there.where(m.id.in_(members))
    return connection.execute(there.limit(1)).first() is not None
