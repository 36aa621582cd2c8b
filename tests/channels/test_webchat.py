"""The web chat's connector: who is believed, what a browser's post becomes, what the browser is told."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr, ValidationError

from channels.base import BadPayload, BadSignature, Choice, Hook, OutgoingMessage, Refused, Retry, Transport
from channels.events import ContactChanged, DeliveryStatus, Event, Identity, InboundMessage, Notice
from channels.webchat import Webchat, WebchatSettings, topic
from channels.webchat_parts.posts import FILE_LIMIT
from channels.webchat_parts.visitors import BadProof, naming
from routing.hours import parse_week

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
URL = "https://desk.example/hooks/7"
SECRET = "site-secret"


class Browsers:
    """What was published, instead of a live stream."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Mapping[str, Any]]] = []
        self.down = False

    async def publish(self, what: str, message: Mapping[str, Any]) -> None:
        if self.down:
            raise ConnectionRefusedError
        self.heard.append((what, message))


@pytest.fixture
def browsers() -> Browsers:
    return Browsers()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def chat(browsers: Browsers, http: aiohttp.ClientSession) -> Webchat:
    settings = WebchatSettings(
        origins="https://shop.example, https://www.shop.example/",
        hmac_secret=SecretStr(SECRET),
        token_secret=SecretStr("t" * 32),
    )
    return Webchat(settings, Transport(http=http, publish=browsers.publish))


def proof(user: str) -> str:
    return hmac.new(SECRET.encode(), user.encode(), hashlib.sha256).hexdigest()


def post(token: str | None, body: object, origin: str = "https://shop.example") -> Hook:
    headers = {"origin": origin} if origin else {}
    if token is not None:
        headers["x-visitor-token"] = token
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Hook(method="POST", url=URL, headers=headers, body=raw, received_at=NOW)


def parse(chat: Webchat, body: object, token: str | None = None) -> list[Event]:
    hook = post(token or chat.open()[1], body)
    chat.verify(hook)
    return list(chat.parse(hook))


def file(name: str, mime: str, content: bytes) -> dict[str, str]:
    return {"name": name, "mime": mime, "content": base64.b64encode(content).decode()}


def test_a_session_is_resumed_by_its_token(chat: Webchat) -> None:
    visitor, token = chat.open()
    assert chat.open(token) == (visitor, token)
    assert chat.visitor(token).id == visitor
    assert chat.open()[0] != visitor


def test_a_token_of_another_secret_begins_a_new_visitor(chat: Webchat, http: aiohttp.ClientSession) -> None:
    visitor, token = Webchat(WebchatSettings(), Transport(http=http)).open()
    assert chat.open(token)[0] != visitor


def test_a_proven_user_is_one_visitor_in_every_browser(chat: Webchat) -> None:
    first, token = chat.open(user="клиент-42", user_hash=proof("клиент-42"))
    second, _ = chat.open(chat.open()[1], user="клиент-42", user_hash=proof("клиент-42").upper())
    assert first == second
    assert chat.visitor(token).user == "клиент-42"
    assert chat.open(user="43", user_hash=proof("43"))[0] != first


@pytest.mark.parametrize(("user_hash", "missing"), [("", True), ("00", False), (proof("43"), False), ("ё", False)])
def test_a_user_without_the_right_proof_is_refused(chat: Webchat, user_hash: str, missing: bool) -> None:
    with pytest.raises(BadSignature, match="user_hash") as caught:
        chat.open(user="42", user_hash=user_hash)
    assert caught.value.missing is missing


def test_without_a_secret_no_user_is_believed(http: aiohttp.ClientSession) -> None:
    chat = Webchat(WebchatSettings(), Transport(http=http))
    with pytest.raises(BadSignature, match="no secret"):
        chat.open(user="42", user_hash=hmac.new(b"", b"42", hashlib.sha256).hexdigest())


