"""The web chat's endpoints: who is let in, what a browser gets and when, what its visitor may and may not touch."""

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from channels.base import Hook
from channels.webchat import Webchat, topic
from inbox import accounts, visitors
from inbox import schema as t
from inbox.actions import conversations as actions
from inbox.care import origins
from inbox.db import Database
from inbox.live import INBOX
from inbox.settings import Settings
from inbox.web import chat_stream, widget
from tests.inbox.chat_desk import SITE, Desk, proof, running
from tests.valkey import private_valkey


@pytest.fixture(scope="module")
def valkey() -> Iterator[str]:
    with private_valkey() as address:
        yield address


@pytest.fixture
async def desk(settings: Settings, db: Database, valkey: str) -> AsyncIterator[Desk]:
    async with running(settings, db, valkey) as found:
        yield found


one_store = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
"""For what does not reach the database."""


async def test_what_is_said_is_kept_once_and_shown_to_its_visitor_alone(desk: Desk) -> None:
    visitor, token = await desk.visit()
    await desk.say(token, "Где мой заказ?")
    await desk.say(token, "Где мой заказ?")
    (item,) = await desk.items(token)
    assert (item["mine"], item["client_id"], item["text"], item["state"]) == (True, "c1", "Где мой заказ?", "sent")
    _, other = await desk.visit()
    assert await desk.items(other) == []
    raw = await desk.db.read(lambda c: c.execute(sa.select(t.raw_bodies.c.url, t.raw_bodies.c.headers)).all())
    assert all(visitor in row.url and "x-visitor-token" not in row.headers for row in raw)


async def test_a_kept_body_can_be_replayed(desk: Desk) -> None:
    _, token = await desk.visit()
    await desk.say(token, "Здравствуйте")
    line = await desk.accounts.line(desk.channel)
    row = await desk.db.read(lambda c: c.execute(sa.select(t.raw_bodies)).one())
    hook = Hook(method=row.method, url=row.url, headers=row.headers, body=row.body, received_at=row.received_at)
    assert line is not None
    (event,) = line.connector.parse(hook)
    assert getattr(event, "text", "") == "Здравствуйте"


async def test_an_answer_reaches_the_open_stream(desk: Desk) -> None:
    visitor, token = await desk.visit()
    await desk.say(token, "Hi")
    async with stream(desk, token) as told:
        number = await desk.answer(visitor, "Hello", choices=[{"id": "a", "title": "A"}])
        item = await told()
    assert (item["type"], item["id"], item["text"], item["automatic"]) == ("message", str(number), "Hello", True)
    assert item["choices"] == [{"id": "a", "title": "A"}]


async def test_the_visitors_other_tab_shows_what_they_wrote(desk: Desk) -> None:
    _, token = await desk.visit()
    async with stream(desk, token) as told:
        await desk.say(token, "from the first tab", "c7")
        item = await told()
    assert (item["client_id"], item["mine"], item["text"]) == ("c7", True, "from the first tab")


async def test_typing_goes_both_ways_and_is_not_kept(desk: Desk) -> None:
    visitor, token = await desk.visit()
    await desk.say(token, "Hi")
    kept = sa.select(sa.func.count()).select_from(t.raw_bodies)
    before = await desk.db.read(lambda c: c.scalar(kept))
    line = await desk.accounts.line(desk.channel)
    assert line is not None
    async with stream(desk, token) as told, desk.live.subscribe(INBOX) as operators:
        await line.connector.typing(visitor)
        assert await told() == {"type": "typing"}
        await desk.call("POST", "messages", token, {"type": "typing"})
        async with asyncio.timeout(5):
            while (await operators.waiting.get()).event != "typing":
                pass
    assert await desk.db.read(lambda c: c.scalar(kept)) == before


