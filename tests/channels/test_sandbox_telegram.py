"""Telegram's stand-in behaves as the Bot API documents: what it refuses, how updates reach a bot, what a phone shows."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from channels.sandbox.base import Customer, Draft, Fault, PhoneFile, Phones, serve
from channels.sandbox.telegram import TelegramStandIn

CHAT = "5001"


@pytest.fixture
async def bot() -> AsyncIterator[TelegramStandIn]:
    phones = Phones([Customer(id="anna", name="Anna Petrova", language="ru", addresses={"telegram": CHAT})])
    async with serve(stand_in := TelegramStandIn(phones)):
        stand_in.updates.pause = 0.01
        yield stand_in


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


class Caller:
    """A bot's side of the wire, knowing nothing of our connector."""

    def __init__(self, bot: TelegramStandIn, http: aiohttp.ClientSession) -> None:
        self.base = f"{bot.base_url}/bot{bot.token}"
        self.http = http

    async def __call__(self, method: str, **parameters: Any) -> tuple[int, Any]:
        async with self.http.post(f"{self.base}/{method}", json=parameters) as answer:
            body = await answer.json()
            return answer.status, body["result"] if body["ok"] else body["description"]


@pytest.fixture
def call(bot: TelegramStandIn, http: aiohttp.ClientSession) -> Caller:
    return Caller(bot, http)


def button(data: str, text: str = "Yes") -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": text, "callback_data": data}]]}


def keys(**what: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "Open", **what}]]}


@pytest.mark.parametrize(
    ("method", "parameters", "status", "words"),
    [
        ("sendMessage", {"chat_id": CHAT}, 400, "Bad Request: message text is empty"),
        ("sendMessage", {"text": "x"}, 400, "Bad Request: chat_id is empty"),
        ("sendMessage", {"chat_id": 404, "text": "x"}, 400, "Bad Request: chat not found"),
        ("sendMessage", {"chat_id": CHAT, "text": "x" * 4097}, 400, "Bad Request: message is too long"),
        (
            "sendMessage",
            {"chat_id": CHAT, "text": "x", "reply_markup": button("ы" * 33)},
            400,
            "Bad Request: BUTTON_DATA_INVALID",
        ),
        ("sendMessage", {"chat_id": CHAT, "text": "x", "reply_markup": "{"}, 400, "can't parse reply markup JSON object"),
        ("sendMessage", {"chat_id": CHAT, "text": "<p>x</p>", "parse_mode": "HTML"}, 400, 'Unsupported start tag "p"'),
        ("sendMessage", {"chat_id": CHAT, "text": "<b>x", "parse_mode": "HTML"}, 400, "Can't find end tag"),
        (
            "sendMessage",
            {"chat_id": CHAT, "text": "x", "reply_parameters": {"message_id": 9}},
            400,
            "message to be replied not found",
        ),
        ("sendPhoto", {"chat_id": CHAT}, 400, "there is no photo in the request"),
        ("sendPhoto", {"chat_id": CHAT, "photo": "AgAD"}, 400, "wrong file identifier"),
        ("sendMediaGroup", {"chat_id": CHAT, "media": [{"type": "photo"}]}, 400, "2-10"),
        ("sendChatAction", {"chat_id": CHAT, "action": "dance"}, 400, "wrong parameter action"),
        ("answerCallbackQuery", {"callback_query_id": "1"}, 400, "query is too old"),
        ("getFile", {"file_id": "none"}, 400, "invalid file_id"),
        ("setWebhook", {"url": "http://example.org/"}, 400, "An HTTPS URL must be provided"),
        ("setWebhook", {"url": "https://example.org/", "secret_token": "no spaces"}, 400, "unallowed characters"),
        ("setWebhook", {"url": "https://example.org:8080/"}, 400, "only on ports 80, 88, 443 or 8443"),
        ("setWebhook", {"url": "https://example.org/", "max_connections": 101}, 400, "max_connections"),
        ("sendMessage", {"chat_id": CHAT, "text": "😀" * 2049}, 400, "message is too long"),
        ("sendMessage", {"chat_id": CHAT, "text": "x", "reply_markup": keys(url="javascript:x")}, 400, "BUTTON_URL_INVALID"),
        ("sendMessage", {"chat_id": CHAT, "text": "x", "reply_markup": keys(web_app={"url": "http://e"})}, 400, "Only HTTPS"),
        ("sendMessage", {"chat_id": CHAT, "text": "x", "reply_markup": {"keyboard": [[{}]]}}, 400, "keyboard button"),
        ("sendMessage", {"chat_id": CHAT, "text": "x", "business_connection_id": "b"}, 400, "business connection not found"),
        ("sendLocation", {"chat_id": CHAT, "latitude": 91, "longitude": 0}, 400, "wrong latitude or longitude"),
        ("sendLocation", {"chat_id": CHAT}, 400, "wrong latitude or longitude"),
        ("sendVenue", {"chat_id": CHAT, "latitude": 1, "longitude": 0, "title": "x"}, 400, "address is empty"),
        ("sendContact", {"chat_id": CHAT, "first_name": "Lev"}, 400, "phone number is empty"),
        ("sendContact", {"chat_id": CHAT, "first_name": "L", "phone_number": "1", "vcard": "x" * 2049}, 400, "vCard is too long"),
        ("setMessageReaction", {"chat_id": CHAT, "message_id": 1, "reaction": []}, 400, "message to react not found"),
        ("readBusinessMessage", {"chat_id": CHAT, "message_id": 1}, 400, "business connection not found"),
        ("setMyCommands", {"commands": [{"command": "A B", "description": "x"}]}, 400, "BOT_COMMAND_INVALID"),
        ("setMyCommands", {"commands": [{"command": "a", "description": ""}]}, 400, "BOT_COMMAND_DESCRIPTION_INVALID"),
        ("setMyCommands", {"commands": "?"}, 400, "can't parse commands JSON object"),
        ("sendPigeon", {"chat_id": CHAT}, 404, "Not Found"),
    ],
)
async def test_what_telegram_refuses_is_refused_in_its_words(
    call: Caller, bot: TelegramStandIn, method: str, parameters: dict[str, Any], status: int, words: str
) -> None:
    found, description = await call(method, **parameters)
    assert (found, words in description) == (status, True), description
    assert not bot.received and not bot.sent_to(CHAT)


