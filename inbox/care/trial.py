"""A test message by one channel to an address that somebody names: a real message, whose states can be watched."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import phonenumbers
import sqlalchemy as sa

from channels.base import Capabilities
from channels.events import Identity, Person
from channels.registry import connector_type
from inbox import accounts
from inbox import schema as t
from inbox.actions import messages
from inbox.actions.messages import Reply
from inbox.receive.people import Knock, find_or_make
from inbox.refusals import Conflict, Invalid, NotFound

TEXT = "This is a test message from Switchboard. If you read it, the channel works."
NAME = "Test"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """Where the test message can be watched."""

    message_id: int
    conversation_id: int


def send(connection: sa.Connection, now: datetime, by: int, channel_id: int, address: str, text: str = "") -> Sending:
    """Queue it. Raises NotFound, Invalid for what is no address of this channel, Conflict or CannotSend where it may not go."""
    channel = connection.execute(sa.select(t.channels).where(t.channels.c.id == channel_id)).one_or_none()
    if channel is None or channel.removed_at is not None:
        raise NotFound(f"There is no channel {channel_id}")
    can = accounts.capabilities(channel.kind, channel.settings)
    address = _address(connection, channel, address.strip(), can)
    knock = Knock(channel_id=channel_id, address=address, person=_person(channel.kind, address), heard_at=None)
    knock.contact_id = _known(connection, knock.person.identities[0])
    find_or_make(connection, [knock], now)
    if _elsewhere(connection, knock.contact_id, channel_id, address):
        raise Conflict("This person also has another address on this channel, to which the message would go")
    conversation_id = messages.start(
        connection, now, by, knock.contact_id, Reply(text=text.strip() or TEXT, channel_id=channel_id)
    )
    m = t.messages.c
    newest = sa.select(m.id).where(m.conversation_id == conversation_id, m.direction == "out").order_by(m.id.desc()).limit(1)
    return Sending(message_id=connection.execute(newest).scalar_one(), conversation_id=conversation_id)


def _address(connection: sa.Connection, channel: Any, given: str, can: Capabilities) -> str:
    """The address as the channel writes it: one that is known there, else what was typed where it may write first."""
    identity = connector_type(channel.kind).identity
    wanted = _PLAIN.get(identity, str)(given)
    known = sa.select(t.reaches.c.address).where(t.reaches.c.channel_id == channel.id, t.reaches.c.address.in_({given, wanted}))
    found = connection.scalar(known)
    if found is not None:
        return str(found)
    if not can.can_start or identity not in _PLAIN:
        raise Invalid("address", "This channel cannot write first: write to it yourself, then give the address of that contact")
    return wanted


def _phone(given: str) -> str:
    try:
        number = phonenumbers.parse(given)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise Invalid("address", "Write the phone number with its country, like +49 30 901820")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _email(given: str) -> str:
    name, at, domain = given.rpartition("@")
    if not (name and at and "." in domain) or any(c.isspace() for c in given):
        raise Invalid("address", "This is not a mail address")
    return given.lower()


_PLAIN = {"phone": _phone, "email": _email}
"""Kinds of addresses that a person can type."""


def _person(kind: str, address: str) -> Person:
    """Whoever typed the address is no proof of whose it is."""
    return Person(identities=[Identity(kind=connector_type(kind).identity, address=address, verified=False)], name=NAME)


def _known(connection: sa.Connection, identity: Identity) -> int:
    """Whose address this is already, on whatever channel; 0 for nobody's."""
    i = t.identities.c
    return connection.scalar(sa.select(i.contact_id).where(i.kind == identity.kind, i.address == identity.address)) or 0


def _elsewhere(connection: sa.Connection, contact_id: int, channel_id: int, address: str) -> bool:
    r = t.reaches.c
    others = sa.select(r.address).where(r.contact_id == contact_id, r.channel_id == channel_id, r.address != address).limit(1)
    return connection.scalar(others) is not None
