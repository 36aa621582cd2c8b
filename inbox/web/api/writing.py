"""What the composer needs: canned replies, drafts over devices, taking back, how somebody writes."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from inbox.access.rights import Right
from inbox.actions import canned as replies
from inbox.actions import drafts
from inbox.views import writing as views
from inbox.views.paging import Page
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import NOT_GIVEN, Body, Change, Id, Language, LongText, PageQuery, Query

Shortcut = Annotated[str, StringConstraints(pattern=r"^[\w-]{1,40}$")]
CannedText = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]


class NewCanned(Body):
    """A ready answer to keep."""

    shortcut: Shortcut
    """What is typed after `/`: letters, digits, - and _."""
    language: Language
    text: CannedText
    """With Jinja variables: `contact`, `me`, `conversation`, `channel`."""
    shared: bool = False
    """For everybody; else only for me."""


class CannedChange(Change):
    """What to change about a ready answer."""

    shortcut: Shortcut = NOT_GIVEN
    language: Language = NOT_GIVEN
    text: CannedText = NOT_GIVEN
    shared: bool = NOT_GIVEN


class FillQuery(Query):
    """For which conversation."""

    conversation: Id


class DraftFile(Body):
    """An upload that waits to be sent."""

    file: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    kind: Annotated[str, Field(max_length=20)]
    name: Annotated[str, Field(max_length=200)]
    mime: Annotated[str, Field(max_length=100)]
    size: Annotated[int, Field(ge=0, le=2**40)]
    url: Annotated[str, StringConstraints(pattern=r"^/api/v1/uploads/[0-9a-f]{64}$")]


class DraftKept(Body):
    """What is being written, whole."""

    text: LongText = ""
    note: bool = False
    channel_id: Id | None = None
    subject: Annotated[str, Field(max_length=998)] = ""
    cc: Annotated[str, Field(max_length=10_000)] | None = None
    reply_to: Id | None = None
    attachments: list[DraftFile] = Field(default=[], max_length=20)
    seen: Id | None = None
    """The newest message that the writer knew when they began."""
    device: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{0,40}$")] = ""
    """Comes back in the live event, so that a window knows its own words."""


class WritingChange(Change):
    """What to change about how I write."""

    signature: Annotated[str, Field(max_length=2000)] = NOT_GIVEN
    undo_seconds: Literal[0, 5, 10, 30] = NOT_GIVEN


@endpoint("GET", "/canned", Right.TEMPLATES_READ)
async def list_canned(call: Call, query: PageQuery) -> Page[views.CannedShown]:
    """Canned replies: everybody's and my own, by shortcut."""
    return await call.read(views.canned, call.me, query.cursor, query.limit)


@endpoint("POST", "/canned", Right.SELF, status=201)
async def add_canned(call: Call, body: NewCanned) -> views.CannedShown:
    """Keep a canned reply.

    One's own needs the right to answer, everybody's the right to write templates. 422 says what cannot be rendered.
    """
    given = body.model_dump()
    return await call.read(views.one_canned, await call.run(replies.add, call.now, _owner(call), **given))


@endpoint("PATCH", "/canned/{canned_id}", Right.SELF)
async def change_canned(call: Call, canned_id: int, body: CannedChange) -> views.CannedShown:
    """Change a canned reply."""
    await call.run(replies.change, call.now, _owner(call), canned_id, body.given())
    return await call.read(views.one_canned, canned_id)


@endpoint("DELETE", "/canned/{canned_id}", Right.SELF)
async def remove_canned(call: Call, canned_id: int) -> None:
    """Forget a canned reply."""
    await call.run(replies.remove, call.now, _owner(call), canned_id)


@endpoint("GET", "/canned/{canned_id}/text", Right.CONVERSATIONS_READ)
async def fill_canned(call: Call, canned_id: int, query: FillQuery) -> replies.Filled:
    """What a canned reply says in a conversation.

    Where a value is missing, `problem` says which, and the text comes as it is kept.
    """
    return await call.read(replies.fill, call.me, canned_id, query.conversation)


@endpoint("GET", "/drafts", Right.CONVERSATIONS_READ)
async def list_drafts(call: Call, query: PageQuery) -> Page[views.DraftShown]:
    """What I have begun to write, newest conversation first."""
    return await call.read(views.drafts, call.me, query.cursor, query.limit)


@endpoint("GET", "/conversations/{conversation_id}/draft", Right.CONVERSATIONS_READ)
async def get_draft(call: Call, conversation_id: int) -> views.DraftShown:
    """What I have begun to write here; an empty draft if nothing."""
    return await call.read(views.draft, call.me, conversation_id)


@endpoint("PUT", "/conversations/{conversation_id}/draft", Right.CONVERSATIONS_WRITE)
async def keep_draft(call: Call, conversation_id: int, body: DraftKept) -> None:
    """Keep what I am writing for my other devices, in place of what was kept before; an empty one is forgotten."""
    said = body.model_dump(exclude={"device"})
    await call.run(drafts.keep, call.now, call.me, conversation_id, said, body.device)


@endpoint("POST", "/messages/{message_id}/recall", Right.CONVERSATIONS_WRITE)
async def recall_message(call: Call, message_id: int) -> views.DraftShown:
    """Take back a message that waits to be sent, and get what it said, to write on. 409 when it is being sent already."""
    said = await call.run(drafts.recall, call.now, call.me, message_id)
    return views.DraftShown(**said, seen=None, changed_at=call.now)


@endpoint("GET", "/writing", Right.SELF)
async def get_writing(call: Call) -> views.Writing:
    """My signature, and how long I can take back what I sent."""
    return await call.read(views.writing, call.me)


@endpoint("PATCH", "/writing", Right.SELF)
async def change_writing(call: Call, body: WritingChange) -> views.Writing:
    """Change my signature, or the time to take back."""
    await call.run(drafts.write_as, call.me, body.given())
    return await call.read(views.writing, call.me)


def _owner(call: Call) -> replies.Owner:
    return replies.Owner(id=call.me, rights=call.who.rights)
