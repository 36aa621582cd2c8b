"""The Viber channel against what Viber sends, and against a stand-in of its server over real sockets.

Where SWITCHBOARD_CASES names a folder of cases captured by others, those are run as well.
"""

import hmac
import json
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError

from channels.base import (
    BadPayload,
    BadSignature,
    Blocked,
    ChannelError,
    Choice,
    Hook,
    Misconfigured,
    OutgoingFile,
    OutgoingMessage,
    Refused,
    Retry,
    Throttled,
    Transport,
    Unknown,
)
from channels.events import ConsentChanged, DeliveryStatus, Event, InboundMessage, Notice
from channels.fit import fit
from channels.registry import connector_type
from channels.viber import ViberConnector, ViberSettings
from inbox import schema as t
from tests.conftest import make_settings
from tests.inbox.conftest import Client, Clock, running, valkey

__all__ = ["valkey"]

TOKEN = "445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SAMPLES = sorted((Path(__file__).parent / "payloads" / "viber").glob("*.json"))
CASES = os.environ.get("SWITCHBOARD_CASES", "")
OUTSIDE = pytest.mark.skipif(not CASES, reason="SWITCHBOARD_CASES names no folder of captured payloads")


def make(http: Any = None, **settings: str) -> ViberConnector:
    return ViberConnector(ViberSettings.model_validate({"token": TOKEN} | settings), Transport(http=http))


def hook(body: bytes, signature: str | None = "right") -> Hook:
    proof = hmac.digest(TOKEN.encode(), body, "sha256").hex() if signature == "right" else signature
    headers = {} if proof is None else {"x-viber-content-signature": proof}
    return Hook(method="POST", url="https://inbox.example/hooks/1", headers=headers, body=body, received_at=NOW)


def read(body: Any) -> list[Event]:
    at = hook(json.dumps(body, ensure_ascii=False).encode())
    connector = make()
    connector.verify(at)
    return list(connector.parse(at))


def seen(event: Event) -> dict[str, Any]:
    """An event in the words of the samples."""
    found: dict[str, Any] = {name: getattr(event, name) for name in event.__slots__} | {"event": type(event).__name__}
    if "sender" in found:
        person = found["sender"]
        found |= {"sender": person.identities[0].address, "name": person.name, "language": person.language}
    if "at" in found:
        found["at"] = found["at"].isoformat().replace("+00:00", "Z")
    files = found.get("attachments", ())
    return found | {"files": [{n: getattr(f, n) for n in ("kind", "name", "size", "remote")} for f in files]}


# What Viber tells us


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_read_as_it_was_meant(path: Path) -> None:
    sample = json.loads(path.read_text())
    found = [seen(event) for event in read(sample["body"])]
    assert len(found) == len(sample["expected"])
    for event, expected in zip(found, sample["expected"], strict=True):
        assert {name: event[name] for name in expected} == expected


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff\xfe", b'{"event":', b"null"])
def test_an_unreadable_body_is_told(body: bytes) -> None:
    with pytest.raises(BadPayload):
        make().parse(hook(body))


WRONG = [
    ("no message", {"event": "message", "message_token": 1, "sender": {"id": "abc="}}),
    ("the message is a text", {"event": "message", "message_token": 1, "sender": {"id": "abc="}, "message": "hello"}),
    ("no number", {"event": "delivered", "user_id": "abc="}),
    ("the number is a list", {"event": "seen", "message_token": [], "user_id": "abc="}),
    ("an id that is none", {"event": "unsubscribed", "message_token": 1, "user_id": "0123$$%**90A="}),
    ("the place is nowhere", {"event": "message", "message_token": 1, "sender": {"id": "a="}, "message": {"type": "location"}}),
]


