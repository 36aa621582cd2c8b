"""Labels and reasons to close: what everybody is offered, both kept in one way."""

from typing import Annotated, Any, Literal, get_type_hints

from pydantic import Field

from inbox.access.rights import Right
from inbox.actions import closing, keeping
from inbox.views import work as views
from inbox.web.endpoint import Call, Handler, endpoint
from inbox.web.fields import NOT_GIVEN, Body, Change, Id, Tag
from inbox.web.repeat import once

Title = Annotated[str, Field(max_length=100)]
Colour = Literal["grey", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink"]


class NewReason(Body):
    """A reason to close."""

    name: Tag
    title_en: Title = ""
    title_ru: Title = ""


class NewLabel(NewReason):
    """A label to offer."""

    colour: Colour = "grey"


class ReasonChange(Change):
    """What to change about a reason; its name stays."""

    title_en: Title = NOT_GIVEN
    title_ru: Title = NOT_GIVEN


class LabelChange(ReasonChange):
    """What to change about a label; its name stays."""

    colour: Colour = NOT_GIVEN


class Order(Body):
    """All or some of them, in the order wanted; the others come after."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=500)]


class RulesChange(Change):
    """What has to be said when closing."""

    reason_required: bool = NOT_GIVEN
    summary_required: bool = NOT_GIVEN


@endpoint("GET", "/labels", Right.CONVERSATIONS_READ)
async def list_labels(call: Call) -> views.Labels:
    """The labels that are offered."""
    return await call.read(views.labels)


@endpoint("GET", "/close-reasons", Right.CONVERSATIONS_READ)
async def list_close_reasons(call: Call) -> views.Reasons:
    """Why conversations are closed, and what has to be said then."""
    return await call.read(views.reasons)


@endpoint("PATCH", "/close-reasons", Right.WORK_WRITE)
async def change_close_rules(call: Call, body: RulesChange) -> views.Reasons:
    """Whether a reason, or a summary, has to be said."""
    wanted = {f"close_{name}": value for name, value in body.given().items()}
    await call.run(closing.set_rules, wanted)
    return await call.read(views.reasons)


def _kept(what: str, path: str, name: str, new: type[Body], change: type[Change], one: Any, every: Any) -> None:
    """Add, change, put in order, remove. `one` and `every`: the views that show one of them and all."""

    async def add(call: Call, body: Body) -> Any:
        number = await once(call, keeping.add, call.now, call.me, what, body.model_dump())
        return await call.read(one, number)

    async def alter(call: Call, offer_id: int, body: Body) -> Any:
        await call.run(keeping.change, call.now, call.me, what, offer_id, body.given())
        return await call.read(one, offer_id)

    async def put_in_order(call: Call, body: Order) -> Any:
        await call.run(keeping.order, call.now, call.me, what, body.ids)
        return await call.read(every)

    async def remove(call: Call, offer_id: int) -> None:
        await call.run(keeping.remove, call.now, call.me, what, offer_id)

    numbered = path + "/{offer_id}"
    _define(add, f"add_{name}", f"Offer a {what}; one that was removed comes back.", new, one)
    _define(alter, f"change_{name}", f"Change how a {what} is shown.", change, one)
    _define(put_in_order, f"order_{name}s", f"Put each {what} where it is to be offered.", Order, every)
    _define(remove, f"remove_{name}", f"Offer a {what} no longer; conversations keep it.")
    endpoint("POST", path, Right.WORK_WRITE, status=201, repeatable=True)(add)
    endpoint("PATCH", numbered, Right.WORK_WRITE)(alter)
    endpoint("POST", f"{path}/order", Right.WORK_WRITE)(put_in_order)
    endpoint("DELETE", numbered, Right.WORK_WRITE)(remove)


def _define(handler: Handler, name: str, summary: str, body: Any = None, view: Any = None) -> None:
    """A handler's signature is its contract (see `inbox.web.endpoint`): here it is written for both."""
    handler.__name__, handler.__doc__ = name, summary
    if body is not None:
        handler.__annotations__ |= {"body": body, "return": get_type_hints(view)["return"]}


_kept("label", "/labels", "label", NewLabel, LabelChange, views.label, views.labels)
_kept("reason", "/close-reasons", "close_reason", NewReason, ReasonChange, views.reason, views.reasons)