async def test_after_a_gap_a_browser_gets_what_is_new_and_what_it_never_acknowledged(desk: Desk) -> None:
    visitor, token = await desk.visit()
    await desk.say(token, "old")
    seen, missed = await desk.answer(visitor, "seen"), await desk.answer(visitor, "never arrived")
    await desk.call("POST", "messages", token, {"type": "read", "ids": [str(seen)]})
    desk.now += timedelta(hours=1)
    _, answer = await desk.call("GET", "messages", token)
    assert [i["text"] for i in answer["items"]] == ["old", "seen", "never arrived"]
    await desk.say(token, "new", "c2")
    items = await desk.items(token, answer["next"])
    assert [i["text"] for i in items] == ["never arrived", "new"]
    assert items[0]["id"] == str(missed)


@pytest.mark.parametrize(
    ("body", "state"),
    [({"type": "received"}, "delivered"), ({"type": "read"}, "read")],
)
async def test_what_the_visitor_saw_is_noted(desk: Desk, body: dict[str, Any], state: str) -> None:
    visitor, token = await desk.visit()
    await desk.say(token, "Hi")
    number = await desk.answer(visitor, "Hello")
    _, stranger = await desk.visit()
    for ids in (["0", "x", "9" * 30], [str(number)]):
        assert (await desk.call("POST", "messages", stranger, body | {"ids": ids}))[0] == 200
    assert await desk.state(number) == "sent"
    await desk.call("POST", "messages", token, body | {"ids": [str(number)]})
    assert await desk.state(number) == state


async def test_what_was_not_sent_yet_is_not_shown(desk: Desk) -> None:
    visitor, token = await desk.visit()
    await desk.say(token, "Hi")
    number = await desk.answer(visitor, "Hello")
    for state in ("queued", "failed"):
        await desk.note(number, state=state)
        assert [i["text"] for i in await desk.items(token)] == ["Hi"], state


async def test_a_signed_in_user_finds_their_messages_on_another_device(desk: Desk) -> None:
    first, token = await desk.visit(user="42", user_hash=proof("42"))
    await desk.say(token, "from the laptop")
    second, phone = await desk.visit(user="42", user_hash=proof("42"))
    assert first == second
    assert [i["text"] for i in await desk.items(phone)] == ["from the laptop"]


async def test_a_visitor_who_signs_in_stays_the_same_contact(desk: Desk) -> None:
    _, token = await desk.visit()
    await desk.say(token, "before")
    _, known = await desk.visit(user="42", user_hash=proof("42"))
    assert (await desk.call("POST", "messages", known, {"type": "identify", "was": token}))[0] == 200
    await desk.say(known, "after")
    contacts = await desk.db.read(lambda c: c.execute(sa.select(t.messages.c.contact_id)).scalars().all())
    assert len(contacts) == 2 and len(set(contacts)) == 1


async def test_a_file_is_kept_and_can_be_fetched_by_its_signed_address(desk: Desk) -> None:
    _, token = await desk.visit()
    file = {"name": "note.txt", "mime": "text/plain", "content": "aGVsbG8="}
    assert (await desk.call("POST", "messages", token, {"id": "c1", "files": [file]}))[0] == 200
    (item,) = await desk.items(token)
    (shown,) = item["attachments"]
    assert (shown["kind"], shown["name"], shown["size"]) == ("file", "note.txt", 5)
    assert re.search(r"/files/\d+/[0-9a-f]{32}/note\.txt$", shown["url"])


