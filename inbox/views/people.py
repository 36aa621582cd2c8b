"""Those who work here: managers with their load, teams, and one's own sessions and tokens."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.refusals import NotFound
from inbox.views.conversations import ACTIVE
from inbox.views.paging import All


@dataclass(frozen=True, kw_only=True, slots=True)
class Manager:
    """Somebody who works here. `open`: conversations they have now. `capacity`: how many they take at most. `back_at`: until
    when they are away."""

    id: int
    email: str
    name: str
    role: str
    language: str
    available: bool
    capacity: int
    open: int
    teams: list[int]
    disabled: bool
    preferences: dict[str, Any]
    back_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """Managers who share a queue."""

    id: int
    name: str
    members: list[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionShown:
    """A browser in which somebody is signed in."""

    id: int
    created_at: datetime
    seen_at: datetime
    agent: str
    ip: str
    current: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenShown:
    """A bearer token, without its secret."""

    id: int
    name: str
    created_at: datetime
    used_at: datetime | None


def managers(connection: sa.Connection) -> All[Manager]:
    """Everybody, by name; those shut out too."""
    return All(items=_managers(connection))


def manager(connection: sa.Connection, manager_id: int) -> Manager:
    """One person. Raises NotFound."""
    found = _managers(connection, t.managers.c.id == manager_id)
    if not found:
        raise NotFound(f"There is no manager {manager_id}")
    return found[0]


def teams(connection: sa.Connection) -> All[Team]:
    """All teams, by name."""
    members: dict[int, list[int]] = defaultdict(list)
    for row in connection.execute(sa.select(t.team_members).order_by(t.team_members.c.manager_id)):
        members[row.team_id].append(row.manager_id)
    rows = connection.execute(sa.select(t.teams.c.id, t.teams.c.name).order_by(t.teams.c.name))
    return All(items=[Team(id=row.id, name=row.name, members=members[row.id]) for row in rows])


def team(connection: sa.Connection, team_id: int) -> Team:
    """One team. Raises NotFound."""
    for found in teams(connection).items:
        if found.id == team_id:
            return found
    raise NotFound(f"There is no team {team_id}")


def team_ids(connection: sa.Connection, manager_id: int) -> list[int]:
    """The teams that a manager is in."""
    m = t.team_members.c
    return list(connection.scalars(sa.select(m.team_id).where(m.manager_id == manager_id).order_by(m.team_id)))


def sessions(connection: sa.Connection, manager_id: int, now: datetime, current: int | None) -> All[SessionShown]:
    """A manager's own browser sessions, the last used first."""
    s = t.sessions.c
    alive = (s.manager_id == manager_id, s.revoked_at.is_(None), s.expires_at > now)
    rows = connection.execute(sa.select(t.sessions).where(*alive).order_by(s.seen_at.desc(), s.id.desc()))
    return All(
        items=[
            SessionShown(
                id=row.id, created_at=row.created_at, seen_at=row.seen_at, agent=row.agent, ip=row.ip, current=row.id == current
            )
            for row in rows
        ]
    )


def tokens(connection: sa.Connection, manager_id: int) -> All[TokenShown]:
    """A manager's own bearer tokens, newest first."""
    k = t.tokens.c
    rows = connection.execute(sa.select(t.tokens).where(k.manager_id == manager_id, k.revoked_at.is_(None)).order_by(k.id.desc()))
    return All(items=[TokenShown(id=r.id, name=r.name, created_at=r.created_at, used_at=r.used_at) for r in rows])


def _managers(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> list[Manager]:
    rows = connection.execute(sa.select(t.managers).where(*conditions).order_by(t.managers.c.name, t.managers.c.id)).all()
    ids = [row.id for row in rows]
    member_of: dict[int, list[int]] = defaultdict(list)
    m = t.team_members.c
    for row in connection.execute(sa.select(t.team_members).where(m.manager_id.in_(ids)).order_by(m.team_id)):
        member_of[row.manager_id].append(row.team_id)
    c = t.conversations.c
    load = sa.select(c.manager_id, sa.func.count()).where(c.manager_id.in_(ids), c.status.in_(ACTIVE)).group_by(c.manager_id)
    has = {row[0]: row[1] for row in connection.execute(load)}
    return [
        Manager(
            id=row.id, email=row.email, name=row.name, role=row.role, language=row.language, available=row.available,
            capacity=row.capacity, open=has.get(row.id, 0), teams=member_of[row.id], disabled=row.disabled_at is not None,
            preferences=row.preferences, back_at=row.back_at,
        )
        for row in rows
    ]  # fmt: skip
