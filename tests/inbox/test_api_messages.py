"""The thread over HTTP: reading it, replying, notes, trying again, files."""

import asyncio
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from inbox import schema as t
from tests.inbox.conftest import Client

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000a49444154789c6300010000050001")


async def thread(client: Client, count: int = 5) -> int:
    """A conversation with messages 1..count, a minute apart."""
    channel = await client.channel()
    number = 0
    for n in range(1, count + 1):
        number = await client.hear(channel, str(n))
        client.clock.tick(minutes=1)
    return number


async def read(client: Client, number: int, **query: Any) -> tuple[list[str], str | None]:
    answer = await client.get(f"/conversations/{number}/messages", **query)
    assert answer.status == 200, answer
    return [m["text"] for m in answer.body["items"]], answer.body["next"]


async def test_a_thread_reads_from_its_beginning_or_from_its_end(client: Client) -> None:
    number = await thread(client)
    texts, following = await read(client, number, limit=2)
    assert texts == ["1", "2"]
    assert (await read(client, number, limit=2, cursor=following))[0] == ["3", "4"]
    texts, older = await read(client, number, limit=2, newest=1)
    assert texts == ["4", "5"]
    texts, older = await read(client, number, limit=2, newest=1, cursor=older)
    assert texts == ["2", "3"]
    assert await read(client, number, limit=2, newest=1, cursor=older) == (["1"], None)


async def test_what_stands_before_a_message(client: Client) -> None:
    number = await thread(client)
    third = (await client.get(f"/conversations/{number}/messages")).body["items"][2]["id"]
    assert await read(client, number, before=third) == (["1", "2"], None)
    assert (await client.get(f"/conversations/{number}/messages", before=999)).errors.keys() == {"before"}


async def test_the_whole_person_over_all_conversations(client: Client) -> None:
    channel = await client.channel()
    old = await client.hear(channel, "before")
    await client.patch(f"/conversations/{old}", {"status": "closed"})
    client.clock.tick(minutes=1)
    new = await client.hear(channel, "after")
    assert (await read(client, new))[0] == ["after"]
    assert (await read(client, new, timeline="contact"))[0] == ["before", "after"]


async def test_a_reply_is_queued_and_ends_the_wait(client: Client) -> None:
    number = await thread(client, 1)
    sent = await client.post(f"/conversations/{number}/messages", {"text": "Here it is"})
    assert sent.status == 201
    assert (sent.body["state"], sent.body["direction"], sent.body["author"]["name"]) == ("queued", "out", "Olga Owner")
    item = (await client.get(f"/conversations/{number}")).body
    assert (item["waiting_since"], item["unread"], item["assignee"]["id"], item["bot"]) == (None, 0, client.id, False)


async def test_the_same_key_sends_once_and_another_request_may_not_use_it(client: Client) -> None:
    number = await thread(client, 1)
    key, path = {"Idempotency-Key": "k1"}, f"/conversations/{number}/messages"
    first = await client.post(path, {"text": "Once"}, **key)
    again = await client.post(path, {"text": "Once"}, **key)
    assert first.status == again.status == 201 and first.body["id"] == again.body["id"]
    assert (await client.post(path, {"text": "Something else"}, **key)).errors.keys() == {"Idempotency-Key"}
    lead = await client.become("lead")
    assert (await lead.post(path, {"text": "Once"}, **key)).body["id"] != first.body["id"], "keys are everybody's own"
    assert (await read(client, number))[0] == ["1", "Once", "Once"]


async def test_a_message_tells_back_what_its_writer_calls_it_and_sent_again_it_is_another(client: Client) -> None:
    number = await thread(client, 1)
    made = await client.post(f"/conversations/{number}/messages", {"text": "Hello", "ref": "mine-1"})
    assert made.body["data"]["ref"] == "mine-1"
    await client.run(_state, made.body["id"], "failed")
    again = await client.post(f"/messages/{made.body['id']}/retry", {})
    assert again.status == 201 and "ref" not in again.body["data"]


