"""What other systems say that happened with a person: purchases, deliveries, visits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.actions.contacts import require
from inbox.record import record
from inbox.store import ids


def add(connection: sa.Connection, now: datetime, by: int, contact_id: int, wanted: Mapping[str, Any]) -> int:
    """Put it on the person's timeline: kind, title, at, data, link; its id. Raises NotFound or Conflict."""
    require(connection, contact_id)
    number = ids.one(connection, "contact_events")
    row = {"id": number, "contact_id": contact_id, "kind": wanted["kind"], "title": wanted["title"]}
    row |= {"at": wanted.get("at") or now, "data": wanted.get("data") or {}, "link": wanted.get("link") or ""}
    connection.execute(sa.insert(t.contact_events).values(row | {"manager_id": by, "created_at": now}))
    about = {"contact_id": contact_id, "contact_event_id": number, "told": wanted["kind"]}
    record(connection, now, "contact.event", actor_kind="manager", actor_id=by, **about)
    live.tell(connection, "contact", contact_id=contact_id)
    return number
