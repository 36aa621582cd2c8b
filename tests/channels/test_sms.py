"""Twilio's side of the SMS channel: signatures, webhooks, the calls we make and every way they fail."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from twilio.request_validator import RequestValidator

from channels.base import (
    BadPayload,
    BadSignature,
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
from channels.events import ConsentChanged, DeliveryStatus, Identity, InboundMessage, MessageEdited, Notice
from channels.registry import connector_type
from channels.sms import SmsConnector, SmsSettings
from channels.sms_parts.codes import MEANINGS
from channels.sms_parts.errors import is_stop, raise_for, words
from channels.sms_parts.form import pairs

TOKEN = "12345"
URL = "https://switchboard.example/hooks/7"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SAMPLES = Path(__file__).parent / "payloads" / "sms"


def make(http: Any = None, **settings: str) -> SmsConnector:
    told = {"account_sid": "AC1", "auth_token": TOKEN, "from": "+15005550006"} | settings
    return SmsConnector(SmsSettings.model_validate(told), Transport(http=http))


def hook(body: bytes, url: str = URL, signature: str | None = None, mime: str = "application/x-www-form-urlencoded") -> Hook:
    headers = {"content-type": mime} | ({} if signature is None else {"x-twilio-signature": signature})
    return Hook(method="POST", url=url, headers=headers, body=body, received_at=NOW)


def sign(url: str, pairs: list[tuple[str, str]]) -> str:
    text = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.digest(TOKEN.encode(), text.encode(), "sha1")).decode()


def sample(name: str) -> Hook:
    """One of the samples as Twilio would post it."""
    told = json.loads((SAMPLES / f"{name}.json").read_text())
    url = f"{URL}?{told['query']}" if told["query"] else URL
    return hook(urlencode(told["form"]).encode(), url, sign(url, list(told["form"].items())))


def form(**fields: str) -> Hook:
    return hook(urlencode({"MessageSid": "SM1", "From": "+15005550001", "To": "+15005550006"} | fields).encode())


def only_message(at: Hook) -> InboundMessage:
    (event, *_) = make().parse(at)
    assert isinstance(event, InboundMessage)
    return event


# Signatures


def test_twilios_own_example_is_accepted() -> None:
    """https://www.twilio.com/docs/usage/security: this address, these parameters, token 12345."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    pairs = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    make().verify(hook(urlencode(pairs).encode(), url, "RSOYDt4T1cUTdK1PDd93/VVr8B8="))


@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.glob("*.json")))
def test_a_signed_sample_is_accepted_and_a_changed_one_is_not(name: str) -> None:
    good = sample(name)
    make().verify(good)
    bad = hook(good.body + b"&Body=more", good.url, good.headers["x-twilio-signature"])
    with pytest.raises(BadSignature) as error:
        make().verify(bad)
    assert not error.value.missing


ADDRESSES = [
    ("as it is", URL, URL),
    ("signed with the port", URL, "https://switchboard.example:443/hooks/7"),
    ("signed without the port", "https://switchboard.example:8443/hooks/7", URL),
    ("plain HTTP with its port", "http://switchboard.example/hooks/7", "http://switchboard.example:80/hooks/7"),
    ("an empty query", URL + "?", URL + "?"),
]


@pytest.mark.parametrize(("called", "signed"), [a[1:] for a in ADDRESSES], ids=[a[0] for a in ADDRESSES])
def test_the_port_may_be_in_the_signature_or_not(called: str, signed: str) -> None:
    make().verify(hook(b"A=1", called, sign(signed, [("A", "1")])))


INSIDE, PORT = "http://10.0.0.7:8080/hooks/7", "https://switchboard.example:8443/hooks/7"
PROXIES = [
    ("TLS ends before us", "http://switchboard.example/hooks/7", "https", "", URL),
    ("called by another name", INSIDE, "https", "switchboard.example", URL),
    ("with its port, through two proxies", INSIDE, "https, http", "switchboard.example:8443, 10.0.0.9", PORT),
    ("its port is not signed", INSIDE, "https", "switchboard.example:8443", URL),
]


