"""The Telegram connector: what it reads (samples after the Bot API's documentation), and what it sends over a real socket."""

import asyncio
import json
import sys
import traceback
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from channels.base import (
    BadPayload,
    BadSignature,
    Blocked,
    ChannelError,
    Choice,
    Hook,
    Location,
    Misconfigured,
    OutgoingFile,
    OutgoingMessage,
    Refused,
    Retry,
    Throttled,
    Transport,
    Unknown,
)
from channels.events import Event, InboundMessage, MessageEdited, Notice
from channels.registry import connector_type
from channels.sandbox.base import Customer, Draft, Fault, PhoneFile, Phones, serve
from channels.sandbox.telegram import TelegramStandIn
from channels.telegram import TelegramConnector, TelegramSettings
from channels.telegram_parts.formatting import to_html
from channels.telegram_parts.outward import to_telegram
from channels.telegram_parts.updates import read
from tests.channels.telegram_spec import hold_to_the_specification

held = pytest.fixture(autouse=True)(hold_to_the_specification)
NOW = datetime(2026, 9, 22, tzinfo=UTC)
SAMPLES = sorted((Path(__file__).parent / "payloads" / "telegram").glob("*.json"))
ANNA = "5001"


def hook(body: bytes, **headers: str) -> Hook:
    return Hook(method="POST", url="https://inbox.example/hooks/1", headers=headers, body=body, received_at=NOW)


def offline(**settings: str) -> TelegramConnector:
    """A connector that only reads: its transport is never touched."""
    return TelegramConnector(TelegramSettings(**{"token": "1:a", **settings}), Transport(http=None))  # type: ignore[arg-type]


# --- reading


