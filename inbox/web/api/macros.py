"""Macros: several actions under one name, one's own and everybody's."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from pydantic import Field, StringConstraints

from inbox.access.rights import Right
from inbox.actions import keeping
from inbox.actions import work as actions
from inbox.views import work as views
from inbox.web.api.offers import Order
from inbox.web.api.work import ActionSent, DoneShown, Zone, done
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import NOT_GIVEN, Body, Change, Id, Name
from inbox.web.repeat import once

Shortcut = Annotated[str, StringConstraints(pattern=r"^[1-9]$")]


class NewMacro(Body):
    """Several actions under one name."""

    name: Name
    shared: bool = False
    """Everybody's: needs the right work.write."""
    shortcut: Shortcut | None = None
    """The digit that runs it."""
    actions: Annotated[list[ActionSent], Field(min_length=1, max_length=20)]


class MacroChange(Change):
    """What to change about a macro."""

    name: Name = NOT_GIVEN
    shared: bool = NOT_GIVEN
    shortcut: Shortcut | None = NOT_GIVEN
    actions: Annotated[list[ActionSent], Field(min_length=1, max_length=20)] = NOT_GIVEN


class MacroRun(Body):
    """Which conversations to run it on."""

    conversations: Annotated[list[Id], Field(min_length=1, max_length=200)]
    timezone: Zone = "UTC"


@endpoint("GET", "/macros", Right.CONVERSATIONS_READ)
async def list_macros(call: Call) -> views.Macros:
    """My macros and everybody's."""
    return await call.read(views.macros, call.me)


@endpoint("POST", "/macros", Right.CONVERSATIONS_WRITE, status=201, repeatable=True)
async def add_macro(call: Call, body: NewMacro) -> views.Macro:
    """Keep a macro, for oneself or for everybody."""
    number = await once(call, keeping.add_macro, call.now, call.me, _macro(body.given("shared")), shared=body.shared)
    return await call.read(views.macro, call.me, number)


@endpoint("POST", "/macros/order", Right.CONVERSATIONS_WRITE)
async def order_macros(call: Call, body: Order) -> views.Macros:
    """Put macros in the order they are offered in; everybody's needs the right work.write."""
    await call.run(keeping.order_macros, call.now, call.me, body.ids)
    return await call.read(views.macros, call.me)


@endpoint("PATCH", "/macros/{macro_id}", Right.CONVERSATIONS_WRITE)
async def change_macro(call: Call, macro_id: int, body: MacroChange) -> views.Macro:
    """Name, key, actions, whose it is."""
    await call.run(keeping.change_macro, call.now, call.me, macro_id, _macro(body.given()))
    return await call.read(views.macro, call.me, macro_id)


@endpoint("DELETE", "/macros/{macro_id}", Right.CONVERSATIONS_WRITE)
async def remove_macro(call: Call, macro_id: int) -> None:
    """Keep it no longer."""
    await call.run(keeping.remove_macro, call.now, call.me, macro_id)


@endpoint("POST", "/macros/{macro_id}/run", Right.CONVERSATIONS_WRITE)
async def run_macro(call: Call, macro_id: int, body: MacroRun) -> DoneShown:
    """Do all its actions, in one transaction and with one undo."""
    return await done(call, await call.run(_run, call.now, call.me, macro_id, body))


def _macro(given: dict[str, Any]) -> dict[str, Any]:
    if "actions" in given:
        given["actions"] = [each.model_dump(mode="json", exclude_defaults=True) for each in given["actions"]]
    return given


def _run(connection: sa.Connection, now: datetime, by: int, macro_id: int, body: MacroRun) -> actions.Done:
    kept = keeping.macro(connection, by, macro_id)
    to_do = [ActionSent.model_validate_json(msgspec.json.encode(each)).to_do() for each in kept.actions]
    return actions.perform(connection, now, by, body.conversations, to_do, zone=body.timezone, kind="macro")
