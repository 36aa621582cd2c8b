"""Two organisations that are one become one, and can be parted again: everything that moved is written down."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.organisations.write import require, tell
from inbox.refusals import Conflict, Invalid, NotFound
from inbox.store import ids
from inbox.store.within import within

_o, _e, _m = t.organisations.c, t.employments.c, t.organisation_merges.c
SAID = ("status", "website", "phones", "emails", "address", "registration", "manager_id")
"""What the organisation that stays takes over where it says nothing."""


def merge(connection: sa.Connection, now: datetime, by: int, kept_id: int, other_id: int) -> int:
    """Take `other_id` into `kept_id`; the merge's id. Raises NotFound, Conflict, or Invalid for itself."""
    if kept_id == other_id:
        raise Invalid("with", "This is the same organisation")
    rows = {number: require(connection, number) for number in sorted((kept_id, other_id))}
    kept, other = rows[kept_id], rows[other_id]
    led = list(connection.scalars(sa.select(_o.id).where(_o.merged_into == other_id).order_by(_o.id)))
    before = {"moved": _move(connection, kept_id, other_id), "filled": _fill(connection, now, kept, other), "led": led}
    connection.execute(sa.update(t.organisations).where(_o.id.in_([other_id, *led])).values(merged_into=kept_id))
    number = ids.one(connection, "organisation_merges")
    row = {"id": number, "organisation_id": kept_id, "merged_id": other_id, "at": now, "by": by, "before": before}
    connection.execute(sa.insert(t.organisation_merges).values(row))
    tell(connection, now, by, "organisation.merged", kept_id, merged=other_id, merge=number)
    live.tell(connection, "organisation", organisation_id=other_id)
    return number


def undo(connection: sa.Connection, now: datetime, by: int, number: int) -> tuple[int, int]:
    """Two organisations again: (the one that stayed, the one that is back). Raises NotFound or Conflict."""
    merge = connection.execute(sa.select(t.organisation_merges).where(_m.id == number).with_for_update()).one_or_none()
    if merge is None:
        raise NotFound(f"There is no merge of organisations {number}")
    if merge.undone_at is not None:
        raise Conflict("This merge was undone already")
    kept = require(connection, merge.organisation_id)
    other_id = merge.merged_id
    connection.execute(sa.update(t.organisations).where(_o.id == other_id).values(merged_into=None))
    led = (_o.id.in_(merge.before.get("led", ())), _o.merged_into == kept.id)
    connection.execute(sa.update(t.organisations).where(*led).values(merged_into=other_id))
    _move_back(connection, merge)
    _empty(connection, now, kept, merge.before["filled"])
    connection.execute(sa.update(t.organisation_merges).where(_m.id == number).values(undone_at=now, undone_by=by))
    tell(connection, now, by, "organisation.unmerged", kept.id, merged=other_id, merge=number)
    live.tell(connection, "organisation", organisation_id=other_id)
    return kept.id, other_id


def _move(connection: sa.Connection, kept_id: int, other_id: int) -> list[int]:
    """The employments that moved. Whoever is in both since the same day stays with the one that goes."""
    mine = sa.select(_e.id).where(_e.organisation_id == other_id, _free(kept_id))
    moved = list(connection.scalars(mine.order_by(_e.id)))
    _give(connection, moved, {"organisation_id": kept_id})
    return moved


def _move_back(connection: sa.Connection, merge: Any) -> None:
    """Those that are still there, unless somebody has dated them like another one since."""
    query = sa.select(_e.id).where(within(_e.id, "some"), _e.organisation_id == merge.organisation_id, _free(merge.merged_id))
    _give(connection, connection.scalars(query, {"some": merge.before["moved"]}).all(), {"organisation_id": merge.merged_id})


def _free(organisation_id: int) -> sa.ColumnElement[bool]:
    """The same person is not in this organisation since the same day."""
    here = t.employments.alias()
    same = (here.c.contact_id == _e.contact_id, here.c.organisation_id == organisation_id, here.c.since == _e.since)
    return ~sa.exists().where(*same).correlate(t.employments)


def _give(connection: sa.Connection, numbers: Any, values: Mapping[str, int]) -> None:
    if numbers:
        connection.execute(sa.update(t.employments).where(within(_e.id, "some")).values(**values), {"some": list(numbers)})


def _fill(connection: sa.Connection, now: datetime, kept: Any, other: Any) -> dict[str, Any]:
    """What was taken over: {name: what the other has}, keys of fields, tags."""
    plain = {n: getattr(other, n) for n in SAID if not getattr(kept, n) and getattr(other, n)}
    fields = {n: v for n, v in other.fields.items() if n not in kept.fields}
    tags = [each for each in other.tags if each not in kept.tags]
    values = plain | {"fields": {**kept.fields, **fields}, "tags": sorted([*kept.tags, *tags]), "changed_at": now}
    connection.execute(sa.update(t.organisations).where(_o.id == kept.id).values(values))
    return {"plain": plain, "fields": fields, "tags": tags}


def _empty(connection: sa.Connection, now: datetime, kept: Any, filled: Mapping[str, Any]) -> None:
    """What somebody has changed since stays."""
    values: dict[str, Any] = {
        n: [] if isinstance(v, list) else None if n in ("status", "manager_id") else ""
        for n, v in filled["plain"].items() if getattr(kept, n) == v
    }  # fmt: skip
    values["fields"] = {n: v for n, v in kept.fields.items() if n not in filled["fields"] or filled["fields"][n] != v}
    values["tags"] = [each for each in kept.tags if each not in filled["tags"]]
    connection.execute(sa.update(t.organisations).where(_o.id == kept.id).values(values | {"changed_at": now}))
