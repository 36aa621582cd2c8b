"""Run the WhatsApp connector over webhook and sending cases of other projects, kept outside this one.

SWITCHBOARD_CASES names the folder; without it everything here is skipped.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.base import BadPayload, BadSignature, Hook, Transport
from channels.events import (
    ConsentChanged,
    ContactChanged,
    DeliveryStatus,
    Event,
    InboundFile,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    Notice,
    Reaction,
)
from channels.whatsapp import WhatsApp, WhatsAppSettings

CASES = os.environ.get("SWITCHBOARD_CASES", "")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SECRET = "secret-of-the-app"
pytestmark = pytest.mark.skipif(not CASES, reason="SWITCHBOARD_CASES does not name a folder of cases")

Check = Callable[[Any, "Seen"], bool]


class Seen:
    """What the connector made of one case, in the terms that the cases use."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events
        edited = [event.message for event in events if isinstance(event, MessageEdited)]
        self.messages = [event for event in events if isinstance(event, InboundMessage)] + edited
        self.statuses = [event for event in events if isinstance(event, DeliveryStatus)]
        self.reactions = [event for event in events if isinstance(event, Reaction)]
        self.people = [m.sender for m in self.messages] + [r.sender for r in self.reactions]
        self.shown = [m for m in self.messages if m.kind != "unsupported"]

    def has_message(self, **wanted: object) -> bool:
        return any(all(getattr(message, key) == value for key, value in wanted.items()) for message in self.messages)


def folder(kind: str) -> list[Path]:
    return sorted((Path(CASES) / kind / "whatsapp").glob("*.json")) if CASES else []


def settings(api_base: str = "http://127.0.0.1:9") -> WhatsAppSettings:
    return WhatsAppSettings.model_validate(
        {"phone_number_id": "12345_ID", "access_token": "token", "app_secret": SECRET, "verify_token": "v", "api_base": api_base}
    )


def hook_of(case: Mapping[str, Any]) -> Hook:
    raw = case.get("body_raw")
    body = raw.encode() if isinstance(raw, str) else json.dumps(case["body"], ensure_ascii=False).encode()
    signed = {"x-hub-signature-256": "sha256=" + "0" * 64} if case.get("signature") == "invalid" else {}
    return Hook(method="POST", url="https://inbox.example/hooks/1", headers=signed, body=body, received_at=NOW)


def _sender(wanted: str, seen: Seen) -> bool:
    digits = wanted.removeprefix("whatsapp:")
    return any(i.address in (digits, "+" + digits) for p in seen.people for i in p.identities[:1])


def _date(wanted: str, seen: Seen) -> bool:
    return seen.has_message(at=datetime.fromisoformat(wanted.replace("Z", "+00:00")))


def _attachments(wanted: Sequence[str], seen: Seen) -> bool:
    places = [m.data["location"] for m in seen.messages if "location" in m.data]
    files = [file for m in seen.messages for file in m.attachments]
    geo = [f"geo:{float(p['latitude']):f},{float(p['longitude']):f}" for p in places]
    return len(files) + len(geo) == len(wanted) and all(g in wanted for g in geo)


def _payload(wanted: str, seen: Seen) -> bool:
    return any(m.data.get("form") == json.loads(wanted) for m in seen.messages)


def _outcome(wanted: str, seen: Seen) -> bool:
    if wanted in ("ignored", "rejected", "accepted_nothing"):
        return not seen.shown and not seen.statuses
    return bool(seen.messages if wanted == "message" else seen.statuses)


def _errors(wanted: Sequence[Sequence[str]], seen: Seen) -> bool:
    told = [(s.code, s.reason) for s in seen.statuses] + [("131051", m.data.get("reason")) for m in seen.messages]
    return all(any(code == have and reason for have, reason in told) for code, _ in wanted)