@one_store
@pytest.mark.parametrize(
    ("label", "method", "path", "token", "body", "status", "word"),
    [
        ("no token", "GET", "messages", "", None, 401, "token"),
        ("a wrong token", "GET", "messages", "v.x.y", None, 403, "token"),
        ("a wrong token for the stream", "GET", "stream", "v.x.y", None, 403, "token"),
        ("writing without a token", "POST", "messages", "", {"id": "1", "text": "a"}, 401, "token"),
        ("not JSON", "POST", "messages", "good", b"{", 400, "JSON"),
        ("no id", "POST", "messages", "good", {"text": "a"}, 400, "id"),
        ("a session that is no object", "POST", "session", "", [1], 400, "object"),
        ("a user without the right proof", "POST", "session", "", {"user": "42", "user_hash": "00"}, 403, "user_hash"),
    ],
)
async def test_a_wrong_call_is_refused_in_words(
    desk: Desk, label: str, method: str, path: str, token: str, body: Any, status: int, word: str
) -> None:
    if token == "good":
        _, token = await desk.visit()
    found, problem = await desk.call(method, path, token, body)
    assert found == status and word in problem["detail"]


@one_store
@pytest.mark.parametrize(("origin", "allowed"), [(SITE, True), ("https://evil.example", False), ("null", False)])
async def test_only_pages_of_the_channels_sites_may_call_and_the_others_can_read_why_not(
    desk: Desk, origin: str, allowed: bool
) -> None:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for method, good in (("OPTIONS", 204), ("POST", 200 if allowed else 403)):
        async with desk.http.request(method, f"{desk.url}/session", headers=headers) as response:
            assert (response.status, response.headers.get("Access-Control-Allow-Origin")) == (good, origin)
            answer = await response.json() if method == "POST" else {}
    assert answer.get("code") == (None if allowed else "origin") and ("token" in answer) is allowed


@one_store
async def test_a_refused_site_is_told_on_the_channels_page_once_and_no_flood_of_them(desk: Desk) -> None:
    for n in range(origins.MOST + 3):
        for _ in range(2):
            desk.origin = f"https://stranger{n}.example"
            assert (await desk.call("POST", "session", body={}))[0] == 403
    account: dict[str, Any] = await desk.db.read(lambda c: c.execute(sa.select(t.channels.c.account)).scalar_one())
    assert len(account["notes"]) == origins.MOST
    assert account["notes"][0].startswith("A page of https://stranger0.example wanted to carry the chat")


@one_store
async def test_a_chat_that_is_switched_off_says_so(desk: Desk) -> None:
    _, token = await desk.visit()
    await desk.db.run(accounts.change, desk.now, desk.vault, desk.channel, state="disabled")
    await desk.accounts.refresh(only_stale=False)
    status, problem = await desk.call("POST", "messages", token, {"id": "c1", "text": "Hi"})
    assert (status, problem["code"]) == (403, "off")
    async with desk.http.get(f"{desk.url}/widget.js") as response:
        assert '"off": true' in await response.text()


@one_store
async def test_a_refusal_can_be_read_by_an_allowed_page(desk: Desk) -> None:
    async with desk.http.get(f"{desk.url}/messages", headers={"Origin": SITE}) as response:
        assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (401, SITE)


async def test_who_calls_too_often_is_told_how_long_to_wait_and_nobody_else_has_to(desk: Desk) -> None:
    (_, hasty), (_, other) = await desk.visit(), await desk.visit()
    for n in range(30):
        await desk.say(hasty, "Hi", f"c{n}")
    status, refused = await desk.call("POST", "messages", hasty, {"id": "c31", "text": "Hi"})
    assert (status, refused["retry_after"]) == (429, 1)
    await desk.say(other, "Hi")
    desk.now += timedelta(seconds=1)
    await desk.say(hasty, "Hi", "c31")
    assert len(await desk.items(hasty)) == 31


@one_store
async def test_one_address_opens_only_so_many_sessions(desk: Desk) -> None:
    office = {"X-Forwarded-For": "1.2.3.4, 93.184.216.34"}
    assert {(await desk.call("POST", "session", body={}, **office))[0] for _ in range(60)} == {200}
    async with desk.http.post(f"{desk.url}/session", json={}, headers=office | {"Origin": SITE}) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "1")
    assert (await desk.call("POST", "session", body={}, **{"X-Forwarded-For": "93.184.216.35"}))[0] == 200


