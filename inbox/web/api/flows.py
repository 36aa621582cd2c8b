"""Bots: their flows, checked before they are kept."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from inbox.access.rights import Right
from inbox.actions import marketing as actions
from inbox.views import marketing as views
from inbox.views.paging import Page
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import NOT_GIVEN, Body, Change, Language, Name, PageQuery

Source = Annotated[str, Field(max_length=100_000)]


class NewFlow(Body):
    """A flow to keep."""

    name: Name
    language: Language
    source: Source
    """YAML."""


class FlowChange(Change):
    """What to change about a flow."""

    name: Name = NOT_GIVEN
    language: Language = NOT_GIVEN
    source: Source = NOT_GIVEN
    enabled: bool = NOT_GIVEN


class FlowSource(Body):
    """A flow to look at."""

    source: Source


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowProblem:
    """One thing to mend. `line` counts from 1, 0: unknown."""

    step: str
    field: str
    message: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowCheck:
    """Everything that is wrong with a flow; empty if it can be used."""

    problems: list[FlowProblem]


@endpoint("GET", "/flows", Right.FLOWS_READ)
async def list_flows(call: Call, query: PageQuery) -> Page[views.FlowShown]:
    """All flows, newest first."""
    return await call.read(views.flows, query.cursor, query.limit)


@endpoint("GET", "/flows/{flow_id}", Right.FLOWS_READ)
async def get_flow(call: Call, flow_id: int) -> views.FlowShown:
    """One flow."""
    return await call.read(views.flow, flow_id)


@endpoint("POST", "/flows", Right.FLOWS_WRITE, status=201)
async def add_flow(call: Call, body: NewFlow) -> views.FlowShown:
    """Keep a flow, switched on. 422 names the step and the field of everything that is wrong with it."""
    number = await call.run(actions.add_flow, call.now, call.me, name=body.name, language=body.language, source=body.source)
    return await call.read(views.flow, number)


@endpoint("PATCH", "/flows/{flow_id}", Right.FLOWS_WRITE)
async def change_flow(call: Call, flow_id: int, body: FlowChange) -> views.FlowShown:
    """Change a flow, switch it off and on."""
    await call.run(actions.change_flow, call.now, call.me, flow_id, body.given())
    return await call.read(views.flow, flow_id)


@endpoint("POST", "/flows/check", Right.FLOWS_READ)
async def check_flow(call: Call, body: FlowSource) -> FlowCheck:
    """What is wrong with a flow, without keeping it."""
    found = await call.read(actions.problems, body.source)
    return FlowCheck(problems=[FlowProblem(step=p.step, field=p.field, message=p.message, line=p.line) for p in found])
