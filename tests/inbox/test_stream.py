"""The stream: what a colleague does is told within a moment, only to those who may see it, and nothing is missed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from inbox import live
from inbox.access.rights import ROLE_RIGHTS
from inbox.access.sign_in import SignedIn
from inbox.web import stream
from inbox.web.endpoint import PREFIX
from tests.inbox.conftest import Client


@dataclass
class Listener:
    """A browser's end of the stream."""

    response: aiohttp.ClientResponse

    async def event(self) -> tuple[str, str, Any]:
        """The next (id, name, data); comments are passed over. Fails after five seconds of silence."""
        async with asyncio.timeout(5):
            while True:
                block = await self.response.content.readuntil(b"\n\n")
                lines = dict(line.split(": ", 1) for line in block.decode().strip().splitlines() if not line.startswith(":"))
                if lines:
                    return lines.get("id", ""), lines["event"], json.loads(lines["data"])

    async def ended(self) -> bool:
        async with asyncio.timeout(5):
            while await self.response.content.readany():
                pass
        return True


@asynccontextmanager
async def listening(client: Client, **headers: str) -> AsyncIterator[Listener]:
    sent = {"Authorization": f"Bearer {client.token}"} | headers
    async with client.http.get(f"{client.url}{PREFIX}/stream", headers=sent) as response:
        assert response.status == 200 and response.content_type == "text/event-stream"
        assert await response.content.readuntil(b"\n\n") == b": welcome\n\n"
        yield Listener(response)


async def test_what_a_customer_writes_is_told_by_ids_only(client: Client) -> None:
    channel = await client.channel()
    async with listening(client) as browser:
        number = await client.hear(channel, "My secret")
        told = await browser.event()
    assert (told[1], told[2]["conversation_id"]) == ("message", number)
    assert "secret" not in str(told)


async def test_what_was_missed_is_told_on_coming_back(client: Client) -> None:
    async with listening(client) as browser:
        first = (await client.post("/teams", {"name": "A", "members": [client.id]})).body
        last, name, _ = await browser.event()
        assert name == "manager" and first
    number = (await client.post("/contacts", {"name": "Dora"})).body["id"]
    async with listening(client, **{"Last-Event-ID": last}) as browser:
        assert (await browser.event())[1:] == ("contact", {"contact_id": number})


@pytest.mark.parametrize("last", ["1-0:0", "nonsense", "1-0"])
async def test_too_long_away_means_reload(client: Client, last: str) -> None:
    await client.post("/contacts", {"name": "Dora"})
    async with listening(client, **{"Last-Event-ID": last}) as browser:
        assert (await browser.event())[1] == "reload"


async def test_nobody_is_told_of_what_they_may_not_see(client: Client) -> None:
    operator = await client.become("operator")
    async with listening(operator) as browser:
        await client.run(live.tell, "broadcast", broadcast_id=1)
        await client.run(live.tell, "something_new", thing_id=1)
        await client.run(live.tell, "contact", contact_id=1)
        assert (await browser.event())[1] == "contact"


@pytest.mark.parametrize("event", sorted(stream.SEEN_WITH))
@pytest.mark.parametrize("role", sorted(ROLE_RIGHTS))
def test_an_event_needs_its_right(role: str, event: str) -> None:
    who = SignedIn(manager_id=1, role=role)
    assert stream.may_see(who, event) == (stream.SEEN_WITH[event] in ROLE_RIGHTS[role])


async def test_the_stream_ends_with_the_right_to_it(client: Client) -> None:
    operator = await client.become("operator")
    async with listening(operator) as browser:
        await client.patch(f"/managers/{operator.id}", {"disabled": True})
        assert await browser.ended()


async def test_a_silent_stream_shows_that_it_lives_and_looks_whether_it_may(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0.05)
    async with listening(client) as browser, asyncio.timeout(5):
        assert await browser.response.content.readuntil(b"\n\n") == b": still here\n\n"


async def test_a_colleagues_typing_is_told(client: Client) -> None:
    channel = await client.channel()
    number = await client.hear(channel)
    async with listening(client) as browser:
        assert (await client.post(f"/conversations/{number}/typing")).status == 204
        assert (await browser.event())[1:] == ("typing", {"conversation_id": number, "manager_id": client.id})


async def test_nobody_listens_without_signing_in(client: Client) -> None:
    async with client.http.get(f"{client.url}{PREFIX}/stream") as response:
        assert response.status == 401
