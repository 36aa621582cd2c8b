"""The WhatsApp connector: what it reads from Meta's webhooks, and that no payload can make it fail."""

import dataclasses
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from channels.base import (
    BadPayload,
    BadSignature,
    Hook,
    Transport,
)
from channels.events import (
    ConsentChanged,
    ContactChanged,
    DeliveryStatus,
    Event,
    Identity,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    Notice,
    Reaction,
    TemplateNews,
)
from channels.registry import connector_type, kinds
from channels.whatsapp import WhatsApp, WhatsAppSettings

PAYLOADS = Path(__file__).parent / "payloads" / "whatsapp"
SECRET = "the app's secret"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
SENT = datetime.fromtimestamp(1_770_000_000, UTC)
PHONE, USER = Identity(kind="phone", address="+79000000155"), Identity(kind="whatsapp", address="RU.77001")


def connector(**changes: str) -> WhatsApp:
    values = {"phone_number_id": "100", "access_token": "t", "app_secret": SECRET, "verify_token": "проверка", **changes}
    return WhatsApp(WhatsAppSettings.model_validate(values), Transport(http=None))  # type: ignore[arg-type]


def hook(body: bytes, *, method: str = "POST", url: str = "https://inbox.example/hooks/1", **headers: str) -> Hook:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Hook(method=method, url=url, headers=named, body=body, received_at=NOW)


def parse(name: str) -> Sequence[Event]:
    return connector().parse(hook((PAYLOADS / f"{name}.json").read_bytes()))


def facts(event: Event) -> dict[str, Any]:
    """An event's fields with those of the message it carries and of the person who did it."""
    found = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    if isinstance(event, MessageEdited):
        found = {**facts(event.message), "edited": event.at}
    person = found.get("sender") or found.get("person")
    if person is not None:
        found |= {"name": person.name, "username": person.username, "identities": list(person.identities)}
    found["files"] = [(f.kind, f.name, f.mime, f.remote.get("id")) for f in found.get("attachments", ())]
    return found


