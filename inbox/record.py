"""Record who did what when: the only writer of events."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.store import bulk, ids

_NAMED = ("contact_id", "conversation_id", "message_id")


def record(
    connection: sa.Connection, now: datetime, kind: str, *, actor_kind: str = "system", actor_id: int | None = None, **about: Any
) -> None:
    """Add one event. `about`: contact_id, conversation_id, message_id have their columns, the rest is `data`."""
    record_all(connection, [event(now, kind, actor_kind=actor_kind, actor_id=actor_id, **about)])


def event(now: datetime, kind: str, *, actor_kind: str = "system", actor_id: int | None = None, **about: Any) -> dict[str, Any]:
    """One event for `record_all`."""
    named = {name: about.pop(name, None) for name in _NAMED}
    return {"at": now, "kind": kind, "actor_kind": actor_kind, "actor_id": actor_id, "data": about or None, **named}


def record_all(connection: sa.Connection, events: list[dict[str, Any]]) -> None:
    """Add many events (each made by `event`, and used up here) in their order, with one statement."""
    if events:
        numbers = ids.take(connection, "events", len(events))
        for number, each in zip(numbers, events, strict=True):
            each["id"] = number
        bulk.insert(connection, t.events, events)