EXPECTED: Mapping[str, Check] = {
    "text": lambda wanted, seen: not isinstance(wanted, str) or seen.has_message(text=wanted),
    "sender": _sender,
    "external_id": lambda wanted, seen: seen.has_message(external_id=wanted),
    "contact_name": lambda wanted, seen: "#{" in wanted or any(p.name == wanted for p in seen.people),
    "date": _date,
    "attachments": _attachments,
    "payload": _payload,
    "outcome": _outcome,
    "errors": _errors,
    "messages": lambda wanted, seen: len({m.external_id for m in seen.shown}) == wanted,
    "conversation_created": lambda wanted, seen: bool(seen.shown) == wanted,
    "statuses": lambda wanted, seen: (
        [(s.external_id, s.state) for s in seen.statuses] == [(w["external_id"], w["status"]) for w in wanted]
    ),
    "status": lambda wanted, seen: wanted in ("open", "sent") or [s.state for s in seen.statuses] == [wanted],
    "error": lambda wanted, seen: [f"{s.code}: {s.reason}" for s in seen.statuses] == [wanted],
    "lat": lambda wanted, seen: seen.messages[0].data["location"]["latitude"] == wanted,
    "lng": lambda wanted, seen: seen.messages[0].data["location"]["longitude"] == wanted,
}


def _file(seen: Seen) -> InboundFile:
    return seen.messages[0].attachments[0]


def _form(seen: Seen) -> Any:
    return seen.messages[0].data["form"]


def _place(seen: Seen) -> Any:
    return seen.messages[0].data.get("location", {})


FIELDS: Mapping[str, Check] = {
    "itemId": lambda wanted, seen: seen.has_message(choice=wanted),
    "title": lambda wanted, seen: seen.has_message(text=wanted),
    "message": lambda wanted, seen: seen.has_message(text=wanted),
    "caption": lambda wanted, seen: seen.has_message(text=wanted),
    "body": lambda wanted, seen: seen.has_message(text=wanted),
    "description": lambda wanted, seen: bool(seen.messages[0].data.get("description")) == bool(wanted),
    "response": lambda wanted, seen: _form(seen) == json.loads(wanted),
    "token": lambda wanted, seen: bool(_form(seen)["flow_token"]),
    "latitude": lambda wanted, seen: _place(seen)["latitude"] == wanted,
    "longitude": lambda wanted, seen: _place(seen)["longitude"] == wanted,
    "address": lambda wanted, seen: _place(seen)["address"] == wanted,
    "customer.id": lambda wanted, seen: seen.messages[0].address == wanted,
    "messageId": lambda wanted, seen: seen.reactions[0].external_id == wanted,
    "emoji": lambda wanted, seen: seen.reactions[0].emoji == wanted,
    "reaction.emoji": lambda wanted, seen: bool(seen.reactions[0].emoji) == (wanted == "present"),
    "imageId": lambda wanted, seen: _file(seen).remote["id"] == wanted,
    "sha256": lambda wanted, seen: _file(seen).remote["sha256"] == wanted,
    "mimeType": lambda wanted, seen: _file(seen).mime == wanted,
    "filename": lambda wanted, seen: _file(seen).name == wanted,
    "audio.voice": lambda wanted, seen: (_file(seen).kind == "voice") == wanted,
    "has_media": lambda wanted, seen: bool(seen.messages[0].attachments) == wanted,
    "message.image": lambda wanted, seen: _file(seen).kind == "image",
    "reply_to_message": lambda wanted, seen: bool(seen.messages[0].reply_to),
    "data": lambda wanted, seen: bool(seen.messages[0].choice),
    "contacts": lambda wanted, seen: bool(seen.messages[0].data["contacts"]),
    "order": lambda wanted, seen: bool(seen.messages[0].data["order"]),
    "referral": lambda wanted, seen: bool(seen.messages[0].start),
    "forwarded_many_times": lambda wanted, seen: bool(seen.messages[0].data.get("frequently_forwarded")) == wanted,
    "original_message_id": lambda wanted, seen: any(isinstance(e, MessageDeleted) and e.external_id for e in seen.events),
    "sys_type": lambda wanted, seen: any(isinstance(e, ContactChanged) for e in seen.events),
    "id": lambda wanted, seen: seen.statuses[0].external_id == wanted,
    "customerId": lambda wanted, seen: seen.statuses[0].address == wanted,
    "status": lambda wanted, seen: seen.statuses[0].state == {"played": "read"}.get(wanted.lower(), wanted.lower()),
    "error": lambda wanted, seen: bool(seen.statuses[0].code and seen.statuses[0].reason),
    "new_category": lambda wanted, seen: any(isinstance(e, Notice) and wanted.lower() in e.text for e in seen.events),
    "value": lambda wanted, seen: [e.stopped for e in seen.events if isinstance(e, ConsentChanged)] == [wanted == "STOP"],
}
"""What the sources' own parsers return, by the names of their accessors."""