@pytest.mark.parametrize(("called", "scheme", "host", "signed"), [p[1:] for p in PROXIES], ids=[p[0] for p in PROXIES])
def test_behind_a_proxy_the_public_address_counts(called: str, scheme: str, host: str, signed: str) -> None:
    given = hook(b"A=1", called, sign(signed, [("A", "1")]))
    told = {"x-forwarded-proto": scheme, "x-forwarded-host": host}
    make().verify(replace(given, headers={**given.headers, **told}))
    with pytest.raises(BadSignature):
        make().verify(replace(given, headers={**given.headers, **told, "x-forwarded-host": "elsewhere.example"}))


def test_a_missing_signature_is_told_apart() -> None:
    with pytest.raises(BadSignature) as error:
        make().verify(hook(b"A=1"))
    assert error.value.missing


@pytest.mark.parametrize("given", ["x", "подпись", "A" * 27 + "="])
def test_a_wrong_signature_is_refused(given: str) -> None:
    with pytest.raises(BadSignature, match="does not fit"):
        make().verify(hook(b"A=1", URL, given))


def test_values_are_signed_untrimmed_empty_repeated_and_unknown() -> None:
    pairs = [("Body", "  two  spaces "), ("Empty", ""), ("New", "1"), ("New", "2"), ("New", "1"), ("Ключ", "зна+чение&")]
    make().verify(hook(urlencode(pairs).encode(), URL, sign(URL, pairs)))


def test_json_is_proved_by_the_hash_of_its_body() -> None:
    body = b'{"MessageSid": "SM1", "From": "+15005550001", "Body": "Hi", "NumMedia": 0, "New": null}'
    url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    connector, signature = make(), sign(url, [])
    good = hook(body, url, signature, "application/json")
    connector.verify(good)
    assert only_message(good).text == "Hi"
    for bad in (hook(body + b" ", url, signature, "application/json"), hook(body, URL, sign(URL, []), "application/json")):
        with pytest.raises(BadSignature):
            connector.verify(bad)


@given(st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=8, unique_by=lambda pair: pair[0]))
def test_we_agree_with_twilios_own_validator(pairs: list[tuple[str, str]]) -> None:
    pairs = [(n, v) for n, v in pairs if (n + v).isprintable()]
    validator: Any = RequestValidator
    signature = validator(TOKEN).compute_signature(URL, dict(pairs))
    make().verify(hook(urlencode(pairs).encode(), URL, signature))


@given(st.binary(max_size=200) | st.from_regex(rb'\{"(From|MessageSid|Body)": *"?[\\a-f0-9u]*"?\}', fullmatch=True))
def test_any_bytes_are_read_or_refused_in_words(body: bytes) -> None:
    for mime in ("application/x-www-form-urlencoded", "application/json"):
        with pytest.raises(BadSignature):
            make().verify(hook(body, URL, "x", mime))
        with suppress(BadPayload):
            for event in make().parse(hook(body, URL, "x", mime)):
                assert isinstance(event, InboundMessage | DeliveryStatus | ConsentChanged | MessageEdited | Notice)


@given(st.text(alphabet="ab=&+%20D094Ж", max_size=60))
def test_forms_are_read_as_the_standard_library_reads_them(body: str) -> None:
    assert list(pairs(body.encode())) == parse_qsl(body, keep_blank_values=True, errors="surrogateescape")


# Webhooks

ANN = Identity(kind="phone", address="+15005550001")


def test_a_text_is_read_untrimmed() -> None:
    message = only_message(sample("text"))
    assert (message.external_id, message.kind, message.text) == ("SM" + "1" * 32, "text", " Привет, как дела? + & = % \n")
    assert (message.address, message.at, list(message.sender.identities)) == ("+15005550001", NOW, [ANN])
    assert message.sender.name is None and not message.echo


def test_media_become_attachments_in_their_order() -> None:
    message = only_message(sample("mms"))
    assert [(f.kind, f.mime, f.name) for f in message.attachments] == [
        ("image", "image/jpeg", "ME0.jpg"),
        ("file", "application/pdf", "ME1.pdf"),
        ("file", "text/x-vcard", "ME2.vcf"),
    ]
    assert message.attachments[0].remote["url"].endswith("/Media/ME0")
    assert (message.kind, message.text) == ("image", "Look")


