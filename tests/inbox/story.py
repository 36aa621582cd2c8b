"""Tell `receive` in few words what happened at the providers, and look at what stands in the tables afterwards."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from channels.base import Hook
from channels.events import Event, Identity, InboundMessage, Person
from inbox import receive
from inbox import schema as t
from inbox.delivery.outgoing import Draft, queue_message
from inbox.receive import Arrival, Stored
from inbox.store import ids

IDENTITY = {"sms": "phone", "whatsapp": "phone", "telegram": "telegram", "email": "email", "webchat": "webchat"}
ANNA = "+4930901820"
BORIS = "+4930901821"


def person(kind: str, address: str, *more: Identity, name: str | None = None) -> Person:
    return Person(identities=(Identity(kind=IDENTITY[kind], address=address), *more), name=name)


@dataclass
class Story:
    """One transaction in which things happen, on a clock that goes on a second with every message."""

    connection: sa.Connection
    now: datetime
    kinds: dict[int, str] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def channel(self, kind: str = "whatsapp") -> int:
        number = ids.one(self.connection, "channels")
        row = {"id": number, "kind": kind, "name": kind, "created_at": self.now}
        self.connection.execute(sa.insert(t.channels), row)
        self.kinds[number] = kind
        return number

    def written(self, channel: int, text: str = "Hello", address: str = ANNA, **more: Any) -> InboundMessage:
        """A message at its provider; nothing is told yet."""
        more.setdefault("sender", person(self.kinds[channel], address))
        more.setdefault("external_id", f"m{next(self.numbers)}")
        more.setdefault("at", self.now)
        return InboundMessage(address=address, text=text, **more)

    def arrival(self, channel: int, *events: Event, body: bytes = b"{}") -> Arrival:
        hook = Hook(method="POST", url="https://inbox.example/hooks/1", headers={}, body=body, received_at=self.now)
        return Arrival(channel_id=channel, identity=IDENTITY[self.kinds[channel]], hook=hook, events=events)

    def tell(self, channel: int, *events: Event, body: bytes = b"{}") -> Stored:
        """One webhook."""
        return self.tell_all(self.arrival(channel, *events, body=body))[0]

    def tell_all(self, *arrivals: Arrival) -> list[Stored]:
        """Several webhooks in one batch."""
        return receive.store(self.connection, arrivals)

    def hear(self, channel: int, text: str = "Hello", address: str = ANNA, **more: Any) -> Any:
        """A message is written and told; its row."""
        message = self.written(channel, text, address, **more)
        self.tell(channel, message)
        return self.message(message.external_id)

    def say(self, conversation: int, text: str = "Answer", **more: Any) -> int:
        """A manager answers; the message's id. It is still queued."""
        more = {"author_kind": "manager"} | more
        return queue_message(self.connection, self.now, Draft(conversation_id=conversation, text=text, **more))

    def sent(self, conversation: int, external_id: str, text: str = "Answer", **more: Any) -> int:
        """A manager answered, and the provider took it."""
        number = self.say(conversation, text, **more)
        taken = {"state": "sent", "external_id": external_id}
        self.connection.execute(sa.update(t.messages).where(t.messages.c.id == number).values(taken))
        return number

    def wait(self, **time: float) -> datetime:
        self.now += timedelta(**time)
        return self.now

    def rows(self, table: sa.Table, *where: Any) -> Sequence[Any]:
        order = [*table.primary_key.columns]
        return self.connection.execute(sa.select(table).where(*where).order_by(*order)).all()

    def count(self, table: sa.Table) -> int:
        return int(self.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())

    def message(self, key: str | int) -> Any:
        """By our id or the provider's."""
        m = t.messages.c
        mine = m.external_id == key if isinstance(key, str) else m.id == key
        return self.connection.execute(sa.select(t.messages).where(mine)).one()

    def conversation(self, number: int) -> Any:
        return self.connection.execute(sa.select(t.conversations).where(t.conversations.c.id == number)).one()

    def reach(self, channel: int, address: str = ANNA) -> Any:
        r = t.reaches.c
        return self.connection.execute(sa.select(t.reaches).where(r.channel_id == channel, r.address == address)).one()

    def close(self, conversation: int) -> None:
        closed = {"status": "closed", "closed_at": self.now, "heard_at": None, "waiting_since": None}
        self.connection.execute(sa.update(t.conversations).where(t.conversations.c.id == conversation).values(closed))