@pytest.mark.parametrize("kind", ["email", "phone"])
def test_an_address_is_proven_by_the_sites_own_word_for_it(chat: Webchat, kind: str) -> None:
    given, known = {"email": ("Anna@Example.org ", "anna@example.org"), "phone": ("+7 916 123-45-67", "+79161234567")}[kind]
    visitor, token = chat.open(**{kind: given, f"{kind}_hash": proof(f"{kind}:{given}")})
    assert getattr(chat.visitor(token), kind) == known
    (message,) = parse(chat, {"id": "1", "text": "hi", kind: given}, token)
    assert isinstance(message, InboundMessage)
    assert list(message.sender.identities)[1:] == [Identity(kind=kind, address=known, verified=True)]
    kept = replace(post(token, {"id": "1", "text": "hi"}), url=naming(URL, chat.visitor(token)), headers={})
    assert chat.parse(kept) == chat.parse(post(token, {"id": "1", "text": "hi"}))
    again, without = chat.open(token)
    assert again == visitor and getattr(chat.visitor(without), kind) == ""


@pytest.mark.parametrize(
    ("label", "given", "names"),
    [
        ("signed without its kind", {"email": "a@b.example", "email_hash": proof("a@b.example")}, "email_hash"),
        ("signed as the other kind", {"phone": "+79161234567", "phone_hash": proof("email:+79161234567")}, "phone_hash"),
        ("another address", {"email": "a@b.example", "email_hash": proof("email:b@b.example")}, "email_hash"),
        ("a signed nothing", {"email": "", "email_hash": proof("email:")}, "email_hash"),
        ("no address", {"email": "anna", "email_hash": proof("email:anna")}, "email"),
        ("a number without its country", {"phone": "89161234567", "phone_hash": proof("phone:89161234567")}, "phone"),
        (
            "a user id that looks like a signed address",
            {"user": "email:a@b.example", "user_hash": proof("email:a@b.example")},
            "user",
        ),
    ],
)
def test_a_wrong_proof_of_an_address_is_refused_by_its_field(
    chat: Webchat, label: str, given: dict[str, str], names: str
) -> None:
    with pytest.raises(BadProof, match=f"^{names}"):
        chat.open(**given)


def test_a_users_token_is_no_strangers(chat: Webchat) -> None:
    visitor, token = chat.open(user="42", user_hash=proof("42"))
    assert chat.open(token)[0] != visitor


@pytest.mark.parametrize(
    ("label", "origin", "good"),
    [
        ("below the name", "https://a.shop.example", True),
        ("far below it", "https://a.b.shop.example", True),
        ("the name itself", "https://shop.example", False),
        ("another scheme", "http://a.shop.example", False),
        ("another name with this ending", "https://myshop.example", False),
    ],
)
def test_a_star_stands_for_the_names_below(http: aiohttp.ClientSession, label: str, origin: str, good: bool) -> None:
    chat = Webchat(WebchatSettings(origins="https://*.shop.example"), Transport(http=http))
    assert chat.allows(origin, "https://desk.example") is good


@pytest.mark.parametrize(
    ("label", "origin", "good"),
    [
        ("an allowed site", "https://www.shop.example", True),
        ("in capitals", "https://Shop.Example", True),
        ("our own chat page", "https://desk.example", True),
        ("no browser, so no origin", "", True),
        ("another site", "https://evil.example", False),
        ("our own chat page, before a proxy that speaks TLS for us", "http://desk.example", True),
        ("another scheme", "http://shop.example", False),
        ("a longer name", "https://shop.example.evil.example", False),
        ("a file on disk", "null", False),
    ],
)
def test_only_allowed_sites_may_carry_the_chat(chat: Webchat, label: str, origin: str, good: bool) -> None:
    hook = post(chat.open()[1], {"id": "1", "text": "hi"}, origin)
    if good:
        chat.verify(hook)
    else:
        with pytest.raises(BadSignature, match="site"):
            chat.verify(hook)


def tampered(token: str) -> str:
    head, _, signature = token.rpartition(".")
    return f"{head[:-2]}Az.{signature}"


@pytest.mark.parametrize(
    ("label", "change", "missing"),
    [
        ("none", lambda t: None, True),
        ("empty", lambda t: "", True),
        ("another visitor with this signature", tampered, False),
        ("cut", lambda t: t[:-1], False),
        ("nonsense", lambda t: "ё.\udc80", False),
    ],
)
def test_a_wrong_token_is_told_from_a_missing_one(chat: Webchat, label: str, change: Any, missing: bool) -> None:
    with pytest.raises(BadSignature) as caught:
        chat.verify(post(change(chat.open()[1]), {"id": "1", "text": "hi"}))
    assert caught.value.missing is missing


