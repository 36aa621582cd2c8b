"""The stand-in for Twilio against our connector, over real sockets: what customers write and what becomes of our messages."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels.base import (
    Blocked,
    ChannelError,
    Hook,
    Misconfigured,
    OutgoingFile,
    OutgoingMessage,
    Refused,
    Retry,
    TemplateUse,
    Throttled,
    Transport,
    Unknown,
)
from channels.events import ConsentChanged, DeliveryStatus, Event, InboundMessage
from channels.sandbox.base import Customer, Draft, Fault, PhoneFile, Phones, serve
from channels.sandbox.sms import TwilioStandIn
from channels.sms import SmsConnector, SmsSettings

ANN = "+15005550001"


@dataclass
class Room:
    """A stand-in, our connector to it, and our webhook that keeps what it parses."""

    twilio: TwilioStandIn
    connector: SmsConnector
    customer: Customer
    url: str
    events: list[Event] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    async def hear(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        hook = Hook(
            method=request.method, url=str(request.url), headers=headers, body=await request.read(), received_at=datetime.now(UTC)
        )
        self.connector.verify(hook)
        self.events += self.connector.parse(hook)
        answer = self.connector.answer(hook)
        return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)

    async def show_file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self.files:
            raise web.HTTPNotFound
        return web.Response(body=self.files[name], content_type="image/png")

    def message(self, **fields: Any) -> OutgoingMessage:
        told = {"id": "m1", "address": ANN, "text": "Hi", "status_url": f"{self.url}/hook?message=m1"}
        return OutgoingMessage(**{**told, **fields})

    async def states(self, count: int) -> list[str]:
        """The first `count` delivery states, awaited."""
        async with asyncio.timeout(5):
            while len(found := [e for e in self.events if isinstance(e, DeliveryStatus)]) < count:
                await asyncio.sleep(0.002)
        assert {e.message_id for e in found} == {"m1"}
        return [f"{e.state} {e.code}".strip() for e in found]


Open = Callable[..., Awaitable[Room]]


@pytest.fixture
async def open_room() -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        async def open_(sender: str = "+15005550006") -> Room:
            customer = Customer(id="ann", name="Ann", language="en", addresses={"sms": ANN})
            twilio = TwilioStandIn(Phones([customer]), sender=sender)
            await stack.enter_async_context(serve(twilio))
            http = await stack.enter_async_context(aiohttp.ClientSession())
            connector = SmsConnector(SmsSettings.model_validate(twilio.settings()), Transport(http=http))
            room = Room(twilio, connector, customer, "")
            app = web.Application()
            app.router.add_post("/hook", room.hear)
            app.router.add_get("/files/{name}", room.show_file)
            server = await stack.enter_async_context(TestServer(app))
            room.url = str(server.make_url("")).rstrip("/")
            twilio.webhook = f"{room.url}/hook"
            return room

        yield open_


async def test_a_message_goes_and_its_statuses_come_back(open_room: Open) -> None:
    room = await open_room()
    sent = await room.connector.send(room.message(text="Привет 👋"))
    assert await room.states(2) == ["sent", "delivered"]
    (bubble,) = room.twilio.sent_to(ANN)
    assert (bubble.text, bubble.state, [bubble.id]) == ("Привет 👋", "delivered", list(sent.external_ids))
    assert room.twilio.received[-1]["Body"] == "Привет 👋"


async def test_statuses_can_be_silenced(open_room: Open) -> None:
    room = await open_room()
    room.twilio.statuses = False
    await room.connector.send(room.message())
    assert not room.events and room.twilio.sent_to(ANN)[0].state == "delivered"


async def test_a_customer_writes_with_a_picture(open_room: Open) -> None:
    room = await open_room()
    picture = PhoneFile(kind="image", name="a.png", mime="image/png", content=b"png")
    bubble = await room.twilio.write(room.customer, Draft(text=" Смотри & + ", files=[picture]))
    (message,) = room.events
    assert isinstance(message, InboundMessage)
    assert (message.external_id, message.text, message.address) == (bubble.id, " Смотри & + ", ANN)
    assert bubble.state == "delivered" and room.customer.bubbles == [bubble]
    found = await room.connector.download(message.attachments[0].remote)
    assert (found.content, found.mime) == (b"png", "image/png")
    with pytest.raises(Refused):
        await room.connector.download({"url": str(message.attachments[0].remote["url"]) + "0"})


async def test_our_picture_reaches_the_phone_and_a_lost_one_is_told(open_room: Open) -> None:
    room = await open_room()
    room.files["a.png"] = b"png"
    good, lost = (
        OutgoingFile(kind="image", name=n, mime="image/png", size=3, url=f"{room.url}/files/{n}", read=lambda: b"png")
        for n in ("a.png", "b.png")
    )
    await room.connector.send(room.message(attachments=[good]))
    assert await room.states(2) == ["sent", "delivered"]
    (file,) = room.twilio.sent_to(ANN)[0].files
    assert (file.kind, file.name, file.content) == ("image", "a.png", b"png")
    await room.connector.send(room.message(attachments=[lost]))
    assert (await room.states(3))[2] == "failed 30008"


@pytest.mark.parametrize("sender", ["+15005550006", "MG" + "1" * 32])
async def test_stop_is_obeyed_by_twilio_until_start(open_room: Open, sender: str) -> None:
    room = await open_room(sender)
    await room.twilio.write(room.customer, Draft(text="Stop"))
    with pytest.raises(Blocked) as error:
        await room.connector.send(room.message())
    assert error.value.code == "21610"
    assert "unsubscribed" in room.customer.bubbles[-1].text
    await room.twilio.write(room.customer, Draft(text="START"))
    await room.connector.send(room.message())
    assert [e.stopped for e in room.events if isinstance(e, ConsentChanged)] == [True, False]


async def test_yes_is_an_answer_unless_the_customer_has_stopped(open_room: Open) -> None:
    room = await open_room()
    await room.twilio.write(room.customer, Draft(text="yes"))
    assert len(room.customer.bubbles) == 1
    for text in ("STOP", "yes"):
        await room.twilio.write(room.customer, Draft(text=text))
    assert "re-subscribed" in room.customer.bubbles[-1].text and not room.twilio.stopped


REFUSALS: list[tuple[str, dict[str, Any], type[ChannelError], str]] = [
    ("no such number", {"address": "123"}, Refused, "21211"),
    ("another channel", {"address": "whatsapp:+15005550001"}, Refused, "21910"),
    ("too long", {"text": "x" * 1601}, Refused, "21617"),
    (
        "no public address",
        {"text": "", "attachments": [OutgoingFile(kind="file", name="a", mime="", size=1, url="a", read=bytes)]},
        Refused,
        "21620",
    ),
]


@pytest.mark.parametrize(("fields", "error", "code"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
async def test_twilio_checks_what_it_is_sent(
    open_room: Open, fields: dict[str, Any], error: type[ChannelError], code: str
) -> None:
    room = await open_room()
    with pytest.raises(error) as raised:
        await room.connector.send(room.message(**fields))
    assert raised.value.code == code and not room.twilio.received


REQUIRED = [
    ({}, 21604),
    ({"To": ANN}, 21603),
    ({"To": ANN, "From": "+15005550006"}, 21619),
    ({"To": ANN, "From": "+1", "Body": "x"}, 21606),
]


@pytest.mark.parametrize(("form", "code"), REQUIRED)
async def test_required_parameters_are_named_by_their_code(open_room: Open, form: dict[str, str], code: int) -> None:
    room = await open_room()
    url = f"{room.twilio.base_url}/2010-04-01/Accounts/{room.twilio.account_sid}/Messages.json"
    basic = base64.b64encode(f"{room.twilio.account_sid}:{room.twilio.auth_token}".encode()).decode()
    async with aiohttp.ClientSession() as http, http.post(url, data=form, headers={"Authorization": f"Basic {basic}"}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, code)


async def test_a_wrong_token_is_a_misconfiguration_everywhere(open_room: Open) -> None:
    room = await open_room()
    room.twilio._authorization = "Basic other"
    calls: list[Awaitable[object]] = [room.connector.send(room.message()), room.connector.connect(room.url)]
    for call in calls:
        with pytest.raises(Misconfigured) as error:
            await call
        assert error.value.code == "20003"


async def test_connecting_finds_the_account(open_room: Open) -> None:
    room = await open_room()
    assert (await room.connector.connect(f"{room.url}/hook")).name == "Sandbox"


FAULTS = [
    (Fault(kind="status", status=503), Retry, 0),
    (Fault(kind="status", status=429, retry_after=3), Throttled, 0),
    (Fault(kind="status", status=401), Misconfigured, 0),
    (Fault(kind="drop"), Unknown, 1),
]


@pytest.mark.parametrize(("fault", "error", "taken"), FAULTS)
async def test_faults_are_acted_out_once(open_room: Open, fault: Fault, error: type[ChannelError], taken: int) -> None:
    room = await open_room()
    room.twilio.faults.append(fault)
    with pytest.raises(ChannelError) as raised:
        await room.connector.send(room.message())
    assert type(raised.value) is error and len(room.twilio.received) == taken
    await room.connector.send(room.message())


async def test_a_dropped_message_is_settled_by_its_status(open_room: Open) -> None:
    room = await open_room()
    room.twilio.faults.append(Fault(kind="drop"))
    with pytest.raises(Unknown):
        await room.connector.send(room.message())
    assert await room.states(2) == ["sent", "delivered"]


async def test_whatsapp_has_names_buttons_a_window_and_read(open_room: Open) -> None:
    room = await open_room("whatsapp:+15005550006")
    room.twilio.account.add_content("HX1", "hello", "en", {"twilio/text": {"body": "Hello {{1}}!"}})
    await room.connector.send(room.message())
    assert await room.states(1) == ["failed 63016"] and not room.twilio.sent_to(ANN)
    await room.connector.send(room.message(template=TemplateUse(name="HX1", language="en", variables={"1": "Ann"})))
    assert (await room.states(3))[1:] == ["sent", "delivered"]
    assert room.twilio.sent_to(ANN)[-1].text == "Hello Ann!"
    await room.twilio.write(room.customer, Draft(text="Yes", choice="c1", reply_to="SM9"))
    message = room.events[-1]
    assert isinstance(message, InboundMessage)
    assert (message.address, message.sender.name, message.choice, message.reply_to) == (f"whatsapp:{ANN}", "Ann", "c1", "SM9")
    await room.connector.send(room.message(address=message.address))
    assert (await room.states(5))[3:] == ["sent", "delivered"]
    await room.twilio.read(room.customer)
    assert (await room.states(7))[5:] == ["read", "read"]


async def test_a_webhook_that_fails_leaves_the_message_unanswered(open_room: Open) -> None:
    room = await open_room()
    room.twilio.webhook = f"{room.url}/nowhere"
    assert (await room.twilio.write(room.customer, Draft(text="Hi"))).state == "sent"