MESSAGES: list[tuple[str, Hook, dict[str, Any]]] = [
    ("button", sample("whatsapp_button"), {"kind": "choice", "text": "Yes", "choice": "yes-1", "reply_to": "MK1"}),
    ("list", sample("whatsapp_list"), {"kind": "choice", "text": "Tuesday", "choice": "tue"}),
    ("button without payload", form(Body="Y", ButtonText="Yes"), {"kind": "choice", "text": "Yes", "choice": None}),
    (
        "location",
        sample("whatsapp_location"),
        {
            "kind": "location",
            "data": {"location": {"latitude": 55.751999, "longitude": 37.617734, "name": "Kremlin", "address": "Moscow"}},
        },
    ),
    ("no place", form(Latitude="north", Longitude="1", Body="x"), {"kind": "text", "data": {}}),
    ("a place beyond numbers", form(Latitude="inf", Longitude="1", Body="x"), {"kind": "text", "data": {}}),
    ("voice", sample("whatsapp_voice"), {"kind": "voice"}),
    ("sticker", form(From="whatsapp:+15005550001", MediaUrl0="https://x/s", MediaContentType0="image/webp"), {"kind": "sticker"}),
    ("vcard", form(MediaUrl0="https://x/s", MediaContentType0="text/vcard"), {"kind": "contact"}),
    ("kind by name", form(MediaUrl0="cat.jpg"), {"kind": "image"}),
    ("unknown media", form(MediaUrl0="https://x/abc"), {"kind": "file"}),
    ("empty text", form(Body=""), {"kind": "text", "text": ""}),
    ("old parameter", form(MessageSid="", SmsSid="SM9"), {"external_id": "SM9"}),
    ("not UTF-8", hook(b"MessageSid=SM1&From=%2B1&Body=%FF%D0%94"), {"text": "\ufffdД"}),
    ("repeated", hook(b"MessageSid=SM1&From=%2B1&Body=first&Body=second"), {"text": "first"}),
    (
        "half a character in JSON",
        hook(b'{"MessageSid": "SM1", "From": "+1", "Body": "\\ud800"}', mime="application/json"),
        {"text": "\ufffd"},
    ),
    ("advert", sample("whatsapp_advert"), {"start": "ad-17", "text": "Hi"}),
    ("a form", sample("whatsapp_form"), {"kind": "form", "data": {"form": {"screen": "DONE", "data": {"size": "L"}}}}),
    ("a form that is none", form(InteractiveData="{"), {"kind": "form", "data": {"form": "{"}}),
    ("help", sample("help"), {"text": "HELP", "data": {"help": True}}),
    ("passed on", form(Body="x", Forwarded="true"), {"text": "x", "data": {"forwarded": True}}),
    ("unreadable", form(Body="", MessageType="unsupported"), {"kind": "unsupported", "text": ""}),
]


@pytest.mark.parametrize(("given", "expected"), [m[1:] for m in MESSAGES], ids=[m[0] for m in MESSAGES])
def test_a_message_is_read(given: Hook, expected: dict[str, Any]) -> None:
    message = only_message(given)
    assert {name: getattr(message, name) for name in expected} == expected


def test_an_advert_is_kept() -> None:
    assert only_message(sample("whatsapp_advert")).data["referral"] == {
        "SourceId": "ad-17",
        "SourceType": "ad",
        "Headline": "Sale",
        "SourceUrl": "https://fb.example/17",
    }


SENDERS = [
    ("+15005550001", "", [ANN]),
    ("whatsapp:+15005550001", "", [ANN]),
    ("whatsapp:15005550001", "", [ANN]),
    ("rcs:+15005550001", "", [ANN]),
    ("whatsapp:+15005550001", "whatsapp:US.1a2B", [ANN, Identity(kind="whatsapp", address="US.1a2B")]),
    ("whatsapp:+15005550001", "whatsapp:foo_bar", [ANN]),
    ("whatsapp:US.1a2B", "whatsapp:US.1a2B", [Identity(kind="whatsapp", address="US.1a2B")]),
    ("messenger:123", "", [Identity(kind="messenger", address="123")]),
    ("384387", "", [Identity(kind="phone", address="384387")]),
]


@pytest.mark.parametrize(("address", "scoped", "identities"), SENDERS)
def test_the_sender_is_known_by_number_and_keeps_the_address(address: str, scoped: str, identities: list[Identity]) -> None:
    message = only_message(form(From=address, ExternalUserId=scoped, ProfileName="Ann Lee"))
    assert (list(message.sender.identities), message.address, message.sender.name) == (identities, address, "Ann Lee")


