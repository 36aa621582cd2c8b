"""Messages: the thread, replies and notes, trying again."""

from typing import Annotated, Any, Literal

from pydantic import Field, HttpUrl, StringConstraints

from inbox.access.rights import Right
from inbox.actions import messages as actions
from inbox.actions import resending
from inbox.delivery.preview import look_ahead
from inbox.views import messages as views
from inbox.views.outlook import Preview, show
from inbox.views.paging import Page
from inbox.web import keys
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import Body, Id, LongText, PageQuery, When
from inbox.web.recalling import recall_stops_of
from inbox.web.repeat import once


class ThreadQuery(PageQuery):
    """Which part of the thread."""

    timeline: Literal["conversation", "contact"] = "conversation"
    """contact: the person's messages over all conversations and channels."""
    newest: bool = False
    """The newest messages (still oldest first); `next` then leads to older ones."""
    before: Id | None = None
    """What stands before this message; `next` leads to older ones."""
    after: Id | None = None
    """What stands after this message; `next` leads to newer ones."""
    around: Id | None = None
    """This message with what stands before and after it; `next` leads to older ones."""
    at: When | None = None
    """As `around`, for the first message at this time or later, else the last one there is."""


class ChoiceSent(Body):
    """A button under the message."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    description: Annotated[str, Field(max_length=200)] = ""
    """A second line, where choices are shown as a list."""
    section: Annotated[str, Field(max_length=200)] = ""
    """Heading over the choices that have the same one, where choices are shown as a list."""
    kind: Literal["reply", "link", "location", "form"] = "reply"
    """link opens `value`; location asks where the customer is; form opens the provider's form `value`."""
    value: Annotated[str, Field(max_length=2000)] = ""


class FileSent(Body):
    """An attachment: either `file` (from POST /uploads) or `url` (fetched when sending)."""

    file: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    url: Annotated[HttpUrl, Field(strict=False)] | None = None
    name: Annotated[str, Field(max_length=200)] | None = None
    mime: Annotated[str, Field(max_length=100)] | None = None
    voice: bool = False
    """Of an upload: a sound that was spoken for this message, sent as such where the channel knows them."""

    def to_send(self) -> actions.FileToSend:
        url = str(self.url) if self.url else None
        return actions.FileToSend(file=self.file, url=url, name=self.name, mime=self.mime, voice=self.voice)


class PlaceSent(Body):
    """A place on the map."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    name: Annotated[str, Field(max_length=1000)] = ""
    address: Annotated[str, Field(max_length=1000)] = ""


Mail = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]


class CardSent(Body):
    """Somebody whom the customer may want to reach."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    phones: list[Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 ()./-]{2,40}$")]] = Field(default=[], max_length=10)
    emails: list[Mail] = Field(default=[], max_length=10)
    organisation: Annotated[str, Field(max_length=200)] = ""
    url: Annotated[str, Field(max_length=2000)] = ""


class TypedValue(Body):
    """A variable of a template that the customer's phone writes in their own way; `fallback_value` is for old phones."""

    type: Literal["currency", "date_time"]
    fallback_value: Annotated[str, Field(max_length=1000)]
    code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    """Of a currency, ISO 4217."""
    amount_1000: Annotated[int, Field(ge=-(10**15), le=10**15)] = 0
    """Of a currency: the amount in thousandths."""

    def to_send(self) -> dict[str, Any]:
        """In the provider's words, as `channels.base.TemplateValue` wants it."""
        amount = {"code": self.code, "amount_1000": self.amount_1000} if self.type == "currency" else {}
        return {"type": self.type, self.type: {"fallback_value": self.fallback_value, **amount}}


class TemplateSent(Body):
    """An approved template of the provider. Its list is GET /templates?channel=."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", max_length=35)]
    """As the provider writes it: en_US."""
    variables: dict[str, str | TypedValue] = Field(default_factory=dict, max_length=100)
    """By the names that GET /templates gives: 1, 2 or names; `header` for the header's own."""
    media: FileSent | None = None
    """The picture, video or document of the header."""
    buttons: dict[Annotated[str, StringConstraints(pattern=r"^[0-9]$")], Annotated[str, Field(max_length=2000)]] = Field(
        default_factory=dict
    )
    """Index of a button -> its value: the end of a link, a code, what a reply sends back."""

    def to_send(self) -> dict[str, Any]:
        """What the message's row keeps of it."""
        variables = {k: v if isinstance(v, str) else v.to_send() for k, v in self.variables.items()}
        return {"name": self.name, "language": self.language, "variables": variables, "buttons": self.buttons}

    def files(self) -> list[actions.FileToSend]:
        """The header's file, which goes as an attachment of the message."""
        return [self.media.to_send()] if self.media is not None else []


