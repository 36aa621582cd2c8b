"""Customers and channels for tests, made by the same functions that make them in earnest."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from channels.base import Hook
from channels.events import Identity, InboundMessage, Person
from inbox import accounts, receive
from inbox import schema as t
from inbox.accounts import Vault
from inbox.receive import Arrival

SETTINGS: dict[str, dict[str, Any]] = {
    "sms": {"account_sid": "AC" + "0" * 32, "auth_token": "a secret", "from": "+15005550006"},
    "whatsapp": {"phone_number_id": "1", "access_token": "a secret", "app_secret": "another", "verify_token": "a word"},
    "webchat": {"origins": "https://shop.example"},
    "email": {"address": "support@shop.example", "smtp_host": "smtp.shop.example"},
}
IDENTITY = {"sms": "phone", "whatsapp": "phone", "webchat": "webchat"}


def add_channel(connection: sa.Connection, vault: Vault, now: datetime, kind: str = "sms", name: str = "") -> int:
    """A connected account."""
    return accounts.add(connection, now, vault, kind, name or kind.title(), SETTINGS[kind])


def hear(
    connection: sa.Connection,
    now: datetime,
    channel_id: int,
    text: str,
    *,
    address: str = "+4930901820",
    kind: str = "sms",
    name: str | None = "Anna Schmidt",
    number: str = "",
    **more: Any,
) -> int:
    """A customer writes; the conversation's id."""
    person = Person(identities=[Identity(kind=IDENTITY[kind], address=address)], name=name)
    message = InboundMessage(
        external_id=number or f"{address} {now.isoformat()} {text}", sender=person, address=address, at=now, text=text, **more
    )
    hook = Hook(method="POST", url="https://inbox.example/hooks", headers={}, body=text.encode(), received_at=now)
    receive.store(connection, [Arrival(channel_id=channel_id, identity=IDENTITY[kind], hook=hook, events=[message])])
    c = t.messages.c
    mine = (c.external_id == message.external_id, c.channel_id == channel_id)
    return int(connection.execute(sa.select(c.conversation_id).where(*mine)).scalar_one())


def contact_of(connection: sa.Connection, conversation_id: int) -> int:
    c = t.conversations.c
    return int(connection.execute(sa.select(c.contact_id).where(c.id == conversation_id)).scalar_one())