BROKEN = [
    ("nothing", b"", URL, "MessageSid"),
    ("no sid", b"From=%2B1&Body=x", URL, "MessageSid"),
    ("no sender", b"MessageSid=SM1&Body=x", URL, "From"),
    ("status of nothing", b"MessageStatus=sent", URL, "MessageSid"),
    ("unknown status", b"MessageSid=SM1&MessageStatus=huh", URL, "MessageStatus: unknown status 'huh'"),
    ("call of nobody", b"CallSid=CA1&CallStatus=ringing", URL, "From"),
    ("our call to nobody", b"CallSid=CA1&From=%2B1&Direction=outbound-api", URL, "To"),
]


@pytest.mark.parametrize(("body", "url", "words"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN])
def test_what_cannot_be_read_is_refused_by_the_name_of_its_field(body: bytes, url: str, words: str) -> None:
    with pytest.raises(BadPayload, match=words):
        make().parse(hook(body, url))


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"1", b"[" * 100_000])
def test_json_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(BadPayload, match="JSON"):
        make().parse(hook(body, mime="application/json"))


STATUSES = [
    ("sent", "sent", "", "", False),
    ("delivered", "delivered", "", "", False),
    ("read", "read", "", "", False),
    ("undelivered", "failed", "30006", "landline", True),
    ("undelivered", "failed", "30003", "switched off or out of reach: send it again later", False),
    ("undelivered", "failed", "30004", "does not accept", True),
    ("undelivered", "failed", "30005", "does not exist", False),
    ("undelivered", "failed", "30007", "filtered", False),
    ("undelivered", "failed", "30008", "did not say why: send it again later", False),
    ("failed", "failed", "20429", "slow down: send it again later", False),
    ("failed", "failed", "30034", "not registered for this kind of traffic with the carriers: an administrator", False),
    ("failed", "failed", "63016", "window is shut", False),
    ("failed", "failed", "63014", "blocked", True),
    ("failed", "failed", "21610", "stopped", True),
    ("failed", "failed", "39999", "error 39999", False),
    ("failed", "failed", "", "did not say why", False),
    ("canceled", "failed", "", "canceled", False),
]


@pytest.mark.parametrize(("told", "state", "code", "words", "blocked"), STATUSES)
def test_a_status_becomes_ours(told: str, state: str, code: str, words: str, blocked: bool) -> None:
    body = urlencode(
        {"MessageSid": "SM1", "MessageStatus": told, "ErrorCode": code, "To": "+15005550001", "From": "+15005550006"}
    )
    (status,) = make().parse(hook(body.encode(), f"{URL}?message=m7.1"))
    assert isinstance(status, DeliveryStatus)
    assert (status.state, status.external_id, status.message_id, status.code) == (state, "SM1", "m7.1", code)
    assert (status.blocked, status.address, status.at) == (blocked, "+15005550001", NOW)
    assert words in status.reason if words else not status.reason


def test_samples_of_statuses_are_read() -> None:
    found = [
        make().parse(sample(name))[0] for name in ("status_delivered", "status_undelivered", "status_stopped", "whatsapp_failed")
    ]
    assert [(s.state, s.message_id, s.blocked) for s in found if isinstance(s, DeliveryStatus)] == [
        ("delivered", "m7", False),
        ("failed", "m7", True),
        ("failed", "m7", True),
        ("failed", "m7", False),
    ]


@pytest.mark.parametrize("told", ["queued", "accepted", "scheduled", "sending"])
def test_a_status_before_sent_says_nothing_new(told: str) -> None:
    assert make().parse(form(MessageStatus=told)) == []


def test_a_status_callback_that_says_nothing_is_no_error() -> None:
    assert make().parse(hook(b" ", f"{URL}?message=m7")) == []


def test_twilios_own_words_are_kept_for_a_code_we_do_not_know() -> None:
    (status,) = make().parse(form(MessageStatus="failed", ErrorCode="39999", ErrorMessage="Something new"))
    assert isinstance(status, DeliveryStatus) and status.reason == "Something new"


CONSENTS = [
    ("told by Twilio", sample("opt_out"), [True]),
    ("told to resume", form(Body="hi", OptOutType="START"), [False]),
    ("asked for help", form(Body="HELP", OptOutType="HELP"), []),
    ("the default word", form(Body=" Stop "), [True]),
    ("another default word", form(Body="optout"), [True]),
    ("the word to resume", form(Body="START"), [False]),
    ("the word in a sentence", form(Body="Stop by my place"), []),
    ("the word on WhatsApp, where Twilio does nothing", form(Body="STOP", From="whatsapp:+15005550001"), []),
]