def test_a_kept_body_can_be_replayed_without_its_token(chat: Webchat) -> None:
    token = chat.open(user="42", user_hash=proof("42"))[1]
    hook = replace(post(token, {"id": "1", "text": "hi"}), url=naming(URL, chat.visitor(token)))
    chat.verify(hook)
    kept = replace(hook, headers={})
    assert chat.parse(kept) == chat.parse(hook)
    with pytest.raises(BadPayload, match="whose"):
        chat.parse(replace(kept, url=URL))


def test_nobody_can_be_named_in_the_address_but_the_tokens_visitor(chat: Webchat) -> None:
    other = chat.visitor(chat.open()[1])
    with pytest.raises(BadSignature, match="address"):
        chat.verify(replace(post(chat.open()[1], {"id": "1", "text": "hi"}), url=naming(URL, other)))


def test_a_message_with_everything(chat: Webchat) -> None:
    visitor, token = chat.open()
    body = {
        "id": "c-1",
        "text": "Где заказ?",
        "reply_to": "m9",
        "name": " Анна ",
        "email": "Anna@Example.org",
        "phone": "8 (916) 123-45-67",
        "language": "ru",
        "page": "https://shop.example/cart",
        "files": [file("C:\\фото.png", "image/png", b"\x89PNG"), file("bill.pdf", "application/pdf", b"%PDF")],
    }
    (message,) = parse(chat, body, token)
    assert isinstance(message, InboundMessage)
    assert (message.external_id, message.thread, message.address) == ("c-1", visitor, visitor)
    assert (message.text, message.at, message.reply_to, message.kind) == ("Где заказ?", NOW, "m9", "image")
    assert message.sender.name == "Анна" and message.sender.language == "ru"
    assert message.sender.identities == [
        Identity(kind="webchat", address=visitor),
        Identity(kind="email", address="anna@example.org", verified=False),
        Identity(kind="phone", address="+79161234567", verified=False),
    ]
    assert [(f.kind, f.name, f.mime, f.size) for f in message.attachments] == [
        ("image", "фото.png", "image/png", 4),
        ("file", "bill.pdf", "application/pdf", 4),
    ]
    assert message.data == {"page": "https://shop.example/cart"}


def test_a_pressed_choice_keeps_its_id_and_title(chat: Webchat) -> None:
    (message,) = parse(chat, {"id": "1", "text": "Доставка", "choice": "delivery", "reply_to": "m1"})
    assert isinstance(message, InboundMessage)
    assert (message.kind, message.choice, message.text) == ("choice", "delivery", "Доставка")


@pytest.mark.parametrize(("base", "address"), [("", "42"), ("shop", "shop:42")])
def test_a_proven_user_is_a_verified_identity(http: aiohttp.ClientSession, base: str, address: str) -> None:
    chat = Webchat(WebchatSettings(hmac_secret=SecretStr(SECRET), user_base=base), Transport(http=http))
    (message,) = parse(chat, {"id": "1", "text": "hi"}, chat.open(user="42", user_hash=proof("42"))[1])
    assert isinstance(message, InboundMessage)
    assert message.sender.identities[1] == Identity(kind="user", address=address, verified=True)


