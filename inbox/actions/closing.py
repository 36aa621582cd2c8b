"""Why a conversation is closed: the reasons this company knows, and whether one, or a summary, has to be said."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.refusals import Invalid

REASON, SUMMARY = "close_reason_required", "close_summary_required"
_r, _w = t.close_reasons.c, t.work_rules.c


def rules(connection: sa.Connection) -> dict[str, bool]:
    """What has to be said when closing."""
    found = {row.name: bool(row.value) for row in connection.execute(sa.select(_w.name, _w.value))}
    return {name: found.get(name, False) for name in (REASON, SUMMARY)}


def set_rules(connection: sa.Connection, wanted: Mapping[str, bool]) -> None:
    for name, value in wanted.items():
        connection.execute(sa.delete(t.work_rules).where(_w.name == name))
        connection.execute(sa.insert(t.work_rules).values(name=name, value=value))


def closing(connection: sa.Connection, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What the closing says, for the event: {reason_id, reason, summary}. Raises Invalid for what is missing or unknown."""
    reason_id, summary = wanted.get("close_reason"), (wanted.get("close_summary") or "").strip()
    needed = rules(connection)
    if reason_id is None and needed[REASON]:
        raise Invalid("close_reason", "Say why it is closed: a reason is required here")
    if not summary and needed[SUMMARY]:
        raise Invalid("close_summary", "Say in a few words what came of it: a summary is required here")
    said: dict[str, Any] = {"summary": summary} if summary else {}
    if reason_id is None:
        return said
    name = connection.scalar(sa.select(_r.name).where(_r.id == reason_id, _r.removed_at.is_(None)))
    if name is None:
        raise Invalid("close_reason", f"There is no reason {reason_id}")
    return {"reason_id": reason_id, "reason": name, **said}