async def test_the_visitor_is_told_until_when_a_person_has_read(desk: Desk) -> None:
    visitor, token = await desk.visit()
    await desk.say(token, "Hi")
    assert (await desk.call("GET", "messages", token))[1]["seen"] == ""
    await desk.answer(visitor, "a bot's answer")
    assert (await desk.call("GET", "messages", token))[1]["seen"] == ""
    desk.now += timedelta(minutes=1)
    line = await desk.accounts.line(desk.channel)
    assert line is not None
    async with stream(desk, token) as told:
        newest = await desk.db.run(actions.read, await desk.conversation(visitor), desk.now)
        assert newest is not None
        await line.connector.read(newest.address, newest.external_id)
        assert await told() == {"type": "seen", "at": desk.now.isoformat()}
    assert (await desk.call("GET", "messages", token))[1]["seen"] == desk.now.isoformat()
    assert await desk.db.run(actions.read, await desk.conversation(visitor), desk.now) is None


async def test_a_persons_answer_says_that_they_have_read(desk: Desk) -> None:
    visitor, token = await desk.visit()
    await desk.say(token, "Hi")
    await desk.answer(visitor, "Hello", author_kind="manager", author_id=await desk.hire())
    assert (await desk.call("GET", "messages", token))[1]["seen"] == desk.now.isoformat()


async def test_what_one_device_has_read_the_others_are_told_at_once_or_when_they_ask(desk: Desk) -> None:
    visitor, token = await desk.visit(user="42", user_hash=proof("42"))
    await desk.say(token, "Hi")
    number = await desk.answer(visitor, "Hello")
    async with stream(desk, token) as told:
        for _ in range(2):
            await desk.call("POST", "messages", token, {"type": "read", "ids": [str(number)]})
        assert await told() == {"type": "read", "ids": [str(number)]}
        await desk.say(token, "nothing is told twice", "c2")
        assert (await told())["client_id"] == "c2"
    desk.now += timedelta(hours=1)
    since = str(int(desk.now.timestamp() * 1000))
    assert await desk.items(token, since) == []
    _, asked = await desk.call("GET", f"messages?since={since}&unread={number},x,,9", token)
    assert [(item["id"], item["state"]) for item in asked["items"]] == [(str(number), "read")]


@one_store
async def test_more_than_one_answer_holds_is_said_to_be_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "SHOWN", 2)
    _, token = await desk.visit()
    for n in range(3):
        await desk.say(token, f"{n}", f"c{n}")
    for since, more in (("", False), ("1", True)):
        _, answer = await desk.call("GET", f"messages?since={since}", token)
        assert ([item["text"] for item in answer["items"]], answer["more"]) == (["1", "2"], more)


async def test_the_form_before_the_chat_is_claimed_and_asked_once(desk: Desk) -> None:
    _, token = await desk.visit()
    assert await desk.call("POST", "messages", token, {"type": "profile", "name": "Анна", "phone": "12"}) == (
        400, {"detail": "phone: this is not a number"},
    )  # fmt: skip
    told = {
        "type": "profile",
        "name": "Анна",
        "email": "Anna@Example.org",
        "phone": "020 7946 0958",
        "region": "GB",
        "topic": "Возврат",
    }
    assert (await desk.call("POST", "messages", token, told))[0] == 200
    assert await desk.identities("email") == [("anna@example.org", False)]
    assert await desk.identities("phone") == [("+442079460958", False)]
    contact = await desk.db.read(lambda c: c.execute(sa.select(t.contacts)).one())
    assert (contact.name, contact.fields) == ("Анна", {"topic": "Возврат"})
    assert (await desk.call("POST", "session", body={"token": token}))[1]["met"] is True
    assert (await desk.call("POST", "messages", token, {"id": "c1", "text": "Здравствуйте", "topic": "Возврат"}))[0] == 200
    conversation = await desk.db.read(lambda c: c.execute(sa.select(t.conversations)).one())
    assert (conversation.contact_id, conversation.subject) == (contact.id, "Возврат")


