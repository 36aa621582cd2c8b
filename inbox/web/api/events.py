"""The record of who did what when."""

from typing import Annotated

from pydantic import StringConstraints

from inbox.access.rights import Right
from inbox.views import events as views
from inbox.views.paging import Page
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import Id, PageQuery


class EventQuery(PageQuery):
    """Which events."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z_]+(\.[a-z_]+)?$", max_length=60)] | None = None
    """Like conversation.assigned."""
    conversation: Id | None = None


@endpoint("GET", "/events", Right.EVENTS_READ)
async def list_events(call: Call, query: EventQuery) -> Page[views.EventShown]:
    """What happened, newest first."""
    return await call.read(views.page, query.kind, query.conversation, query.cursor, query.limit)
