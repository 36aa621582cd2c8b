"""Attachments on their way from a provider to the one who may see them: fetched, kept once, looked at, served."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
from aiohttp import web
from structlog.testing import capture_logs

from channels.base import Download, Misconfigured, Refused, Retry
from channels.events import JSON, InboundFile
from inbox import files
from inbox import schema as t
from inbox.files import Limits
from inbox.media import examining, fetching
from inbox.web import keys
from tests.inbox import media
from tests.inbox.conftest import Client

FILE = InboundFile(kind="image", name="cat.jpg", mime="image/jpeg", remote={"url": "https://provider.example/expires?sig=abc"})


class Provider:
    """The channel's side of a download: gives what it is told to, and counts how often it was asked."""

    def __init__(self, *answers: Download | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[Mapping[str, JSON]] = []

    async def download(self, remote: Mapping[str, JSON]) -> Download:
        self.asked.append(remote)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def receive(client: Client, provider: Provider, *attached: InboundFile) -> int:
    """A customer sends files; the conversation's id."""
    channel = await client.channel()
    line = await client.app[keys.ACCOUNTS].line(channel)
    assert line is not None
    line.connector.download = provider.download  # type: ignore[method-assign]
    return await client.hear(channel, "Look", attachments=attached or (FILE,))


async def fetch(client: Client) -> None:
    await fetching.drain(client.app[keys.HOUSE], client.clock)


async def shown(client: Client, conversation: int) -> list[dict[str, Any]]:
    (message,) = (await client.get(f"/conversations/{conversation}/messages")).body["items"]
    found: list[dict[str, Any]] = message["attachments"]
    return found


async def pause(client: Client) -> float:
    """Let the pause be over; how many seconds it was."""
    until = await client.run(lambda c: c.scalar(sa.select(t.attachments.c.try_at)))
    seconds = (until - client.clock()).total_seconds()
    client.clock.tick(seconds=seconds)
    return float(seconds)


async def test_a_picture_arrives_with_its_size_and_a_small_one(client: Client) -> None:
    provider = Provider(Download(content=media.photo(6), mime="text/html"))
    conversation = await receive(client, provider)
    (waiting,) = await shown(client, conversation)
    assert (waiting["state"], waiting["thumbnail"]) == ("waiting", None)
    assert (await client.get(waiting["url"].removeprefix("/api/v1"))).status == 404

    await fetch(client)
    (found,) = await shown(client, conversation)
    assert (found["state"], found["mime"], found["width"], found["height"]) == ("stored", "image/jpeg", 40, 60)
    assert "provider.example" not in str(await shown(client, conversation)), "a provider's address is never shown"
    small = await client.get(found["thumbnail"].removeprefix("/api/v1"))
    assert small.status == 200 and small.headers["Content-Type"] == "image/webp" and small.body[8:12] == b"WEBP"
    assert b"CameraMaker" not in small.body


async def test_one_content_is_kept_once_however_often_it_is_sent(client: Client) -> None:
    provider = Provider(Download(content=media.picture()))
    conversation = await receive(client, provider, FILE, FILE, InboundFile(kind="image", content=media.picture()))
    await fetch(client)
    assert [f["state"] for f in await shown(client, conversation)] == ["stored"] * 3
    assert all(f["thumbnail"] for f in await shown(client, conversation))
    store = client.app[keys.STORE].folder
    assert len([path for path in store.rglob("*") if path.is_file()]) == 2, "the picture and the small one"


async def test_a_sound_can_be_played_from_its_middle(client: Client) -> None:
    content = media.opus(3.5)
    conversation = await receive(client, Provider(Download(content=content, mime="audio/ogg; codecs=opus")))
    await fetch(client)
    (found,) = await shown(client, conversation)
    assert (found["duration"], found["mime"], found["thumbnail"]) == (3.5, "audio/ogg", None)
    part = await client.call("GET", found["url"].removeprefix("/api/v1"), headers={"Range": "bytes=10-19"})
    assert (part.status, part.body, part.headers["Content-Range"]) == (206, content[10:20], f"bytes 10-19/{len(content)}")


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("content", "told", "way", "kind"),
    [
        pytest.param(media.picture(), "image/jpeg", "inline", "image/jpeg", id="picture"),
        pytest.param(media.wav(0.1), "audio/wav", "inline", "audio/wav", id="sound"),
        pytest.param(b"<html><script>alert(1)</script>", "image/png", "attachment", "application/octet-stream", id="html as png"),
        pytest.param(b"<html><script>alert(1)</script>", "text/html", "attachment", "application/octet-stream", id="html"),
        pytest.param(b"<svg onload='alert(1)'/>", "image/svg+xml", "attachment", "application/octet-stream", id="svg"),
        pytest.param(b"%PDF-1.7\n", "application/pdf", "attachment", "application/octet-stream", id="pdf"),
    ],
)
async def test_nothing_of_a_stranger_runs_under_our_address(
    client: Client, content: bytes, told: str, way: str, kind: str
) -> None:
    conversation = await receive(client, Provider(Download(content=content, mime=told, name='a".html')))
    await fetch(client)
    (found,) = await shown(client, conversation)
    path = found["url"].removeprefix("/api/v1")
    signed = files.public_url(client.url, client.app[keys.SETTINGS].key, found["id"], "x")
    async with client.http.get(signed) as outside:
        for headers in ((await client.get(path)).headers, outside.headers):
            assert headers["Content-Type"] == kind and headers["Content-Disposition"].startswith(f"{way};")
            assert headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in headers["Content-Security-Policy"]
            assert "default-src 'none'" in headers["Content-Security-Policy"]