@pytest.mark.parametrize(
    ("label", "body", "names"),
    [
        ("not JSON", b"{", "JSON"),
        ("too deep", b"[" * 100_000, "JSON"),
        ("not an object", [1], "object"),
        ("no id", {"text": "hi"}, "id"),
        ("id of another type", {"id": 5, "text": "hi"}, "id"),
        ("id with a space", {"id": "a b", "text": "hi"}, "id"),
        ("id too long", {"id": "a" * 65, "text": "hi"}, "id"),
        ("nothing said", {"id": "1", "text": " "}, "text"),
        ("text of another type", {"id": "1", "text": {"a": 1}}, "text"),
        ("files of another type", {"id": "1", "text": "hi", "files": "x"}, "files"),
        ("read without ids of its type", {"type": "read", "ids": "m1"}, "ids"),
        ("profile without a fact", {"type": "profile", "name": " "}, "name"),
        ("profile with a bad address", {"type": "profile", "email": "anna at home"}, "email"),
        ("profile with a bad address beside a good name", {"type": "profile", "name": "Anna", "email": "anna"}, "email"),
        ("profile with a bad number", {"type": "profile", "name": "Anna", "phone": "12"}, "phone"),
        ("identify without a proof", {"type": "identify", "was": "x"}, "was"),
    ],
)
def test_an_unreadable_post_names_its_field(chat: Webchat, label: str, body: object, names: str) -> None:
    with pytest.raises(BadPayload, match=names):
        parse(chat, body)


def test_a_bad_file_keeps_the_text_and_its_neighbours(chat: Webchat) -> None:
    files = [
        {"name": "a", "mime": "image/png", "content": "***"},
        file("good.txt", "text/plain; charset=utf-8", b"hello"),
        file("empty", "text/plain", b""),
        file("huge.bin", "", b"x" * (FILE_LIMIT + 1)),
        "not a file",
    ]
    message, *broken = parse(chat, {"id": "1", "text": "see", "files": files})
    assert isinstance(message, InboundMessage)
    assert message.text == "see"
    assert [(f.name, f.mime, f.content) for f in message.attachments] == [("good.txt", "text/plain", b"hello")]
    notices = [n for n in broken if isinstance(n, Notice)]
    assert [n.text.split(":")[0] for n in notices] == ["files.0", "files.2", "files.3", "files.4"]
    assert all(n.error and n.kind == "broken" for n in notices)


def test_when_all_files_are_broken_the_post_is_still_seen(chat: Webchat) -> None:
    message, notice = parse(chat, {"id": "1", "files": [file("a", "", b"")]})
    assert isinstance(message, InboundMessage) and isinstance(notice, Notice)


def test_a_drawing_with_scripts_is_only_a_file(chat: Webchat) -> None:
    (message,) = parse(chat, {"id": "1", "files": [file("x.svg", "image/svg+xml", b"<svg/>")]})
    assert isinstance(message, InboundMessage)
    assert message.attachments[0].kind == "file"


@pytest.mark.parametrize(
    ("posted", "kept"),
    [
        (b'{"id": "1", "text": "a\\u0000b"}', "ab"),
        (b'{"id": "1", "text": "cut \\ud83d"}', "cut �"),
        (b'{"id": "1", "text": "whole \\ud83d\\ude00"}', "whole 😀"),
        (b'{"id": "1", "text": "broken \xff"}', "broken �"),
    ],
)
def test_text_is_made_storable_instead_of_lost(chat: Webchat, posted: bytes, kept: str) -> None:
    (message,) = parse(chat, posted)
    assert isinstance(message, InboundMessage)
    assert message.text == kept


@pytest.mark.parametrize(
    ("body", "ids", "state"),
    [
        ({"type": "read", "ids": ["m1", "m2", "m1"]}, ["m1", "m2"], "read"),
        ({"type": "read", "up_to": "m3"}, ["m3"], "read"),
        ({"type": "received", "ids": ["m1"]}, ["m1"], "delivered"),
        ({"type": "read"}, [], "read"),
    ],
)
def test_what_was_seen_is_told_within_the_visitors_own_thread(chat: Webchat, body: object, ids: list[str], state: str) -> None:
    visitor, token = chat.open()
    events = parse(chat, body, token)
    assert events == [DeliveryStatus(state=state, at=NOW, external_id=i, thread=visitor, address=visitor) for i in ids]


def test_typing_and_the_unknown_are_notices(chat: Webchat) -> None:
    visitor, token = chat.open()
    assert parse(chat, {"type": "typing"}, token) == [Notice(kind="typing", data={"address": visitor})]
    (unknown,) = parse(chat, {"type": "dance"}, token)
    assert isinstance(unknown, Notice) and unknown.kind == "unsupported"


