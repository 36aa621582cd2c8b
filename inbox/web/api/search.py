"""Search: one question to all messages, people and files' names."""

from typing import Annotated

from pydantic import Field

from inbox.access.rights import Right
from inbox.search import find
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import Id, PageQuery, When


class SearchQuery(PageQuery):
    """What to search for, and where."""

    q: Annotated[str, Field(max_length=200)] = ""
    """Words in any form, the last one may be unfinished; "quoted" words stand together; parts of phones and mail addresses."""
    channel: Id | None = None
    contact: Id | None = None
    since: When | None = Field(default=None, alias="from")
    until: When | None = Field(default=None, alias="to")
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    """Most messages of a page."""


@endpoint("GET", "/search", Right.CONVERSATIONS_READ)
async def search(call: Call, query: SearchQuery) -> find.Found:
    """Search messages, people and files' names.

    The newest first; `next` leads to older messages. People are found by those who may read contacts, and only where neither a
    channel, a person nor a time is asked for.
    """
    wanted = find.Wanted(
        q=query.q, channel=query.channel, contact=query.contact, since=query.since, until=query.until, cursor=query.cursor,
        limit=query.limit,
    )  # fmt: skip
    return await call.read(find.find, wanted, call.now, people=Right.CONTACTS_READ in call.who.rights)