async def test_a_refused_request_leaves_its_key_free(client: Client) -> None:
    number = await thread(client, 1)
    key, path = {"Idempotency-Key": "k1"}, f"/conversations/{number}/messages"
    assert (await client.post(path, {"text": ""}, **key)).status == 422
    assert (await client.post(path, {"text": "Better"}, **key)).status == 201


async def test_a_note_is_for_colleagues_only(client: Client) -> None:
    number = await thread(client, 1)
    note = (await client.post(f"/conversations/{number}/messages", {"text": "Careful", "note": True})).body
    assert (note["direction"], note["state"]) == ("note", None)
    item = (await client.get(f"/conversations/{number}")).body
    assert item["waiting_since"] is not None and item["last_message"]["text"] == "1"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({}, "text", id="nothing"),
        pytest.param({"text": "  "}, "text", id="blanks"),
        pytest.param({"text": "x" * 65_537}, "text", id="far too long"),
        pytest.param({"text": "Hi", "reply_to": 999}, "reply_to", id="an answer to nothing"),
        pytest.param({"text": "Hi", "send_at": "2026-11-01T00:00:00Z"}, "send_at", id="yesterday"),
        pytest.param({"text": "Hi", "attachments": [{}]}, "attachments.0", id="an attachment that is none"),
        pytest.param({"text": "Hi", "attachments": [{"file": "0" * 64}]}, "attachments.0.file", id="never uploaded"),
        pytest.param({"text": "Hi", "attachments": [{"url": "file:///etc/passwd"}]}, "attachments.0.url", id="not the web"),
        pytest.param({"text": "Hi", "choices": [{"id": "", "title": "Yes"}]}, "choices.0.id", id="a button without id"),
        pytest.param({"text": "a\0b"}, "text", id="a NUL"),
        pytest.param({"text": "Hi", "colour": "red"}, "colour", id="unknown"),
        pytest.param({"text": 5}, "text", id="a number"),
    ],
)
async def test_a_message_that_cannot_be_sent_names_its_field(client: Client, body: dict[str, Any], field: str) -> None:
    number = await thread(client, 1)
    answer = await client.post(f"/conversations/{number}/messages", body)
    assert answer.status == 422 and field in answer.errors
    assert (await read(client, number))[0] == ["1"]


async def test_a_shut_window_is_told_in_words_before_anything_is_sent(client: Client) -> None:
    channel = await client.channel("whatsapp")
    number = await client.hear(channel, kind="whatsapp")
    client.clock.tick(hours=25)
    path = f"/conversations/{number}/messages"
    answer = await client.post(path, {"text": "Still there?"})
    assert answer.status == 409 and "template" in answer.body["detail"]
    template = {"name": "hello", "language": "en", "variables": {"1": "Anna"}}
    assert (await client.post(path, {"template": template})).status == 201


async def test_a_reply_to_a_closed_conversation_reopens_it(client: Client) -> None:
    number = await thread(client, 1)
    await client.patch(f"/conversations/{number}", {"status": "closed"})
    assert (await client.post(f"/conversations/{number}/messages", {"text": "note", "note": True})).status == 201
    assert (await client.get(f"/conversations/{number}")).body["status"] == "closed"
    assert (await client.post(f"/conversations/{number}/messages", {"text": "One more thing"})).status == 201
    assert (await client.get(f"/conversations/{number}")).body["status"] == "waiting"


def _state(connection: sa.Connection, message_id: int, state: str) -> None:
    connection.execute(sa.update(t.messages).where(t.messages.c.id == message_id).values(state=state))


async def test_a_failed_message_is_sent_again_once(client: Client) -> None:
    number = await thread(client, 1)
    first = (await client.post(f"/conversations/{number}/messages", {"text": "Here"})).body["id"]
    assert (await client.post(f"/messages/{first}/retry", {})).status == 409, "it has not failed"
    await client.run(_state, first, "failed")
    again = await client.post(f"/messages/{first}/retry", {})
    assert again.status == 201 and again.body["id"] != first and again.body["text"] == "Here"
    twice = await asyncio.gather(*(client.post(f"/messages/{first}/retry", {}) for _ in range(3)))
    assert {(each.status, each.body["id"]) for each in twice} == {(201, again.body["id"])}, "asked again, it is the same one"
    assert (await client.get(f"/conversations/{number}/messages")).body["items"][-1]["id"] == again.body["id"]
    assert (await client.get(f"/messages/{first}")).body["data"]["retried_as"] == again.body["id"]