async def test_a_wrong_token_is_unauthorized(bot: TelegramStandIn, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{bot.base_url}/bot1:wrong/getMe") as answer:
        assert (answer.status, (await answer.json())["error_code"]) == (401, 401)


@pytest.mark.parametrize("send_as", ["json", "form", "query"])
async def test_parameters_may_come_in_any_of_telegrams_ways(
    bot: TelegramStandIn, http: aiohttp.ClientSession, send_as: str
) -> None:
    parameters = {"chat_id": CHAT, "text": "Sure?", "reply_markup": json.dumps(button("y"))}
    address = f"{bot.base_url}/bot{bot.token}/SENDmessage"
    sent = {"json": {"json": parameters}, "form": {"data": parameters}, "query": {"params": parameters}}[send_as]
    async with http.post(address, **sent) as answer:  # type: ignore[arg-type]
        assert answer.status == 200
    assert [(b.text, b.choices) for b in bot.sent_to(CHAT)] == [("Sure?", [("y", "Yes")])]


async def test_a_blocked_bot_may_not_write_until_the_customer_writes(call: Caller, bot: TelegramStandIn) -> None:
    anna = bot.phones.customers["anna"]
    await bot.block(anna)
    assert await call("sendMessage", chat_id=CHAT, text="x") == (403, "Forbidden: bot was blocked by the user")
    await bot.write(anna, Draft(text="again"))
    assert (await call("sendMessage", chat_id=CHAT, text="x"))[0] == 200
    _, updates = await call("getUpdates")
    assert [next(name for name in update if name != "update_id") for update in updates] == ["my_chat_member"] * 2 + ["message"]


async def test_updates_come_again_until_they_are_confirmed(call: Caller, bot: TelegramStandIn) -> None:
    for text in "abc":
        await bot.write(bot.phones.customers["anna"], Draft(text=text))
    _, first = await call("getUpdates", limit=2)
    _, again = await call("getUpdates")
    _, rest = await call("getUpdates", offset=first[-1]["update_id"] + 1)
    _, newest = await call("getUpdates", offset=-1)
    assert [[u["message"]["text"] for u in batch] for batch in (first, again, rest, newest)] == [
        ["a", "b"],
        list("abc"),
        ["c"],
        ["c"],
    ]


async def test_a_long_poll_ends_with_the_first_message(call: Caller, bot: TelegramStandIn) -> None:
    polling = asyncio.create_task(call("getUpdates", timeout=50))
    while not bot.updates.polled:
        await asyncio.sleep(0)
    await bot.write(bot.phones.customers["anna"], Draft(text="at last"))
    async with asyncio.timeout(5):
        _, updates = await polling
    assert updates[0]["message"]["text"] == "at last"


async def test_only_one_may_poll_and_nobody_beside_a_webhook(call: Caller, bot: TelegramStandIn) -> None:
    older = asyncio.create_task(call("getUpdates", timeout=50))
    while not bot.updates.polled:
        await asyncio.sleep(0)
    assert await call("getUpdates") == (200, [])
    status, words = await older
    assert status == 409 and "terminated by other getUpdates" in words
    await call("setWebhook", url="http://127.0.0.1:9/")
    status, words = await call("getUpdates")
    assert status == 409 and "webhook is active" in words


async def test_only_the_updates_that_were_asked_for_are_kept(call: Caller, bot: TelegramStandIn) -> None:
    anna = bot.phones.customers["anna"]
    await call("getUpdates", allowed_updates=["edited_message"])
    bubble = await bot.write(anna, Draft(text="helo"))
    await bot.edit(anna, bubble, "hello")
    _, updates = await call("getUpdates")
    assert [update["edited_message"]["text"] for update in updates] == ["hello"]
    assert anna.bubbles[0].text == "hello"


class Webhook:
    """Somebody's server: answers as it is told and writes down what it gets."""

    def __init__(self) -> None:
        self.answers: list[web.Response] = []
        self.got: list[tuple[str | None, dict[str, Any]]] = []
        self.arrived = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        self.got.append((request.headers.get("X-Telegram-Bot-Api-Secret-Token"), await request.json()))
        self.arrived.set()
        return self.answers.pop(0) if self.answers else web.Response()

    async def wait(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.got) < count:
                self.arrived.clear()
                await self.arrived.wait()


@pytest.fixture
async def webhook() -> AsyncIterator[tuple[str, Webhook]]:
    hook = Webhook()
    app = web.Application()
    app.router.add_post("/hook", hook.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook", hook
    await runner.cleanup()


async def test_a_webhook_gets_what_waited_and_what_comes_with_the_secret(
    call: Caller, bot: TelegramStandIn, webhook: tuple[str, Webhook]
) -> None:
    url, hook = webhook
    anna = bot.phones.customers["anna"]
    await bot.write(anna, Draft(text="before"))
    await call("setWebhook", url=url, secret_token="s3cret", allowed_updates=["message"])
    await bot.write(anna, Draft(text="after"))
    await hook.wait(2)
    assert [(secret, update["message"]["text"]) for secret, update in hook.got] == [("s3cret", "before"), ("s3cret", "after")]


async def test_a_delivery_that_is_not_taken_is_repeated_before_the_next(
    call: Caller, bot: TelegramStandIn, webhook: tuple[str, Webhook]
) -> None:
    url, hook = webhook
    hook.answers = [web.Response(status=503), web.Response(status=302)]
    await call("setWebhook", url=url)
    for text in ("one", "two"):
        await bot.write(bot.phones.customers["anna"], Draft(text=text))
    await hook.wait(4)
    assert [update["message"]["text"] for _, update in hook.got] == ["one", "one", "one", "two"]
    assert len({update["update_id"] for _, update in hook.got}) == 2


async def test_a_webhook_may_answer_with_a_method(call: Caller, bot: TelegramStandIn, webhook: tuple[str, Webhook]) -> None:
    url, hook = webhook
    await call("setWebhook", url=url)
    await call("sendMessage", chat_id=CHAT, text="Sure?", reply_markup=button("y"))
    press = await bot.write(bot.phones.customers["anna"], Draft(choice="y", text="Yes"))
    hook.answers = [web.json_response({"method": "answerCallbackQuery", "callback_query_id": press.id})]
    async with asyncio.timeout(5):
        await bot.query_answered.wait()
    query = hook.got[0][1]["callback_query"]
    assert (query["id"], query["data"], query["message"]["reply_markup"]) == (press.id, "y", button("y"))
    assert list(bot.answered) == [press.id]


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("image", "photo"),
        ("voice", "voice"),
        ("file", "document"),
        ("audio", "audio"),
        ("video", "video"),
        ("sticker", "sticker"),
    ],
)
async def test_a_customers_file_is_described_and_can_be_fetched(
    call: Caller, bot: TelegramStandIn, http: aiohttp.ClientSession, kind: str, field: str
) -> None:
    sent = PhoneFile(kind=kind, name="thing.bin", mime="application/x-thing", content=b"thing")
    await bot.write(bot.phones.customers["anna"], Draft(text="look", files=[sent]))
    _, (update,) = await call("getUpdates")
    described = update["message"][field]
    described = described[-1] if isinstance(described, list) else described
    _, file = await call("getFile", file_id=described["file_id"])
    async with http.get(f"{bot.base_url}/file/bot{bot.token}/{file['file_path']}") as answer:
        assert await answer.read() == b"thing"
    assert (update["message"]["caption"], described["file_size"]) == ("look", 5)


