"""Messages: the thread, replies and notes, trying again."""

from typing import Annotated, Literal

from pydantic import Field, HttpUrl, StringConstraints

from inbox.actions import messages as actions
from inbox.rights import Right
from inbox.views import messages as views
from inbox.views.paging import Page
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import Body, Id, Language, LongText, PageQuery, When
from inbox.web.repeat import once


class ThreadQuery(PageQuery):
    """Which part of the thread."""

    timeline: Literal["conversation", "contact"] = "conversation"
    """contact: the person's messages over all conversations and channels."""
    newest: bool = False
    """The newest messages (still oldest first); `next` then leads to older ones."""
    before: Id | None = None
    """What stands before this message; `next` leads to older ones."""


class ChoiceSent(Body):
    """A button under the message."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class FileSent(Body):
    """An attachment: either `file` (from POST /uploads) or `url` (fetched when sending)."""

    file: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    url: Annotated[HttpUrl, Field(strict=False)] | None = None
    name: Annotated[str, Field(max_length=200)] | None = None
    mime: Annotated[str, Field(max_length=100)] | None = None

    def to_send(self) -> actions.FileToSend:
        return actions.FileToSend(file=self.file, url=str(self.url) if self.url else None, name=self.name, mime=self.mime)


class TemplateSent(Body):
    """An approved template of the provider."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    language: Language
    variables: dict[str, str] = Field(default_factory=dict, max_length=100)


class NewMessage(Body):
    """A reply to the customer, or with `note` a note to colleagues."""

    text: LongText = ""
    channel_id: Id | None = None
    """Without one: the channel that the customer used last."""
    choices: list[ChoiceSent] = Field(default_factory=list, max_length=30)
    attachments: list[FileSent] = Field(default_factory=list, max_length=20)
    template: TemplateSent | None = None
    reply_to: Id | None = None
    """The message that this one quotes."""
    subject: Annotated[str, Field(max_length=998)] | None = None
    note: bool = False
    send_at: When | None = None
    """Not before this time."""


class Retry(Body):
    """How to try again."""

    confirm: bool = False
    """I know that the message may arrive twice (needed where its fate is unknown)."""


@endpoint("GET", "/conversations/{conversation_id}/messages", Right.CONVERSATIONS_READ)
async def list_messages(call: Call, conversation_id: int, query: ThreadQuery) -> Page[views.Message]:
    """Messages of a conversation, oldest first."""
    wanted = views.Window(newest=query.newest, before=query.before, cursor=query.cursor, limit=query.limit)
    return await call.read(views.page, conversation_id, wanted, whole_person=query.timeline == "contact")


@endpoint("POST", "/conversations/{conversation_id}/messages", Right.CONVERSATIONS_WRITE, status=201, repeatable=True)
async def add_message(call: Call, conversation_id: int, body: NewMessage) -> views.Message:
    """Reply, or keep a note.

    The message is queued; its `state` and the live stream tell what becomes of it. 409 says in words why the channel cannot
    be used now. A reply to a closed conversation reopens it.
    """
    said = actions.Reply(
        text=body.text, channel_id=body.channel_id, choices=[c.model_dump() for c in body.choices],
        attachments=[f.to_send() for f in body.attachments], template=body.template.model_dump() if body.template else None,
        reply_to=body.reply_to, subject=body.subject, note=body.note, send_at=body.send_at,
    )  # fmt: skip
    message_id = await once(call, actions.reply, call.now, call.me, conversation_id, said)
    return await call.read(views.one, message_id)


@endpoint("GET", "/messages/{message_id}", Right.CONVERSATIONS_READ)
async def get_message(call: Call, message_id: int) -> views.Message:
    """One message."""
    return await call.read(views.one, message_id)


@endpoint("POST", "/messages/{message_id}/retry", Right.CONVERSATIONS_WRITE, status=201, repeatable=True)
async def retry_message(call: Call, message_id: int, body: Retry) -> views.Message:
    """Send a failed message again, as a new one."""
    message_id = await once(call, actions.retry, call.now, call.me, message_id, confirm=body.confirm)
    return await call.read(views.one, message_id)
