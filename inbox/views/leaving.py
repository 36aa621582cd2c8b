"""Erasures as pages show them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox.leaving import asking
from inbox.refusals import NotFound


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    """Somebody who is to be erased, or was. `state`: asked (can be taken back until `due_at`), running, done, undone. `messages`:
    how many have been emptied. `compacted_at`: since when no old bytes are left in the database's file."""

    id: int
    contact_id: int
    state: str
    asked_at: datetime
    due_at: datetime
    started_at: datetime | None
    done_at: datetime | None
    messages: int
    compacted_at: datetime | None


def erasure(connection: sa.Connection, contact_id: int) -> Erasure:
    """The newest erasure of a contact. Raises NotFound."""
    row: Any = asking.last_of(connection, contact_id)
    if row is None:
        raise NotFound("Nobody asked for this person to be erased")
    return Erasure(
        id=row.id, contact_id=row.contact_id, state=row.state, asked_at=row.asked_at, due_at=row.due_at,
        started_at=row.started_at, done_at=row.done_at, messages=row.messages, compacted_at=row.compacted_at,
    )  # fmt: skip