TEXT = {"address": "79000000155", "at": SENT, "name": "Lena Orlova", "identities": [PHONE, USER], "kind": "text", "echo": False}
MESSAGES: Mapping[str, Mapping[str, Any]] = {
    "text": {**TEXT, "external_id": "wamid.T1", "text": "Есть синий?", "reply_to": None, "start": None, "thread": ""},
    "text_reply": {**TEXT, "text": "да", "reply_to": "wamid.OURS"},
    "text_forwarded": {**TEXT, "text": "Look", "reply_to": None, "data": {"forwarded": True}},
    "text_from_advert": {**TEXT, "text": "Hi", "start": "AD-77"},
    "text_milliseconds": {**TEXT, "text": "ms"},
    "text_hidden_phone": {"text": "incognito", "address": "RU.77001", "identities": [USER], "name": "Lena", "username": "lena.o"},
    "spelled_otherwise": {"address": "5541988887777", "name": "João", "text": "oi"},
    "image": {"kind": "image", "text": "Вот чек", "files": [("image", "", "image/jpeg", "M1")]},
    "video": {"kind": "video", "text": "", "files": [("video", "", "video/mp4", "M2")]},
    "audio": {"kind": "audio", "text": "", "files": [("audio", "", "audio/mpeg", "M3")]},
    "voice": {"kind": "voice", "files": [("voice", "", "audio/ogg; codecs=opus", "M4")]},
    "document": {"kind": "file", "text": "подписал", "files": [("file", "договор.pdf", "application/pdf", "M5")]},
    "document_not_fetched": {"kind": "file", "text": "late", "files": []},
    "sticker": {"kind": "sticker", "files": [("sticker", "", "image/webp", "M6")]},
    "location": {
        "kind": "location",
        "data": {"location": {"latitude": 55.75, "longitude": 37.61, "name": "Красная площадь", "address": "Москва"}},
    },
    "location_without_type": {"kind": "location", "data": {"location": {"latitude": 1.5, "longitude": 2.5}}},
    "contacts": {"kind": "contact", "text": ""},
    "button": {"kind": "choice", "text": "Не присылать", "choice": "stop-offers", "reply_to": "wamid.TPL"},
    "button_reply": {"kind": "choice", "text": "Доставка", "choice": "delivery", "reply_to": "wamid.ASK"},
    "list_reply": {"kind": "choice", "text": "Оплата", "choice": "row-4", "data": {"description": "картой"}},
    "form_reply": {"kind": "form", "text": "Sent", "data": {"form": {"flow_token": "t1", "rating": "5"}, "name": "flow"}},
    "call_permission": {"kind": "unsupported", "text": "Calls are declined"},
    "order": {"kind": "order", "text": "побыстрее"},
    "unsupported": {"kind": "unsupported", "text": "", "external_id": "wamid.U1"},
    "image_failed": {"kind": "unsupported", "external_id": "wamid.I2", "files": []},
    "unknown_kind": {"kind": "unsupported", "external_id": "wamid.U2"},
    "welcome": {"kind": "start", "start": "request_welcome", "text": ""},
    "call": {"kind": "call", "external_id": "wacid.1", "address": "79000000155"},
    "echo": {"kind": "text", "text": "Пишу с телефона", "echo": True, "address": "79000000155", "identities": [PHONE]},
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_read_with_all_it_says(name: str) -> None:
    (event,) = parse(name)
    assert isinstance(event, InboundMessage)
    found = facts(event)
    assert {key: found[key] for key in MESSAGES[name]} == MESSAGES[name]


MOVED = Identity(kind="whatsapp", address="RU.88002")
OTHERS: Mapping[str, tuple[type[Event], Mapping[str, Any]]] = {
    "reaction": (Reaction, {"external_id": "wamid.OURS", "emoji": "👍", "address": "79000000155", "name": "Lena Orlova"}),
    "reaction_removed": (Reaction, {"external_id": "wamid.OURS", "emoji": ""}),
    "edit": (
        MessageEdited,
        {"external_id": "wamid.T1", "text": "Есть зелёный?", "edited": datetime.fromtimestamp(1_770_000_060, UTC)},
    ),
    "revoke": (MessageDeleted, {"external_id": "wamid.T1", "at": SENT}),
    "number_changed": (
        ContactChanged,
        {"old": PHONE, "address": "79000000199", "identities": [Identity(kind="phone", address="+79000000199"), MOVED]},
    ),
    "user_id_changed": (ContactChanged, {"old": USER, "address": "RU.88002", "identities": [MOVED]}),
    "identity_changed": (Notice, {"kind": "system", "text": "The security code changed"}),
    "status_sent": (DeliveryStatus, {"state": "sent", "external_id": "wamid.OUT1", "message_id": "m-17", "at": SENT, "code": ""}),
    "status_delivered": (DeliveryStatus, {"state": "delivered", "address": "79000000155"}),
    "status_read": (DeliveryStatus, {"state": "read"}),
    "status_played": (DeliveryStatus, {"state": "read"}),
    "status_failed": (DeliveryStatus, {"state": "failed", "code": "131026", "blocked": False}),
    "status_user_id": (DeliveryStatus, {"state": "delivered", "address": "RU.77001", "message_id": None}),
    "status_without_time": (DeliveryStatus, {"state": "read", "at": NOW}),
    "status_of_nothing": (Notice, {"kind": "broken", "error": True}),
    "status_unknown": (Notice, {"kind": "status"}),
    "stop_marketing": (
        ConsentChanged,
        {"stopped": True, "marketing_only": True, "address": "79000000155", "source": "whatsapp:marketing_messages", "at": SENT},
    ),
    "resume_marketing": (ConsentChanged, {"stopped": False, "marketing_only": True}),
    "template_rejected": (Notice, {"kind": "template", "text": "Template sale (ru) is rejected: invalid format", "error": True}),
    "template_approved": (
        Notice,
        {
            "kind": "template",
            "text": "Template sale (ru) is approved",
            "error": False,
            "template": TemplateNews(name="sale", language="ru", external_id="1", status="approved", stale=True),
        },
    ),
    "template_quality": (
        Notice,
        {
            "text": "Template sale (ru): quality is red",
            "error": True,
            "template": TemplateNews(name="sale", language="ru", quality="low"),
        },
    ),
    "template_category": (Notice, {"kind": "template", "text": "Template sale (ru): category will be marketing", "error": False}),
    "template_paused": (
        Notice,
        {"error": True, "template": TemplateNews(name="sale", language="ru", external_id="1689556908129832", status="paused")},
    ),
    "template_deleted": (
        Notice,
        {"error": True, "template": TemplateNews(name="sale", language="ru", external_id="1689556908129832", status="removed")},
    ),
    "template_flagged": (
        Notice,
        {"error": True, "template": TemplateNews(name="sale", language="ru", external_id="1689556908129832")},
    ),
    "template_text": (
        Notice,
        {
            "text": "Template sale (ru) has a new text",
            "template": TemplateNews(name="sale", language="ru", external_id="1689556908129832", stale=True),
        },
    ),
    "template_recategorised": (
        Notice,
        {
            "text": "Template sale (ru): category is now marketing",
            "template": TemplateNews(name="sale", language="ru", external_id="1689556908129832", category="marketing"),
        },
    ),
    "echo_edit": (MessageEdited, {"external_id": "wamid.X1", "text": "Пишу с ноутбука", "echo": True, "address": "79000000155"}),
    "echo_revoke": (MessageDeleted, {"external_id": "wamid.X1"}),
    "echo_reaction": (Notice, {"kind": "reaction"}),
    "number_quality": (
        Notice,
        {"kind": "quality", "text": "Quality of the number: downgrade; messaging limit 2k", "error": True},
    ),
    "number_name": (Notice, {"kind": "account", "text": "Display name Shop is rejected: name exists", "error": True}),
    "account_banned": (Notice, {"kind": "account", "error": True}),
    "account_alert": (Notice, {"kind": "account", "text": "WhatsApp alert: Your messaging limit was not raised."}),
    "business_capability": (Notice, {"kind": "account", "text": "WhatsApp lets the business write first to 2000 people a day"}),
    "provider_errors": (Notice, {"kind": "error", "error": True}),
    "unheard_of_field": (Notice, {"kind": "moon_phase", "text": "WhatsApp notice: full", "error": False}),
    "history_declined": (Notice, {"kind": "history"}),
    "group": (Notice, {"kind": "group"}),
    "call_ended": (Notice, {"kind": "call", "text": "WhatsApp call: terminate"}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_message_is_read_as_what_it_is(name: str) -> None:
    (event,) = parse(name)
    kind, wanted = OTHERS[name]
    assert isinstance(event, kind)
    found = facts(event)
    assert {key: found[key] for key in wanted} == wanted


def test_an_empty_delivery_says_nothing() -> None:
    assert list(parse("empty")) == []


def test_a_batch_keeps_every_element_and_names_the_broken_ones() -> None:
    events = parse("batch")
    assert [event.text for event in events if isinstance(event, InboundMessage)] == ["one", "three", "5"]
    assert [s.state for s in events if isinstance(s, DeliveryStatus)] == ["read", "failed"]
    broken = [event for event in events if isinstance(event, Notice)]
    assert {event.kind for event in broken} == {"broken"} and len(broken) == 5
    assert "the field 'text' is missing" in broken[0].text and broken[0].data["id"] == "wamid.2"


def test_a_gateways_bare_value_is_read_like_metas() -> None:
    message, status = parse("gateway")
    assert isinstance(message, InboundMessage) and (message.kind, message.sender.name) == ("voice", "Lena Orlova")
    assert isinstance(status, DeliveryStatus) and (status.external_id, status.state) == ("g0", "delivered")


def test_a_message_without_an_id_is_kept_and_has_the_same_id_when_it_comes_again() -> None:
    first, again = parse("text_without_id"), parse("text_without_id")
    assert first == again and isinstance(first[0], InboundMessage) and first[0].external_id.startswith("unnamed-")


def test_half_an_emoji_costs_neither_its_message_nor_the_batch() -> None:
    cut, whole = parse("text_half_emoji")
    assert isinstance(cut, InboundMessage) and isinstance(whole, InboundMessage)
    assert cut.text == "cut \ufffd" and whole.text == "whole"


def test_old_chats_are_marked_so_that_nobody_answers_them() -> None:
    question, answer, broken = parse("history")
    assert isinstance(question, InboundMessage) and isinstance(answer, InboundMessage) and isinstance(broken, Notice)
    assert (question.echo, question.address, question.auto_reply) == (False, "79000000155", True)
    assert (answer.echo, answer.address, answer.data["history"]) == (True, "79000000155", {"status": "READ"})


def test_a_failure_by_the_persons_own_stop_is_a_change_of_consent_too() -> None:
    status, consent = parse("status_stopped_marketing")
    assert isinstance(status, DeliveryStatus) and (status.state, status.code, status.blocked) == ("failed", "131050", False)
    assert isinstance(consent, ConsentChanged) and consent.stopped and consent.marketing_only


def test_what_whatsapp_could_not_fetch_comes_with_the_reason() -> None:
    (event,) = parse("image_failed")
    assert isinstance(event, InboundMessage) and "could not fetch" in event.data["reason"]


def test_each_of_many_people_in_a_batch_has_their_own_name() -> None:
    contacts = [{"profile": {"name": f"P{n}"}, "wa_id": f"7900000020{n}"} for n in range(9)]
    messages = [
        {"from": f"7900000020{n}", "id": str(n), "timestamp": "1", "type": "text", "text": {"body": "x"}} for n in range(10)
    ]
    events = connector().parse(hook(json.dumps({"contacts": contacts, "messages": messages}).encode()))
    assert [e.sender.name for e in events if isinstance(e, InboundMessage)] == [*(f"P{n}" for n in range(9)), None]


def test_every_sample_has_a_test() -> None:
    apart = {"batch", "gateway", "empty", "history", "text_without_id", "text_half_emoji", "status_stopped_marketing"}
    assert {path.stem for path in PAYLOADS.glob("*.json")} == {*MESSAGES, *OTHERS, *apart}


@pytest.mark.parametrize("body", [b"", b"not json", b"[", b"[1]", b"null", b'"text"', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(BadPayload):
        connector().parse(hook(body))


@pytest.mark.parametrize(
    ("timestamp", "at"),
    [
        ("1770000000", SENT),
        (1770000000, SENT),
        ("1770000000000", SENT),
        (None, NOW),
        ("", NOW),
        ("soon", NOW),
        (1e300, NOW),
        (-1e300, NOW),
        ({}, NOW),
    ],
)
def test_times_come_in_seconds_or_milliseconds_or_not_at_all(timestamp: object, at: datetime) -> None:
    message = {"from": "79000000155", "id": "1", "timestamp": timestamp, "type": "text", "text": {"body": "x"}}
    (event,) = connector().parse(hook(json.dumps({"messages": [message]}).encode()))
    assert isinstance(event, InboundMessage) and event.at == at


SAMPLES = [
    json.loads(path.read_text(), strict=False) for path in sorted(PAYLOADS.glob("*.json")) if path.stem != "text_half_emoji"
]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def spoil(value: Any, data: st.DataObject) -> Any:
    """The JSON with one value somewhere in it replaced or left out."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 9)):
        key = data.draw(st.sampled_from(sorted(value)))
        if not data.draw(st.integers(0, 7)):
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: spoil(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 9)):
        at = data.draw(st.integers(0, len(value) - 1))
        return [*value[:at], spoil(value[at], data), *value[at + 1 :]]
    return data.draw(JUNK)


@given(data=st.data())
def test_no_spoilt_payload_makes_it_fail_or_say_what_is_no_text(data: st.DataObject) -> None:
    payload = spoil(data.draw(st.sampled_from(SAMPLES)), data)
    if not isinstance(payload, dict):
        return
    for event in connector().parse(hook(json.dumps(payload).encode())):
        found = facts(event)
        for key in ("external_id", "address", "text", "kind", "emoji", "state", "reason", "code"):
            assert isinstance(found.get(key, ""), str), key
        for key in ("name", "username", "reply_to", "choice", "start", "message_id"):
            assert found.get(key) is None or isinstance(found[key], str), key
        assert all(isinstance(part, str) for file in found["files"] for part in file)


# authenticity


def signed(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_a_signed_body_is_authentic_byte_for_byte() -> None:
    body = '{ "entry" : [] , "é": "\\u00e9" }'.encode()
    connector().verify(hook(body, x_hub_signature_256=signed(body)))


@pytest.mark.parametrize(
    ("label", "signature", "missing"),
    [
        ("none", None, True),
        ("empty", "", True),
        ("other secret", signed(b"{}", "another"), False),
        ("other body", signed(b"{ }"), False),
        ("no prefix", signed(b"{}")[7:], False),
        ("not ASCII", "sha256=ééé", False),
    ],
)
def test_an_unsigned_or_wrongly_signed_body_is_refused(label: str, signature: str | None, missing: bool) -> None:
    headers = {} if signature is None else {"x_hub_signature_256": signature}
    with pytest.raises(BadSignature) as refused:
        connector().verify(hook(b"{}", **headers))
    assert refused.value.missing is missing


def handshake(query: str) -> Hook:
    return hook(b"", method="GET", url=f"https://inbox.example/hooks/1?{query}")


def test_the_handshake_echoes_the_challenge() -> None:
    query = "hub.mode=subscribe&hub.verify_token=%D0%BF%D1%80%D0%BE%D0%B2%D0%B5%D1%80%D0%BA%D0%B0&hub.challenge=115820"
    answer = connector().answer(handshake(query))
    assert (answer.status, answer.body, answer.content_type) == (200, b"115820", "text/plain")


@pytest.mark.parametrize("query", ["", "hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1", "hub.verify_token=%D0%BF"])
def test_a_handshake_with_another_token_is_refused(query: str) -> None:
    with pytest.raises(BadSignature):
        connector().answer(handshake(query))


# the settings


def test_the_registry_finds_it_by_its_kind() -> None:
    assert "whatsapp" in kinds() and connector_type("whatsapp") is WhatsApp


@pytest.mark.parametrize(
    ("field", "value"),
    [("phone_number_id", ""), ("phone_number_id", "1/../2"), ("access_token", ""), ("app_secret", ""), ("api_base", "ftp://a")],
)
def test_wrong_settings_are_refused_by_the_name_of_the_field(field: str, value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        connector(**{field: value})
    assert [error["loc"] for error in refused.value.errors()] == [(field,)]


def test_no_secret_shows_in_the_settings() -> None:
    shown = repr(
        WhatsAppSettings.model_validate(
            {"phone_number_id": "1", "access_token": "AAA", "app_secret": "BBB", "verify_token": "CCC"}
        )
    )
    assert not any(secret in shown for secret in ("AAA", "BBB", "CCC"))
