"""What the SMS channel does with a Twilio account besides messages: connecting it, its templates, calls, dots."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels.base import Hook, Location, Misconfigured, OutgoingMessage, Refused, Retry, TemplateUse, Transport
from channels.events import Event, InboundMessage, MessageEdited
from channels.sandbox.base import Customer, Phones, serve
from channels.sandbox.sms import TwilioStandIn
from channels.sandbox.sms_calls import Caller
from channels.sms import SmsConnector, SmsSettings
from channels.sms_parts.api import Api
from channels.sms_parts.connect import _is_reachable
from channels.sms_parts.templates import all_templates

ANN, OURS, HOOK = "+15005550001", "+15005550006", "https://switchboard.example/hooks/7"


@dataclass
class Account:
    """A stand-in and our connector to it; what its webhooks told us."""

    twilio: TwilioStandIn
    connector: SmsConnector
    customer: Customer
    events: list[Event] = field(default_factory=list)
    url: str = ""

    async def hear(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body, now = await request.read(), datetime.now(UTC)
        hook = Hook(method=request.method, url=str(request.url), headers=headers, body=body, received_at=now)
        self.connector.verify(hook)
        self.events += self.connector.parse(hook)
        answer = self.connector.answer(hook)
        return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)


Open = Callable[..., Awaitable[Account]]


@pytest.fixture
async def open_account() -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        async def open_(sender: str = OURS, **settings: Any) -> Account:
            customer = Customer(id="ann", name="Ann", language="en", addresses={"sms": ANN})
            twilio = TwilioStandIn(Phones([customer]), sender=sender)
            await stack.enter_async_context(serve(twilio))
            http = await stack.enter_async_context(aiohttp.ClientSession())
            told = SmsSettings.model_validate(twilio.settings() | settings)
            account = Account(twilio, SmsConnector(told, Transport(http=http)), customer)
            app = web.Application()
            app.router.add_post("/hook", account.hear)
            server = await stack.enter_async_context(TestServer(app))
            account.url = str(server.make_url("/hook"))
            return account

        yield open_


# Connecting


async def test_a_number_is_pointed_at_us_and_its_calls_stay_where_they_are(open_account: Open) -> None:
    account = await open_account()
    found = await account.connector.connect(HOOK)
    (number,) = account.twilio.account.numbers
    assert (found.name, found.address, list(found.notes)) == ("Sandbox", OURS, [])
    assert (number["sms_url"], number["sms_method"], number["voice_url"]) == (HOOK, "POST", "")


async def test_calls_are_taken_over_only_if_that_is_wanted(open_account: Open) -> None:
    account = await open_account(calls="voicemail")
    await account.connector.connect(HOOK)
    (number,) = account.twilio.account.numbers
    assert (number["voice_url"], number["status_callback"]) == (HOOK, f"{HOOK}?call=status")


async def test_whoever_had_the_number_before_is_named(open_account: Open) -> None:
    account = await open_account(calls="say")
    account.twilio.account.numbers[0] |= {"sms_url": "https://old.example/secret", "voice_url": "https://phone.example/x"}
    notes = (await account.connector.connect(HOOK)).notes
    assert notes == [
        "Messages of this number went to old.example before, and now come here",
        "Calls of this number went to phone.example before, and now come here",
    ]
    assert not (await account.connector.connect(HOOK)).notes


@pytest.mark.parametrize(("what", "calls"), [("sms", "off"), ("mms", "off"), ("voice", "say")])
async def test_what_a_number_cannot_do_is_said(open_account: Open, what: str, calls: str) -> None:
    account = await open_account(calls=calls)
    account.twilio.account.numbers[0]["capabilities"][what] = False
    (note,) = (await account.connector.connect(HOOK)).notes
    assert note.startswith("This number cannot")


async def test_a_service_is_pointed_at_us(open_account: Open) -> None:
    service = "MG" + "1" * 32
    account = await open_account(service, calls="say")
    (note,) = (await account.connector.connect(HOOK)).notes
    found = account.twilio.account.services[service]
    assert (found["inbound_request_url"], found["use_inbound_webhook_on_number"]) == (HOOK, "false")
    assert "Messaging Services have no calls" in note


async def test_a_whatsapp_sender_is_pointed_at_us(open_account: Open) -> None:
    account = await open_account(f"whatsapp:{OURS}")
    assert not (await account.connector.connect(HOOK)).notes
    assert account.twilio.account.senders[0]["webhook"] == {"callback_url": HOOK, "callback_method": "POST"}


BY_HAND = [
    ("a number of somebody else's", OURS, "numbers", "does not belong to this Twilio account"),
    ("an unknown WhatsApp sender", f"whatsapp:{OURS}", "senders", "is not a WhatsApp sender"),
]


@pytest.mark.parametrize(("sender", "part", "words"), [b[1:] for b in BY_HAND], ids=[b[0] for b in BY_HAND])
async def test_what_cannot_be_set_is_a_note_with_the_address(open_account: Open, sender: str, part: str, words: str) -> None:
    account = await open_account(sender)
    getattr(account.twilio.account, part).clear()
    (note,) = (await account.connector.connect(HOOK)).notes
    assert words in note and HOOK in note


SPECIAL = [
    ("whatsapp:+14155238886", "the WhatsApp sandbox"),
    ("SHOP", "Customers cannot answer"),
    ("2020", "no such account or number. In Twilio's console"),
]


@pytest.mark.parametrize(("sender", "words"), SPECIAL)
async def test_senders_without_an_address_of_their_own(open_account: Open, sender: str, words: str) -> None:
    account = await open_account(sender)
    (note,) = (await account.connector.connect(HOOK)).notes
    assert words in note


async def test_an_underscore_in_our_host_is_told(open_account: Open) -> None:
    account = await open_account()
    (note,) = (await account.connector.connect("https://my_shop.example/hooks/1")).notes
    assert "underscore" in note


async def test_a_wrong_token_is_an_error_and_no_note(open_account: Open) -> None:
    account = await open_account(auth_token="wrong")
    with pytest.raises(Misconfigured):
        await account.connector.connect(HOOK)


REACHABLE = [
    ("https://switchboard.example/hooks/1", True),
    ("https://93.184.216.34/hooks/1", True),
    ("http://127.0.0.1:8080/hooks/1", False),
    ("http://10.0.0.7/hooks/1", False),
    ("http://localhost:8080/hooks/1", False),
    ("http://server.local/hooks/1", False),
]


@pytest.mark.parametrize(("address", "public"), REACHABLE)
def test_twilio_reaches_only_what_is_public(address: str, public: bool) -> None:
    http: Any = None
    assert _is_reachable(Api(http, "https://api.twilio.com", "AC1", b"x"), address) is public
    assert _is_reachable(Api(http, "http://127.0.0.1:9", "AC1", b"x"), address)


def test_each_of_twilios_apis_has_a_host_of_its_own() -> None:
    http: Any = None
    assert (
        Api(http, "https://api.twilio.com/", "AC1", b"x").on("content", "/v1/Content") == "https://content.twilio.com/v1/Content"
    )
    assert Api(http, "http://127.0.0.1:9/sms", "AC1", b"x").on("content", "/v1/Content") == "http://127.0.0.1:9/sms/v1/Content"


# Templates

HELLO = {"twilio/text": {"body": "Hello {{1}}, order {{number}} is ready, {{1}}!"}}
RICH = {
    "twilio/text": {"body": "Fallback"},
    "whatsapp/card": {
        "body": "Hi {{1}}",
        "footer": "Shop",
        "media": ["https://shop.example/{{2}}/a.mp4"],
        "actions": [
            {"type": "URL", "title": "Open", "url": "https://shop.example/{{3}}"},
            {"type": "QUICK_REPLY", "title": "No", "id": "no"},
        ],
    },
}


async def test_templates_are_listed_page_by_page(open_account: Open) -> None:
    account = await open_account(f"whatsapp:{OURS}")
    for n in range(150):
        account.twilio.account.add_content(f"HX{n}", f"t{n}", "en", HELLO)
    found = await account.connector.templates()
    assert found is not None and [t.external_id for t in found] == [f"HX{n}" for n in range(150)]
    assert (found[0].name, found[0].language, found[0].category) == ("t0", "en", "utility")
    assert (found[0].body, list(found[0].variables), found[0].status) == (
        HELLO["twilio/text"]["body"],
        ["1", "number"],
        "approved",
    )


async def test_a_rich_template_is_read_whole(open_account: Open) -> None:
    account = await open_account(f"whatsapp:{OURS}")
    account.twilio.account.add_content("HX1", "rich", "ru", RICH, "rejected")
    (found,) = await account.connector.templates() or ()
    assert (found.body, found.footer, found.header) == ("Hi {{1}}", "Shop", None)
    assert [(b.kind, b.text) for b in found.buttons] == [("url", "Open"), ("reply", "No")]
    assert (list(found.variables), found.status) == (["1", "2", "3"], "rejected")


async def test_templates_of_one_name_are_told_apart(open_account: Open) -> None:
    account = await open_account(f"whatsapp:{OURS}")
    for sid in ("HX000001", "HX000002"):
        account.twilio.account.add_content(sid, "hello", "en", HELLO)
    found = await account.connector.templates() or ()
    assert [(t.name, t.external_id) for t in found] == [("hello", "HX000001"), ("hello (000002)", "HX000002")]


async def test_a_list_that_is_none_is_no_empty_list(open_account: Open) -> None:
    account = await open_account(f"whatsapp:{OURS}", api_base="http://127.0.0.1:1")
    with pytest.raises(Retry):
        await account.connector.templates()

    async def odd(_: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_get("/v1/ContentAndApprovals", odd)
    async with TestServer(app) as other, aiohttp.ClientSession() as http:
        api = Api(http, str(other.make_url("/")), "AC1", b"x")
        with pytest.raises(Misconfigured, match="Content API"):
            await all_templates(api, whatsapp=True)


STATES = [
    ("unsubmitted", "pending", "Not submitted"),
    ("received", "pending", ""),
    ("pending", "pending", ""),
    ("paused", "paused", ""),
    ("disabled", "disabled", ""),
    ("something new", "pending", ""),
]


@pytest.mark.parametrize(("told", "status", "reason"), STATES)
async def test_only_an_approved_template_counts_on_whatsapp(open_account: Open, told: str, status: str, reason: str) -> None:
    account = await open_account(f"whatsapp:{OURS}")
    account.twilio.account.add_content("HX1", "t", "en", HELLO, told)
    (found,) = await account.connector.templates() or ()
    assert found.status == status and found.reason.startswith(reason) and bool(found.reason) == bool(reason)


async def test_sms_needs_nobodys_approval(open_account: Open) -> None:
    account = await open_account()
    account.twilio.account.add_content("HX1", "t", "en", HELLO, "unsubmitted")
    (found,) = await account.connector.templates() or ()
    assert (found.status, found.reason) == ("approved", "")


USES = [
    ("by its SID", TemplateUse(name="HX1", language="en", variables={"1": "Ann", "number": "7"})),
    (
        "by the SID beside its name",
        TemplateUse(name="x", language="en", external_id="HX1", variables={"1": "Ann", "number": "7"}),
    ),
    ("by its name", TemplateUse(name="ready", language="en", variables={"1": "Ann", "number": "7"})),
    (
        "with a typed value",
        TemplateUse(name="HX1", language="en", variables={"1": {"type": "text", "fallback_value": "Ann"}, "number": "7"}),
    ),
]


@pytest.mark.parametrize("use", [u[1] for u in USES], ids=[u[0] for u in USES])
async def test_a_template_is_sent(open_account: Open, use: TemplateUse) -> None:
    account = await open_account(f"whatsapp:{OURS}")
    account.twilio.account.add_content("HX1", "ready", "en", HELLO)
    for _ in range(2):
        await account.connector.send(OutgoingMessage(id="m1", address=ANN, template=use))
    texts = [bubble.text for bubble in account.twilio.sent_to(ANN)]
    assert texts == ["Hello Ann, order 7 is ready, Ann!"] * 2


@pytest.mark.parametrize(
    ("use", "code"),
    [
        (TemplateUse(name="unknown", language="en"), "21655"),
        (TemplateUse(name="HX1", language="en", variables={"1": {"type": "odd"}}), "variable"),
    ],
)
async def test_a_template_that_does_not_exist_is_refused(open_account: Open, use: TemplateUse, code: str) -> None:
    account = await open_account(f"whatsapp:{OURS}")
    account.twilio.account.add_content("HX1", "ready", "en", HELLO)
    with pytest.raises(Refused) as error:
        await account.connector.send(OutgoingMessage(id="m1", address=ANN, template=use))
    assert error.value.code == code and not account.twilio.received


# What else is sent


async def test_typographic_characters_are_made_plain_where_that_is_cheaper(open_account: Open) -> None:
    account = await open_account()
    long = "“Hello” — " + "a" * 90
    for text in (long, "Да — " + "я" * 90, "“Hi”", "a" * 200):
        await account.connector.send(OutgoingMessage(id="m1", address=ANN, text=text))
    assert [form.get("SmartEncoded") for form in account.twilio.received] == ["true", None, None, None]
    plain = (await open_account(smart_encoding=False)).connector
    message = OutgoingMessage(id="m1", address=ANN, text=long)
    costs = [connector.cost(message) for connector in (account.connector, plain)]
    assert [(cost.encoding, cost.count) for cost in costs if cost] == [("GSM-7", 1), ("UCS-2", 2)]


async def test_a_message_goes_without_reports_where_twilio_cannot_call_us(open_account: Open) -> None:
    account = await open_account()
    for address in ("https://my_shop.example/hooks/1?message=m1", "https://shop.example/hooks/1?message=m1"):
        await account.connector.send(OutgoingMessage(id="m1", address=ANN, text="Hi", status_url=address))
    assert [form.get("StatusCallback", "") for form in account.twilio.received] == ["", "https://shop.example/hooks/1?message=m1"]


async def test_a_place_is_a_pin_on_whatsapp(open_account: Open) -> None:
    account = await open_account(f"whatsapp:{OURS}")
    place = Location(latitude=55.75, longitude=37.62, name="Office")
    await account.connector.send(OutgoingMessage(id="m1", address=ANN, location=place))
    sent = account.twilio.received[-1]
    assert (sent["Body"], sent["PersistentAction"]) == ("Office", "geo:55.75,37.62|Office")


@pytest.mark.parametrize(("sender", "shown"), [(OURS, []), (f"whatsapp:{OURS}", ["SM1"])])
async def test_dots_are_shown_under_a_whatsapp_message(open_account: Open, sender: str, shown: list[str]) -> None:
    account = await open_account(sender)
    await account.connector.typing(ANN)
    await account.connector.typing(ANN, "SM1")
    assert account.twilio.account.typing == shown


async def test_pictures_go_as_links_where_mms_is_off(open_account: Open) -> None:
    kinds = [(await open_account(**told)).connector for told in ({}, {"mms": False}, {"sender": "SHOP"})]
    assert [bool(c.capabilities(c._settings).media) for c in kinds] == [True, False, False]


async def test_a_download_stops_at_its_limit_and_no_other_host_sees_the_token(open_account: Open) -> None:
    account = await open_account()
    seen: list[str] = []

    async def flood(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("Authorization", ""))
        response = web.StreamResponse()
        await response.prepare(request)
        with_limit = 40
        for _ in range(with_limit):
            await response.write(b"x" * 1024)
        return response

    async def lead_on(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        raise web.HTTPTemporaryRedirect(str(other.make_url("/flood")).replace("127.0.0.1", "localhost"))

    app = web.Application()
    app.router.add_get("/flood", flood)
    app.router.add_get("/lead-on", lead_on)
    async with TestServer(app) as other:
        api = account.connector._api
        base = str(other.make_url("/"))
        with pytest.raises(Refused, match="larger than"):
            await api.download(f"{base}flood", 10_000)
        status, _, content = await api.download(f"{base}lead-on", 100_000)
    assert (status, len(content)) == (200, 40 * 1024)
    assert len(seen) == 3 and seen[0] and seen[1] and not seen[2]


# Calls


async def ring(account: Account, **caller: Any) -> tuple[list[str], list[Event]]:
    await account.connector.connect(account.url)
    async with asyncio.timeout(10):
        heard = await account.twilio.call(account.customer, Caller(**caller))
    return heard, account.events


async def test_a_caller_leaves_a_message(open_account: Open) -> None:
    account = await open_account(calls="voicemail")
    heard, events = await ring(account, says=14)
    assert "leave a message" in heard[0]
    texts = [event.message.text for event in events if isinstance(event, MessageEdited)]
    assert texts == ["Voicemail, 14 s"] * 2
    remotes = [file.remote for event in events if isinstance(event, MessageEdited) for file in event.message.attachments]
    assert len({remote["url"] for remote in remotes}) == 1
    assert (await account.connector.download(remotes[0])).content.startswith(b"ID3")


@pytest.mark.parametrize(("taken", "texts"), [(True, ["Call answered, 1 min 1 s"]), (False, ["Missed call: nobody answered"])])
async def test_a_call_is_forwarded(open_account: Open, taken: bool, texts: list[str]) -> None:
    account = await open_account(calls="forward", calls_forward="+15005550009")
    heard, events = await ring(account, taken=taken, waits=False)
    assert [event.message.text for event in events if isinstance(event, MessageEdited)] == texts
    assert bool(heard) is not taken
    assert len({event.external_id for event in events if isinstance(event, InboundMessage)}) == 1


async def test_a_missed_call_is_answered_by_sms(open_account: Open) -> None:
    account = await open_account(calls="say", calls_text="Please write to us", calls_language="en-GB")
    heard, events = await ring(account)
    assert heard == ["Please write to us"]
    (message, *_) = [event for event in events if isinstance(event, InboundMessage)]
    await account.connector.send(OutgoingMessage(id="m1", address=message.address, text="Sorry that we missed your call"))
    assert account.twilio.sent_to(ANN)[-1].text == "Sorry that we missed your call"


async def test_nobody_hears_of_calls_that_are_not_ours(open_account: Open) -> None:
    account = await open_account()
    assert await ring(account) == ([], [])


async def test_a_recording_that_is_not_ready_is_tried_again(open_account: Open) -> None:
    account = await open_account()
    with pytest.raises(Retry, match="not finished"):
        await account.connector.download({"url": f"{account.twilio.base_url}/2010-04-01/Accounts/AC1/Recordings/RE1.mp3"})
