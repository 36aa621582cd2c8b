"""What work on conversations is done with: labels, reasons to close, macros. Removed ones stay where they were used."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.access.rights import Right, rights
from inbox.record import record
from inbox.refusals import Conflict, NotAllowed, NotFound
from inbox.store import ids

COLOURS = ("grey", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")
_NAMED: Mapping[str, tuple[sa.Table, str]] = {"label": (t.labels, "label"), "reason": (t.close_reasons, "reason")}


def add(connection: sa.Connection, now: datetime, by: int, what: str, wanted: Mapping[str, Any]) -> int:
    """A label or a reason to close, or the removed one of this name again; its id. Raises Conflict for a name that is taken."""
    table, word = _NAMED[what]
    known = connection.execute(sa.select(table.c.id, table.c.removed_at).where(table.c.name == wanted["name"])).one_or_none()
    if known is not None and known.removed_at is None:
        raise Conflict(f"There is a {word} of this name already")
    if known is not None:
        connection.execute(sa.update(table).where(table.c.id == known.id).values({**wanted, "removed_at": None}))
        number = int(known.id)
    else:
        number = ids.one(connection, table.name)
        row = {**wanted, "id": number, "position": _last(connection, table), "created_at": now}
        connection.execute(sa.insert(table).values(row))
    record(connection, now, f"{what}.added", actor_kind="manager", actor_id=by, name=wanted["name"])
    return number


def change(connection: sa.Connection, now: datetime, by: int, what: str, number: int, wanted: Mapping[str, Any]) -> None:
    """Raises NotFound."""
    table, _ = _NAMED[what]
    name = _require(connection, table, number)
    if wanted:
        connection.execute(sa.update(table).where(table.c.id == number).values(dict(wanted)))
        record(connection, now, f"{what}.changed", actor_kind="manager", actor_id=by, name=name)


def remove(connection: sa.Connection, now: datetime, by: int, what: str, number: int) -> None:
    """It is no longer offered. Raises NotFound."""
    table, _ = _NAMED[what]
    name = _require(connection, table, number)
    connection.execute(sa.update(table).where(table.c.id == number).values(removed_at=now))
    record(connection, now, f"{what}.removed", actor_kind="manager", actor_id=by, name=name)


def order(connection: sa.Connection, now: datetime, by: int, what: str, numbers: Sequence[int]) -> None:
    """Offer them in this order; those that are not named come after. Raises NotFound."""
    table, _ = _NAMED[what]
    for number in numbers:
        _require(connection, table, number)
    _put_in_order(connection, table, numbers)
    record(connection, now, f"{what}.ordered", actor_kind="manager", actor_id=by, ids=list(numbers))


def _put_in_order(connection: sa.Connection, table: sa.Table, numbers: Sequence[int]) -> None:
    c = table.c
    found = connection.scalars(sa.select(c.id).where(c.id.not_in(numbers)).order_by(c.position, c.name, c.id))
    for position, number in enumerate([*dict.fromkeys(numbers), *found], start=1):
        connection.execute(sa.update(table).where(c.id == number, c.position != position).values(position=position))


def _last(connection: sa.Connection, table: sa.Table) -> int:
    return int(connection.scalar(sa.select(sa.func.max(table.c.position))) or 0) + 1


def _require(connection: sa.Connection, table: sa.Table, number: int) -> str:
    name = connection.scalar(sa.select(table.c.name).where(table.c.id == number, table.c.removed_at.is_(None)))
    if name is None:
        raise NotFound(f"There is no such thing: {number}")
    return str(name)


_m = t.macros.c


def add_macro(connection: sa.Connection, now: datetime, by: int, wanted: Mapping[str, Any], *, shared: bool) -> int:
    """Raises NotAllowed for a shared one without the right, Conflict for a key that another one of theirs has."""
    if shared:
        _require_right(connection, by)
    owner = None if shared else by
    _require_free(connection, by, owner, wanted.get("shortcut"), None)
    number = ids.one(connection, "macros")
    row = {**wanted, "id": number, "manager_id": owner, "created_at": now, "changed_at": now}
    row["position"] = _last(connection, t.macros)
    connection.execute(sa.insert(t.macros).values(row))
    record(connection, now, "macro.added", actor_kind="manager", actor_id=by, macro=number)
    return number


def change_macro(connection: sa.Connection, now: datetime, by: int, number: int, wanted: Mapping[str, Any]) -> None:
    """`wanted`: name, shortcut, actions, shared. Raises NotFound, NotAllowed or Conflict."""
    row = macro(connection, by, number)
    values = {name: value for name, value in wanted.items() if name != "shared"}
    owner = row.manager_id
    if "shared" in wanted:
        owner = values["manager_id"] = None if wanted["shared"] else by
    if row.manager_id is None or owner is None:
        _require_right(connection, by)
    _require_free(connection, by, owner, values.get("shortcut", row.shortcut), number)
    connection.execute(sa.update(t.macros).where(_m.id == number).values({**values, "changed_at": now}))
    record(connection, now, "macro.changed", actor_kind="manager", actor_id=by, macro=number)


def remove_macro(connection: sa.Connection, now: datetime, by: int, number: int) -> None:
    """Raises NotFound or NotAllowed."""
    if macro(connection, by, number).manager_id is None:
        _require_right(connection, by)
    connection.execute(sa.update(t.macros).where(_m.id == number).values(removed_at=now))
    record(connection, now, "macro.removed", actor_kind="manager", actor_id=by, macro=number)


def order_macros(connection: sa.Connection, now: datetime, by: int, numbers: Sequence[int]) -> None:
    """Offer them in this order, whose ever they are. Raises NotFound, or NotAllowed where one is everybody's."""
    rows = [macro(connection, by, number) for number in numbers]
    if any(row.manager_id is None for row in rows):
        _require_right(connection, by)
    _put_in_order(connection, t.macros, numbers)
    record(connection, now, "macro.ordered", actor_kind="manager", actor_id=by, ids=list(numbers))


def macro(connection: sa.Connection, by: int, number: int) -> sa.Row[Any]:
    """A macro that this person may use: their own, or everybody's. Raises NotFound."""
    mine = sa.or_(_m.manager_id.is_(None), _m.manager_id == by)
    row = connection.execute(sa.select(t.macros).where(_m.id == number, _m.removed_at.is_(None), mine)).one_or_none()
    if row is None:
        raise NotFound(f"There is no macro {number}")
    return row


def _require_right(connection: sa.Connection, by: int) -> None:
    role = connection.scalar(sa.select(t.managers.c.role).where(t.managers.c.id == by))
    if Right.WORK_WRITE not in rights(str(role)):
        raise NotAllowed("Macros for everybody are kept by those who lead: keep this one for yourself")


def _require_free(connection: sa.Connection, by: int, owner: int | None, shortcut: str | None, number: int | None) -> None:
    """One's own may stand before a shared one of the same key, two of a kind may not."""
    if shortcut is None:
        return
    whose = _m.manager_id.is_(None) if owner is None else _m.manager_id == owner
    taken = sa.select(_m.name).where(_m.shortcut == shortcut, _m.removed_at.is_(None), whose)
    other = connection.scalar(taken if number is None else taken.where(_m.id != number))
    if other is not None:
        raise Conflict(f"The key {shortcut} runs “{other}” already")
