"""Who is here, who looks at a conversation too, and being away by hand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

import sqlalchemy as sa
from pydantic import Field
from redis.exceptions import RedisError

from inbox import schema as t
from inbox.access.rights import Right
from inbox.presence import away
from inbox.presence.door import browser_of
from inbox.web import keys
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import NOT_GIVEN, Body, Change, Id, When


@dataclass(frozen=True, kw_only=True, slots=True)
class HereShown:
    """Somebody who is online, or away: no keyboard and no mouse for some minutes. `since`: when that began."""

    manager_id: int
    state: Literal["online", "away"]
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class PresenceShown:
    """Who is here. Who is not named is off; `known` is false while nobody can tell, and then nobody is named."""

    known: bool
    items: list[HereShown]


@dataclass(frozen=True, kw_only=True, slots=True)
class LookShown:
    """A conversation that this browser has open, and who has it open, oneself included."""

    conversation_id: int
    managers: list[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class BeatShown:
    """What this browser should know at once."""

    looking: list[LookShown]


@dataclass(frozen=True, kw_only=True, slots=True)
class AwayShown:
    """How I am away. `paused`: by itself, because nobody sat here; `back_at`: available again by itself then."""

    available: bool
    back_at: datetime | None
    paused: bool
    away_minutes: int
    away_pauses: bool


class Beat(Body):
    """What a browser tells now and then, and whenever it changes."""

    active: bool
    """A hand was on the keyboard or the mouse of late."""
    looking: Annotated[list[Id], Field(max_length=20)] = Field(default_factory=list)
    """The conversations that are open on the screen."""


class AwayChange(Change):
    """What to change about my being away."""

    available: bool = NOT_GIVEN
    """Given new conversations."""
    back_at: When | None = NOT_GIVEN
    """Away until then."""
    away_minutes: Annotated[int, Field(ge=1, le=240)] = NOT_GIVEN
    """Without keyboard and mouse for so long I count as away."""
    away_pauses: bool = NOT_GIVEN
    """And then get nothing new."""


@endpoint("GET", "/presence", Right.PEOPLE_READ)
async def list_presence(call: Call) -> PresenceShown:
    """Who is here now. Changes come as `presence` in the stream."""
    try:
        here = await call.app[keys.BOARD].everybody(call.now)
    except (RedisError, OSError):
        return PresenceShown(known=False, items=[])
    shown = [HereShown(manager_id=who, state=each.state, since=each.since) for who, each in sorted(here.items())]  # type: ignore[arg-type]
    return PresenceShown(known=True, items=shown)


@endpoint("POST", "/presence", Right.SELF)
async def beat(call: Call, body: Beat) -> BeatShown:
    """Tell that I am here, and what I look at; who looks at it too.

    Nobody is here without an open stream, however often this is called. A program with a token is nobody's hands: nothing is
    noted of it.
    """
    browser = browser_of(call.who)
    if browser is None or Right.CONVERSATIONS_READ not in call.who.rights:
        return BeatShown(looking=[])
    told = await call.app[keys.DOOR].beat(browser, body.active, list(dict.fromkeys(body.looking)))
    return BeatShown(looking=[LookShown(conversation_id=c, managers=list(who)) for c, who in told.looking.items()])


@endpoint("GET", "/away", Right.SELF)
async def get_away(call: Call) -> AwayShown:
    """Whether and until when I am away, and what being away means for me."""
    return await call.read(_away, call.me)


@endpoint("PATCH", "/away", Right.SELF)
async def change_away(call: Call, body: AwayChange) -> AwayShown:
    """Go away, with or without a time to be back, or come back."""
    await call.run(away.change, call.now, call.me, body.given())
    return await call.read(_away, call.me)


def _away(connection: sa.Connection, me: int) -> AwayShown:
    m = t.managers.c
    columns = (m.available, m.back_at, m.paused_at, m.away_minutes, m.away_pauses)
    row = connection.execute(sa.select(*columns).where(m.id == me)).one()
    return AwayShown(
        available=row.available, back_at=row.back_at, paused=row.paused_at is not None, away_minutes=row.away_minutes,
        away_pauses=row.away_pauses,
    )  # fmt: skip