async def test_several_files_are_an_album(call: Caller, bot: TelegramStandIn) -> None:
    photo = PhoneFile(kind="image", name="p.jpg", mime="image/jpeg", content=b"p")
    await bot.write(bot.phones.customers["anna"], Draft(text="both", files=[photo, photo]))
    _, updates = await call("getUpdates")
    messages = [update["message"] for update in updates]
    assert len({m["media_group_id"] for m in messages}) == 1
    assert [m.get("caption") for m in messages] == ["both", None]


async def test_the_bot_may_edit_and_delete_its_own_messages_only(call: Caller, bot: TelegramStandIn) -> None:
    anna = bot.phones.customers["anna"]
    theirs = await bot.write(anna, Draft(text="mine"))
    _, sent = await call("sendMessage", chat_id=CHAT, text="draft", reply_markup=button("y"))
    await call("editMessageText", chat_id=CHAT, message_id=sent["message_id"], text="final")
    assert [(b.text, b.choices) for b in bot.sent_to(CHAT)] == [("final", [])]
    assert (await call("editMessageText", chat_id=CHAT, message_id=int(theirs.id), text="x"))[0] == 400
    await call("deleteMessage", chat_id=CHAT, message_id=sent["message_id"])
    assert bot.sent_to(CHAT) == []


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (Fault(kind="status", status=429, retry_after=3), 429, {"retry_after": 3}),
        (Fault(kind="status", status=502), 502, None),
    ],
)
async def test_a_fault_hits_one_sending_call(
    call: Caller, bot: TelegramStandIn, http: aiohttp.ClientSession, fault: Fault, status: int, body: object
) -> None:
    bot.faults.append(fault)
    assert (await call("getMe"))[0] == 200
    async with http.post(f"{call.base}/sendMessage", json={"chat_id": CHAT, "text": "x"}) as answer:
        assert (answer.status, (await answer.json()).get("parameters")) == (status, body)
    assert (await call("sendMessage", chat_id=CHAT, text="x"))[0] == 200
    assert len(bot.sent_to(CHAT)) == 1