@pytest.mark.parametrize(("given", "stopped"), [c[1:] for c in CONSENTS], ids=[c[0] for c in CONSENTS])
def test_stop_is_a_message_and_a_consent(given: Hook, stopped: list[bool]) -> None:
    message, *consents = make().parse(given)
    assert isinstance(message, InboundMessage)
    assert [c.stopped for c in consents if isinstance(c, ConsentChanged)] == stopped


# Answers and settings


def test_twilio_gets_empty_twiml() -> None:
    answer = make().answer(form())
    assert (answer.status, answer.content_type) == (200, "text/xml")
    assert answer.body.endswith(b"<Response/>")


def test_a_webhook_by_get_is_shown_as_an_error() -> None:
    get = Hook(method="GET", url=URL, headers={}, body=b"", received_at=NOW)
    assert make().answer(get).status == 405


@pytest.mark.parametrize("sender", ["+15005550006", "whatsapp:+15005550006", "MG" + "0" * 32, "2020", "SHOP"])
def test_a_sender_is_a_number_a_service_or_a_name(sender: str) -> None:
    assert make(**{"from": sender})


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": "whatsapp:x"},
        {"from": "+0"},
        {"account_sid": "AC/../x"},
        {"auth_token": ""},
        {"api_base": "ftp://x"},
        {"extra": "1"},
    ],
)
def test_wrong_settings_are_refused_by_name(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as error:
        make(**wrong)
    assert next(iter(wrong)) in str(error.value)


def test_the_token_is_never_shown() -> None:
    assert TOKEN not in repr(SmsSettings.model_validate({"account_sid": "AC1", "auth_token": TOKEN, "from": "+15005550006"}))


def test_whatsapp_has_a_window_and_receipts() -> None:
    sms, whatsapp = (
        connector.capabilities(connector._settings) for connector in (make(), make(**{"from": "whatsapp:+15005550006"}))
    )
    assert (sms.window, whatsapp.window) == (None, timedelta(hours=24))
    assert "read" in whatsapp.receipts and "read" not in sms.receipts
    assert (sms.text_limit, sms.choices, sms.attachments, sms.media_limit) == (1600, 0, 10, 5 * 1024 * 1024)
    assert connector_type("sms") is SmsConnector


# Sending


class Twilio:
    """Answers every call with what it is told to and keeps what was asked."""

    def __init__(self) -> None:
        self.status, self.body = 201, b'{"sid": "SM1", "status": "queued"}'
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, list[tuple[str, str]], str]] = []
        self.drop = False

    async def answer(self, request: web.Request) -> web.Response:
        pairs = parse_qsl((await request.read()).decode(), keep_blank_values=True)
        self.asked.append((request.path, pairs, request.headers.get("Authorization", "")))
        if self.drop and request.transport:
            request.transport.abort()
        return web.Response(status=self.status, body=self.body, headers=self.headers)


@pytest.fixture
async def twilio() -> AsyncIterator[tuple[Twilio, Any]]:
    """What answers, and a maker of connectors that call it."""
    provider = Twilio()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", provider.answer)
    server = TestServer(app)
    await server.start_server()
    async with aiohttp.ClientSession() as http:
        yield provider, lambda **settings: make(http, api_base=str(server.make_url("/")), **settings)
    await server.close()


def outgoing(**fields: Any) -> OutgoingMessage:
    return OutgoingMessage(**{"id": "m1", "address": "+15005550001", "text": "Hi", **fields})


