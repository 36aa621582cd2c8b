"""What an edited message said before, over HTTP; and where a contact came from."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from channels.events import Event, InboundMessage, MessageEdited
from tests.inbox.conftest import Client
from tests.inbox.story import ANNA, Story, person


async def tell(client: Client, channel: int, *events: Event) -> None:
    def told(connection: sa.Connection) -> None:
        story = Story(connection, client.clock())
        story.kinds[channel] = "sms"
        story.tell(channel, *events)

    await client.run(told)


def written(client: Client, text: str, **more: Any) -> InboundMessage:
    given: dict[str, Any] = {"external_id": "1", "at": client.clock()} | more
    return InboundMessage(sender=person("sms", ANNA), address=ANNA, text=text, **given)


async def test_an_edited_message_tells_what_it_said_before(client: Client) -> None:
    channel = await client.channel()
    message = written(client, "ten")
    await tell(client, channel, message)
    for minutes, text in ((1, "<eleven>"), (5, "noon")):
        later = message.at + timedelta(minutes=minutes)
        await tell(client, channel, MessageEdited(message=replace(message, text=text), at=later))
    shown = (await client.get("/conversations/1/messages")).body["items"][0]
    assert (shown["text"], shown["edited_at"]) == ("noon", stamp(message.at + timedelta(minutes=5)))
    found = await client.get(f"/messages/{shown['id']}/versions")
    assert [(each["text"], each["at"]) for each in found.body["items"]] == [
        ("ten", stamp(message.at + timedelta(minutes=1))),
        ("<eleven>", stamp(message.at + timedelta(minutes=5))),
    ]
    assert (await client.get("/messages/999/versions")).status == 404


def stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


async def test_a_deep_link_is_the_source_of_the_contact_it_brought(client: Client) -> None:
    channel = await client.channel()
    await tell(client, channel, written(client, "/start spring-ad", start="spring-ad"))
    await tell(client, channel, written(client, "/start other", start="other", external_id="2"))
    shown = (await client.get("/conversations/1/messages")).body["items"]
    assert [each["data"] for each in shown] == [{"start": "spring-ad"}, {"start": "other"}]
    assert (await client.get("/contacts/1")).body["source"] == "spring-ad"