async def test_a_dropped_call_has_been_taken(call: Caller, bot: TelegramStandIn) -> None:
    bot.faults.append(Fault(kind="drop"))
    with pytest.raises(aiohttp.ClientError):
        await call("sendMessage", chat_id=CHAT, text="x")
    assert [b.text for b in bot.sent_to(CHAT)] == ["x"]


async def test_for_load_tests_any_chat_may_be_open(call: Caller, bot: TelegramStandIn) -> None:
    bot.any_chat = True
    assert (await call("sendMessage", chat_id="99", text="x"))[0] == 200
    assert (await call("sendMessage", chat_id="@channel", text="x"))[0] == 400


async def test_a_bot_that_is_too_fast_is_told_how_long_to_wait(call: Caller, bot: TelegramStandIn) -> None:
    now = [100.0]
    bot.pace.on, bot.pace.now = True, lambda: now[0]
    assert (await call("sendMessage", chat_id=CHAT, text="1"))[0] == 200
    assert await call("sendMessage", chat_id=CHAT, text="2") == (429, "Too Many Requests: retry after 1")
    now[0] += 1
    assert (await call("sendMessage", chat_id=CHAT, text="2"))[0] == 200
    group = bot.chats.circles.open_group("Neighbours")
    for number in range(20):
        now[0] += 1
        assert (await call("sendMessage", chat_id=group, text=str(number)))[0] == 200
    now[0] += 1
    assert await call("sendMessage", chat_id=group, text="21") == (429, "Too Many Requests: retry after 40")


async def test_an_upgraded_group_names_its_new_id(call: Caller, bot: TelegramStandIn, http: aiohttp.ClientSession) -> None:
    group = bot.chats.circles.open_group("Neighbours")
    new = bot.chats.circles.upgrade(group)
    async with http.post(f"{call.base}/sendMessage", json={"chat_id": group, "text": "x"}) as answer:
        body = await answer.json()
    assert (answer.status, body["parameters"]) == (400, {"migrate_to_chat_id": int(new)})
    status, sent = await call("sendMessage", chat_id=new, text="x")
    assert (status, sent["chat"]["type"]) == (200, "supergroup")
