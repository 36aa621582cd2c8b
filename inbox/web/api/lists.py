"""Lists of conversations that operators keep: views of their own, and labels to choose from."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from inbox import saved_views
from inbox.access.rights import Right
from inbox.views import labels
from inbox.views.paging import All
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import NOT_GIVEN, Body, Change, Id, Name

Shared = Literal["private", "team", "all"]


class ViewFilter(Body):
    """Which conversations: what `GET /conversations` takes. What is not named does not narrow."""

    view: Literal["mine", "unassigned", "team", "waiting", "late", "mentioned", "snoozed", "closed", "all"] = "all"
    status: Literal["open", "waiting", "snoozed", "closed", "current", "active", "any"] | None = None
    assignee: Annotated[str, StringConstraints(pattern=r"^(me|none|[1-9][0-9]{0,17})$")] | None = None
    team: Id | None = None
    channel: Id | None = None
    segment: Id | None = None
    label: Annotated[str, Field(max_length=100)] | None = None
    waiting: bool | None = None
    within_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    quiet_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    q: Annotated[str, Field(max_length=200)] | None = None
    sort: Literal["last", "waiting", "due", "snoozed"] | None = None

    @model_validator(mode="after")
    def _one_assignee(self) -> Self:
        if self.view in ("mine", "unassigned") and self.assignee is not None:
            raise ValueError(f"The view {self.view} has another assignee")
        return self


class NewView(Body):
    """A view to save."""

    name: Name
    filter: ViewFilter
    shared: Shared = "private"
    team: Id | None = None
    """Whom it is shared with, where that is a team."""


class ViewChange(Change):
    """What to change about a view."""

    name: Name = NOT_GIVEN
    filter: ViewFilter = NOT_GIVEN
    shared: Shared = NOT_GIVEN
    team: Id | None = NOT_GIVEN


class ViewOrder(Body):
    """Views in the order that I want."""

    ids: Annotated[list[Id], Field(max_length=1000)]


@endpoint("GET", "/views", Right.CONVERSATIONS_READ)
async def list_views(call: Call) -> All[saved_views.SavedView]:
    """My own views and those shared with me, in my order."""
    return All(items=await call.read(saved_views.visible, call.me))


@endpoint("POST", "/views", Right.SELF, status=201)
async def add_view(call: Call, body: NewView) -> saved_views.SavedView:
    """Save a view."""
    return await call.run(saved_views.add, call.now, call.me, _wanted(body.model_dump(exclude={"filter"}), body.filter))


@endpoint("POST", "/views/order", Right.SELF)
async def order_views(call: Call, body: ViewOrder) -> All[saved_views.SavedView]:
    """Put my views in order. It is my own order: colleagues keep theirs."""
    return All(items=await call.run(saved_views.order, call.me, body.ids))


@endpoint("PATCH", "/views/{view_id}", Right.SELF)
async def change_view(call: Call, view_id: int, body: ViewChange) -> saved_views.SavedView:
    """Rename a view of mine, share it, give it another filter."""
    wanted = _wanted(body.given("filter"), body.filter if "filter" in body.model_fields_set else None)
    return await call.run(saved_views.change, call.me, view_id, wanted)


@endpoint("DELETE", "/views/{view_id}", Right.SELF)
async def delete_view(call: Call, view_id: int) -> None:
    """Delete a view of mine; it can be restored."""
    await call.run(saved_views.delete, call.now, call.me, view_id)


@endpoint("POST", "/views/{view_id}/restore", Right.SELF)
async def restore_view(call: Call, view_id: int) -> saved_views.SavedView:
    """Bring back a view that I deleted."""
    return await call.run(saved_views.restore, call.me, view_id)


@endpoint("GET", "/conversations/labels", Right.CONVERSATIONS_READ)
async def count_labels(call: Call) -> All[labels.LabelCount]:
    """The labels that conversations carry, by name, and how many carry each; 1000 means 1000 or more."""
    return All(items=await call.read(labels.counted))


def _wanted(given: dict[str, object], chosen: ViewFilter | None) -> dict[str, object]:
    return given if chosen is None else {**given, "filter": chosen.model_dump(exclude_none=True)}