class NewMessage(Body):
    """A reply to the customer, or with `note` a note to colleagues."""

    text: LongText = ""
    channel_id: Id | None = None
    """Without one: the channel that the customer used last."""
    choices: list[ChoiceSent] = Field(default_factory=list, max_length=30)
    attachments: list[FileSent] = Field(default_factory=list, max_length=20)
    template: TemplateSent | None = None
    location: PlaceSent | None = None
    contacts: list[CardSent] = Field(default_factory=list, max_length=10)
    reaction: Annotated[str, Field(max_length=50)] | None = None
    """An emoji on the message `reply_to`, empty to take it back. Sent as a text where the channel knows no reactions."""
    cc: list[Mail] | None = Field(default=None, max_length=50)
    """Who else gets the mail: without it whoever was on the customer's mail, empty: nobody. Other channels know no copies."""
    reply_to: Id | None = None
    """The message that this one quotes."""
    subject: Annotated[str, Field(max_length=998)] | None = None
    note: bool = False
    send_at: When | None = None
    """Not before this time."""
    mentions: list[Id] = Field(default=[], max_length=50)
    """Managers whom a note calls: they are told of it."""
    hold: Annotated[int, Field(ge=0, le=30)] = 0
    """Seconds that the message waits before it is sent, so that it can be taken back (DELETE, or POST …/recall)."""
    sign: bool = False
    """Put my signature under it, where it goes as a mail."""
    seen_up_to: Id | None = None
    """The newest message that I have seen. If a colleague has answered since, 409 names them and nothing is sent."""
    confirm: bool = False
    """I know that a colleague has answered, and answer too."""
    ref: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    """The client's own name of this message, told back in `data.ref`: by it a window knows what it shows already."""

    def to_say(self) -> actions.Reply:
        """What the use cases are told."""
        return actions.Reply(
            text=self.text, channel_id=self.channel_id, choices=[c.model_dump(exclude_defaults=True) for c in self.choices],
            attachments=[f.to_send() for f in self.attachments] + (self.template.files() if self.template else []),
            template=self.template.to_send() if self.template else None,
            reply_to=self.reply_to, subject=self.subject, note=self.note, send_at=self.send_at,
            location=self.location.model_dump() if self.location else None, contacts=[c.model_dump() for c in self.contacts],
            reaction=self.reaction, cc=self.cc, mentions=self.mentions, hold=self.hold, sign=self.sign,
            seen_up_to=self.seen_up_to, confirm=self.confirm, ref=self.ref,
        )  # fmt: skip


class Retry(Body):
    """How to try again."""

    confirm: bool = False
    """I know that the message may arrive twice (needed where its fate is unknown)."""
    channel_id: Id | None = None
    """Over this channel instead of the one that it failed on."""


class Settle(Body):
    """What became of a message of unknown fate."""

    arrived: bool
    """The customer has it: it counts as sent. Otherwise it failed, and can be sent again."""


@endpoint("GET", "/conversations/{conversation_id}/messages", Right.CONVERSATIONS_READ)
async def list_messages(call: Call, conversation_id: int, query: ThreadQuery) -> Page[views.Message]:
    """Messages of a conversation, oldest first."""
    wanted = views.Window(
        newest=query.newest,
        before=query.before,
        after=query.after,
        around=query.around,
        at=query.at,
        cursor=query.cursor,
        limit=query.limit,
    )
    return await call.read(views.page, conversation_id, wanted, whole_person=query.timeline == "contact")


@endpoint("POST", "/conversations/{conversation_id}/messages", Right.CONVERSATIONS_WRITE, status=201, repeatable=True)
async def add_message(call: Call, conversation_id: int, body: NewMessage) -> views.Message:
    """Reply, or keep a note.

    The message is queued; its `state` and the live stream tell what becomes of it. 409 says in words why the channel cannot
    be used now. A reply to a closed conversation reopens it.
    """
    if body.channel_id is not None:
        await recall_stops_of(call, conversation_id)
    message_id = await once(call, actions.reply, call.now, call.me, conversation_id, body.to_say())
    return await call.read(views.one, message_id)


@endpoint("GET", "/messages/{message_id}", Right.CONVERSATIONS_READ)
async def get_message(call: Call, message_id: int) -> views.Message:
    """One message."""
    return await call.read(views.one, message_id)


@endpoint("POST", "/conversations/{conversation_id}/preview", Right.CONVERSATIONS_WRITE)
async def preview_message(call: Call, conversation_id: int, body: NewMessage) -> Preview:
    """See what the customer would get.

    The parts that the channel makes of it, what of it is said otherwise, what it costs, why it cannot be sent and how it could.
    """
    outlook = await call.read(look_ahead, call.now, conversation_id, body.to_say(), call.app[keys.SETTINGS].base_url)
    line = await call.app[keys.ACCOUNTS].line(outlook.way.channel_id)
    return show(outlook, line.connector if line is not None else None)


@endpoint("POST", "/messages/{message_id}/retry", Right.CONVERSATIONS_WRITE, status=201, repeatable=True)
async def retry_message(call: Call, message_id: int, body: Retry) -> views.Message:
    """Send a failed message again, as a new one.

    However often and by whomever it is asked for, it is sent once: later calls answer with the same new message.
    """
    message_id = await once(
        call, resending.retry, call.now, call.me, message_id, confirm=body.confirm, channel_id=body.channel_id
    )
    return await call.read(views.one, message_id)


@endpoint("POST", "/messages/{message_id}/settle", Right.CONVERSATIONS_WRITE)
async def settle_message(call: Call, message_id: int, body: Settle) -> views.Message:
    """Say what became of a message of unknown fate, where you found out."""
    await call.run(resending.settle, call.now, call.me, message_id, arrived=body.arrived)
    return await call.read(views.one, message_id)


@endpoint("DELETE", "/messages/{message_id}", Right.CONVERSATIONS_WRITE)
async def cancel_message(call: Call, message_id: int) -> None:
    """Call back a message that is queued or scheduled. 409 when it is being sent already."""
    await call.run(resending.cancel, call.now, call.me, message_id)