def said(event: Event) -> dict[str, object]:
    """An event as the samples describe one."""
    found: dict[str, object] = {"event": type(event).__name__}
    for name in event.__slots__:
        found[name] = getattr(event, name)
    if isinstance(event, MessageEdited):
        found |= {"message": said(event.message), "edited_at": stamp(event.at)}
    elif "at" in found:
        found["at"] = stamp(getattr(event, "at"))  # noqa: B009 not every event has a time
    if sender := getattr(event, "sender", None):
        phones = [i.address for i in sender.identities if i.kind == "phone"]
        found |= {"sender": sender.identities[0].address, "name": sender.name, "phones": phones}
        found |= {"username": sender.username, "language": sender.language}
    if isinstance(event, InboundMessage):
        found["attachments"] = [
            {"kind": f.kind, "file_id": f.remote["file_id"], "mime": f.mime, "size": f.size, "name": f.name}
            for f in event.attachments
        ]
    return found


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def agrees(found: object, wanted: object) -> bool:
    """Every field that the sample names has the value it names."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return all(name in found and agrees(found[name], value) for name, value in wanted.items())
    if isinstance(found, Sequence) and not isinstance(found, str) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(agrees, found, wanted))
    return found == wanted


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_update_is_read_as_documented(sample: Path) -> None:
    case = json.loads(sample.read_text())
    events = [said(event) for event in offline().parse(hook(json.dumps(case["update"]).encode()))]
    assert agrees(events, case["expected"]), events


def test_every_kind_of_update_that_is_asked_for_has_a_sample() -> None:
    from channels.telegram_parts.updates import ALLOWED

    shown = {name for sample in SAMPLES for name in json.loads(sample.read_text())["update"]}
    assert set(ALLOWED) - shown <= {"edited_channel_post"}


def test_one_unreadable_update_of_a_polled_answer_costs_its_neighbours_nothing() -> None:
    updates = [json.loads(path.read_text())["update"] for path in SAMPLES if path.stem in {"text", "voice"}]
    body = json.dumps(
        {"ok": True, "result": [updates[0], "junk", {"update_id": 3, "message": {"chat": []}}, updates[1]]}
    ).encode()
    events = offline().parse(hook(body))
    assert [type(event) for event in events] == [InboundMessage, Notice, Notice, InboundMessage]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"update"', b"\xff\xfe", b"[" * 100_000], ids=lambda body: repr(body[:8]))
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadPayload):
        offline().parse(hook(body))


@pytest.mark.parametrize(
    ("written", "text"), [(rb"a\ud83db", "a\ufffdb"), (rb"\ude00!", "\ufffd!"), (b"a\xffb", "a\ufffdb"), (rb"\ud83d\ude00", "😀")]
)
def test_a_broken_character_costs_a_letter_not_the_message(written: bytes, text: str) -> None:
    body = b'{"update_id":1,"message":{"message_id":1,"date":1,"chat":{"id":1},"from":{"id":1},"text":"' + written + b'"}}'
    (event,) = read(body, NOW)
    assert isinstance(event, InboundMessage)
    assert event.text == text


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(
    sorted({n for s in SAMPLES for u in json.loads(s.read_text())["update"].values() if isinstance(u, dict) for n in u})
)
updates = st.sampled_from(sorted({name for s in SAMPLES for name in json.loads(s.read_text())["update"]}))


@given(st.dictionaries(updates, st.dictionaries(fields, anything) | anything, max_size=3))
def test_no_shape_of_an_update_can_stop_the_reader(update: dict[str, Any]) -> None:
    assert read(json.dumps(update).encode(), NOW)


@given(updates, st.dictionaries(fields, anything))
def test_no_content_of_a_message_from_a_known_person_can_stop_the_reader(kind: str, content: dict[str, Any]) -> None:
    message = {**content, "message_id": 1, "chat": {"id": 1, "type": "private"}, "from": {"id": 1, "first_name": "A"}}
    assert read(json.dumps({"update_id": 1, kind: message}).encode(), NOW)


@given(
    st.text(), st.lists(st.tuples(st.sampled_from(["bold", "pre", "url", "spoiler"]), st.integers(-2, 20), st.integers(-2, 20)))
)
def test_formatting_neither_loses_nor_doubles_text(text: str, marks: list[tuple[str, int, int]]) -> None:
    from html.parser import HTMLParser

    html = to_html(text, [{"type": kind, "offset": offset, "length": length} for kind, offset, length in marks])
    if html is None or any(ord(c) > 0xFFFF for c in text):
        return
    heard: list[str] = []
    reader = HTMLParser()
    reader.handle_data = heard.append  # type: ignore[method-assign,assignment]
    reader.handle_starttag = lambda tag, attrs: heard.append("\n") if tag == "br" else None  # type: ignore[method-assign]
    reader.feed(html.replace("\r", "&#13;").replace("\0", "\ufffd"))
    reader.close()
    assert "".join(heard).replace("\r", "") == text.replace("\r", "").replace("\0", "\ufffd")


@pytest.mark.parametrize(
    ("entity", "html"),
    [
        ({"type": "text_link", "offset": 0, "length": 4, "url": "javascript:alert(1)"}, None),
        (
            {"type": "text_link", "offset": 0, "length": 4, "url": 'https://x/"><script>'},
            '<a href="https://x/&quot;&gt;&lt;script&gt;">a<b>',
        ),
        ({"type": "mention", "offset": 0, "length": 4}, None),
        ({"type": "bold", "offset": 2, "length": 900}, "a&lt;<b>b&gt;</b>"),
    ],
)
def test_formatted_text_is_safe(entity: Mapping[str, object], html: str | None) -> None:
    found = to_html("a<b>", [entity])
    assert found == (html.replace(">a<b>", ">a&lt;b&gt;</a>") if html and html.startswith("<a") else html)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("<p>One</p><p><strong>Two</strong></p>", "One\n\n<b>Two</b>"),
        ("a<br>b &amp; c", "a\nb &amp; c"),
        ("<ul><li>x</li><li>y</li></ul>z", "• x\n• y\n\nz"),
        ("<ol><li>x<ul><li>in</li></ul></li><li>y</li></ol>", "1. x\n• in\n2. y"),
        ("<h2>Title</h2>\n<div>text</div>\n<div>more  text</div>", "<b>Title</b>\n\ntext\nmore text"),
        ("<b>One <i>two</i></b> <ins>x</ins> <del>y</del>", "<b>One <i>two</i></b> <u>x</u> <s>y</s>"),
        (
            '<pre><code class="language-py">a\n  b &lt; c</code></pre>',
            '<pre><code class="language-py">a\n  b &lt; c</code></pre>',
        ),
        ("<code><b>x</b></code> <a href='javascript:alert(1)'>bad</a>", "<code>x</code> bad"),
        ("<blockquote>q<blockquote>r</blockquote></blockquote>s", "<blockquote>q\n\nr</blockquote>\n\ns"),
        ('<span class="spoiler">secret</span>', "<tg-spoiler>secret</tg-spoiler>"),
        ("<b>open <i>x</b> y", "<b>open <i>x</i></b> y"),
        ("<p> </p><b></b>", ""),
        ('<a href="https://e.org" class="k">e</a><img src="x">', '<a href="https://e.org">e</a>'),
        ("a&nbsp;b<script>alert(1)</script>", "a\u00a0b"),
    ],
)
def test_html_is_cut_down_to_what_telegram_takes(ours: str, theirs: str) -> None:
    assert to_telegram(ours) == theirs


# --- authenticity and settings


@pytest.mark.parametrize(("header", "missing"), [(None, True), ("", True), ("wrong", False), ("s3cre", False), ("ключ", False)])
def test_a_hook_without_the_secret_is_refused(header: str | None, missing: bool) -> None:
    headers = {} if header is None else {"x-telegram-bot-api-secret-token": header}
    with pytest.raises(BadSignature) as error:
        offline(secret="s3cret").verify(hook(b"{}", **headers))
    assert error.value.missing is missing


def test_a_hook_with_the_secret_is_authentic() -> None:
    offline(secret="s3cret").verify(hook(b"{}", **{"x-telegram-bot-api-secret-token": "s3cret"}))


def test_an_omitted_secret_is_made_from_the_token_and_stays_the_same() -> None:
    first, again, other = (TelegramSettings(token=token).secret.get_secret_value() for token in ("1:a", "1:a", "1:b"))
    assert first == again != other
    assert len(first) == 64


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "token"),
        ({"token": "a b"}, "token"),
        ({"token": "1:a", "secret": "with space"}, "secret"),
        ({"token": "1:a", "api_base": "ftp://x"}, "api_base"),
        ({"token": "1:a", "mode": "push"}, "mode"),
        ({"token": "1:a", "colour": "red"}, "colour"),
    ],
)
def test_wrong_settings_name_the_field(settings: dict[str, str], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        TelegramSettings(**settings)


def test_the_channel_is_found_by_its_kind_and_costs_no_client_library() -> None:
    assert connector_type("telegram") is TelegramConnector
    assert "aiogram" not in sys.modules


# --- sending, over a real socket


@pytest.fixture
async def stand_in() -> AsyncIterator[TelegramStandIn]:
    phones = Phones([Customer(id="anna", name="Anna Petrova", language="ru", addresses={"telegram": ANNA})])
    bot = TelegramStandIn(phones)
    async with serve(bot):
        yield bot


@pytest.fixture
async def connector(stand_in: TelegramStandIn) -> AsyncIterator[TelegramConnector]:
    async with aiohttp.ClientSession() as http:
        made = TelegramConnector(TelegramSettings(**stand_in.settings()), Transport(http=http))
        made.pause = 0.0
        yield made


def file(kind: str, mime: str, name: str = "f", content: bytes = b"bytes", size: int = 5) -> OutgoingFile:
    return OutgoingFile(kind=kind, name=name, mime=mime, size=size, url="https://inbox.example/f", read=lambda: content)


LONG = Choice(id="ы" * 33, title="Long")
"""A button whose id is too long for Telegram: 66 bytes."""


def message(text: str = "", **more: Any) -> OutgoingMessage:
    return OutgoingMessage(**{"id": "m1", "address": ANNA, "text": text, **more})


JPEG, PDF, OGG = (
    file("image", "image/jpeg", "p.jpg"),
    file("file", "application/pdf", "act.pdf"),
    file("voice", "audio/ogg", "v.ogg"),
)


@pytest.mark.parametrize(
    ("outgoing", "methods"),
    [
        (message("hi"), ["sendMessage"]),
        (message("hi", attachments=[JPEG]), ["sendPhoto"]),
        (message("", attachments=[OGG]), ["sendVoice"]),
        (message("", attachments=[PDF]), ["sendDocument"]),
        (message("", attachments=[file("audio", "audio/mpeg")]), ["sendAudio"]),
        (message("", attachments=[file("audio", "audio/flac")]), ["sendDocument"]),
        (message("", attachments=[file("video", "video/mp4")]), ["sendVideo"]),
        (message("", attachments=[file("image", "image/gif")]), ["sendAnimation"]),
        (message("", attachments=[file("image", "image/jpeg", size=10_000_001)]), ["sendDocument"]),
        (message("hi", attachments=[file("sticker", "image/webp")]), ["sendSticker", "sendMessage"]),
        (message("two", attachments=[JPEG, JPEG]), ["sendMediaGroup"]),
        (message("eleven", attachments=[JPEG] * 11), ["sendMediaGroup", "sendPhoto", "sendMessage"]),
        (message("mixed", attachments=[JPEG, JPEG, PDF]), ["sendMediaGroup", "sendDocument", "sendMessage"]),
        (message("pick", attachments=[JPEG, JPEG], choices=[Choice(id="a", title="A")]), ["sendMediaGroup", "sendMessage"]),
        (message("x" * 1025, attachments=[JPEG]), ["sendPhoto", "sendMessage"]),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else None,
)
async def test_a_message_takes_the_calls_it_needs(
    stand_in: TelegramStandIn, connector: TelegramConnector, outgoing: OutgoingMessage, methods: list[str]
) -> None:
    sent = await connector.send(outgoing)
    assert [call["method"] for call in stand_in.received] == methods
    shown = stand_in.sent_to(ANNA)
    assert [bubble.id for bubble in shown] == sent.external_ids
    assert sent.thread == ANNA
    assert "".join(bubble.text for bubble in shown) == outgoing.text
    assert sum(len(bubble.files) for bubble in shown) == len(outgoing.attachments)


async def test_a_file_arrives_with_its_bytes_and_name(stand_in: TelegramStandIn, connector: TelegramConnector) -> None:
    await connector.send(message("акт", attachments=[file("file", "application/pdf", "акт №1.pdf", b"%PDF-1.7")]))
    (bubble,) = stand_in.sent_to(ANNA)
    assert (bubble.files[0].name, bubble.files[0].mime, bubble.files[0].content) == ("акт №1.pdf", "application/pdf", b"%PDF-1.7")


async def test_choices_html_quotes_and_the_business_account_reach_telegram(
    stand_in: TelegramStandIn, connector: TelegramConnector
) -> None:
    first = await connector.send(message("Sure?"))
    choices = [
        Choice(id="y", title="Yes"),
        Choice(id="n", title="No"),
        Choice(id="l", title="Let me think about it until tomorrow"),
    ]
    account = stand_in.chats.circles.connect({"id": 6001, "is_bot": False, "first_name": "Olga"})
    extra = {"business_connection_id": account, "message_thread_id": 9, "unknown": 1}
    sent = await connector.send(
        message("Really?", html="<p><b>Really?</b></p>", choices=choices, reply_to=first.external_ids[0], extra=extra)
    )
    call, bubble = stand_in.received[-1], stand_in.sent_to(ANNA)[-1]
    assert (bubble.text, bubble.html, bubble.reply_to) == ("Really?", "<b>Really?</b>", first.external_ids[0])
    assert bubble.choices == [("y", "Yes"), ("n", "No"), ("l", "Let me think about it until tomorrow")]
    assert [len(row) for row in call["reply_markup"]["inline_keyboard"]] == [2, 1]  # type: ignore[index]
    assert (call["business_connection_id"], call["message_thread_id"], "unknown" in call) == (account, 9, False)
    assert sent.thread == f"{account}:{ANNA}"


async def test_the_id_of_a_pressed_button_is_not_quoted(stand_in: TelegramStandIn, connector: TelegramConnector) -> None:
    await connector.send(message("ok", reply_to="4382000000000000001"))
    assert "reply_parameters" not in stand_in.received[-1]


async def test_html_that_telegram_cannot_read_is_sent_as_text(stand_in: TelegramStandIn, connector: TelegramConnector) -> None:
    from channels.sandbox.telegram_parts import rules

    kept = rules._TAGS
    rules._TAGS = frozenset()
    try:
        await connector.send(message("Hi", html="<b>Hi</b>"))
    finally:
        rules._TAGS = kept
    assert [(b.text, b.html) for b in stand_in.sent_to(ANNA)] == [("Hi", None)]


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        (Fault(kind="status", status=429, retry_after=7), Throttled, "429"),
        (Fault(kind="status", status=500), Retry, "500"),
        (Fault(kind="status", status=401), Misconfigured, "401"),
        (Fault(kind="status", status=404), Misconfigured, "404"),
        (Fault(kind="status", status=403), Blocked, "403"),
        (Fault(kind="status", status=400), Refused, "400"),
        (Fault(kind="status", status=413), Refused, "413"),
        (Fault(kind="drop"), Unknown, "broken"),
    ],
)
async def test_an_error_of_telegram_decides_what_happens_next(
    stand_in: TelegramStandIn, connector: TelegramConnector, fault: Fault, error: type[ChannelError], code: str
) -> None:
    stand_in.faults.append(fault)
    with pytest.raises(ChannelError) as raised:
        await connector.send(message("hi"))
    assert (type(raised.value), raised.value.code) == (error, code)
    if isinstance(raised.value, Throttled):
        assert raised.value.after == 7


async def test_a_time_out_leaves_the_message_unknown(stand_in: TelegramStandIn) -> None:
    stand_in.faults.append(Fault(kind="hang"))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.2)) as http:
        with pytest.raises(Unknown) as raised:
            await TelegramConnector(TelegramSettings(**stand_in.settings()), Transport(http=http)).send(message("hi"))
    assert_keeps_the_token(raised.value, stand_in.token)


async def test_an_unreachable_server_means_try_later_and_tells_no_token() -> None:
    settings = TelegramSettings(token="1:very-secret", api_base="http://127.0.0.1:9")
    async with aiohttp.ClientSession() as http:
        with pytest.raises(Retry) as raised:
            await TelegramConnector(settings, Transport(http=http)).send(message("hi"))
    assert_keeps_the_token(raised.value, "very-secret")


def assert_keeps_the_token(error: BaseException, token: str) -> None:
    assert token not in "".join(traceback.format_exception(error))
    assert error.__cause__ is None and error.__context__ is None


@pytest.mark.parametrize(
    ("outgoing", "reason"),
    [
        (message(""), "empty"),
        (message("x", choices=[Choice(id="", title="None")]), "“None”"),
        (message("x", choices=[Choice(id="f", title="Form", kind="form", value="42")]), "“Form”"),
        (
            message("x", choices=[Choice(id="ы" * 33, title="Long"), Choice(id="l", title="Link", kind="link", value="x")]),
            "“Link”",
        ),
        (message("x", choices=[Choice(id="l", title="Link", kind="link", value="ftp://x")]), "address of a button"),
        (message("x", address="777"), "has never written to this bot"),
        (message("x", address="-100777:5001", bulk=True), "not sent into a group"),
        (message(location=Location(latitude=91, longitude=0)), "latitude"),
        (message("x", extra={"business_connection_id": "gone"}), "no longer connected"),
    ],
)
async def test_what_telegram_never_takes_is_refused_in_words(
    stand_in: TelegramStandIn, connector: TelegramConnector, outgoing: OutgoingMessage, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        await connector.send(outgoing)
    assert not stand_in.received


@pytest.mark.parametrize(("status", "error"), [(500, Unknown), (429, Unknown), (400, Refused), (403, Blocked)])
async def test_after_a_first_part_nothing_is_sent_again(
    stand_in: TelegramStandIn, connector: TelegramConnector, status: int, error: type[ChannelError]
) -> None:
    """The album arrives, then Telegram fails on the words with the button: trying again would bring the album twice."""
    stand_in.phones.listen(
        lambda customer: (
            None if stand_in.faults else stand_in.faults.extend([Fault(kind="status", status=status, retry_after=0)] * 3)
        )
    )
    album = message("words", attachments=[JPEG, JPEG], choices=[Choice(id="a", title="A")])
    with pytest.raises(ChannelError, match="Only the first part was sent") as raised:
        await connector.send(album)
    assert type(raised.value) is error
    assert len(stand_in.sent_to(ANNA)) == 2


# --- everything else


async def test_connecting_by_webhook_gives_telegram_the_secret_and_the_updates_we_read(stand_in: TelegramStandIn) -> None:
    async with aiohttp.ClientSession() as http:
        settings = TelegramSettings(**{**stand_in.settings(), "mode": "webhook", "secret": "s3cret"})
        account = await TelegramConnector(settings, Transport(http=http)).connect("http://127.0.0.1:9/hooks/1")
    assert (account.name, account.address) == ("Sandbox", f"@{stand_in.username}")
    assert account.notes
    assert stand_in.webhook == "http://127.0.0.1:9/hooks/1"


async def test_an_address_that_telegram_refuses_is_told_to_the_administrator(stand_in: TelegramStandIn) -> None:
    async with aiohttp.ClientSession() as http:
        settings = TelegramSettings(**{**stand_in.settings(), "mode": "webhook"})
        with pytest.raises(Misconfigured, match="HTTPS URL"):
            await TelegramConnector(settings, Transport(http=http)).connect("http://inbox.example/hooks/1")


async def test_a_wrong_token_is_told_to_the_administrator(stand_in: TelegramStandIn) -> None:
    async with aiohttp.ClientSession() as http:
        settings = TelegramSettings(**{**stand_in.settings(), "token": "1:wrong"})
        with pytest.raises(Misconfigured, match="Unauthorized"):
            await TelegramConnector(settings, Transport(http=http)).connect("")


class Inbox:
    """Keeps what `pull` gives, and stops it after a number of deliveries."""

    def __init__(self, connector: TelegramConnector) -> None:
        self.connector = connector
        self.events: list[Event] = []
        self.cursors: list[Mapping[str, Any]] = []
        self.arrived = asyncio.Event()

    async def accept(self, delivery: Hook, cursor: Mapping[str, Any]) -> None:
        self.connector.verify(delivery)
        self.events += self.connector.parse(delivery)
        self.cursors.append(cursor)
        self.arrived.set()

    async def pull_until(self, count: int, cursor: Mapping[str, Any]) -> None:
        task = asyncio.create_task(self.connector.pull(cursor, self.accept))
        try:
            async with asyncio.timeout(5):
                while len(self.events) < count:
                    await self.arrived.wait()
                    self.arrived.clear()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_polling_brings_every_message_once_and_goes_on_where_it_stopped(
    stand_in: TelegramStandIn, connector: TelegramConnector
) -> None:
    anna, inbox = stand_in.phones.customers["anna"], Inbox(connector)
    for text in ("one", "two", "three"):
        await stand_in.write(anna, Draft(text=text))
    await inbox.pull_until(3, {})
    await stand_in.write(anna, Draft(text="four"))
    await inbox.pull_until(4, inbox.cursors[-1])
    assert [event.text for event in inbox.events if isinstance(event, InboundMessage)] == ["one", "two", "three", "four"]
    assert inbox.cursors[-1]["offset"] > inbox.cursors[0]["offset"]


async def test_polling_takes_a_forgotten_webhook_away(stand_in: TelegramStandIn, connector: TelegramConnector) -> None:
    await stand_in.perform("setWebhook", {"url": "http://127.0.0.1:9/"})
    await stand_in.write(stand_in.phones.customers["anna"], Draft(text="hello"))
    await Inbox(connector).pull_until(1, {})
    assert stand_in.webhook == ""


async def test_polling_with_a_wrong_token_says_so(stand_in: TelegramStandIn) -> None:
    async with aiohttp.ClientSession() as http:
        settings = TelegramSettings(**{**stand_in.settings(), "token": "1:wrong"})
        connector = TelegramConnector(settings, Transport(http=http))
        with pytest.raises(Misconfigured):
            await connector.pull({}, Inbox(connector).accept)


async def test_a_pressed_button_is_answered_after_it_is_kept(stand_in: TelegramStandIn, connector: TelegramConnector) -> None:
    anna, inbox = stand_in.phones.customers["anna"], Inbox(connector)
    sent = await connector.send(message("Sure?", choices=[Choice(id="y", title="Yes, please")]))
    await stand_in.write(anna, Draft(choice="y", text="Yes, please"))
    pulling = asyncio.create_task(inbox.pull_until(2, {}))
    async with asyncio.timeout(5):
        await stand_in.query_answered.wait()
    await stand_in.write(anna, Draft(text="and now?"))
    await pulling
    choice = inbox.events[0]
    assert isinstance(choice, InboundMessage)
    assert (choice.kind, choice.choice, choice.text, choice.reply_to) == ("choice", "y", "Yes, please", sent.external_ids[0])
    assert list(stand_in.answered) == [choice.external_id]


async def test_a_webhook_delivery_is_authentic_read_and_answered(stand_in: TelegramStandIn) -> None:
    """The whole way in: Telegram calls us with the secret that `connect` gave it, and takes our answer as a call."""
    events: list[Event] = []
    async with aiohttp.ClientSession() as http:
        connector = TelegramConnector(TelegramSettings(**{**stand_in.settings(), "mode": "webhook"}), Transport(http=http))

        async def receive(request: web.Request) -> web.Response:
            headers = {name.lower(): value for name, value in request.headers.items()}
            delivery = Hook(method="POST", url=str(request.url), headers=headers, body=await request.read(), received_at=NOW)
            connector.verify(delivery)
            events.extend(connector.parse(delivery))
            answer = connector.answer(delivery)
            return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)

        app = web.Application()
        app.router.add_post("/hooks/1", receive)
        async with TestServer(app) as server, asyncio.timeout(5):
            assert not connector.pulls
            await connector.connect(str(server.make_url("/hooks/1")))
            await connector.send(message("Sure?", choices=[Choice(id="y", title="Yes")]))
            await stand_in.write(stand_in.phones.customers["anna"], Draft(choice="y", text="Yes"))
            await stand_in.query_answered.wait()
    assert [(e.kind, e.choice, e.text) for e in events if isinstance(e, InboundMessage)] == [("choice", "y", "Yes")]
    assert list(stand_in.answered) == [events[0].external_id]  # type: ignore[union-attr]


def test_the_answer_to_a_webhook_stops_a_button_from_spinning() -> None:
    body = (Path(__file__).parent / "payloads" / "telegram" / "choice.json").read_text()
    update = json.dumps(json.loads(body)["update"]).encode()
    answer = offline().answer(hook(update))
    assert json.loads(answer.body) == {"method": "answerCallbackQuery", "callback_query_id": "4382000000000000001"}
    assert offline().answer(hook(b'{"update_id":1,"message":{"text":"\\"callback_query\\""}}')).body == b""


async def test_what_a_customer_sends_can_be_fetched(stand_in: TelegramStandIn, connector: TelegramConnector) -> None:
    inbox = Inbox(connector)
    photo = PhoneFile(kind="file", name="act.pdf", mime="application/pdf", content=b"%PDF")
    await stand_in.write(stand_in.phones.customers["anna"], Draft(text="here", files=[photo]))
    await inbox.pull_until(1, {})
    (event,) = inbox.events
    assert isinstance(event, InboundMessage)
    got = await connector.download(event.attachments[0].remote)
    assert (got.content, got.name) == (b"%PDF", "act.pdf")
    assert stand_in.token not in repr(event)


@pytest.mark.parametrize("size", [20 * 1024 * 1024 + 1, None], ids=["too large", "unknown"])
async def test_a_file_that_telegram_does_not_give_is_refused(
    stand_in: TelegramStandIn, connector: TelegramConnector, size: int | None
) -> None:
    file_id = "gone"
    if size:
        large = PhoneFile(kind="file", name="large.bin", mime="application/zip", content=bytes(size))
        described = stand_in.chats.described("document", large)
        assert isinstance(described, dict)
        file_id = described["file_id"]
    with pytest.raises(Refused, match=r"too big|invalid file_id"):
        await connector.download({"file_id": file_id})


async def test_typing_is_shown_in_the_right_place(stand_in: TelegramStandIn, connector: TelegramConnector) -> None:
    await connector.typing(ANNA, extra={"message_thread_id": 9})
    assert list(stand_in.actions) == [(ANNA, "typing")]
