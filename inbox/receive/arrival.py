"""What passes from a webhook to the tables: the hook with its events, and each event on its way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels.base import Hook
from channels.events import JSON, Event, InboundMessage, MessageEdited

_KEPT_HEADERS = ("content-type", "user-agent", "x-forwarded-for", "x-twilio-signature", "x-hub-signature-256")
"""Headers worth keeping for a replay. The rest may hold secrets (Telegram's token), or says nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """One inbound delivery of a channel. `error`: parsing failed, there are no events. `raw_id`: a kept body is replayed.
    `secret`: of the installation, by which repeats of what was erased are known; empty: nobody looks for them."""

    channel_id: int
    identity: str
    hook: Hook
    events: Sequence[Event]
    error: str = ""
    cursor: Mapping[str, JSON] | None = None
    raw_id: int | None = None
    secret: str = field(default="", repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return {name: self.hook.headers[name] for name in _KEPT_HEADERS if name in self.hook.headers}


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of an arrival: the raw body's id and how many new messages it brought (0 for a repetition)."""

    raw_id: int
    messages: int


@dataclass(frozen=True, slots=True)
class Origin:
    """What a mail answers: a contact, and their conversation (0: any)."""

    contact_id: int
    conversation_id: int


@dataclass(slots=True, kw_only=True)
class Heard:
    """One event on its way into the tables; the numbers are filled in as they become known."""

    arrival: Arrival
    raw_id: int
    event: Event
    origin: Origin | None = None
    contact_id: int = 0
    conversation_id: int = 0
    id: int = 0
    reply_to: int | None = None

    @property
    def channel_id(self) -> int:
        return self.arrival.channel_id

    @property
    def message(self) -> InboundMessage:
        """The message, of an InboundMessage or MessageEdited."""
        event: Any = self.event
        return event.message if type(event) is MessageEdited else event

    @property
    def edited_at(self) -> datetime | None:
        """None also for a call, whose entry grows without anybody changing their words."""
        return self.event.at if isinstance(self.event, MessageEdited) and self.event.message.kind != "call" else None
