"""The sandbox: its phones page and API, its customers' lives, and the browser it stands in for."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import aiohttp
import pytest
from aiohttp import web

from channels.sandbox import app as sandbox_app
from channels.sandbox.app import STAND_INS, Sandbox, load
from channels.sandbox.base import Bubble, Customer, Draft, Phones, StandIn
from channels.sandbox.life import Life, picture, press
from channels.sandbox.people import people
from channels.sandbox.script import LATER, OPENING, Press
from channels.sandbox.webchat import WebchatStandIn

PNG = picture(Random(1))


class Postbox(StandIn):
    """A provider without a network: keeps what is written, and reports no reading."""

    kind = "email"
    faults_left: ClassVar[int] = 0

    def settings(self) -> dict[str, str]:
        return {"address": "shop@example.com"}

    def routes(self) -> web.Application:
        return web.Application()

    async def write(self, customer: Customer, draft: Draft) -> Bubble:
        if self.webhook == "http://down":
            raise ConnectionRefusedError("the mail server is away")
        bubble = Bubble(
            id=f"<{len(customer.bubbles)}/1@example.org>", channel="email", mine=True, text=draft.text, files=draft.files
        )
        self.phones.show(customer, bubble)
        return bubble


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(stand_ins=[f"{__name__}:Postbox"]) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@contextmanager
def changes(phones: Phones) -> Iterator["asyncio.Queue[Customer]"]:
    queue: asyncio.Queue[Customer] = asyncio.Queue()
    stop = phones.listen(queue.put_nowait)
    yield queue
    stop()


async def until(phones: Phones, wanted: Any) -> None:
    """Wait, without polling the clock, until `wanted()` is true after a change of a phone."""
    with changes(phones) as queue:
        async with asyncio.timeout(5):
            while not wanted():
                await queue.get()


@pytest.mark.parametrize("name", STAND_INS)
def test_every_stand_in_is_there_and_named_like_its_channel(name: str) -> None:
    assert load(name).kind == name.partition(":")[0].rsplit(".", 1)[1]


async def test_the_page_and_all_it_refers_to_are_served(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    async with http.get(sandbox.base_url) as response:
        page = await response.text()
    wanted = re.findall(r'(?:src|href)="(/[^"]+)"', page)
    assert len(wanted) == 2
    for path in wanted:
        async with http.get(sandbox.base_url + path) as response:
            assert response.status == 200, path


def test_both_languages_of_the_page_have_the_same_words() -> None:
    text = (Path(sandbox_app.__file__).parent / "page" / "words.js").read_text()
    english, russian = (re.findall(r"\b([a-z]+): \"", part) for part in text.partition("export")[0].split("ru: {"))
    assert english == russian and len(english) > 20


async def test_a_customer_writes_through_the_page(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    file = {"name": "photo.png", "mime": "image/png", "content": base64.b64encode(PNG).decode()}
    async with http.post(f"{sandbox.base_url}/phones/liam/email", json={"text": "Hello", "file": file}) as response:
        assert response.status == 201
    async with http.get(f"{sandbox.base_url}/phones") as response:
        listed = {c["id"]: c for c in (await response.json())["customers"]}
    (bubble,) = listed["liam"]["bubbles"]
    assert (bubble["text"], bubble["mine"], bubble["files"][0]["size"]) == ("Hello", True, len(PNG))
    async with http.get(sandbox.base_url + bubble["files"][0]["url"]) as response:
        assert await response.read() == PNG
        assert response.headers["Content-Security-Policy"] == "sandbox"


@pytest.mark.parametrize(
    ("label", "path", "body", "status", "word"),
    [
        ("nothing said", "/phones/liam/email", {"text": " "}, 422, "text"),
        ("an unknown field", "/phones/liam/email", {"text": "a", "colour": "red"}, 422, "colour"),
        ("not base64", "/phones/liam/email", {"file": {"name": "a", "mime": "b", "content": "*"}}, 422, "base64"),
        ("nobody", "/phones/nobody/email", {"text": "a"}, 404, "nobody"),
        ("a channel they lack", "/phones/anna/email", {"text": "a"}, 404, "email"),
        ("reading as nobody", "/phones/nobody/read", {}, 404, "nobody"),
        ("connecting the unknown", "/connect", {"pigeon": "http://a"}, 422, "pigeon"),
        ("connecting to a number", "/connect", {"email": 5}, 422, "webhook"),
    ],
)
async def test_a_wrong_call_is_told_what_is_wrong(
    sandbox: Sandbox, http: aiohttp.ClientSession, label: str, path: str, body: Any, status: int, word: str
) -> None:
    async with http.post(sandbox.base_url + path, json=body) as response:
        assert response.status == status
        assert word in (await response.json(content_type="application/problem+json"))["detail"]


async def test_what_could_not_be_delivered_is_said(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    async with http.post(f"{sandbox.base_url}/connect", json={"email": "http://down"}) as response:
        assert await response.json() == {"email": "http://down"}
    async with http.post(f"{sandbox.base_url}/phones/liam/email", json={"text": "a"}) as response:
        assert response.status == 502
        assert "away" in (await response.json(content_type="application/problem+json"))["detail"]


async def test_a_phone_that_is_looked_at_is_read(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    liam = sandbox.person("liam")
    sandbox.phones.show(liam, Bubble(id="1", channel="email", mine=False, text="Hi"))
    async with http.post(f"{sandbox.base_url}/phones/liam/read") as response:
        assert response.status == 200
    assert liam.bubbles[0].state == "read"


async def test_changes_are_streamed_newest_state_once(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    liam = sandbox.person("liam")
    async with http.get(f"{sandbox.base_url}/changes") as response:
        assert await response.content.readuntil(b"\n\n") == b"retry: 1000\n\n"
        for n in range(3):
            sandbox.phones.show(liam, Bubble(id=str(n), channel="email", mine=False, text=f"Письмо {n}"))
        told = json.loads((await response.content.readuntil(b"\n\n"))[6:])
    assert told["id"] == "liam" and [b["text"] for b in told["bubbles"]] == ["Письмо 0", "Письмо 1", "Письмо 2"]


async def test_settings_name_every_stand_in(sandbox: Sandbox) -> None:
    assert sandbox.settings() == {"email": {"address": "shop@example.com"}}


def test_people_and_script_fit_together() -> None:
    customers = {c.id: c for c in people()}
    assert all(act.channel in customers[act.customer].addresses for act in OPENING)
    kinds = {name.partition(":")[0].rsplit(".", 1)[1] for name in STAND_INS}
    assert {act.channel for act in OPENING} == kinds
    assert {customers[act.customer].language for act in OPENING} == set(LATER) == {"ru", "en"}
    assert max(act.after for act in OPENING) < 60
    addresses = [(kind, a) for c in customers.values() for kind, a in c.addresses.items() if a]
    assert len(addresses) == len(set(addresses))


class Town:
    """Customers whose words are noted, and answered at once with two buttons."""

    def __init__(self) -> None:
        self.phones = Phones(people())
        self.said: dict[tuple[str, str], list[tuple[str, str | None]]] = {}
        self.down: set[str] = set()

    async def write(self, customer: str, channel: str, draft: Draft) -> Bubble:
        if channel in self.down:
            raise ConnectionRefusedError
        self.said.setdefault((customer, channel), []).append((draft.text, draft.choice))
        person = self.phones.customers[customer]
        mine = Bubble(id="m", channel=channel, mine=True, text=draft.text)
        self.phones.show(person, mine)
        buttons = [("buy", "Buy"), ("ask", "Ask")]
        self.phones.show(person, Bubble(id="o", channel=channel, mine=False, text="?", choices=buttons))
        return mine

    async def read(self, customer: str) -> None:
        return None

    async def run(self, seed: int, later: int = 12) -> dict[tuple[str, str], list[tuple[str, str | None]]]:
        await Life(self.phones, self.write, self.read, seed=seed, pace=0, patience=1).run(later)
        return self.said


async def test_the_same_seed_lives_the_same_life() -> None:
    first, again, other = await Town().run(1), await Town().run(1), await Town().run(2)
    assert first == again != other
    assert {channel for _, channel in first} == {act.channel for act in OPENING}
    assert first["anna", "telegram"][:2] == [("/start", None), ("Buy", "buy")]


async def test_a_channel_that_is_away_silences_only_itself() -> None:
    town = Town()
    town.down = {"telegram"}
    said = await town.run(1)
    assert {channel for _, channel in said} == {"whatsapp", "sms", "email", "webchat"}


async def test_a_customer_who_is_not_answered_goes_on() -> None:
    town = Town()
    said = []

    async def write(customer: str, channel: str, draft: Draft) -> Bubble:
        said.append(draft.text)
        return Bubble(id="m", channel=channel, mine=True)

    await Life(town.phones, write, town.read, pace=0, patience=0).opening()
    assert len(said) == sum(len(act.lines) for act in OPENING)
    assert "Возврат" in said


async def test_a_customer_who_is_greeted_waits_for_the_buttons() -> None:
    town = Town()
    said: list[tuple[str, str | None]] = []

    async def write(customer: str, channel: str, draft: Draft) -> Bubble:
        person = town.phones.customers[customer]
        said.append((customer, draft.choice))
        town.phones.show(person, Bubble(id="greeting", channel=channel, mine=False, text="Hello!"))
        ask = Bubble(id="menu", channel=channel, mine=False, text="What is it?", choices=[("buy", "Buy")])
        asyncio.get_running_loop().call_soon(town.phones.show, person, ask)
        return ask

    await Life(town.phones, write, town.read, pace=0, patience=5).opening()
    pressed = sum(isinstance(line, Press) for act in OPENING for line in act.lines)
    assert [choice for _, choice in said if choice] == ["buy"] * pressed


@pytest.mark.parametrize(
    ("label", "text", "choices", "said"),
    [
        ("buttons", "Hi", [("a", "A"), ("b", "B")], ("B", "b")),
        ("numbers", "Choose:\n1. Delivery\n2. Returns", [], ("2", None)),
        ("neither", "Hi", [], ("Returns", None)),
    ],
)
def test_a_choice_is_pressed_numbered_or_said(
    label: str, text: str, choices: list[tuple[str, str]], said: tuple[str, str]
) -> None:
    customer = people()[0]
    customer.bubbles.append(Bubble(id="1", channel="sms", mine=False, text=text, choices=choices))
    draft = press(customer, "sms", Press(1, "Returns"))
    assert (draft.text, draft.choice) == said


class Chat:
    """The /chat endpoints of a web chat, without what is behind them."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        """With which a session was asked for."""
        self.items: list[dict[str, Any]] = []
        self.streams: list[asyncio.Queue[dict[str, Any] | None]] = []
        self.heard = asyncio.Event()
        self.opened = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/chat/5/session", self.session),
            web.get("/chat/5/messages", self.messages),
            web.post("/chat/5/messages", self.post),
            web.get("/chat/5/stream", self.stream),
        ]

    async def session(self, request: web.Request) -> web.Response:
        self.tokens.append((await request.json())["token"])
        return web.json_response({"visitor": "v1", "token": "t1"})

    async def messages(self, request: web.Request) -> web.Response:
        assert request.headers["x-visitor-token"] == "t1"
        return web.json_response({"items": self.items, "next": "c1"})

    async def post(self, request: web.Request) -> web.Response:
        self.posts.append(await request.json())
        self.heard.set()
        return web.json_response({"ok": True})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self.streams.append(queue)
        self.opened.set()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b":\n\n")
        while (told := await queue.get()) is not None:
            await response.write(f"data: {json.dumps(told)}\n\n".encode())
        return response

    async def posted(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(5):
            while True:
                for post in self.posts:
                    if post.get("type") == kind:
                        return post
                self.heard.clear()
                await self.heard.wait()


def ours(number: str, text: str) -> dict[str, Any]:
    return {
        "id": number,
        "mine": False,
        "text": text,
        "choices": [{"id": "a", "title": "A"}],
        "attachments": [],
        "reply_to": None,
    }


@pytest.fixture
async def chat() -> AsyncIterator[tuple[Chat, WebchatStandIn]]:
    chat = Chat()
    root = web.Application()
    root.add_routes(chat.routes())
    runner = web.AppRunner(root, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    stand_in = WebchatStandIn(Phones(people()))
    await stand_in.start("http://127.0.0.1:1/webchat")
    stand_in.webhook = f"http://127.0.0.1:{port}/hooks/5"
    yield chat, stand_in
    await stand_in.stop()
    await runner.cleanup()


async def test_a_browser_hears_what_it_missed_and_what_comes(chat: tuple[Chat, WebchatStandIn]) -> None:
    server, browser = chat
    emma = browser.phones.customers["emma"]
    server.items = [ours("1", "missed")]
    bubble = await browser.write(emma, Draft(text="Hi", choice="c"))
    assert bubble.state == "delivered" and emma.addresses["webchat"] == "v1"
    assert (server.posts[0]["id"], server.posts[0]["choice"], server.posts[0]["name"]) == (bubble.id, "c", "Emma Clarke")
    await until(browser.phones, lambda: len(browser.sent_to("v1")) == 1)
    server.streams[0].put_nowait({"type": "message", **ours("1", "missed")})
    server.streams[0].put_nowait({"type": "message", **ours("2", "live")})
    await until(browser.phones, lambda: len(browser.sent_to("v1")) == 2)
    assert [b.text for b in browser.sent_to("v1")] == ["missed", "live"]
    assert (await server.posted("received"))["ids"] == ["1"]
    await browser.read(emma)
    assert (await server.posted("read"))["ids"] == ["1", "2"]


async def test_a_browser_whose_stream_ended_opens_it_again(chat: tuple[Chat, WebchatStandIn]) -> None:
    server, browser = chat
    await browser.write(browser.phones.customers["emma"], Draft(text="Hi"))
    server.items = [ours("1", "while away")]
    await server.opened.wait()
    server.streams[0].put_nowait(None)
    await until(browser.phones, lambda: len(browser.sent_to("v1")) == 1)


async def test_after_a_restart_a_browser_is_still_the_same_visitor(chat: tuple[Chat, WebchatStandIn], tmp_path: Path) -> None:
    server, first = chat
    first.memory = tmp_path / "phones"
    await first.write(first.phones.customers["emma"], Draft(text="Hi"))
    again = WebchatStandIn(Phones(people()))
    again.memory = first.memory
    server.items = [{**ours("1", "Hi"), "mine": True, "client_id": "c1"}, ours("2", "while the phones were off")]
    await again.start("http://127.0.0.1:1/webchat")
    again.webhook = first.webhook
    emma = again.phones.customers["emma"]
    await until(again.phones, lambda: len(emma.bubbles) == 2)
    assert [(bubble.mine, bubble.text) for bubble in emma.bubbles] == [(True, "Hi"), (False, "while the phones were off")]
    assert server.tokens == ["", "t1"]
    await again.stop()


async def test_a_chat_that_is_not_connected_says_so(chat: tuple[Chat, WebchatStandIn]) -> None:
    _, browser = chat
    browser.webhook = ""
    with pytest.raises(OSError, match="nobody has connected"):
        await browser.write(browser.phones.customers["emma"], Draft(text="Hi"))
