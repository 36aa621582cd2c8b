"""The connector against inputs that others captured: runs where SWITCHBOARD_CASES names a folder of them, else is skipped."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from channels.base import (
    ChannelError,
    Choice,
    OutgoingFile,
    OutgoingMessage,
    Refused,
    Retry,
    Throttled,
    Transport,
    Unknown,
)
from channels.events import Event, InboundMessage, MessageEdited
from channels.telegram import TelegramConnector, TelegramSettings
from channels.telegram_parts.updates import read
from tests.channels import telegram_spec
from tests.channels.telegram_spec import hold_to_the_specification

_FOLDER = os.environ.get("SWITCHBOARD_CASES", "")
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_ATTACHMENTS = {"image": "image", "audio": "audio", "voice": "audio", "video": "video", "file": "file", "sticker": "image"}

held = pytest.fixture(autouse=True)(hold_to_the_specification)
pytestmark = pytest.mark.skipif(not _FOLDER, reason="SWITCHBOARD_CASES names no folder of captured payloads")


def _cases() -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((Path(_FOLDER) / "payloads" / "telegram").glob("*.json"))]


def _body(case: dict[str, Any]) -> bytes:
    return str(case.get("body_raw") or json.dumps(case["body"])).encode()


def _message(events: list[Event]) -> InboundMessage | None:
    said = (event.message if isinstance(event, MessageEdited) else event for event in events)
    return next((event for event in said if isinstance(event, InboundMessage)), None)


def _differences(case: dict[str, Any], events: list[Event]) -> Iterator[str]:
    message, expected, derived = _message(events), case.get("expected") or {}, case["derived_from_field_names"]
    if message is None:
        if expected.get("outcome") == "message" or (derived.get("text") and derived.get("chat_id") is not None):
            yield "no message"
        return
    yield from (f"{name}: {found!r} is not {wanted!r}" for name, found, wanted in _expected(message, expected) if found != wanted)
    if "approximate" not in case:
        yield from (
            f"{name}: {found!r} is not {wanted!r}" for name, found, wanted in _derived(message, derived) if found != wanted
        )


def _expected(message: InboundMessage, expected: dict[str, Any]) -> Iterator[tuple[str, object, object]]:
    address, _, _ = str(expected.get("sender", "")).removeprefix("telegram:").partition("#")
    found: dict[str, object] = {
        "text": message.text,
        "sender": message.sender.identities[0].address,
        "contact_name": message.sender.name,
        "external_id": message.external_id,
        "date": message.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "attachment_types": _kinds(message),
    }
    for name, value in found.items():
        if name in expected:
            yield name, value, address if name == "sender" else expected[name]


def _kinds(message: InboundMessage) -> list[str]:
    return [_ATTACHMENTS[file.kind] for file in message.attachments] or [message.kind]


def _derived(message: InboundMessage, derived: dict[str, Any]) -> Iterator[tuple[str, object, object]]:
    if derived.get("text") is not None:
        yield "text", message.text, derived["text"]
    if derived.get("chat_id") is not None:
        yield "chat", message.address.partition(":")[0], str(derived["chat_id"])
    if derived.get("sender_id") is not None:
        yield "sender", message.sender.identities[0].address, str(derived["sender_id"])
        yield "name", message.sender.name or "", derived.get("sender_name", message.sender.name or "")
    if derived.get("message_id") is not None and message.choice is None:
        yield "number", message.external_id, str(derived["message_id"])
    files = {name for file in derived.get("files") or () for name in _many(file["file_id"])}
    if files:
        yield "files", {str(file.remote["file_id"]) for file in message.attachments} <= files and bool(message.attachments), True


def _many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_payloads_of_others_are_read_as_they_expect(capsys: pytest.CaptureFixture[str]) -> None:
    tally: Counter[str] = Counter()
    wrong: list[str] = []
    for case in _cases():
        found = list(_differences(case, read(_body(case), _NOW)))
        tally["wrong" if found else "right"] += 1
        wrong += [f"{case['id']}: {difference}" for difference in found]
    with capsys.disabled():
        print(f"\ntelegram payloads: {tally['right']} right, {tally['wrong']} wrong", *wrong, sep="\n  ")
    assert tally["right"] >= 0.98 * tally.total()


FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("sendNothing", {}, "is no method"),
    ("sendMessage", {"chat_id": "1"}, "text is missing"),
    ("sendMessage", {"chat_id": 1.5, "text": "x"}, "chat_id is none of"),
    ("sendMessage", {"chat_id": "1", "text": "x", "colour": "red"}, "unknown field colour"),
    ("sendMessage", {"chat_id": "1", "text": "x", "reply_parameters": {"message_id": "7"}}, "reply_parameters is none of"),
    ("sendMediaGroup", {"chat_id": "1", "media": [{"type": "photo"}]}, "media is none of"),
]


@pytest.mark.parametrize(("method", "parameters", "fault"), FAULTS)
def test_the_specification_finds_what_is_wrong_with_a_call(method: str, parameters: dict[str, Any], fault: str) -> None:
    specification = telegram_spec.read()
    assert specification is not None
    (found,) = telegram_spec.faults(specification, method, parameters, {})
    assert fault in found


class Recorder:
    """A Bot API that answers as the case says and keeps what it was sent."""

    def __init__(self, answers: dict[str, list[dict[str, Any]]]) -> None:
        self.answers = {pattern.rsplit("/", 1)[-1]: list(given) for pattern, given in answers.items()}
        self.texts: list[str] = []
        self.chats: set[str] = set()
        self.files = 0

    async def handle(self, request: web.Request) -> web.Response:
        sent: Mapping[str, Any] = await request.json() if request.content_type == "application/json" else await request.post()
        media = json.loads(sent["media"]) if "media" in sent else []
        self.texts += [text for text in (sent.get("text"), sent.get("caption"), *(m.get("caption") for m in media)) if text]
        self.chats.add(str(sent["chat_id"]))
        self.files += sum(isinstance(value, web.FileField) for value in sent.values())
        told = self.answers.get(request.match_info["method"])
        if told:
            answer = told.pop(0)
            return web.Response(status=answer["status"], text=answer["body"], content_type="application/json")
        return web.json_response({"ok": True, "result": [{"message_id": 133}] * max(len(media), 1)})


def _outgoing(sent: dict[str, Any]) -> OutgoingMessage:
    offered = [reply for reply in sent.get("MsgQuickReplies") or () if reply.get("Type", "text") == "text"]
    parts = [attachment.split(":", 1) for attachment in sent.get("MsgAttachments") or ()]
    return OutgoingMessage(
        id="1",
        address=sent["MsgURN"].removeprefix("telegram:").partition("#")[0],
        text=sent.get("MsgText", ""),
        choices=[Choice(id=reply["Text"], title=reply["Text"]) for reply in offered],
        attachments=[_attachment(mime, url) for mime, url in parts],
    )


def _attachment(mime: str, url: str) -> OutgoingFile:
    kind = {"image": "image", "video": "video", "audio": "audio"}.get(mime.partition("/")[0], "file")
    return OutgoingFile(kind=kind, name=url.rsplit("/", 1)[-1], mime=mime, size=1, url=url, read=lambda: b"x")


_OUTCOMES: dict[str, type[ChannelError]] = {
    "channels.ErrConnectionThrottled": Throttled,
    "channels.ErrResponseContent": Unknown,
    "channels.ErrResponseUnparseable": Unknown,
    "channels.ErrConnectionFailed": Retry,
    "ErrFailedWithReason": Refused,
}


async def _send(recorder: Recorder, message: OutgoingMessage) -> ChannelError | None:
    app = web.Application()
    app.router.add_post("/bot{token}/{method}", recorder.handle)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        settings = TelegramSettings(token=SecretStr("auth_token"), api_base=str(server.make_url("")).rstrip("/"))
        try:
            await TelegramConnector(settings, Transport(http=http)).send(message)
        except ChannelError as error:
            return error
    return None


async def test_messages_of_others_reach_telegram_as_they_expect(capsys: pytest.CaptureFixture[str]) -> None:
    wrong: list[str] = []
    paths = sorted((Path(_FOLDER) / "outbound" / "telegram").glob("*.json"))
    for path in paths:
        case = json.loads(path.read_text())
        recorder, message = Recorder(case["body"].get("mock_responses") or {}), _outgoing(case["body"]["message"])
        error = await _send(recorder, message)
        expected = case["expected"].get("ExpectedError")
        name = expected["error"] if isinstance(expected, dict) else expected
        found = (type(error), "".join(recorder.texts), recorder.chats, recorder.files)
        wanted = (_OUTCOMES[name] if name else type(None), message.text, {message.address}, len(message.attachments))
        if found != wanted:
            wrong.append(f"{path.stem}: {found} is not {wanted}")
    with capsys.disabled():
        print(f"\ntelegram outbound: {len(paths) - len(wrong)} right, {len(wrong)} wrong", *wrong, sep="\n  ")
    assert len(wrong) <= 0.02 * len(paths)