def _derived_status(item: Mapping[str, Any], seen: Seen) -> bool:
    known = {"sent": "sent", "delivered": "delivered", "read": "read", "played": "read", "failed": "failed"}
    if item["status"] not in known:
        return len(seen.events) > 0
    codes = [str(code) for code in item.get("error_codes") or [""]]
    found = [s for s in seen.statuses if s.external_id == item["external_id"] and s.state == known[item["status"]]]
    return any(s.code in codes and s.address == (item.get("recipient_id") or "") for s in found)


def _derived_message(item: Mapping[str, Any], seen: Seen) -> bool:
    if item.get("type") == "reaction":
        return bool(seen.reactions) and _named(item, seen)
    if item.get("type") in ("revoke", "edit", "system"):
        changed = (MessageDeleted, MessageEdited, ContactChanged)
        return any(isinstance(event, changed) for event in seen.events)
    found = [m for m in seen.messages if m.external_id == item["external_id"]]
    wanted = {"text": item.get("text"), "reply_to": item.get("reply_to")}
    same = [m for m in found if all(value is None or getattr(m, key) == value for key, value in wanted.items())]
    media = item.get("media_id")
    at = datetime.fromtimestamp(int(item["timestamp"]), UTC)
    return any(m.at == at and (not media or [f.remote["id"] for f in m.attachments] == [media]) for m in same) and _named(
        item, seen
    )


def _named(item: Mapping[str, Any], seen: Seen) -> bool:
    sender, name = item.get("sender_id"), item.get("contact_name")
    return (not sender or any(p.identities[0].address.lstrip("+") == sender for p in seen.people)) and (
        not name or any(p.name == name for p in seen.people)
    )


def wrong_parts(case: Mapping[str, Any], seen: Seen) -> list[str]:
    expected = case.get("expected") or {}
    wrong = [key for key, check in EXPECTED.items() if key in expected and not check(expected[key], seen)]
    fields = expected.get("fields") or {}
    wrong += [f"field {key}" for key, check in FIELDS.items() if key in fields and not check(fields[key], seen)]
    if expected.get("outcome") not in ("ignored", "rejected", "accepted_nothing") and expected.get("messages") != 0:
        for item in case.get("derived_from_field_names") or []:
            good = _derived_status(item, seen) if "status" in item else _derived_message(item, seen)
            wrong += [] if good else [f"derived {item.get('type') or item.get('status')}"]
    return wrong


def test_every_webhook_case_is_read_as_its_source_reads_it() -> None:
    connector = WhatsApp(settings(), Transport(http=object()))  # type: ignore[arg-type]
    judged, failures, kinds = 0, {}, Counter[str]()
    for path in folder("payloads"):
        case = json.loads(path.read_text())
        hook = hook_of(case)
        expected = (case.get("expected") or {}).get("outcome")
        try:
            if case.get("signature") == "invalid":
                connector.verify(hook)
            events = connector.parse(hook)
        except (BadPayload, BadSignature):
            judged += 1
            if expected != "rejected":
                failures[path.name] = ["refused"]
            continue
        kinds.update(type(event).__name__ for event in events)
        if case.get("expected") or case.get("derived_from_field_names"):
            judged += 1
            wrong = wrong_parts(case, Seen(events))
            if wrong:
                failures[path.name] = wrong
    reasons = Counter(part for wrong in failures.values() for part in wrong)
    print(f"\nwhatsapp: {judged - len(failures)} right, {len(failures)} wrong of {judged}; {dict(reasons)}; events {dict(kinds)}")
    for name, wrong in failures.items():
        print("  wrong:", name, wrong)
    assert judged and len(failures) <= judged * 0.02
