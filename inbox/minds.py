"""Load what decides besides the facts: enabled flows, working hours."""

from typing import Any

import sqlalchemy as sa
import structlog

from bots.flow import Flow, segments_of
from bots.load import load
from inbox import schema as t
from inbox.respond.decide import Minds
from inbox.segments.named import by_name
from inbox.settings import Settings
from routing.hours import Hours

log = structlog.get_logger()


def load_minds(connection: sa.Connection, settings: Settings, before: Minds) -> Minds:
    """The minds as they are now; flows that did not change are taken over from `before`, compiled."""
    f = t.flows.c
    rows = connection.execute(sa.select(f.id, f.version, f.source).where(f.enabled).order_by(f.id))
    flows: dict[int, tuple[int, Flow]] = {}
    for row in rows:
        known = before.flows.get(row.id)
        flow = known[1] if known is not None and known[0] == row.version else _load(row)
        if flow is not None:
            flows[row.id] = (row.version, flow)
    hours = Hours(timezone=settings.timezone)
    named = {name for _, flow in flows.values() for name in segments_of(flow)}
    found = by_name(connection, named) if named else {}
    return Minds(
        flows=flows, hours=hours, timezone=settings.timezone, answer_minutes=settings.answer_minutes, segments=found
    )  # fmt: skip


def _load(row: Any) -> Flow | None:
    """A flow that no longer loads is left out, so that the others go on: its conversations go to people."""
    try:
        return load(row.source)
    except Exception as error:
        log.warning("a flow cannot be loaded", flow=row.id, error=type(error).__name__)
        return None
