"""Managers and teams."""

from typing import Annotated, Any, Literal

from pydantic import Field

from inbox import people
from inbox.access.rights import Right
from inbox.refusals import NotAllowed
from inbox.views import people as views
from inbox.views.paging import All
from inbox.web import keys
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import NOT_GIVEN, Body, Change, Id, Name
from inbox.web.problems import Problem, invalid

Role = Literal["owner", "lead", "operator", "marketer", "viewer"]
AppLanguage = Literal["en", "ru"]
Password = Annotated[str, Field(min_length=people.SHORTEST_PASSWORD, max_length=people.LONGEST_PASSWORD)]


class NewManager(Body):
    """Somebody who will work here."""

    email: Annotated[str, Field(max_length=254)]
    name: Name
    role: Role
    password: Password | None = None
    """Without one they can be given a token, and a password later."""
    language: AppLanguage | None = None


class ManagerChange(Change):
    """What to change about a manager."""

    name: Name = NOT_GIVEN
    role: Role = NOT_GIVEN
    available: bool = NOT_GIVEN
    capacity: Annotated[int, Field(ge=0, le=100_000)] = NOT_GIVEN
    language: AppLanguage = NOT_GIVEN
    password: Password = NOT_GIVEN
    current_password: Annotated[str, Field(max_length=people.LONGEST_PASSWORD)] = NOT_GIVEN
    """Needed to change one's own password."""
    disabled: bool = NOT_GIVEN
    preferences: Annotated[dict[str, Any], Field(max_length=100)] = NOT_GIVEN
    """Whatever the app wants to remember for this person."""


class NewTeam(Body):
    """A team to make."""

    name: Name
    members: list[Id] = Field(default_factory=list)


class TeamChange(Change):
    """What to change about a team."""

    name: Name = NOT_GIVEN
    members: list[Id] = NOT_GIVEN
    """Exactly these from now on."""


OWN = {"name", "available", "language", "password", "current_password", "preferences"}
"""What everybody may change about themselves."""
OTHERS = {"name", "available", "capacity", "language"}
"""What a lead may change about everybody."""


@endpoint("GET", "/managers", Right.PEOPLE_READ)
async def list_managers(call: Call) -> All[views.Manager]:
    """Everybody who works here, with the number of conversations they have."""
    return await call.read(views.managers)


@endpoint("POST", "/managers", Right.ROLES_WRITE, status=201)
async def add_manager(call: Call, body: NewManager) -> views.Manager:
    """Let somebody in."""
    hashed = await call.app[keys.PASSWORDS].hash(body.password) if body.password else None
    language = body.language or call.app[keys.SETTINGS].language
    manager_id = await call.run(
        people.add_manager, call.now, email=body.email, name=body.name, role=body.role, password_hash=hashed,
        language=language, by=call.me,
    )  # fmt: skip
    return await call.read(views.manager, manager_id)


@endpoint("PATCH", "/managers/{manager_id}", Right.SELF)
async def change_manager(call: Call, manager_id: int, body: ManagerChange) -> views.Manager:
    """Change a person.

    Everybody may change their own name, availability, language, preferences and, with `current_password`, password.
    Leads change others' name, availability, capacity and language; owners everything. A new password ends all sessions.
    """
    _require_allowed(call, manager_id, body.model_fields_set)
    changes = body.given("password", "current_password")
    if "password" in body.model_fields_set:
        changes["password_hash"] = await _new_password(call, manager_id, body)
    await call.run(people.change_manager, call.now, manager_id, call.me, changes)
    return await call.read(views.manager, manager_id)


@endpoint("GET", "/teams", Right.PEOPLE_READ)
async def list_teams(call: Call) -> All[views.Team]:
    """All teams with their members."""
    return await call.read(views.teams)


@endpoint("POST", "/teams", Right.PEOPLE_WRITE, status=201)
async def add_team(call: Call, body: NewTeam) -> views.Team:
    """Make a team."""
    team_id = await call.run(people.add_team, call.now, body.name, body.members, call.me)
    return await call.read(views.team, team_id)


@endpoint("PATCH", "/teams/{team_id}", Right.PEOPLE_WRITE)
async def change_team(call: Call, team_id: int, body: TeamChange) -> views.Team:
    """Rename a team, or say who is in it."""
    given = body.given()
    await call.run(
        people.change_team, call.now, team_id, call.me,
        body.name if "name" in given else None, body.members if "members" in given else None,
    )  # fmt: skip
    return await call.read(views.team, team_id)


def _require_allowed(call: Call, manager_id: int, fields: set[str]) -> None:
    allowed = set(OWN) if manager_id == call.me else set()
    if Right.PEOPLE_WRITE in call.who.rights:
        allowed |= OTHERS
    if Right.ROLES_WRITE in call.who.rights:
        allowed |= set(ManagerChange.model_fields)
    if not allowed:
        raise NotAllowed("You may change nobody but yourself.")
    if denied := sorted(fields - allowed):
        raise Problem(403, f"You may not change {', '.join(denied)}.", errors=[(n, "You may not change this") for n in denied])


async def _new_password(call: Call, manager_id: int, body: ManagerChange) -> str:
    passwords = call.app[keys.PASSWORDS]
    if manager_id == call.me:
        me = await call.read(people.require_manager, manager_id)
        if me.password_hash and not await passwords.verify(body.current_password or "", me.password_hash):
            raise invalid("current_password", "This is not your password")
    return await passwords.hash(body.password)
