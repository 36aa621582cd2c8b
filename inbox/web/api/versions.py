"""What an edited message said before."""

from inbox.access.rights import Right
from inbox.views import versions as views
from inbox.views.paging import All
from inbox.web.endpoint import Call, endpoint


@endpoint("GET", "/messages/{message_id}/versions", Right.CONVERSATIONS_READ)
async def list_versions(call: Call, message_id: int) -> All[views.Version]:
    """Earlier versions of a message that was edited, oldest first; `at` is when each was changed."""
    return await call.read(views.earlier, message_id)