async def test_a_message_of_unknown_fate_is_sent_again_only_knowingly(client: Client) -> None:
    number = await thread(client, 1)
    first = (await client.post(f"/conversations/{number}/messages", {"text": "Here"})).body["id"]
    await client.run(_state, first, "unknown")
    assert (await client.post(f"/messages/{first}/retry", {})).status == 409
    assert (await client.post(f"/messages/{first}/retry", {"confirm": True})).status == 201
    heard = (await client.get(f"/conversations/{number}/messages")).body["items"][0]["id"]
    assert (await client.post(f"/messages/{heard}/retry", {})).status == 404, "the customer's are not ours to send"


async def upload(client: Client, content: bytes, name: str, mime: str) -> Any:
    form = aiohttp.FormData()
    form.add_field("file", content, filename=name, content_type=mime)
    return await client.call("POST", "/uploads", data=form)


async def test_an_uploaded_file_goes_with_a_message_and_comes_back_as_it_was(client: Client) -> None:
    number = await thread(client, 1)
    up = await upload(client, PNG, "dot.png", "image/png")
    assert (up.status, up.body["kind"], up.body["mime"], up.body["size"]) == (201, "image", "image/png", len(PNG))
    assert (await client.get(f"/uploads/{up.body['file']}")).body == PNG
    sent = await client.post(f"/conversations/{number}/messages", {"attachments": [{"file": up.body["file"], "name": "dot.png"}]})
    (file,) = sent.body["attachments"]
    assert (file["name"], file["state"], file["kind"]) == ("dot.png", "stored", "image")
    got = await client.get(file["url"].removeprefix("/api/v1"))
    assert got.body == PNG and got.headers["Content-Disposition"].startswith("inline")
    stranger = Client(client.http, client.url, client.app, client.clock)
    assert (await stranger.get(file["url"].removeprefix("/api/v1"))).status == 401


async def test_a_page_is_never_shown_in_place_whatever_it_says_it_is(client: Client) -> None:
    number = await thread(client, 1)
    up = await upload(client, b"<html><script>alert(1)</script></html>", "x.html", 'image/png; charset=utf-8\\"')
    page = await upload(client, b"<html><script>alert(2)</script></html>", "x.html", "text/html")
    for each in (up, page):
        sent = await client.post(f"/conversations/{number}/messages", {"attachments": [{"file": each.body["file"]}]})
        got = await client.get(sent.body["attachments"][0]["url"].removeprefix("/api/v1"))
        assert "sandbox" in got.headers["Content-Security-Policy"] and got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("kind", ["empty", "no form", "no file"])
async def test_an_upload_that_is_none(client: Client, kind: str) -> None:
    if kind == "no form":
        answer = await client.post("/uploads", {"file": "x"})
        assert answer.status == 415
        return
    form = aiohttp.FormData()
    form.add_field("file" if kind == "empty" else "other", b"", filename="x")
    answer = await client.call("POST", "/uploads", data=form)
    assert answer.status == 422 and "file" in answer.errors


@pytest.mark.parametrize(
    ("hour", "found"), [(0, "at 9"), (10, "at 10"), (11, "at 12"), (23, "at 12")], ids=["before", "then", "between", "after"]
)
async def test_a_thread_opens_at_a_time(client: Client, hour: int, found: str) -> None:
    channel = await client.channel()
    number = await client.hear(channel, "at 9")
    for hours, words in ((1, "at 10"), (2, "at 12")):
        client.clock.tick(hours=hours)
        await client.hear(channel, words)
    page = await client.get(f"/conversations/{number}/messages", at=f"2026-11-22T{hour:02}:00:00Z", timeline="contact", limit=1)
    assert [each["text"] for each in page.body["items"]] == [found]
