"""What happened on a provider's side, in one vocabulary for all channels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

JSON = Any
"""A JSON value. `Any`, because mypy's recursive aliases cost more than they find at this edge."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """One address of a person. `kind`: phone (E.164), email (lower case), telegram, whatsapp (business-scoped id), webchat ...

    `verified`: the provider vouches for it; a typed address is only claimed.
    """

    kind: str
    address: str
    verified: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Who did it. `identities[0]` is what `address` on this channel stands for; the rest are further ones of the person."""

    identities: Sequence[Identity]
    name: str | None = None
    username: str | None = None
    language: str | None = None
    """BCP 47, where the provider tells it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InboundFile:
    """An attachment. Either `content` (mail) or `remote`, which `Connector.download` understands; never a secret in `remote`."""

    kind: str
    """image, audio, voice, video, file, sticker."""
    name: str = ""
    mime: str = ""
    size: int | None = None
    content: bytes | None = field(default=None, repr=False)
    remote: Mapping[str, JSON] = field(default_factory=dict)
    content_id: str | None = None
    """Set for the inline images of a mail."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounce:
    """A report that mail to `address` was not delivered. `hard`: it never will be. `external_id`: of the mail that bounced."""

    address: str
    code: str = ""
    hard: bool = False
    reason: str = ""
    external_id: str | None = None
    delayed: bool = False
    """A warning only: the server still tries."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InboundMessage:
    """A person's message, or with `echo` one that the business sent by other means (the phone app).

    `external_id` is the provider's id, unique within (channel, `thread`): `thread` is the chat where ids are unique only inside
    one, else empty. `address` is where an answer goes on this channel. `at` is the provider's time.
    """

    external_id: str
    sender: Person
    address: str
    at: datetime
    thread: str = ""
    kind: str = "text"
    """text, image, audio, voice, video, file, sticker, location, contact, choice, order, form, poll, call, unsupported ..."""
    text: str = ""
    html: str | None = None
    subject: str | None = None
    attachments: Sequence[InboundFile] = ()
    reply_to: str | None = None
    """External id of the message that this one answers or quotes."""
    answers: Sequence[str] = ()
    """All ids that a mail says it answers (In-Reply-To may hold several), ours first."""
    references: Sequence[str] = ()
    """The thread before it, oldest first. Weaker than `answers`: programs keep it when a mail begins something new."""
    token: str | None = None
    """Our conversation token, found in the address or subject that a mail came to."""
    choice: str | None = None
    """Id of the button or list row that was pressed."""
    start: str | None = None
    """Where the customer came from: deep-link parameter, advert."""
    group: str | None = None
    """Messages with the same group within one thread are one (albums)."""
    echo: bool = False
    auto_reply: bool = False
    """A machine answered for a person (away note, auto-responder, list)."""
    report: bool = False
    """A mail system's own message, neither answer nor bounce: receipt, delivery confirmed, complaint. Nobody answers it."""
    bounce: Bounce | None = None
    data: Mapping[str, JSON] = field(default_factory=dict)
    """What else is worth showing: {"location": {"latitude":, "longitude":, "name":}}, {"contacts": [...]}, {"order": ...}."""
    reply_context: Mapping[str, JSON] = field(default_factory=dict)
    """Facts that `send` needs to answer here; kept with the address, comes back as OutgoingMessage.extra."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageEdited:
    """The whole new content of a message. Carried as a message, so that an edit of one never seen is still stored."""

    message: InboundMessage
    """With the original's external_id and the original's time where known."""
    at: datetime
    """When it was edited: the latest edit wins, whatever the order of arrival."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageDeleted:
    """The customer took a message back."""

    external_id: str
    at: datetime
    thread: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reaction:
    """`emoji` on a message, ours or theirs; empty: taken back."""

    external_id: str
    sender: Person
    address: str
    emoji: str
    at: datetime
    thread: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryStatus:
    """What became of a message of ours. `state`: sent, delivered, read, failed. Found by `message_id` (ours) or `external_id`."""

    state: str
    at: datetime
    external_id: str = ""
    thread: str = ""
    message_id: str | None = None
    """Our `OutgoingMessage.id`, where the provider gives it back."""
    code: str = ""
    reason: str = ""
    """For the operator, in words, when failed."""
    blocked: bool = False
    """The failure is the person's stop: suppress the address."""
    address: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentChanged:
    """The person stopped or resumed messages by the provider's own means. `marketing_only`: replies are still welcome."""

    sender: Person
    address: str
    stopped: bool
    at: datetime
    source: str = ""
    marketing_only: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactChanged:
    """The person behind `old` is now reached at `new` (number changed), or told their name or another identity."""

    old: Identity
    person: Person
    address: str
    at: datetime
    verified: bool = True
    fields: Mapping[str, JSON] = field(default_factory=dict)
    """What else they said of themselves, by name; it fills the card's empty fields and overwrites none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateNews:
    """What the provider told of one of the account's templates. Empty: it said nothing of that.

    `status`, `quality`, `category` as in `channels.base.ProviderTemplate`, or status "removed". `stale`: its text changed too,
    so that the list must be read again.
    """

    name: str
    language: str
    external_id: str = ""
    status: str = ""
    quality: str = ""
    category: str = ""
    reason: str = ""
    stale: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Something else the provider told us: template approved, quality changed; `broken` for an unreadable element."""

    kind: str
    text: str = ""
    data: JSON = None
    error: bool = False
    template: TemplateNews | None = None


Event = InboundMessage | MessageEdited | MessageDeleted | Reaction | DeliveryStatus | ConsentChanged | ContactChanged | Notice