@pytest.mark.parametrize("body", [w[1] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_broken_callback_is_kept_as_a_notice(body: Mapping[str, Any]) -> None:
    (notice,) = read(body)
    assert isinstance(notice, Notice) and (notice.kind, notice.data) == ("broken", body)


@pytest.mark.parametrize("told", [None, "soon", 1e30, True, {}])
def test_a_time_that_is_none_is_the_time_of_arrival(told: Any) -> None:
    (status,) = read({"event": "seen", "message_token": 1, "user_id": "abc=", "timestamp": told})
    assert isinstance(status, DeliveryStatus) and status.at in (NOW, datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC))


@pytest.mark.parametrize(("signature", "missing"), [(None, True), ("", True), ("0" * 64, False), ("подпись", False)])
def test_what_does_not_come_from_viber_is_refused(signature: str | None, missing: bool) -> None:
    with pytest.raises(BadSignature) as error:
        make().verify(hook(b"{}", signature))
    assert error.value.missing == missing


# What we send


@dataclass
class Viber:
    """Viber's side: checks each call as the documentation says, answers 0 or what a test wants, and keeps what it got."""

    got: list[tuple[str, Any]] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.got.append((request.match_info["method"], body))
        if request.headers.get("X-Viber-Auth-Token") != TOKEN:
            return web.json_response({"status": 2, "status_message": "invalidAuthToken"})
        if self.answers:
            status, text = self.answers.pop(0)
            if status == 0 and request.transport:
                request.transport.close()
            return web.Response(status=status or 200, text=text)
        return web.json_response({"status": 0, "status_message": "ok"} | self._result(request.match_info["method"]))

    async def picture(self, request: web.Request) -> web.Response:
        status = {"gone": 404, "busy": 503}.get(request.match_info["name"], 200)
        return web.Response(status=status, body=b"picture", content_type="image/jpeg")

    def _result(self, method: str) -> dict[str, Any]:
        if method == "get_account_info":
            return {"id": "pa:1", "name": "Lamp shop", "uri": "lampshop", "subscribers_count": 3}
        return {"message_token": 5741311803571721000 + len(self.got)} if method == "send_message" else {}

    @property
    def bodies(self) -> list[Any]:
        return [body for _, body in self.got]


@pytest_asyncio.fixture
async def viber() -> AsyncIterator[Viber]:
    provider = Viber()
    app = web.Application()
    app.router.add_post("/pa/{method}", provider.handle)
    app.router.add_get("/{name}.jpg", provider.picture)
    async with TestServer(app) as server:
        provider.url = str(server.make_url("/pa"))
        yield provider


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def said(text: str = "", *files: OutgoingFile, choices: tuple[str, ...] = ()) -> OutgoingMessage:
    offered = [Choice(id=f"c{n}", title=title) for n, title in enumerate(choices)]
    return OutgoingMessage(id="17", address="u7x/4kQ==", text=text, attachments=files, choices=offered)


def file(kind: str, mime: str, size: int = 9, name: str = "a.bin") -> OutgoingFile:
    return OutgoingFile(kind=kind, name=name, mime=mime, size=size, url=f"https://inbox.example/{name}", read=lambda: b"")


URL = "https://inbox.example/a.bin"
SENDING = [
    ("text", said("Привет"), [{"type": "text", "text": "Привет"}]),
    ("picture", said("", file("image", "image/jpeg")), [{"type": "picture", "text": "", "media": URL}]),
    ("picture with words", said("Лампа", file("image", "image/png")), [{"type": "picture", "text": "Лампа", "media": URL}]),
    (
        "picture with many words",
        said("Л" * 121, file("image", "image/png")),
        [{"type": "picture", "text": "", "media": URL}, {"type": "text", "text": "Л" * 121}],
    ),
    (
        "a picture Viber does not show",
        said("", file("image", "image/webp")),
        [{"type": "file", "media": URL, "size": 9, "file_name": "a.bin"}],
    ),
    (
        "video with words",
        said("Смотрите", file("video", "video/mp4")),
        [{"type": "video", "media": URL, "size": 9}, {"type": "text", "text": "Смотрите"}],
    ),
    (
        "a video too large to be shown",
        said("", file("video", "video/mp4", 30_000_000)),
        [{"type": "file", "media": URL, "size": 30_000_000, "file_name": "a.bin"}],
    ),
    ("voice", said("", file("voice", "audio/ogg")), [{"type": "file", "media": URL, "size": 9, "file_name": "a.bin"}]),
]


@pytest.mark.parametrize(("message", "bodies"), [s[1:] for s in SENDING], ids=[s[0] for s in SENDING])
async def test_viber_is_called_as_it_wants(
    viber: Viber, http: aiohttp.ClientSession, message: OutgoingMessage, bodies: list[Any]
) -> None:
    connector = make(http, api_base=viber.url, name="Лампы")
    for part in fit(message, connector.can):
        sent = await connector.send(part)
    common = {"receiver": "u7x/4kQ==", "sender": {"name": "Лампы"}}
    assert [{k: v for k, v in body.items() if k != "tracking_data"} for body in viber.bodies] == [common | b for b in bodies]
    assert sent.state == "sent" and sent.external_ids[-1] == str(5741311803571721000 + len(bodies))


@pytest.mark.parametrize(("titles", "columns"), [(("Да", "Нет"), 3), (("A", "B", "C", "D"), 2), (("Да", "Нет, " * 5), 6)])
async def test_a_pressed_button_comes_back_as_its_id(
    viber: Viber, http: aiohttp.ClientSession, titles: tuple[str, ...], columns: int
) -> None:
    await make(http, api_base=viber.url).send(said("Берёте?", choices=titles))
    (body,) = viber.bodies
    buttons = body["keyboard"]["Buttons"]
    assert [(b["ActionBody"], b["Columns"]) for b in buttons] == [(title, columns) for title in titles]
    answer = {"type": "text", "text": titles[1], "tracking_data": body["tracking_data"]}
    (event,) = read({"event": "message", "message_token": 5, "sender": {"id": "u7x/4kQ=="}, "message": answer})
    assert isinstance(event, InboundMessage) and (event.choice, event.text) == ("c1", titles[1])


async def test_html_in_a_title_is_shown_not_obeyed(viber: Viber, http: aiohttp.ClientSession) -> None:
    await make(http, api_base=viber.url).send(said("?", choices=("<b> & co",)))
    (button,) = viber.bodies[0]["keyboard"]["Buttons"]
    assert (button["Text"], button["ActionBody"]) == ("&lt;b&gt; &amp; co", "<b> & co")


async def test_a_link_is_opened_by_its_button(viber: Viber, http: aiohttp.ClientSession) -> None:
    offered = [
        Choice(id="map", title="Как проехать", kind="link", value="https://shop.example/map"),
        Choice(id="ok", title="Хорошо"),
    ]
    message = OutgoingMessage(id="17", address="u7x/4kQ==", text="Ждём вас", choices=offered)
    for part in fit(message, ViberConnector.can):
        await make(http, api_base=viber.url).send(part)
    (body,) = viber.bodies
    actions = [(button["ActionType"], button["ActionBody"]) for button in body["keyboard"]["Buttons"]]
    assert actions == [("open-url", "https://shop.example/map"), ("reply", "Хорошо")]
    assert json.loads(body["tracking_data"])["choices"] == {"Хорошо": "ok"}


async def test_more_choices_than_tracking_data_holds_are_still_sent(viber: Viber, http: aiohttp.ClientSession) -> None:
    titles = tuple(f"{n} " + "x" * 250 for n in range(24))
    await make(http, api_base=viber.url).send(said("?", choices=titles))
    assert viber.bodies[0]["tracking_data"] == "17" and len(viber.bodies[0]["keyboard"]["Buttons"]) == 24


ANSWERS: list[tuple[str, tuple[int, str], type[ChannelError], str]] = [
    ("wrong token", (200, '{"status": 2, "status_message": "invalidAuthToken"}'), Misconfigured, "2"),
    ("gone", (200, '{"status": 5, "status_message": "notRegistered"}'), Blocked, "5"),
    ("unsubscribed", (200, '{"status": 6, "status_message": "notSubscribed"}'), Blocked, "6"),
    ("no webhook", (200, '{"status": 10}'), Misconfigured, "10"),
    ("old phone", (200, '{"status": 13, "status_message": "apiVersionNotSupported"}'), Refused, "13"),
    ("too many", (200, '{"status": 12, "status_message": "tooManyRequests"}'), Throttled, "12"),
    ("general error", (200, '{"status": 99, "status_message": "General error"}'), Refused, "99"),
    ("the code as text", (401, '{"status": "5"}'), Blocked, "5"),
    ("too many, says a proxy", (429, "slow down"), Throttled, "429"),
    ("forbidden by a proxy", (403, "<html>"), Misconfigured, "403"),
    ("too large", (413, ""), Refused, "413"),
    ("down", (502, "<html>"), Retry, "502"),
    ("unreadable", (200, "ok"), Unknown, "answer"),
    ("no number", (200, '{"status": 0}'), Unknown, "answer"),
    ("closes in the middle", (0, ""), Unknown, "broken"),
]


@pytest.mark.parametrize(("answer", "error", "code"), [a[1:] for a in ANSWERS], ids=[a[0] for a in ANSWERS])
async def test_an_answer_decides_what_happens_next(
    viber: Viber, http: aiohttp.ClientSession, answer: tuple[int, str], error: type[ChannelError], code: str
) -> None:
    viber.answers = [answer]
    with pytest.raises(ChannelError) as raised:
        await make(http, api_base=viber.url).send(said("Привет"))
    assert type(raised.value) is error and raised.value.code == code and raised.value.reason
    assert TOKEN not in raised.value.reason


async def test_the_text_after_a_sent_file_is_never_tried_blindly(viber: Viber, http: aiohttp.ClientSession) -> None:
    viber.answers = [(200, '{"status": 0, "message_token": 1}'), (503, "")]
    with pytest.raises(Unknown, match="Only the file"):
        await make(http, api_base=viber.url).send(said("Смотрите", file("video", "video/mp4")))


async def test_a_server_that_is_not_there_is_tried_again(http: aiohttp.ClientSession, unused_tcp_port: int) -> None:
    with pytest.raises(Retry):
        await make(http, api_base=f"http://127.0.0.1:{unused_tcp_port}").send(said("Привет"))


async def test_an_empty_message_is_refused(viber: Viber, http: aiohttp.ClientSession) -> None:
    with pytest.raises(Refused):
        await make(http, api_base=viber.url).send(said())
    assert viber.got == []


# Files, and the beginning


async def test_a_file_is_fetched_with_its_name(viber: Viber, http: aiohttp.ClientSession) -> None:
    base = viber.url.removesuffix("/pa")
    found = await make(http).download({"url": f"{base}/lamp.jpg", "name": "лампа.jpg"})
    assert (found.content, found.mime, found.name) == (b"picture", "image/jpeg", "лампа.jpg")
    for path, error in (("gone", Refused), ("busy", Retry)):
        with pytest.raises(error):
            await make(http).download({"url": f"{base}/{path}.jpg"})
    with pytest.raises(Refused):
        await make(http).download({"url": "file:///etc/passwd"})


async def test_connecting_sets_the_webhook_and_tells_the_bots_name(viber: Viber, http: aiohttp.ClientSession) -> None:
    account = await make(http, api_base=viber.url).connect("https://inbox.example/hooks/1")
    assert (account.name, account.address, list(account.notes)) == ("Lamp shop", "lampshop", [])
    method, body = viber.got[-1]
    assert method == "set_webhook" and body["url"] == "https://inbox.example/hooks/1"
    assert {"delivered", "seen", "failed", "unsubscribed", "conversation_started"} <= set(body["event_types"])


async def test_a_webhook_that_viber_cannot_reach_is_told_in_words(viber: Viber, http: aiohttp.ClientSession) -> None:
    viber.answers = [(200, '{"status": 0, "name": "Lamp shop"}'), (200, '{"status": 1, "status_message": "invalidUrl"}')]
    account = await make(http, api_base=viber.url).connect("http://localhost/hooks/1")
    assert "https" in account.notes[0]


async def test_a_wrong_token_is_told_at_once(viber: Viber, http: aiohttp.ClientSession) -> None:
    with pytest.raises(Misconfigured, match="token"):
        await make(http, api_base=viber.url, token="other").connect("https://inbox.example/hooks/1")


def test_the_channel_is_found_and_checks_its_settings() -> None:
    assert connector_type("viber") is ViberConnector
    for wrong in ({"token": ""}, {"name": "x" * 29}, {"api_base": "chatapi"}):
        with pytest.raises(ValidationError):
            ViberSettings.model_validate({"token": TOKEN} | wrong)


# The whole way in


@dataclass
class Installation:
    """A running inbox with a Viber channel, connected as an owner does it."""

    client: Client
    hook: str

    async def take(self, body: bytes, signature: str | None = "right") -> tuple[int, int]:
        """Deliver a callback as Viber does when it is unsure: twice. The answers."""
        headers = dict(hook(body, signature).headers)
        answers = []
        for _ in range(2):
            async with self.client.http.post(self.hook, data=body, headers=headers) as response:
                answers.append(response.status)
        return answers[0], answers[1]

    async def kept(self) -> int:
        """How many messages of customers are kept."""
        return int(await self.client.run(lambda c: c.scalar(sa.select(sa.func.count()).select_from(t.messages))))


@pytest_asyncio.fixture
async def installation(sqlite_template: Path, tmp_path: Path, valkey: str, viber: Viber) -> AsyncIterator[Installation]:
    shutil.copy(sqlite_template, tmp_path / "switchboard.db")
    async with running(make_settings(tmp_path), Clock(), valkey) as client:
        told = {"kind": "viber", "name": "Lamps", "settings": {"token": TOKEN, "api_base": viber.url}}
        made = await client.post("/channels", told)
        assert made.status == 201 and made.body["account"]["name"] == "Lamp shop"
        yield Installation(client, f"{client.url}/hooks/{made.body['id']}")


async def test_what_viber_repeats_is_kept_once_and_shows_who_wrote(installation: Installation) -> None:
    sample = {path.stem: json.dumps(json.loads(path.read_text())["body"]).encode() for path in SAMPLES}
    assert await installation.take(sample["text"], None) == (401, 401)
    assert await installation.take(sample["text"], "0" * 64) == (403, 403)
    assert await installation.kept() == 0
    assert [await installation.take(body) for body in sample.values()] == [(200, 200)] * len(sample)
    assert await installation.take(b"not JSON") == (400, 400)
    assert await installation.kept() == 1, "all samples bear one number"
    (conversation,) = (await installation.client.get("/conversations")).body["items"]
    assert (conversation["contact"]["name"], conversation["channel"]["kind"]) == ("Anna Petrova", "viber")


# Cases captured by others


def cases(folder: str) -> list[Any]:
    return [json.loads(path.read_text()) for path in sorted((Path(CASES) / folder / "viber").glob("*.json"))]


def posted(case: Mapping[str, Any]) -> tuple[bytes, str]:
    """(body, how it is signed)."""
    body = str(case["body_raw"]) if case.get("body_raw") else json.dumps(case["body"])
    return body.encode(), "0" * 64 if case["signature"] == "invalid" else "right"


def refused(case: Mapping[str, Any]) -> list[Event] | None:
    """What we make of a case; None if we refuse it."""
    at, connector = hook(*posted(case)), make()
    try:
        connector.verify(at)
        return list(connector.parse(at))
    except (BadSignature, BadPayload):
        return None


def wrong_inbound(case: Mapping[str, Any], events: list[Event] | None) -> str:
    expected, outcome = case["expected"], case["expected"]["outcome"]
    messages = [e for e in events or [] if isinstance(e, InboundMessage)]
    shown = [m for m in messages if m.kind != "unsupported"]
    if outcome != "message":
        told = [e for e in events or [] if isinstance(e, ConsentChanged)]
        heard = f"viber:{told[0].address}" if told else ""
        wanted = expected["events"][0]["sender"] if outcome == "event" else ""
        return f"{heard!r} is not {wanted!r}" if heard != wanted or shown else ""
    found = {"text": shown[0].text, "sender": f"viber:{shown[0].address}", "external_id": shown[0].external_id} if shown else {}
    return "" if all(found.get(name) == expected[name] for name in ("text", "sender", "external_id")) else str(found)


@OUTSIDE
def test_callbacks_captured_by_others(capsys: pytest.CaptureFixture[str]) -> None:
    found = {case["label"]: (refused(case), case) for case in cases("payloads")}
    wrong = {label: why for label, (events, case) in found.items() if (why := wrong_inbound(case, events))}
    refusals = sum(events is None for events, _ in found.values())
    with capsys.disabled():
        print(f"\nviber payloads: {len(found) - len(wrong)} right ({refusals} of them refused), {len(wrong)} wrong", wrong or "")
    assert found and not wrong


@OUTSIDE
async def test_callbacks_captured_by_others_are_kept_once(installation: Installation) -> None:
    for case in cases("payloads"):
        before = await installation.kept()
        events = refused(case)
        codes = await installation.take(*posted(case))
        assert codes[0] == codes[1] and (codes[0] == 200) == (events is not None), case["label"]
        said = sum(isinstance(event, InboundMessage) for event in events or [])
        assert await installation.kept() - before <= said, case["label"]
        await installation.client.run(lambda c: c.execute(sa.update(t.messages).values(external_id=t.messages.c.id)))
    assert await installation.kept() == sum(
        len([e for e in refused(c) or [] if isinstance(e, InboundMessage)]) for c in cases("payloads")
    )


def outgoing(told: Mapping[str, Any]) -> OutgoingMessage:
    parts = [part.split(":", 1) for part in told.get("MsgAttachments") or ()]
    files = [file(mime.partition("/")[0], mime, 12, url.rsplit("/", 1)[-1]) for mime, url in parts]
    replies = told.get("MsgQuickReplies") or ()
    kinds = {"text": "reply", "url": "link"}
    offered = [Choice(id=r["Text"], title=r["Text"], kind=kinds[r["Type"]], value=r.get("Extra", "")) for r in replies]
    return OutgoingMessage(
        id="17",
        address=told["MsgURN"].removeprefix("viber:"),
        text=told["MsgText"],
        attachments=files,
        choices=offered,
    )


def told_by(bodies: list[Any]) -> list[Any]:
    """What a person gets: who, which words and files, which buttons. Colours and columns are taste, tokens travel elsewhere."""
    return [
        {
            **{name: body.get(name) for name in ("receiver", "type", "text", "size")},
            "media": str(body.get("media", "")).rsplit("/", 1)[-1],
            "buttons": [(b["ActionType"], b["ActionBody"]) for b in body.get("keyboard", {}).get("Buttons", ())],
        }
        for body in bodies
    ]


async def wrong_outbound(case: Mapping[str, Any], viber: Viber, http: aiohttp.ClientSession) -> str:
    answers = next(found for url, found in case["body"]["mock_responses"].items() if url.endswith("/send_message"))
    viber.got, viber.answers = [], [(answer["status"], answer["body"]) for answer in answers]
    error: ChannelError | None = None
    connector = make(http, api_base=viber.url)
    try:
        for part in fit(outgoing(case["body"]["message"]), connector.can):
            await connector.send(part)
    except ChannelError as raised:
        error = raised
    if bool(error) != ("ExpectedError" in case["expected"]):
        return repr(error)
    wanted = told_by([r["body_json"] for r in case["expected"]["requests"] if "body_json" in r])
    return "" if told_by(viber.bodies) == wanted else f"{told_by(viber.bodies)} is not {wanted}"


@OUTSIDE
async def test_messages_of_others_reach_viber(
    viber: Viber, http: aiohttp.ClientSession, capsys: pytest.CaptureFixture[str]
) -> None:
    found = cases("outbound")
    wrong = {case["label"]: why for case in found if (why := await wrong_outbound(case, viber, http))}
    with capsys.disabled():
        print(f"\nviber outbound: {len(found) - len(wrong)} right, {len(wrong)} wrong", *wrong.items(), sep="\n")
    assert found and not wrong