async def test_what_a_person_says_later_overwrites_no_field(desk: Desk) -> None:
    _, token = await desk.visit()
    for topic_told in ("Доставка", "Возврат"):
        await desk.call("POST", "messages", token, {"type": "profile", "topic": topic_told})
    assert await desk.db.read(lambda c: c.scalar(sa.select(t.contacts.c.fields))) == {"topic": "Доставка"}


async def test_an_address_that_the_site_has_signed_is_verified_and_finds_the_card(desk: Desk) -> None:
    _, known = await desk.visit(email="Anna@Example.org", email_hash=proof("email:Anna@Example.org"))
    await desk.say(known, "Hi")
    assert await desk.identities("email") == [("anna@example.org", True)]
    _, elsewhere = await desk.visit(email="anna@example.org", email_hash=proof("email:anna@example.org"))
    await desk.say(elsewhere, "It's me again", "c2")
    contacts = await desk.db.read(lambda c: c.execute(sa.select(t.messages.c.contact_id)).scalars().all())
    assert len(contacts) == 2 and len(set(contacts)) == 1
    status, refused = await desk.call("POST", "session", body={"email": "a@b.example", "email_hash": proof("a@b.example")})
    assert (status, refused["code"]) == (403, "proof")


async def test_where_a_visitor_came_from_is_the_source_of_the_contact(desk: Desk) -> None:
    _, token = await desk.visit()
    visit = {
        "landing": "https://shop.example/?utm_source=ya#x",
        "utm": {"source": "ya", "campaign": "sale", "other": "x", "term": 5},
    }
    body = {"id": "c1", "text": "Hi", "page": "javascript:alert(1)", "visit": visit}
    assert (await desk.call("POST", "messages", token, body))[0] == 200
    assert await desk.db.read(lambda c: c.scalar(sa.select(t.contacts.c.source))) == "ya / sale"
    kept = await desk.db.read(lambda c: c.scalar(sa.select(t.messages.c.data)))
    shown = {"landing": "https://shop.example/?utm_source=ya", "utm": {"source": "ya", "campaign": "sale"}}
    assert kept == {"visit": shown, "start": "ya / sale"}


@one_store
@pytest.mark.parametrize(
    ("label", "hours", "hired", "expected"),
    [
        ("within the hours", "mon-sun 08:00-18:00", True, {"open": True, "opens_at": None}),
        ("no hours are always", "", True, {"open": True, "opens_at": None}),
        ("nobody is available", "", False, {"open": False, "opens_at": None}),
        ("a Sunday", "mon-fri 09:00-18:00", True, {"open": False, "opens_at": "2026-11-23T09:00:00+00:00"}),
    ],
)
async def test_the_visitor_is_told_whether_somebody_is_there(
    settings: Settings, db: Database, valkey: str, label: str, hours: str, hired: bool, expected: dict[str, Any]
) -> None:
    async with running(settings, db, valkey, hours=hours) as desk:
        if hired:
            await desk.hire()
        _, opened = await desk.call("POST", "session", body={})
        assert opened["desk"] == expected
        assert (await desk.call("GET", "messages", opened["token"]))[1]["desk"] == expected


@one_store
async def test_one_stream_too_many_ends_a_visitors_oldest(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_stream, "TABS", 1)
    _, token = await desk.visit()
    headers = {"Origin": SITE, "x-visitor-token": token}
    async with desk.http.get(f"{desk.url}/stream", headers=headers) as oldest, stream(desk, token) as told:
        async with asyncio.timeout(10):
            await oldest.content.read()
        await desk.say(token, "Hi")
        assert (await told())["text"] == "Hi"


