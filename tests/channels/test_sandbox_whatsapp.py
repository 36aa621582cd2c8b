"""The WhatsApp connector against the stand-in for Meta's servers, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from channels.base import (
    BadSignature,
    ChannelError,
    Choice,
    ContactCard,
    Hook,
    Location,
    Misconfigured,
    OutgoingFile,
    OutgoingMessage,
    ProviderTemplate,
    Refused,
    Retry,
    TemplateButton,
    TemplateHeader,
    TemplateUse,
    Throttled,
    Transport,
    Unknown,
)
from channels.events import ConsentChanged, DeliveryStatus, Event, InboundMessage
from channels.sandbox.base import Customer, Draft, Fault, PhoneFile, Phones, serve
from channels.sandbox.whatsapp import WhatsAppStandIn
from channels.sandbox.whatsapp_refusals import Refusal
from channels.sandbox.whatsapp_rules import check_body
from channels.whatsapp import WhatsApp, WhatsAppSettings

PATIENCE = 10.0
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Inbox:
    """Our side of the webhook: verifies, parses and keeps what comes; refuses the first `refusals` deliveries."""

    def __init__(self) -> None:
        self.connector: WhatsApp
        self.events: list[Event] = []
        self.refusals = 0
        self.calls = 0
        self._news = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        hook = Hook(method=request.method, url=str(request.url), headers=headers, body=await request.read(), received_at=START)
        if request.method == "GET":
            try:
                return web.Response(body=self.connector.answer(hook).body)
            except BadSignature:
                return web.Response(status=403)
        self.calls += 1
        if self.calls <= self.refusals:
            return web.Response(status=503)
        self.connector.verify(hook)
        self.events += self.connector.parse(hook)
        self._news.set()
        return web.Response()

    async def wait_for(self, count: int) -> Sequence[Event]:
        """The events, as soon as there are `count` of them."""
        async with asyncio.timeout(PATIENCE):
            while len(self.events) < count:
                self._news.clear()
                await self._news.wait()
        return self.events


@dataclass(kw_only=True)
class Scene:
    meta: WhatsAppStandIn
    connector: WhatsApp
    inbox: Inbox
    lena: Customer
    hook_url: str
    http: aiohttp.ClientSession

    async def heard_from_lena(self) -> None:
        """Open the 24-hour window."""
        await self.meta.write(self.lena, Draft(text="hello"))
        await self.inbox.wait_for(1)
        self.inbox.events.clear()

    def another(self, **changes: str) -> WhatsApp:
        return WhatsApp(WhatsAppSettings.model_validate({**self.meta.settings(), **changes}), Transport(http=self.http))


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    inbox = Inbox()
    app = web.Application()
    app.router.add_route("*", "/hooks/1", inbox.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook_url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks/1"
    lena = Customer(id="lena", name="Lena Orlova", language="ru", addresses={"whatsapp": "79000000155"})
    async with serve(WhatsAppStandIn(Phones([lena]))) as meta, aiohttp.ClientSession() as http:
        assert isinstance(meta, WhatsAppStandIn)
        meta.webhook = hook_url
        inbox.connector = WhatsApp(WhatsAppSettings.model_validate(meta.settings()), Transport(http=http))
        yield Scene(meta=meta, connector=inbox.connector, inbox=inbox, lena=lena, hook_url=hook_url, http=http)
    await runner.cleanup()


@pytest.fixture
async def shop() -> AsyncIterator[Scene]:
    async with scene() as found:
        yield found


def message(**fields: Any) -> OutgoingMessage:
    return OutgoingMessage(**{"id": "m-1", "address": "79000000155", **fields})


def picture(content: bytes = b"\xff\xd8jpeg", kind: str = "image", mime: str = "image/jpeg", name: str = "a.jpg") -> OutgoingFile:
    return OutgoingFile(kind=kind, name=name, mime=mime, size=len(content), url="", read=lambda: content)


def buttons(count: int) -> list[Choice]:
    return [Choice(id=f"c{n}", title=f"Choice {n}") for n in range(count)]


# what we send


async def test_a_text_reaches_the_phone_and_its_statuses_name_our_message(shop: Scene) -> None:
    await shop.heard_from_lena()
    sent = await shop.connector.send(message(text="Здравствуйте!", reply_to="wamid.Q"))
    (bubble,) = shop.meta.sent_to("+7 900 000-01-55")
    assert (bubble.text, bubble.reply_to, [bubble.id]) == ("Здравствуйте!", "wamid.Q", list(sent.external_ids))
    statuses = await shop.inbox.wait_for(2)
    assert [(s.state, s.message_id, s.external_id) for s in statuses if isinstance(s, DeliveryStatus)] == [
        ("sent", "m-1", bubble.id),
        ("delivered", "m-1", bubble.id),
    ]
    await shop.meta.read(shop.lena)
    last = (await shop.inbox.wait_for(3))[-1]
    assert isinstance(last, DeliveryStatus) and (last.state, last.message_id) == ("read", "m-1")


@pytest.mark.parametrize(
    ("outgoing", "kind", "caption"),
    [
        (picture(), "image", "look"),
        (picture(b"%PDF", "file", "application/pdf", "b.pdf"), "file", "look"),
        (picture(b"mp4", "video", "video/mp4", "c.mp4"), "video", "look"),
        (picture(b"webp", "sticker", "image/webp", "d.webp"), "sticker", ""),
        (picture(b"OggS", "voice", "audio/ogg", "e.ogg"), "audio", ""),
    ],
)
async def test_a_file_is_uploaded_and_shown(shop: Scene, outgoing: OutgoingFile, kind: str, caption: str) -> None:
    await shop.heard_from_lena()
    sent = await shop.connector.send(message(text="look", attachments=[outgoing]))
    bubbles = shop.meta.sent_to("79000000155")
    assert [b.id for b in bubbles] == list(sent.external_ids)
    assert (bubbles[0].files[0].kind, bubbles[0].files[0].content, bubbles[0].text) == (kind, outgoing.read(), caption)
    assert "".join(b.text for b in bubbles) == "look"


async def test_one_picture_for_many_people_is_uploaded_once(shop: Scene) -> None:
    shop.meta.window = None
    for number in range(3):
        await shop.connector.send(message(address=f"7900000020{number}", attachments=[picture()]))
    shown = [shop.meta.sent_to(f"7900000020{number}")[0].files[0].content for number in range(3)]
    used = {str(call["image"]) for call in shop.meta.received}
    assert shown == [picture().read()] * 3 and len(used) == 1


@pytest.mark.parametrize(("count", "reply"), [(2, "c1"), (10, "c7")])
async def test_choices_come_back_as_the_choice_that_was_pressed(shop: Scene, count: int, reply: str) -> None:
    await shop.heard_from_lena()
    sent = await shop.connector.send(message(text="Which?", choices=buttons(count)))
    assert [c for c, _ in shop.meta.sent_to("79000000155")[0].choices] == [f"c{n}" for n in range(count)]
    await shop.meta.write(shop.lena, Draft(choice=reply, text=f"Choice {reply[1:]}"))
    events = await shop.inbox.wait_for(3)
    (pressed,) = [event for event in events if isinstance(event, InboundMessage)]
    assert (pressed.kind, pressed.choice, pressed.text) == ("choice", reply, f"Choice {reply[1:]}")
    assert pressed.reply_to == sent.external_ids[0]


async def test_a_template_goes_through_the_shut_window_and_a_text_does_not(shop: Scene) -> None:
    with pytest.raises(Refused, match="24-hour window is shut") as refused:
        await shop.connector.send(message(text="are you there?"))
    assert refused.value.code == "131047"
    ready = TemplateUse(name="order_ready", language="ru", variables={"1": "Лена", "2": "1042"})
    await shop.connector.send(message(template=ready))
    assert [b.text for b in shop.meta.sent_to("79000000155")] == ["Здравствуйте, Лена! Ваш заказ 1042 готов."]


async def test_the_window_shuts_a_day_after_the_customers_last_message(shop: Scene) -> None:
    shop.meta.now = lambda: START
    await shop.heard_from_lena()
    shop.meta.now = lambda: START + timedelta(hours=24)
    await shop.connector.send(message(text="in time"))
    shop.meta.now = lambda: START + timedelta(hours=24, seconds=1)
    with pytest.raises(Refused):
        await shop.connector.send(message(text="too late"))
    assert [b.text for b in shop.meta.sent_to("79000000155")] == ["in time"]


async def test_a_number_without_whatsapp_fails_afterwards_and_the_operator_reads_why(shop: Scene) -> None:
    shop.meta.window = None
    shop.meta.without_whatsapp.add("79000000999")
    await shop.connector.send(message(address="+79000000999", text="hi"))
    (status,) = await shop.inbox.wait_for(1)
    assert isinstance(status, DeliveryStatus) and (status.state, status.code, status.message_id) == ("failed", "131026", "m-1")
    assert "no WhatsApp" in status.reason and not shop.meta.sent_to("79000000999")


async def test_a_stop_in_whatsapp_reaches_us_and_fails_later_templates_but_not_answers(shop: Scene) -> None:
    await shop.heard_from_lena()
    await shop.meta.prefer(shop.lena, stopped=True)
    (consent,) = await shop.inbox.wait_for(1)
    assert isinstance(consent, ConsentChanged) and (consent.stopped, consent.marketing_only) == (True, True)
    await shop.connector.send(message(template=TemplateUse(name="hello_world", language="en_US")))
    status, again = (await shop.inbox.wait_for(3))[1:]
    assert isinstance(status, DeliveryStatus) and status.code == "131050" and isinstance(again, ConsentChanged)
    await shop.connector.send(message(text="your answer"))
    assert [b.text for b in shop.meta.sent_to("79000000155")] == ["your answer"]
    await shop.meta.prefer(shop.lena, stopped=False)
    resumed = (await shop.inbox.wait_for(6))[-1]
    assert [e.stopped for e in shop.inbox.events if isinstance(e, ConsentChanged)] == [True, True, False], resumed


async def test_without_statuses_nothing_is_reported(shop: Scene) -> None:
    shop.meta.window, shop.meta.statuses = None, False
    await shop.connector.send(message(text="hi"))
    await shop.meta.read(shop.lena)
    await shop.meta.write(shop.lena, Draft(text="seen"))
    (event,) = await shop.inbox.wait_for(1)
    assert isinstance(event, InboundMessage) and shop.meta.sent_to("79000000155")[0].state == "read"


async def test_two_customers_may_write_and_each_is_answered_on_their_own_phone(shop: Scene) -> None:
    ivan = Customer(id="ivan", name="Иван", language="ru", addresses={"whatsapp": "+7 900 000-01-77"})
    shop.meta.phones.customers["ivan"] = ivan
    await shop.meta.write(shop.lena, Draft(text="one"))
    await shop.meta.write(ivan, Draft(text="two"))
    for event in [e for e in await shop.inbox.wait_for(2) if isinstance(e, InboundMessage)]:
        await shop.connector.send(message(address=event.address, text=f"answer to {event.text}"))
    assert [b.text for b in shop.lena.bubbles] == ["one", "answer to one"]
    assert [b.text for b in ivan.bubbles] == ["two", "answer to two"]


DELIVERY = {"header": "1042", "name": "Лена", "day": "завтра"}
LINKED: Mapping[str, Any] = {"buttons": {"0": "1042"}, "button_kinds": {"0": "url"}}
CODED: Mapping[str, Any] = {"buttons": {"0": "SAVE5"}, "button_kinds": {"0": "copy_code"}}
PLACE = Location(latitude=55.75, longitude=37.62, name="Магазин")
WRONG_TEMPLATES: Sequence[tuple[str, TemplateUse, str]] = [
    ("another language", TemplateUse(name="order_ready", language="de"), "132001"),
    ("paused", TemplateUse(name="old_offer", language="ru"), "132015"),
    ("a variable too few", TemplateUse(name="order_ready", language="en", variables={"1": "Ann"}), "132000"),
    ("an empty variable", TemplateUse(name="order_ready", language="en", variables={"1": "Ann", "2": ""}), "131008"),
    (
        "numbers for names",
        TemplateUse(name="delivery", language="ru", variables={"header": "7", "1": "a", "2": "b"}, **LINKED),
        "100",
    ),
    ("no header", TemplateUse(name="delivery", language="ru", variables={"name": "a", "day": "b"}, **LINKED), "132000"),
    ("no value for the link", TemplateUse(name="delivery", language="ru", variables=DELIVERY), "132000"),
    ("a button of another kind", TemplateUse(name="delivery", language="ru", variables=DELIVERY, **CODED), "132012"),
    ("no picture", TemplateUse(name="sale", language="ru", variables={"1": "5 %"}, **CODED), "132000"),
    ("too long", TemplateUse(name="order_ready", language="en", variables={"1": "x" * 1024, "2": "y"}), "132005"),
]


@pytest.mark.parametrize(("template", "code"), [c[1:] for c in WRONG_TEMPLATES], ids=[c[0] for c in WRONG_TEMPLATES])
async def test_a_template_that_is_not_approved_so_is_refused(shop: Scene, template: TemplateUse, code: str) -> None:
    with pytest.raises(Refused) as refused:
        await shop.connector.send(message(template=template))
    assert refused.value.code == code and not shop.meta.sent_to("79000000155")


async def test_templates_with_headers_and_buttons_reach_the_phone_as_they_were_approved(shop: Scene) -> None:
    delivery = TemplateUse(name="delivery", language="ru", variables=DELIVERY, **LINKED)
    sale = TemplateUse(name="sale", language="ru", variables={"1": "5 %"}, **CODED)
    await shop.connector.send(message(template=delivery))
    await shop.connector.send(message(template=sale, attachments=[picture()]))
    await shop.connector.send(message(template=TemplateUse(name="meet_us", language="ru"), location=PLACE))
    said, shown, met = shop.meta.sent_to("79000000155")
    assert (said.text, list(said.choices)) == ("Заказ 1042\nЛена, курьер приедет завтра.", [("Перенести", "Перенести")])
    assert (shown.text, [f.kind for f in shown.files]) == ("Скидка 5 % до воскресенья.", ["image"])
    assert met.text == "Магазин\nЖдём вас в новом магазине."


async def test_the_accounts_templates_are_listed_page_by_page(shop: Scene) -> None:
    listed = {(each.name, each.language): each for each in await shop.connector.templates()}
    assert listed.keys() == shop.meta.templates.keys()
    assert listed["delivery", "ru"] == ProviderTemplate(
        name="delivery",
        language="ru",
        external_id="7004",
        category="utility",
        quality="unknown",
        body="{{name}}, курьер приедет {{day}}.",
        variables=["name", "day"],
        header=TemplateHeader(kind="text", text="Заказ {{1}}", variables=["header"]),
        buttons=[TemplateButton(kind="url", text="Где курьер", variable=True), TemplateButton(kind="reply", text="Перенести")],
    )
    assert (listed["old_offer", "ru"].status, listed["old_offer", "ru"].quality) == ("paused", "low")
    assert listed["hello_world", "en_US"].footer == "WhatsApp Business"


async def test_without_the_right_to_the_account_the_settings_name_it_or_say_what_to_do(shop: Scene) -> None:
    shop.meta.manages_account = False
    with pytest.raises(Refused, match="WhatsApp Business account ID"):
        await shop.another().templates()
    told = shop.another(business_account_id=shop.meta.account.id)
    assert len(await told.templates()) == len(shop.meta.templates)
    account = await shop.another().connect(shop.hook_url)
    assert len(account.notes) == 1 and "WhatsApp Business account ID" in account.notes[0]


async def test_a_place_contacts_links_and_reactions_reach_the_phone(shop: Scene) -> None:
    bubble = await shop.meta.write(shop.lena, Draft(text="hello"))
    link = Choice(id="l", title="Shop", kind="link", value="https://shop.example")
    form = Choice(id="f", title="Book", kind="form", value="77/DATE?day=5")
    where = Choice(id="w", title="Where?", kind="location")
    await shop.connector.send(message(text="Here", location=PLACE))
    await shop.connector.send(message(contacts=[ContactCard(name="Anna", phones=["+79000000177"])]))
    for choice in (link, form, where):
        await shop.connector.send(message(text="Pick", choices=[choice]))
    await shop.connector.send(message(reaction="👍", reply_to=bubble.id))
    shown = [b.text for b in shop.meta.sent_to("79000000155")]
    assert shown == ["Here", "Магазин\n55.75,37.62", "Anna", "Pick", "Pick", "Pick"] and bubble.reaction == "👍"
    await shop.connector.send(message(reaction="", reply_to=bubble.id))
    assert bubble.reaction == ""


async def test_reading_marks_the_message_and_no_call(shop: Scene) -> None:
    bubble = await shop.meta.write(shop.lena, Draft(text="hello"))
    for external_id in (bubble.id, "wacid.1", "unnamed-1"):
        await shop.connector.read("79000000155", external_id)
    assert list(shop.meta.received) == [{"messaging_product": "whatsapp", "status": "read", "message_id": bubble.id}]


async def test_typing_marks_the_message_read_and_shows_the_dots(shop: Scene) -> None:
    bubble = await shop.meta.write(shop.lena, Draft(text="hello"))
    await shop.connector.typing("79000000155", bubble.id)
    assert shop.meta.received[-1] == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": bubble.id,
        "typing_indicator": {"type": "text"},
    }


async def test_typing_without_a_message_to_read_calls_nobody(shop: Scene) -> None:
    await shop.connector.typing("79000000155")
    assert not shop.meta.received


# what goes wrong

FAULTS: Sequence[tuple[Fault, type[ChannelError], int]] = [
    (Fault(kind="status", status=429, retry_after=7), Throttled, 0),
    (Fault(kind="status", status=500), Retry, 0),
    (Fault(kind="status", status=503), Retry, 0),
    (Fault(kind="status", status=401), Misconfigured, 0),
    (Fault(kind="status", status=400), Refused, 0),
    (Fault(kind="hang"), Unknown, 0),
    (Fault(kind="drop"), Unknown, 1),
]


@pytest.mark.parametrize(("fault", "error", "taken"), FAULTS, ids=[f"{f.kind} {f.status}" for f, _, _ in FAULTS])
async def test_each_fault_becomes_the_error_that_decides_rightly(
    shop: Scene, fault: Fault, error: type[ChannelError], taken: int
) -> None:
    await shop.heard_from_lena()
    shop.connector._graph.timeout = aiohttp.ClientTimeout(total=0.3)
    shop.meta.faults.append(fault)
    with pytest.raises(error) as raised:
        await shop.connector.send(message(text="hi"))
    assert len(shop.meta.sent_to("79000000155")) == taken
    if isinstance(raised.value, Throttled):
        assert raised.value.after == 7
    await shop.connector.send(message(text="again"))
    assert shop.meta.sent_to("79000000155")[-1].text == "again"


async def test_a_server_that_is_not_there_is_tried_again(shop: Scene) -> None:
    with pytest.raises(Retry):
        await shop.another(api_base="http://127.0.0.1:9/v24.0").send(message(text="hi"))


async def test_half_a_message_taken_is_unknown_and_says_why(shop: Scene) -> None:
    await shop.heard_from_lena()
    same = [Choice(id="a", title="Yes"), Choice(id="a", title="No")]
    with pytest.raises(Unknown, match="Only a part of the message was taken") as raised:
        await shop.connector.send(message(text="word " * 300, choices=same))
    assert raised.value.code == "131009"
    assert len(shop.meta.sent_to("79000000155")) == 1


WRONG = [
    ({"access_token": "other"}, Misconfigured, "190"),
    ({"phone_number_id": "999"}, Misconfigured, "100"),
]


@pytest.mark.parametrize(("changes", "error", "code"), WRONG)
async def test_a_wrong_token_or_number_stops_the_channel(
    shop: Scene, changes: Mapping[str, str], error: type[ChannelError], code: str
) -> None:
    connector = shop.another(**changes)
    with pytest.raises(error) as sending:
        await connector.send(message(text="hi"))
    with pytest.raises(error) as connecting:
        await connector.connect("")
    assert sending.value.code == connecting.value.code == code


REFUSED: Sequence[tuple[str, Mapping[str, Any]]] = [
    ("long text", {"type": "text", "text": {"body": "x" * 4097}}),
    ("empty text", {"type": "text", "text": {"body": ""}}),
    ("no product", {"messaging_product": "", "type": "text", "text": {"body": "x"}}),
    ("no number", {"to": "lena", "type": "text", "text": {"body": "x"}}),
    ("unknown type", {"type": "hologram", "hologram": {}}),
    ("no part", {"type": "text"}),
    ("strange part", {"type": "text", "text": ["x"]}),
    ("unknown media", {"type": "image", "image": {"id": "77"}}),
    ("caption on audio", {"type": "audio", "audio": {"link": "https://a.b/c.ogg", "caption": "x"}}),
]


def _buttons(count: int, title: str = "T{}") -> dict[str, Any]:
    replies = [{"type": "reply", "reply": {"id": f"c{n}", "title": title.format(n)}} for n in range(count)]
    return {"type": "interactive", "interactive": {"type": "button", "body": {"text": "?"}, "action": {"buttons": replies}}}


def _list(count: int, title: str = "T", button: str = "Menu") -> dict[str, Any]:
    rows = [{"id": f"c{n}", "title": f"{title}{n}"} for n in range(count)]
    action = {"button": button, "sections": [{"rows": rows}]}
    return {"type": "interactive", "interactive": {"type": "list", "body": {"text": "?"}, "action": action}}


LIMITS = [
    *REFUSED,
    ("four buttons", _buttons(4)),
    ("long button", _buttons(1, "x" * 21)),
    ("same buttons", _buttons(2, "same")),
    ("eleven rows", _list(11)),
    ("long row", _list(1, "x" * 24)),
    ("long list button", _list(1, button="x" * 21)),
]


@pytest.mark.parametrize("body", [body for _, body in LIMITS], ids=[label for label, _ in LIMITS])
async def test_the_stand_in_refuses_what_meta_refuses(shop: Scene, body: Mapping[str, Any]) -> None:
    await shop.heard_from_lena()
    token = shop.meta.settings()["access_token"]
    url = f"{shop.meta.base_url}/v24.0/{shop.meta.phone_number_id}/messages"
    request = {"messaging_product": "whatsapp", "to": "79000000155", **body}
    async with shop.http.post(url, json=request, headers={"Authorization": f"Bearer {token}"}) as answer:
        error = (await answer.json())["error"]
        assert 400 <= answer.status < 500 and isinstance(error["code"], int) and error["message"]
    assert not shop.meta.sent_to("79000000155")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "body", "id", "type", "action"]), inner),
    max_leaves=8,
)


@given(part=JSON, kind=st.sampled_from(["text", "image", "interactive", "template", "hologram"]))
def test_whatever_is_sent_is_taken_or_refused_in_an_orderly_way(part: object, kind: str) -> None:
    body = {"messaging_product": "whatsapp", "to": "79000000155", "type": kind, kind: part}
    with suppress(Refusal, AttributeError, KeyError, TypeError, ValueError):  # what the server answers with a refusal
        assert check_body(body, {}, {}).kind


# what the customer sends


async def test_a_customers_text_arrives_signed_with_name_and_number(shop: Scene) -> None:
    bubble = await shop.meta.write(shop.lena, Draft(text="Есть синий?"))
    (event,) = await shop.inbox.wait_for(1)
    assert isinstance(event, InboundMessage)
    assert (event.text, event.external_id, event.sender.name) == ("Есть синий?", bubble.id, "Lena Orlova")
    assert (event.address, event.sender.identities[0].address) == ("79000000155", "+79000000155")


FILES = [
    PhoneFile(kind="image", name="a.jpg", mime="image/jpeg", content=b"\xff\xd8jpeg"),
    PhoneFile(kind="voice", name="b.ogg", mime="audio/ogg; codecs=opus", content=b"OggS"),
    PhoneFile(kind="file", name="договор.pdf", mime="application/pdf", content=b"%PDF-1.7"),
    PhoneFile(kind="video", name="d.mp4", mime="video/mp4", content=b"mp4"),
]


@pytest.mark.parametrize("file", FILES, ids=[f.kind for f in FILES])
async def test_a_customers_file_arrives_and_can_be_fetched(shop: Scene, file: PhoneFile) -> None:
    await shop.meta.write(shop.lena, Draft(text="вот", files=[file]))
    events = [event for event in await shop.inbox.wait_for(1) if isinstance(event, InboundMessage)]
    (attached,) = events[0].attachments
    assert attached.kind == file.kind and "".join(event.text for event in events) == "вот"
    got = await shop.connector.download(attached.remote)
    assert (got.content, got.mime) == (file.content, file.mime)


async def test_a_damaged_download_is_tried_again_and_a_lost_file_is_given_up(shop: Scene) -> None:
    await shop.meta.write(shop.lena, Draft(files=[FILES[0]]))
    (event,) = await shop.inbox.wait_for(1)
    assert isinstance(event, InboundMessage)
    remote = event.attachments[0].remote
    with pytest.raises(Retry, match="damaged"):
        await shop.connector.download({**remote, "sha256": "0" * 64})
    with pytest.raises(Refused, match="no longer"):
        await shop.connector.download({**remote, "id": "404404"})


@pytest.mark.parametrize("remote", [{}, {"id": ""}, {"id": "../me"}, {"id": 7}])
async def test_what_is_no_media_id_is_not_asked_for(shop: Scene, remote: Mapping[str, Any]) -> None:
    with pytest.raises(Refused, match="no WhatsApp media id"):
        await shop.connector.download(remote)


async def test_the_token_goes_to_no_strange_host(shop: Scene) -> None:
    await shop.meta.write(shop.lena, Draft(files=[FILES[0]]))
    (event,) = await shop.inbox.wait_for(1)
    assert isinstance(event, InboundMessage)
    shop.meta.base_url = "http://elsewhere.example"
    with pytest.raises(Refused, match="not its own"):
        await shop.connector.download(event.attachments[0].remote)


async def test_a_webhook_that_is_not_taken_comes_again(shop: Scene) -> None:
    shop.inbox.refusals = 2
    await shop.meta.write(shop.lena, Draft(text="are you there?"))
    (event,) = await shop.inbox.wait_for(1)
    assert isinstance(event, InboundMessage) and shop.inbox.calls == 3


# connecting


async def test_connecting_names_the_number_and_takes_the_webhook_by_a_handshake(shop: Scene) -> None:
    shop.meta.webhook = ""
    account = await shop.connector.connect(shop.hook_url)
    assert (account.name, account.address, list(account.notes)) == ("Sandbox Shop", "+1 555-000-1234", [])
    assert shop.meta.webhook == shop.hook_url


async def test_connecting_says_what_to_do_where_meta_cannot_reach_us(shop: Scene) -> None:
    account = await shop.connector.connect("http://127.0.0.1:9/hooks/1")
    assert account.name == "Sandbox Shop" and "Enter it by hand" in account.notes[0]
    assert shop.meta.webhook == shop.hook_url


async def test_connecting_with_another_verify_token_leaves_the_webhook(shop: Scene) -> None:
    shop.meta.webhook = ""
    account = await shop.another(verify_token="other").connect(shop.hook_url)
    assert account.notes and not shop.meta.webhook