FILE = OutgoingFile(kind="image", name="a.png", mime="image/png", size=3, url="https://files.example/a.png", read=lambda: b"abc")
BASIC = "Basic " + base64.b64encode(b"AC1:12345").decode()
SENDINGS: list[tuple[str, dict[str, str], dict[str, Any], list[tuple[str, str]]]] = [
    ("text", {}, {}, [("To", "+15005550001"), ("From", "+15005550006"), ("Body", "Hi")]),
    ("service", {"from": "MG1"}, {}, [("To", "+15005550001"), ("MessagingServiceSid", "MG1"), ("Body", "Hi")]),
    (
        "WhatsApp",
        {"from": "whatsapp:+15005550006"},
        {},
        [("To", "whatsapp:+15005550001"), ("From", "whatsapp:+15005550006"), ("Body", "Hi")],
    ),
    (
        "media without text",
        {},
        {"text": "", "attachments": [FILE, FILE]},
        [("To", "+15005550001"), ("From", "+15005550006"), ("MediaUrl", FILE.url), ("MediaUrl", FILE.url)],
    ),
    (
        "template",
        {"from": "whatsapp:+15005550006"},
        {"address": "whatsapp:US.1", "template": TemplateUse(name="HX1", language="ru", variables={"1": "Аня"})},
        [("To", "whatsapp:US.1"), ("From", "whatsapp:+15005550006"), ("ContentSid", "HX1"), ("ContentVariables", '{"1":"Аня"}')],
    ),
    (
        "status address",
        {},
        {"text": "Да & нет", "status_url": "https://x.example/hooks/1?message=m1"},
        [
            ("To", "+15005550001"),
            ("From", "+15005550006"),
            ("Body", "Да & нет"),
            ("StatusCallback", "https://x.example/hooks/1?message=m1"),
        ],
    ),
]


