"""Those who work here: add and change managers, their teams, and what the last owner is protected from."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from inbox import live
from inbox import schema as t
from inbox.record import record
from inbox.refusals import Conflict, Invalid, NotFound
from inbox.store import bulk, ids

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256
"""argon2 takes any length: a limit, so that nobody has us hash a megabyte."""


def address(email: str, field: str = "email") -> str:
    """A mail address as we keep and compare it. Raises Invalid."""
    found = email.strip().lower()
    if not _EMAIL.fullmatch(found):
        raise Invalid(field, "This is not a mail address")
    return found


def check_password(password: str, field: str = "password") -> str:
    """Raises Invalid for one that is too short or too long."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Invalid(field, f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    return password


def add_manager(
    connection: sa.Connection,
    now: datetime,
    *,
    email: str,
    name: str,
    role: str,
    password_hash: str | None = None,
    language: str = "en",
    by: int | None = None,
) -> int:
    """Add somebody who works here and return the id. Raises Invalid, or Conflict if the address is taken."""
    if role not in t.ROLES:
        raise Invalid("role", f"Choose one of {', '.join(t.ROLES)}")
    found = address(email)
    manager_id = ids.one(connection, "managers")
    row = {"id": manager_id, "email": found, "name": name or found.partition("@")[0], "role": role, "created_at": now}
    try:
        with bulk.savepoint(connection):
            connection.execute(sa.insert(t.managers).values(row | {"password_hash": password_hash, "language": language}))
    except IntegrityError as error:
        raise Conflict("Somebody with this mail address is here already") from error
    record(connection, now, "manager.added", **_by(by), manager_id=manager_id, role=role)
    live.tell(connection, "manager", manager_id=manager_id)
    return manager_id


def change_manager(connection: sa.Connection, now: datetime, manager_id: int, by: int | None, changes: Mapping[str, Any]) -> None:
    """Set columns of a manager; `disabled` (bool) shuts out or lets in again. A new password ends all sessions.

    Raises NotFound, or Conflict if no enabled owner would be left.
    """
    manager = require_manager(connection, manager_id)
    values = dict(changes)
    if "disabled" in values:
        values["disabled_at"] = (manager.disabled_at or now) if values.pop("disabled") else None
    if "available" in values:
        values |= {"back_at": None, "paused_at": None}
    if not values:
        return
    connection.execute(sa.update(t.managers).where(t.managers.c.id == manager_id).values(values))
    if manager.role == "owner" and {"role", "disabled_at"} & values.keys():
        _require_owner(connection)
    if "password_hash" in values or values.get("disabled_at"):
        ended = sa.update(t.sessions).where(t.sessions.c.manager_id == manager_id, t.sessions.c.revoked_at.is_(None))
        connection.execute(ended.values(revoked_at=now))
    told = sorted(
        values.keys() - {"password_hash", "back_at", "paused_at"} | ({"password"} & {n.removesuffix("_hash") for n in values})
    )
    record(connection, now, "manager.changed", **_by(by), manager_id=manager_id, fields=told)
    live.tell(connection, "manager", manager_id=manager_id)


def require_manager(connection: sa.Connection, manager_id: int) -> sa.Row[Any]:
    """The row of a manager. Raises NotFound."""
    row = connection.execute(sa.select(t.managers).where(t.managers.c.id == manager_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no manager {manager_id}")
    return row


def find_manager(connection: sa.Connection, email: str) -> sa.Row[Any] | None:
    """The row of the manager with this mail address, whatever its case."""
    return connection.execute(sa.select(t.managers).where(t.managers.c.email == email.strip().lower())).one_or_none()


def add_team(connection: sa.Connection, now: datetime, name: str, members: Sequence[int], by: int | None) -> int:
    """Make a team and return its id. Raises Conflict if the name is taken."""
    team_id = ids.one(connection, "teams")
    try:
        with bulk.savepoint(connection):
            connection.execute(sa.insert(t.teams).values(id=team_id, name=name, created_at=now))
    except IntegrityError as error:
        raise Conflict("There is a team of this name already") from error
    set_members(connection, team_id, members)
    record(connection, now, "team.added", **_by(by), team_id=team_id)
    return team_id


def change_team(
    connection: sa.Connection, now: datetime, team_id: int, by: int | None, name: str | None, members: Sequence[int] | None
) -> None:
    """Rename a team or say who is in it. Raises NotFound, Conflict or Invalid."""
    require_team(connection, team_id)
    if name is not None:
        try:
            with bulk.savepoint(connection):
                connection.execute(sa.update(t.teams).where(t.teams.c.id == team_id).values(name=name))
        except IntegrityError as error:
            raise Conflict("There is a team of this name already") from error
    if members is not None:
        set_members(connection, team_id, members)
    record(connection, now, "team.changed", **_by(by), team_id=team_id)


def require_team(connection: sa.Connection, team_id: int) -> None:
    """Raises NotFound if there is no such team."""
    if connection.scalar(sa.select(t.teams.c.id).where(t.teams.c.id == team_id)) is None:
        raise NotFound(f"There is no team {team_id}")


def set_members(connection: sa.Connection, team_id: int, members: Sequence[int]) -> None:
    """Make exactly these the members. Raises Invalid if somebody does not exist."""
    wanted = set(members)
    known = set(connection.scalars(sa.select(t.managers.c.id).where(t.managers.c.id.in_(wanted))))
    if unknown := sorted(wanted - known):
        raise Invalid("members", f"There is no manager {unknown[0]}")
    connection.execute(sa.delete(t.team_members).where(t.team_members.c.team_id == team_id))
    if wanted:
        rows = [{"team_id": team_id, "manager_id": manager_id} for manager_id in sorted(wanted)]
        connection.execute(sa.insert(t.team_members), rows)
    for manager_id in sorted(wanted):
        live.tell(connection, "manager", manager_id=manager_id)


def _require_owner(connection: sa.Connection) -> None:
    enabled = sa.select(sa.func.count()).where(t.managers.c.role == "owner", t.managers.c.disabled_at.is_(None))
    if not connection.scalar(enabled.select_from(t.managers)):
        raise Conflict("Somebody has to stay owner: make another person owner first")


def _by(manager_id: int | None) -> dict[str, Any]:
    return {"actor_kind": "manager", "actor_id": manager_id} if manager_id else {"actor_kind": "system"}
