"""The contract of a channel: what a connector is given, what it returns, and the errors that decide what happens next.

A connector translates and nothing else. It never sees the database, the queue or the web framework: it is handed its
settings and a `Transport`, turns provider payloads into the events of `channels.events`, and turns an `OutgoingMessage`
into provider calls. Everything that crosses this boundary is a frozen dataclass.

Errors a connector may raise; the class alone decides what the caller does:

    ChannelError
    ├── BadSignature     inbound call is not authentic            -> 401, nothing stored
    ├── BadPayload       authentic, but not even the right format -> 400, raw body kept
    ├── Retry            the provider did not take it, try later  -> again, with growing pauses
    │   └── Throttled    ... and it said how long to wait         -> again after `after` seconds
    ├── Refused          the provider will never take this one    -> failed, the operator reads `reason`
    │   └── Blocked      ... nor anything else for this person    -> failed, the address is suppressed
    ├── Misconfigured    our token, number or server is wrong     -> the channel pauses, messages wait
    └── Unknown          it may or may not have been taken        -> unknown, never sent again blindly
"""

import abc
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

import aiohttp
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from channels.events import JSON, Event


class ChannelError(Exception):
    """Base of all that a connector raises. `code` is the provider's own code, `reason` is for the operator, in English."""

    def __init__(self, reason: str, *, code: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class BadSignature(ChannelError):
    """The inbound call does not prove that it comes from the provider. `missing` tells 401 (no proof) from 403 (wrong proof)."""

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        super().__init__(reason)
        self.missing = missing


class BadPayload(ChannelError):
    """The body as a whole cannot be read (not JSON, not a form, a required field of the envelope is missing)."""


class Retry(ChannelError):
    """The provider certainly did not accept the message, for a reason that passes: connection refused, 5xx, busy."""


class Throttled(Retry):
    """The provider asks us to wait `after` seconds. `one_person`: only with what goes to this person, not with the channel."""

    def __init__(self, reason: str, *, after: float, code: str = "", one_person: bool = False) -> None:
        super().__init__(reason, code=code)
        self.after = after
        self.one_person = one_person


class Refused(ChannelError):
    """The provider refuses this message for good."""


class Blocked(Refused):
    """The person blocked us, opted out or has left: nothing can be sent to this address on this channel.

    `marketing_only`: they stopped broadcasts; answers to what they write are still welcome.
    """

    def __init__(self, reason: str, *, code: str = "", marketing_only: bool = False) -> None:
        super().__init__(reason, code=code)
        self.marketing_only = marketing_only


class Misconfigured(ChannelError):
    """The channel itself is wrong (token revoked, number gone): no message of it can be sent until somebody mends it.

    `field`: the setting that is wrong, where that is known.
    """

    def __init__(self, reason: str, *, code: str = "", field: str = "") -> None:
        super().__init__(reason, code=code)
        self.field = field


class Unknown(ChannelError):
    """The call ended after the request was written and before an answer was read: the message may have been accepted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hook:
    """One inbound delivery exactly as it came: a webhook call, or a polled update or mail in the same clothes.

    `url` is the public address that the provider called, query included (Twilio signs it); `headers` have lower-case names.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the provider gets back from an accepted hook."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What a channel carries. `channels.fit` degrades a message to this before `send` sees it. Lengths in characters."""

    text_limit: int = 4096
    caption_limit: int = 0
    """0: attachments carry no caption, text goes in a message of its own."""
    choices: int = 0
    """How many buttons a message may have; 0: they are numbered in the text and understood in the answer."""
    choice_title_limit: int = 20
    media: frozenset[str] = frozenset()
    """Attachment kinds that can be sent: image, audio, voice, video, file, sticker. Others become a link in the text."""
    media_limit: int = 0
    """Largest attachment in bytes, 0: no limit known."""
    attachments: int = 1
    """Attachments in one message; more become several messages."""
    html: bool = False
    subject: bool = False
    replies: bool = False
    """A reply can quote an earlier message."""
    templates: bool = False
    can_start: bool = True
    """We may write first; False: the customer has to write before we can."""
    window: timedelta | None = None
    """Free messages are allowed only so long after the customer's last one."""
    typing: bool = False
    receipts: frozenset[str] = frozenset()
    """States that the provider reports by itself: sent, delivered, read, failed."""
    rate: float = 30.0
    """Messages a second that the provider takes from one channel, a quarter of them at once. 0: no limit known."""
    address_rate: float | None = None
    """Messages a second that the provider takes for one person, where it counts them; None: as many as the channel's."""
    address_burst: int = 1
    """How many may go to one person at once before `address_rate` holds them back."""
    choice_kinds: frozenset[str] = frozenset({"reply"})
    """Kinds of `Choice` that are buttons here. A link becomes a line of the text; the others have nothing to stand for them."""
    natively: frozenset[str] = frozenset()
    """What it carries as such: location, contacts, reaction. Elsewhere words and a link to a map say the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A button: the `id` comes back in `InboundMessage.choice`."""

    id: str
    title: str
    description: str = ""
    """A second line, where choices are shown as a list."""
    section: str = ""
    """Heading over the choices of a list that have the same one."""
    kind: str = "reply"
    """reply; link (opens `value`, nothing comes back); location (asks where the customer is); form (opens form `value`)."""
    value: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingFile:
    """An attachment to send. `url` is a public signed address where the provider may fetch it; `read` gives its bytes."""

    kind: str
    """image, audio, voice, video, file or sticker."""
    name: str
    mime: str
    size: int
    url: str
    read: Callable[[], bytes] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    """A place on the map."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactCard:
    """Somebody whom the customer may want to reach. `name` as it is shown; phones in E.164."""

    name: str
    phones: Sequence[str] = ()
    emails: Sequence[str] = ()
    organisation: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateHeader:
    """What stands above a template's text. `variables` name what `TemplateUse.variables` must hold for it."""

    kind: str
    """text, image, video, gif, document, location."""
    text: str = ""
    variables: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateButton:
    """A button under a template. `variable`: `TemplateUse.buttons` must hold a value under its index."""

    kind: str
    """reply, url, phone, copy_code, otp, flow, catalog, call ... as the provider calls it."""
    text: str = ""
    variable: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderTemplate:
    """A template that the provider keeps for this account; only an approved one can be sent."""

    name: str
    language: str
    external_id: str = ""
    status: str = "approved"
    """approved, pending, rejected, paused, disabled."""
    category: str = ""
    quality: str = ""
    """high, medium, low, unknown; empty where the provider does not say."""
    reason: str = ""
    """Why it is rejected or paused."""
    body: str = ""
    """Text with {{1}} or {{name}} where its variables go."""
    variables: Sequence[str] = ()
    """Of the body, in their order."""
    header: TemplateHeader | None = None
    footer: str = ""
    buttons: Sequence[TemplateButton] = ()
    problem: str = ""
    """Why it cannot be sent from here even when it is approved."""


TemplateValue = str | Mapping[str, JSON]
"""A text, or a typed value in the provider's own words with a `fallback_value` ({"type": "currency", "currency": {...}})."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateUse:
    """An approved template of the provider with its variables, positional ("1", "2") or named.

    A header's variable is called `header`, or `header.NAME` where it is named; a file of the header is the message's
    attachment, a place its `location`.
    """

    name: str
    language: str
    variables: Mapping[str, TemplateValue] = field(default_factory=dict)
    buttons: Mapping[str, str] = field(default_factory=dict)
    """Index of a button ("0") -> its value: end of a link, code, what a reply sends back."""
    button_kinds: Mapping[str, str] = field(default_factory=dict)
    """Index of a button -> its `TemplateButton.kind`, url where it is not said."""
    header: str = ""
    """`TemplateHeader.kind`, where the header is known: in what form its file goes."""
    components: Sequence[Mapping[str, JSON]] = ()
    """Further parts in the provider's own words, for what the fields above have none for (carousel, limited-time offer)."""
    external_id: str = ""
    """The provider's id of it, where it is known (`ProviderTemplate.external_id`); some providers send by id only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingMessage:
    """One message for the provider, already fitted to the channel's capabilities."""

    id: str
    """Our message id (part number included). It goes to the provider wherever that echoes it back in statuses."""
    address: str
    """The channel's own address of the person: phone in E.164, chat id, mail address, visitor id."""
    text: str = ""
    html: str | None = None
    subject: str | None = None
    name: str | None = None
    """The person's name (the display name of a mail)."""
    choices: Sequence[Choice] = ()
    attachments: Sequence[OutgoingFile] = ()
    template: TemplateUse | None = None
    reply_to: str | None = None
    """External id of the message that this one quotes or answers."""
    quote: str = ""
    """The beginning of the message that is quoted; `channels.fit` puts it above the text where `replies` is not carried."""
    references: Sequence[str] = ()
    """Earlier external ids of the thread, oldest first (mail)."""
    cc: Sequence[str] | None = None
    """Who else gets it (mail). None: whoever else was on the mail that a person's answer is about; empty: nobody."""
    token: str = ""
    """Secret token of the conversation, for a reply address (mail)."""
    automatic: bool = False
    """Written by a bot or a broadcast: mail says Auto-Submitted."""
    bulk: bool = False
    unsubscribe_url: str | None = None
    extra: Mapping[str, JSON] = field(default_factory=dict)
    """Facts about the address that the connector itself reported earlier (`InboundMessage.reply_context`)."""
    status_url: str | None = None
    """Public address of this channel's hook with our message id in it, for providers that call back per message."""
    location: Location | None = None
    contacts: Sequence[ContactCard] = ()
    reaction: str | None = None
    """An emoji on the message `reply_to`, empty to take it back. `text` says it where the channel knows no reactions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """The provider took the message. `external_ids`: one a provider-side message (an album has several), all within `thread`."""

    external_ids: Sequence[str] = ()
    thread: str = ""
    state: str = "sent"
    """sent, or delivered where accepting is delivering."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """An attachment fetched from the provider."""

    content: bytes
    mime: str = ""
    name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Segments:
    """What a text costs where each piece of it is paid for (SMS)."""

    encoding: str
    """GSM-7 or UCS-2: one character outside of GSM's alphabet makes the whole text UCS-2."""
    characters: int
    """Units used: most characters are one, some two."""
    count: int
    """How many SMS are sent and paid for; 0 for no text at all."""
    left: int
    """Units that still fit into the last of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """What the provider says this channel is, after `connect`. `notes` are warnings for the person who set it up."""

    name: str
    address: str = ""
    notes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing that was looked at on a channel. `mend`: what a newcomer has to do where it is not ok; no secret in any field."""

    name: str
    """What was looked at, in a word or two: token, webhook, permissions, IMAP ..."""
    state: str = "ok"
    """ok, warning (works, but not as it should, or cannot be told now) or error (does not work)."""
    text: str = ""
    mend: str = ""

    @classmethod
    def failed(cls, name: str, error: ChannelError, mend: str) -> "Check":
        """What a refused call tells: an error where the provider said no, a warning where it could not be asked."""
        if isinstance(error, Retry | Unknown):
            return cls(name=name, state="warning", text=error.reason, mend="This may pass: try again in a minute")
        return cls(name=name, state="error", text=error.reason, mend=mend)


class Settings(BaseModel):
    """Base of a connector's settings. Fields draw the form (title, description); a `SecretStr` is encrypted and never logged."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, str_strip_whitespace=True)

    rate: Annotated[float | None, BeforeValidator(lambda given: None if given == "" else given)] = Field(
        default=None,
        title="Messages a second",
        description="How fast this channel may send; empty: as fast as its provider is known to take, 0: without a limit of ours",
        ge=0,
        le=10_000,
    )


Publish = Callable[[str, Mapping[str, Any]], Awaitable[None]]
"""(topic, message): pushes to browsers that wait on a topic. The web chat's only wire. `Any`: the message is JSON."""


async def publish_nowhere(topic: str, message: Mapping[str, Any]) -> None:
    """The publisher of a process in which no browser can listen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Transport:
    """What a connector may reach the world with; a test or the sandbox puts its own here."""

    http: aiohttp.ClientSession
    publish: Publish = publish_nowhere


Accept = Callable[[Hook, Mapping[str, JSON]], Awaitable[None]]
"""(hook, cursor): keeps the raw body and the cursor in one transaction, receives the events, returns when all is on disk."""


class Connector(abc.ABC):
    """One connected account of one provider. Subclasses are found by their `kind` (see `channels.registry`)."""

    kind: ClassVar[str]
    """Short name: `switchboard channel add KIND`."""
    title: ClassVar[str]
    can: Capabilities
    settings_type: ClassVar[type[Settings]]
    identity: ClassVar[str]
    """Kind of the identities that an address of this channel is: phone, email, telegram, webchat ..."""
    long_to_read: ClassVar[bool] = False
    """Whether `parse` may take so long (a mail of many megabytes) that others must not wait for it."""

    def __init__(self, settings: Settings, transport: Transport) -> None: ...

    @classmethod
    def capabilities(cls, settings: Settings) -> Capabilities:
        """What a channel with these settings carries; override where it depends on them (secrets may be missing here)."""
        return cls.can

    @abc.abstractmethod
    def verify(self, hook: Hook) -> None:
        """Return if the hook is authentic, else raise BadSignature. Compares in constant time, parses no more than it must."""

    @abc.abstractmethod
    def parse(self, hook: Hook) -> Sequence[Event]:
        """Everything that the hook says, in its order. Pure. Raises BadPayload if the body as a whole is unreadable.

        Tolerant: an element that cannot be read becomes a Notice(kind="broken") with the element in `data`, its
        neighbours stay; an element of an unknown kind becomes an InboundMessage(kind="unsupported") if a person
        sent it, else a Notice.
        """

    @abc.abstractmethod
    async def send(self, message: OutgoingMessage) -> Sent:
        """Give one message to the provider. Raises one of Retry, Throttled, Refused, Blocked, Misconfigured, Unknown.

        Connection refused or no route is Retry; a time-out or a closed connection after the request was written is Unknown.
        """

    def cost(self, message: OutgoingMessage) -> Segments | None:
        """How many paid pieces the provider makes of this (fitted) message, for the preview. Pure. None: it is one piece."""
        return None

    @property
    def account(self) -> str:
        """The provider's id of this account, where it may tell one address of several accounts; else empty."""
        return ""

    def by_account(self, hook: Hook) -> Mapping[str, Hook]:
        """The hook taken apart by the account that each part is for; "" for what is for none in particular. Never raises."""
        return {"": hook}

    def answer(self, hook: Hook) -> Answer:
        """The answer to an accepted hook. For a GET, the handshake: raise BadSignature where the secret in it is wrong.

        Called for every GET instead of verify/parse, and after storing for all other methods.
        """
        return Answer()

    async def download(self, remote: Mapping[str, JSON]) -> Download:
        """Fetch the attachment that `InboundFile.remote` names. Raises Retry, Refused (gone for good) or Misconfigured."""
        raise Refused(f"{self.title} has no attachments to download")

    async def pull(self, cursor: Mapping[str, JSON], accept: Accept) -> None:
        """Fetch from the provider until cancelled (polling, IMAP, a listening port), giving each delivery to `accept`.

        `cursor` is what was last stored with `accept`, {} at first. Raise Retry or Misconfigured on failure: the
        caller starts it again after a growing pause. Channels that are only called by webhook return at once.
        """

    @property
    def pulls(self) -> bool:
        """Whether `pull` has anything to do with these settings."""
        return False

    async def typing(self, address: str, reply_to: str | None = None, extra: Mapping[str, JSON] | None = None) -> None:
        """Show the customer that somebody writes. Best effort: errors are the caller's to ignore."""

    async def read(self, address: str, external_id: str, extra: Mapping[str, JSON] | None = None) -> None:
        """Show the customer that their message was read. Best effort: errors are the caller's to ignore."""

    async def templates(self) -> Sequence[ProviderTemplate] | None:
        """All templates of the account, None where the provider keeps no list. Raises Retry, Refused or Misconfigured."""
        return None

    async def connect(self, webhook: str) -> Account:
        """Check the settings with the provider, tell it our webhook address where it takes one. Raises Misconfigured or Retry."""
        return Account(name=self.title)

    async def checks(self, webhook: str) -> Sequence[Check]:
        """Look at all that can be wrong with the channel: token, permissions, webhook, servers. Raises nothing.

        A connector's own looks and changes nothing with the provider; this default asks `connect`.
        """
        try:
            account = await self.connect(webhook)
        except ChannelError as error:
            return [Check.failed("account", error, "Compare the settings with what the provider shows")]
        said = [Check(name="account", state="warning", text=note) for note in account.notes]
        return [Check(name="account", text=f"{account.name} {account.address}".strip()), *said]

    async def close(self) -> None:
        """Let go of connections of one's own. The transport belongs to the caller."""


async def call_once(request: Callable[[], Awaitable[aiohttp.ClientResponse]]) -> tuple[int, Mapping[str, str], bytes]:
    """Make one provider call and read its answer whole, with the network's errors turned into ours.

    The network's own words are dropped: they may hold the address, and with it a token.
    Returns (status, headers, body). Raises Retry where the request cannot have reached the provider, Unknown where it may have.
    """
    try:
        response = await request()
        async with response:
            return response.status, response.headers, await response.read()
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise Retry("The provider cannot be reached", code="connect") from None
    except (TimeoutError, aiohttp.ClientError, OSError):
        raise Unknown("The connection broke before the provider answered", code="broken") from None