@pytest.mark.parametrize(("settings", "fields", "expected"), [s[1:] for s in SENDINGS], ids=[s[0] for s in SENDINGS])
async def test_a_message_is_given_to_twilio(
    twilio: tuple[Twilio, Any], settings: dict[str, str], fields: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    provider, connect = twilio
    sent = await connect(**settings).send(outgoing(**fields))
    assert (list(sent.external_ids), sent.state) == (["SM1"], "sent")
    assert provider.asked == [("/2010-04-01/Accounts/AC1/Messages.json", expected, BASIC)]


ERRORS: list[tuple[int, bytes, dict[str, str], type[ChannelError], str, str]] = [
    (400, b'{"code": 21610, "message": "m"}', {}, Blocked, "21610", "stopped"),
    (400, b'{"code": 21211, "message": "m"}', {}, Refused, "21211", "not a phone number"),
    (400, b'{"code": 21617, "message": "m"}', {}, Refused, "21617", "1600"),
    (400, b'{"code": 63016, "message": "m"}', {}, Refused, "63016", "window is shut"),
    (400, b'{"code": 21606, "message": "m"}', {}, Misconfigured, "21606", "does not belong"),
    (400, b'{"code": 99999, "message": "Told by Twilio"}', {}, Refused, "99999", "Told by Twilio"),
    (400, b"not JSON", {}, Refused, "400", "HTTP status 400"),
    (400, b"[1]", {}, Refused, "400", "HTTP status 400"),
    (401, b'{"code": 20003}', {}, Misconfigured, "20003", "auth token"),
    (401, b'{"error": "x"}', {}, Misconfigured, "401", "auth token"),
    (403, b"", {}, Misconfigured, "403", "no right"),
    (404, b'{"code": 20404}', {}, Misconfigured, "20404", "no such account"),
    (429, b'{"code": 20429}', {"Retry-After": "7"}, Throttled, "20429", "slow down"),
    (429, b"", {}, Throttled, "429", "slow down"),
    (500, b"", {}, Retry, "500", "HTTP 500"),
    (503, b"<html>", {}, Retry, "503", "HTTP 503"),
    (201, b"not JSON", {}, Unknown, "201", "names no message"),
    (201, b"{}", {}, Unknown, "201", "names no message"),
]


@pytest.mark.parametrize(("status", "body", "headers", "error", "code", "words"), ERRORS)
async def test_an_answer_decides_what_happens(
    twilio: tuple[Twilio, Any],
    status: int,
    body: bytes,
    headers: dict[str, str],
    error: type[ChannelError],
    code: str,
    words: str,
) -> None:
    provider, connect = twilio
    provider.status, provider.body, provider.headers = status, body, headers
    with pytest.raises(ChannelError) as raised:
        await connect().send(outgoing())
    assert type(raised.value) is error
    assert (raised.value.code, words in raised.value.reason) == (code, True)
    if isinstance(raised.value, Throttled):
        assert raised.value.after == float(headers.get("Retry-After", 1))


async def test_a_broken_connection_is_unknown_and_no_connection_is_retry(twilio: tuple[Twilio, Any]) -> None:
    provider, connect = twilio
    provider.drop = True
    with pytest.raises(Unknown):
        await connect().send(outgoing())
    with pytest.raises(Retry):
        await connect().download({"url": "https://127.0.0.1:1/x"})
    async with aiohttp.ClientSession() as http:
        with pytest.raises(Retry):
            await make(http, api_base=f"http://127.0.0.1:{unused_port()}").send(outgoing())


async def test_an_empty_message_is_refused_before_the_call(twilio: tuple[Twilio, Any]) -> None:
    provider, connect = twilio
    with pytest.raises(Refused, match="neither text nor attachments"):
        await connect().send(outgoing(text=""))
    assert not provider.asked


POLICIES = [
    ("again", ["30001", "30003", "30008", "30017", "30410", "63012"]),
    ("slow_down", ["20429", "21611", "63018", "63038"]),
    ("refuse", ["21211", "21614", "21617", "30005", "30007", "63003", "63016", "63027", "63049"]),
    ("suppress", ["21610", "21635", "30004", "30006", "63014", "63033"]),
    ("mend", ["20003", "20404", "21606", "21701", "30032", "30034", "63007"]),
]


@pytest.mark.parametrize(("policy", "codes"), POLICIES)
def test_a_code_says_what_is_to_be_done(policy: str, codes: list[str]) -> None:
    assert {code: MEANINGS[code].policy for code in codes} == dict.fromkeys(codes, policy)


@pytest.mark.parametrize("code", MEANINGS)
def test_every_code_has_words_in_an_answer_and_in_a_status(code: str) -> None:
    body = json.dumps({"code": int(code), "message": "Told by Twilio"}).encode()
    with pytest.raises(ChannelError) as error:
        raise_for(400, {}, body)
    assert error.value.reason == MEANINGS[code].words and error.value.code == code
    assert not isinstance(error.value, Unknown) and len(error.value.reason) > 10
    assert words(code).startswith(error.value.reason) and is_stop(code) == isinstance(error.value, Blocked)


# Downloads, the account


async def test_the_token_is_shown_to_twilio_only(twilio: tuple[Twilio, Any]) -> None:
    provider, connect = twilio
    provider.status, provider.body, provider.headers = 200, b"abc", {"Content-Type": "image/png; x=1"}
    connector = connect()
    host = connector._api.account.removesuffix("/2010-04-01/Accounts/AC1")
    found = await connector.download({"url": f"{host}/media/1"})
    await connector.download({"url": f"{host.replace('127.0.0.1', 'localhost')}/media/1"})
    assert (found.content, found.mime) == (b"abc", "image/png")
    assert [authorization for _, _, authorization in provider.asked] == [BASIC, ""]


DOWNLOADS = [
    (404, {"url": "/m"}, Refused),
    (410, {"url": "/m"}, Refused),
    (401, {"url": "/m"}, Misconfigured),
    (500, {"url": "/m"}, Retry),
    (429, {"url": "/m"}, Throttled),
]


@pytest.mark.parametrize(("status", "remote", "error"), DOWNLOADS)
async def test_a_failed_download_says_what_to_do(
    twilio: tuple[Twilio, Any], status: int, remote: dict[str, str], error: type[ChannelError]
) -> None:
    provider, connect = twilio
    provider.status, provider.body = status, b""
    connector = connect()
    with pytest.raises(error):
        await connector.download({"url": connector._api.account + remote["url"]})


@pytest.mark.parametrize("remote", [{}, {"url": "cat.jpg"}, {"url": "file:///etc/passwd"}])
async def test_what_has_no_address_cannot_be_fetched(twilio: tuple[Twilio, Any], remote: dict[str, str]) -> None:
    with pytest.raises(Refused, match="no address"):
        await twilio[1]().download(remote)


async def test_connecting_asks_for_the_account(twilio: tuple[Twilio, Any]) -> None:
    provider, connect = twilio
    provider.status, provider.body = 200, b'{"friendly_name": "Shop", "status": "active", "type": "Trial"}'
    account = await connect().connect(URL)
    assert (account.name, account.address) == ("Shop", "+15005550006")
    assert any(URL in note for note in account.notes) and any("trial" in note for note in account.notes)
    assert provider.asked[0][0] == "/2010-04-01/Accounts/AC1.json"


@pytest.mark.parametrize(
    ("status", "body"), [(200, b'{"status": "suspended"}'), (200, b"<html>"), (200, b"[]"), (401, b""), (404, b"")]
)
async def test_a_wrong_account_is_a_misconfiguration(twilio: tuple[Twilio, Any], status: int, body: bytes) -> None:
    provider, connect = twilio
    provider.status, provider.body = status, body
    with pytest.raises(Misconfigured):
        await connect().connect(URL)