async def test_only_those_who_may_see_the_conversation_get_the_file(client: Client) -> None:
    conversation = await receive(client, Provider(Download(content=media.picture())))
    await fetch(client)
    (found,) = await shown(client, conversation)
    stranger = Client(client.http, client.url, client.app, client.clock)
    viewer = await client.become("viewer")
    for address in (found["url"], found["thumbnail"]):
        path = address.removeprefix("/api/v1")
        assert (await stranger.get(path)).status == 401
        assert (await viewer.get(path)).status == 200
    assert (await stranger.post(f"/files/{found['id']}/fetch")).status == 401
    assert (await viewer.post(f"/files/{found['id']}/fetch")).status == 403


async def test_what_fails_for_good_says_why_and_can_be_asked_for_again(client: Client) -> None:
    provider = Provider(Refused("The provider no longer has it"), Download(content=media.picture()))
    conversation = await receive(client, provider)
    await fetch(client)
    (found,) = await shown(client, conversation)
    assert (found["state"], found["reason"]) == ("failed", "The provider no longer has it")
    await fetch(client)
    assert len(provider.asked) == 1, "nobody asks in vain"
    again = await client.post(f"/files/{found['id']}/fetch")
    assert (again.status, again.body["state"], again.body["reason"]) == (200, "waiting", "")
    await fetch(client)
    assert (await shown(client, conversation))[0]["state"] == "stored"
    assert (await client.post(f"/files/{found['id']}/fetch")).body["state"] == "stored", "asking for what is here does no harm"
    assert (await client.post("/files/999/fetch")).status == 404


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("error", [Retry("Busy"), Misconfigured("The token is wrong"), OSError(), TimeoutError()])
async def test_what_was_not_fetched_is_tried_with_growing_pauses(client: Client, error: Exception) -> None:
    provider = Provider(error)
    conversation = await receive(client, provider)
    pauses = []
    for _ in fetching.PAUSES:
        await fetch(client)
        assert (await shown(client, conversation))[0]["state"] == "waiting"
        pauses.append(await pause(client))
    assert pauses == list(fetching.PAUSES) == sorted(pauses)
    await fetch(client)
    (found,) = await shown(client, conversation)
    assert found["state"] == "failed" and found["reason"] and len(provider.asked) == len(fetching.PAUSES) + 1


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_bug_in_a_connector_costs_a_pause_not_the_file(client: Client) -> None:
    conversation = await receive(client, Provider(KeyError("x"), Download(content=b"x")))
    with capture_logs() as lines:
        await fetch(client)
    assert lines[0]["event"] == "a download failed"
    assert await pause(client) == fetching.PAUSES[0]
    await fetch(client)
    assert (await shown(client, conversation))[0]["state"] == "stored"


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("file", "content", "words", "asked"),
    [
        pytest.param(InboundFile(kind="file", size=5000, remote={"id": 1}), b"x", "too large", 0, id="says it is too large"),
        pytest.param(InboundFile(kind="file", remote={"id": 1}), b"x" * 5000, "too large", 1, id="is too large"),
        pytest.param(InboundFile(kind="image", mime="image/png", remote={"id": 1}), b"MZ\x90\x00", "not kept", 1, id="a program"),
        pytest.param(InboundFile(kind="file", content=b"MZ\x90\x00"), b"", "not kept", 0, id="a program in the message"),
    ],
)
async def test_limits_hold_whatever_the_provider_says(
    client: Client, file: InboundFile, content: bytes, words: str, asked: int
) -> None:
    store = client.app[keys.STORE]
    store.limits = Limits(size=1000, refused=store.limits.refused)
    provider = Provider(Download(content=content))
    events = files.put_contents(store, [_message(file)])
    conversation = await receive(client, provider, *events[0].attachments)  # type: ignore[union-attr]
    await fetch(client)
    (found,) = await shown(client, conversation)
    assert found["state"] == "failed" and words in found["reason"] and len(provider.asked) == asked
    assert not store.folder.exists()
    if file.content:
        assert (await client.post(f"/files/{found['id']}/fetch")).status == 409


def _message(file: InboundFile) -> Any:
    from channels.events import InboundMessage, Person

    return InboundMessage(
        external_id="1", sender=Person(identities=()), address="+1", at=datetime(2026, 11, 22, tzinfo=UTC), attachments=(file,)
    )


async def test_a_program_cannot_be_uploaded(client: Client) -> None:
    form = aiohttp.FormData()
    form.add_field("file", b"MZ\x90\x00" + b"\0" * 60, filename="cat.jpg", content_type="image/jpeg")
    answer = await client.call("POST", "/uploads", data=form)
    assert answer.status == 422 and "not kept" in answer.errors["file"]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_an_address_that_never_ends_is_left(client: Client) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)

    app = web.Application()
    app.router.add_get("/", endless)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    with pytest.raises(Refused, match="too large"):
        await client.app[keys.ACCOUNTS].fetch(f"http://127.0.0.1:{runner.addresses[0][1]}/", 1_000_000)
    await runner.cleanup()


async def test_contents_of_before_are_looked_at_too_and_a_lost_one_stops_nobody(client: Client) -> None:
    house = client.app[keys.HOUSE]
    digest = await asyncio.to_thread(house.store.put, media.picture(size=(9, 7)))
    await client.run(files.note_content, digest, 1, "image/jpeg", client.clock())
    await client.run(files.note_content, "0" * 64, 1, "image/jpeg", client.clock())
    assert await examining.drain(house) == 2 and await examining.drain(house) == 0
    sizes = await client.run(lambda c: c.execute(sa.select(t.files.c.width, t.files.c.height)).all())
    assert set(map(tuple, sizes)) == {(9, 7), (None, None)}