def test_a_typed_profile_is_only_claimed(chat: Webchat) -> None:
    visitor, token = chat.open()
    (change,) = parse(chat, {"type": "profile", "name": "Ann", "email": "a@b.example"}, token)
    assert isinstance(change, ContactChanged)
    assert change.verified is False and change.old == Identity(kind="webchat", address=visitor)
    assert change.person.identities[1] == Identity(kind="email", address="a@b.example", verified=False)


@pytest.mark.parametrize(
    ("label", "told", "fields", "claimed"),
    [
        ("a topic alone", {"topic": " Возврат "}, {"topic": "Возврат"}, []),
        ("a national number and its country", {"phone": "020 7946 0958", "region": "GB"}, {}, ["+442079460958"]),
        ("a Russian number by the language", {"phone": "8 916 123-45-67", "language": "ru"}, {}, ["+79161234567"]),
        ("an international number", {"phone": "+49 30 123456", "language": "ru", "region": "RU"}, {}, ["+4930123456"]),
    ],
)
def test_what_the_form_brings(
    chat: Webchat, label: str, told: dict[str, str], fields: dict[str, str], claimed: list[str]
) -> None:
    (change,) = parse(chat, {"type": "profile", **told})
    assert isinstance(change, ContactChanged)
    assert change.fields == fields
    assert [identity.address for identity in change.person.identities[1:]] == claimed
    assert not any(identity.verified for identity in change.person.identities[1:])


@pytest.mark.parametrize(
    ("label", "visit", "start", "kept"),
    [
        (
            "a campaign",
            {"landing": "https://shop.example/?utm_source=ya#top", "utm": {"source": "ya", "medium": "cpc", "campaign": "sale"}},
            "ya / cpc / sale",
            {"landing": "https://shop.example/?utm_source=ya", "utm": {"source": "ya", "medium": "cpc", "campaign": "sale"}},
        ),
        ("a link", {"referrer": "https://blog.example/a"}, "blog.example", {"referrer": "https://blog.example/a"}),
        ("no address of the web", {"landing": "javascript:alert(1)", "referrer": "http://[", "utm": {"source": " "}}, None, {}),
        ("of other types", {"landing": 5, "referrer": ["x"], "utm": "x"}, None, {}),
        ("unknown marks", {"utm": {"gclid": "x", "source": None}}, None, {}),
        ("not even an object", "x", None, {}),
        ("cut text", {"utm": {"source": "y\ud83d\x00a"}}, "y\ufffda", {"utm": {"source": "y\ufffda"}}),
    ],
)
def test_where_a_visitor_came_from(chat: Webchat, label: str, visit: object, start: str | None, kept: dict[str, Any]) -> None:
    (message,) = parse(chat, {"id": "1", "text": "hi", "page": "data:x", "visit": visit, "topic": "Возврат"})
    assert isinstance(message, InboundMessage)
    assert (message.start, message.data, message.subject) == (start, {"visit": kept} if kept else {}, "Возврат")


def test_a_visitor_who_signs_in_is_joined_with_who_they_were(chat: Webchat) -> None:
    before, was = chat.open()
    after, token = chat.open(was, user="42", user_hash=proof("42"))
    (change,) = parse(chat, {"type": "identify", "was": was}, token)
    assert isinstance(change, ContactChanged)
    assert change.old == Identity(kind="webchat", address=before)
    assert [i.address for i in change.person.identities] == [after, "42"]


def test_one_user_cannot_take_over_another(chat: Webchat) -> None:
    other = chat.open(user="43", user_hash=proof("43"))[1]
    with pytest.raises(BadPayload, match="was"):
        parse(chat, {"type": "identify", "was": other}, chat.open(user="42", user_hash=proof("42"))[1])
    with pytest.raises(BadPayload, match="was"):
        parse(chat, {"type": "identify", "was": "v.."}, chat.open(user="42", user_hash=proof("42"))[1])


async def test_the_visitors_browsers_are_told_that_there_is_a_message_and_no_text_of_it(
    chat: Webchat, browsers: Browsers
) -> None:
    visitor, _ = chat.open()
    sent = await chat.send(OutgoingMessage(id="m1", address=visitor, text="Чем помочь?", choices=[Choice(id="a", title="А")]))
    assert (sent.external_ids, sent.thread, sent.state) == (["m1"], visitor, "sent")
    assert browsers.heard == [(topic(visitor), {"type": "message", "id": "m1"})]


