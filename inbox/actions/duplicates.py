"""What a person decides about two cards that may be one: they are, they are not, or let us ask again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.actions.merging import merge
from inbox.record import record
from inbox.refusals import Conflict, Invalid, NotFound

_d = t.duplicates.c


def join(connection: sa.Connection, now: datetime, by: int, duplicate_id: int, keep_id: int, take: Sequence[str] = ()) -> int:
    """They are one: the other card goes into `keep_id`, whose word stands but for `take`; the merge's id.

    Raises NotFound, Conflict or Invalid.
    """
    row = _require(connection, duplicate_id)
    if keep_id not in (row.low_id, row.high_id):
        raise Invalid("keep", "Choose one of the two cards")
    return merge(connection, now, by, keep_id, row.low_id + row.high_id - keep_id, take)


def tell_apart(connection: sa.Connection, now: datetime, by: int, duplicate_id: int, apart: bool) -> None:
    """They are two, which is remembered; or (`apart` false) it may be asked again. Raises NotFound or Conflict."""
    row = _require(connection, duplicate_id)
    if row.state == "merged":
        raise Conflict("These cards were merged: undo that first")
    values: dict[str, Any] = {"state": "open", "decided_at": None, "decided_by": None}
    if apart:
        values = {"state": "apart", "decided_at": now, "decided_by": by}
    connection.execute(sa.update(t.duplicates).where(_d.id == duplicate_id).values(values))
    kind = "contact.told_apart" if apart else "contact.asked_again"
    about = {"contact_id": row.low_id, "other": row.high_id}
    record(connection, now, kind, actor_kind="manager", actor_id=by, **about)
    for number in (row.low_id, row.high_id):
        live.tell(connection, "contact", contact_id=number)


def _require(connection: sa.Connection, duplicate_id: int) -> Any:
    row = connection.execute(sa.select(t.duplicates).where(_d.id == duplicate_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"There is no pair {duplicate_id}")
    return row
