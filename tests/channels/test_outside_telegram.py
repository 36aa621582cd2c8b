"""The connector against inputs that others captured: runs where SWITCHBOARD_CASES names a folder of them, else is skipped."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.events import Event, InboundMessage, MessageEdited
from channels.telegram_parts.updates import read

_FOLDER = os.environ.get("SWITCHBOARD_CASES", "")
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_ATTACHMENTS = {"image": "image", "audio": "audio", "voice": "audio", "video": "video", "file": "file", "sticker": "image"}

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
    if expected.get("outcome") == "message" and message is None:
        yield "no message"
    if message is None:
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
        yield "chat", message.address, str(derived["chat_id"])
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