async def test_typing_and_reading_are_told(chat: Webchat, browsers: Browsers) -> None:
    visitor, _ = chat.open()
    await chat.typing(visitor)
    await chat.read(visitor, "c1")
    assert browsers.heard == [(topic(visitor), {"type": "typing"}), (topic(visitor), {"type": "seen"})]


async def test_what_cannot_be_told_is_tried_again_and_a_wrong_address_is_refused(chat: Webchat, browsers: Browsers) -> None:
    with pytest.raises(Refused, match="address"):
        await chat.send(OutgoingMessage(id="m1", address="+79161234567", text="hi"))
    browsers.down = True
    with pytest.raises(Retry):
        await chat.send(OutgoingMessage(id="m1", address=chat.open()[0], text="hi"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("origins", "shop.example"),
        ("origins", "https://a.example/path"),
        ("colour", "red"),
        ("language", "de"),
        ("token_secret", "short"),
        ("origins", "https://*shop.example"),
        ("avatar", "javascript:alert(1)"),
        ("avatar", "/logo.png"),
        ("position", "middle"),
        ("offset_x", -1),
        ("theme", "blue"),
        ("hours", "mon-fri"),
        ("hours", "mon-fri 09:00-18:00; someday 10:00-15:00"),
        ("hours", "mon 25:00-26:00"),
        ("topics", "; ".join(map(str, range(13)))),
        ("ask_name", "maybe"),
    ],
)
def test_a_wrong_setting_is_named(field: str, value: str | int) -> None:
    with pytest.raises(ValidationError, match=field):
        WebchatSettings.model_validate({field: value})


def test_a_topic_cannot_be_asked_without_topics() -> None:
    with pytest.raises(ValidationError, match="topics"):
        WebchatSettings(ask_topic="required")
    assert WebchatSettings(ask_topic="required", topics=" Returns;; Returns ;Else").topics == "Returns; Else"


@pytest.mark.parametrize("hours", ["", "mon-fri 9:00-18:00", "fri-mon 22:00-06:00; wed 09:00-13:00, 14:00-24:00"])
def test_hours_that_are_taken_can_be_kept(hours: str) -> None:
    assert parse_week(WebchatSettings(hours=hours).hours) == parse_week(hours)


def test_hours_may_be_written_as_russians_do() -> None:
    assert WebchatSettings(hours="Пн–Пт 09:00–18:00; сб 10:00-15:00").hours == "mon-fri 09:00-18:00; sat 10:00-15:00"


@pytest.mark.parametrize(
    ("label", "origins", "webhook", "states"),
    [
        ("all is well", "https://shop.example", "https://desk.example/hooks/7", ["ok", "ok"]),
        ("anywhere", "", "https://desk.example/hooks/7", ["warning", "ok"]),
        (
            "a secure site cannot load from an insecure address",
            "https://shop.example",
            "http://desk.example/hooks/7",
            ["ok", "error"],
        ),
        ("a trial on this machine", "http://127.0.0.1:8000", "http://127.0.0.1:8080/hooks/7", ["ok", "ok"]),
    ],
)
async def test_a_check_says_what_would_keep_the_chat_from_working(
    http: aiohttp.ClientSession, label: str, origins: str, webhook: str, states: list[str]
) -> None:
    chat = Webchat(WebchatSettings(origins=origins), Transport(http=http))
    checks = await chat.checks(webhook)
    assert [check.state for check in checks] == states
    assert all(check.mend for check in checks if check.state != "ok")
    assert len((await chat.connect(webhook)).notes) == sum(state != "ok" for state in states)


def test_secrets_are_made_and_hidden(chat: Webchat) -> None:
    first, second = WebchatSettings(), WebchatSettings()
    assert first.token_secret != second.token_secret
    assert first.token_secret.get_secret_value() not in repr(first)
    assert chat.answer(post("x", {})).body == b'{"ok": true}'