@one_store
async def test_once_the_stream_has_answered_nothing_is_missed(desk: Desk) -> None:
    visitor, token = await desk.visit()
    await desk.say(token, "Hi")
    headers = {"Origin": SITE, "x-visitor-token": token}
    for n in range(5):
        async with desk.http.get(f"{desk.url}/stream", headers=headers) as response:
            number = await desk.answer(visitor, f"{n}")
            async with asyncio.timeout(10):
                while not (frame := await response.content.readuntil(b"\n\n")).startswith(b"data:"):
                    pass
            assert json.loads(frame[5:])["id"] == str(number)


@one_store
@pytest.mark.parametrize("path", ["999", "x", "999/widget.js", "9999999999999999999999/session"])
async def test_a_chat_that_is_not_there_is_not_found(desk: Desk, path: str) -> None:
    base = desk.url.rpartition("/")[0]
    async with desk.http.get(f"{base}/{path}") as response:
        assert response.status in (404, 405)


@one_store
async def test_the_script_is_one_small_file_that_browsers_keep(desk: Desk) -> None:
    async with desk.http.get(f"{desk.url}/widget.js") as response:
        body, tag = await response.text(), response.headers["ETag"]
        assert response.content_type == "text/javascript"
    assert "Ромашка" in body and not re.search(r"^(import|export) ", body, re.MULTILINE)
    assert len(gzip.compress(body.encode())) < 25_000, "30 KB is the promise; leave room for the longest settings"
    async with desk.http.get(f"{desk.url}/widget.js", headers={"If-None-Match": tag}) as response:
        assert response.status == 304


@one_store
async def test_the_pages_name_the_script_and_may_stand_in_the_sites_frames(desk: Desk) -> None:
    for path in ("", "/demo"):
        async with desk.http.get(desk.url + path, headers={"Accept-Language": "ru"}) as response:
            page = await response.text()
            assert f'src="{desk.url}/widget.js"' in page and 'lang="ru"' in page
            assert response.headers["Content-Security-Policy"].endswith(f"frame-ancestors {SITE}")


def test_no_two_files_of_the_widget_use_one_name() -> None:
    """Joined, they are one scope."""
    names = [
        name
        for file in widget.ORDER
        for name in re.findall(
            r"^(?:export )?(?:async )?(?:function\*?|class|const|let) (\w+)", (widget.FOLDER / file).read_text(), re.MULTILINE
        )
    ]
    assert len(names) == len(set(names)) and len(names) > 20


def test_a_title_cannot_end_the_script() -> None:
    body, _ = widget.script({"title": "</script><script>alert(1)"})
    assert b"</script" not in body


@asynccontextmanager
async def stream(desk: Desk, token: str) -> AsyncIterator[Any]:
    """An open stream: call what it gives to wait for the next message."""
    async with desk.http.get(f"{desk.url}/stream", headers={"Origin": SITE, "x-visitor-token": token}) as response:
        assert response.headers["Access-Control-Allow-Origin"] == SITE
        assert await response.content.readuntil(b"\n\n") == b": listening\n\n"
        await hearing(desk, token, response)

        async def told() -> dict[str, Any]:
            async with asyncio.timeout(5):
                while not (frame := await response.content.readuntil(b"\n\n")).startswith(b"data:"):
                    pass
                found: dict[str, Any] = json.loads(frame[5:])
                return await told() if found.get("type") == "probe" else found

        yield told


async def hearing(desk: Desk, token: str, response: aiohttp.ClientResponse) -> None:
    """Wait until the process's reader follows the wire: it begins a moment after the first subscription."""
    line = await desk.accounts.line(desk.channel)
    assert line is not None and isinstance(line.connector, Webchat)
    where = topic(line.connector.visitor(token).id)
    async with asyncio.timeout(5):
        while True:
            await desk.live.publish(where, {"type": "probe"})
            try:
                await asyncio.wait_for(response.content.readuntil(b"\n\n"), 0.1)
            except TimeoutError:
                continue
            return
