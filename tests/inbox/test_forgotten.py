"""A provider's late repeat of what was erased brings nobody back, costs no further statement, and leaves no id behind."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from channels.base import Hook
from channels.events import Event, Identity, InboundMessage, MessageEdited, Person
from inbox import receive
from inbox import schema as t
from inbox.actions.conversations import newest_heard
from inbox.house import House, open_house
from inbox.receive import Arrival
from inbox.receive.forgotten import forgotten
from inbox.settings import Settings
from inbox.store import bulk
from tests.inbox.conftest import START, Client
from tests.inbox.test_leaving import erased

ADDRESS = "+4930555123"


@pytest.fixture
async def house(client: Client, settings: Settings) -> Any:
    async with open_house(settings, "worker") as found:
        yield found


def said(number: str, text: str = "Hello", thread: str = "", at: datetime = START) -> InboundMessage:
    person = Person(identities=[Identity(kind="phone", address=ADDRESS)], name="Anna")
    return InboundMessage(external_id=number, sender=person, address=ADDRESS, at=at, text=text, thread=thread)


def arrival(channel: int, secret: str, *events: Event) -> Arrival:
    hook = Hook(method="POST", url="https://inbox.example/hooks", headers={}, body=b"{}", received_at=START)
    return Arrival(channel_id=channel, identity="phone", hook=hook, events=events, secret=secret)


@pytest.fixture
async def came(client: Client, house: House) -> Callable[..., Any]:
    """Deliver to one channel; how many messages were new."""
    channel = await client.channel()

    async def deliver(*events: Event, secret: str = house.settings.key) -> int:
        stored = await client.run(receive.store, [arrival(channel, secret, *events)])
        return int(stored[0].messages)

    return deliver


def people(connection: sa.Connection) -> list[int]:
    return list(connection.scalars(sa.select(t.contacts.c.id).where(t.contacts.c.erased_at.is_(None))))


async def test_a_repeat_after_the_erasure_brings_nobody_back(client: Client, house: House, came: Callable[..., Any]) -> None:
    assert await came(said("SM1"), said("SM2", thread="chat")) == 2
    (contact,) = await client.run(people)
    message = await client.run(lambda c: c.scalar(sa.select(t.messages.c.id).where(t.messages.c.external_id == "SM1")))
    part = {"channel_id": 1, "external_id": "SM1b", "thread": "", "message_id": message}
    await client.run(lambda c: c.execute(sa.insert(t.message_parts).values(part)))
    await erased(client, house, contact)
    edit = MessageEdited(message=said("SM1", "Hello, you"), at=START)
    again = (said("SM1"), said("SM2", thread="chat"), said("SM1b"), edit)
    assert [await came(each) for each in again] == [0, 0, 0, 0] and await client.run(people) == []
    assert await came(*again, said("SM3", "I am back")) == 1 and len(await client.run(people)) == 1
    shown = [(await client.get(f"/conversations/{n}/messages")).body["items"] for n in await client.run(conversations)]
    assert [each["external_id"] for each in shown[0]] == [None, None] and shown[1][0]["external_id"] == "SM3"


async def test_no_provider_hears_of_what_was_erased(client: Client, house: House, came: Callable[..., Any]) -> None:
    await came(said("SM1"))
    (conversation,) = await client.run(conversations)
    assert (await client.run(newest_heard, conversation)).external_id == "SM1"
    await erased(client, house, (await client.run(people))[0])
    assert await client.run(newest_heard, conversation) is None


def conversations(connection: sa.Connection) -> list[int]:
    return list(connection.scalars(sa.select(t.conversations.c.id).order_by(t.conversations.c.id)))


async def test_the_same_id_of_another_chat_or_channel_is_another_message(
    client: Client, house: House, came: Callable[..., Any]
) -> None:
    assert await came(said("7", thread="one")) == 1
    await erased(client, house, (await client.run(people))[0])
    assert await came(said("7", thread="one")) == 0 and await came(said("7", thread="two")) == 1
    other = await client.channel(name="Other")
    stored = await client.run(receive.store, [arrival(other, house.settings.key, said("7", thread="one"))])
    assert stored[0].messages == 1


async def test_no_id_is_left_and_none_can_be_tried_without_the_secret(
    client: Client, house: House, came: Callable[..., Any]
) -> None:
    await came(said("SM-preiselbeere"))
    await erased(client, house, (await client.run(people))[0])
    kept = await client.run(lambda c: list(c.scalars(sa.select(t.messages.c.external_id))))
    assert kept == [forgotten(house.settings.key, 1, "SM-preiselbeere", "")] and "preiselbeere" not in kept[0]
    assert forgotten("another key", 1, "SM-preiselbeere", "") != kept[0]
    assert forgotten("any", 1, kept[0], "") == kept[0], "what is a hash stays one"


async def test_looking_for_repeats_costs_no_further_statement(came: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    real = bulk._drive

    def drive(connection: sa.Connection, sql: str, *more: Any, **named: Any) -> Any:
        calls.append(sql)
        return real(connection, sql, *more, **named)

    await came(said("SM0"))
    monkeypatch.setattr(bulk, "_drive", drive)
    counted = []
    for number, secret in (("SM1", ""), ("SM2", "a key")):
        calls.clear()
        assert await came(said(number), secret=secret) == 1
        counted.append(list(calls))
    assert counted[0] == counted[1] and counted[0]
