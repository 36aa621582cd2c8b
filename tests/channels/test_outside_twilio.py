"""Real webhooks of Twilio's, collected outside the project: run where SWITCHBOARD_CASES names their folder."""

import base64
import hmac
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
import pytest

from channels.base import (
    BadPayload,
    BadSignature,
    Blocked,
    ChannelError,
    Hook,
    OutgoingFile,
    OutgoingMessage,
    TemplateUse,
    Transport,
)
from channels.events import DeliveryStatus, Event, InboundMessage
from channels.sms import SmsConnector, SmsSettings

CASES = os.environ.get("SWITCHBOARD_CASES")
TOKEN = "outside"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.skipif(not CASES, reason="SWITCHBOARD_CASES names no folder of collected cases")

Case = dict[str, Any]


def cases(part: str) -> Iterator[Case]:
    for path in sorted((Path(CASES or ".") / part).glob("*.json")):
        yield json.loads(path.read_text())


@pytest.fixture
async def connector() -> Any:
    settings = SmsSettings.model_validate({"account_sid": "accountSID", "auth_token": TOKEN, "from": "+15005550006"})
    async with aiohttp.ClientSession() as http:
        yield SmsConnector(settings, Transport(http=http))


def hook_of(case: Case) -> Hook:
    """The case as it would reach us: status callbacks carry our message id in the address."""
    query = "?message=m1" if str(case.get("url", "")).endswith("/status") else ""
    url = f"https://switchboard.example/hooks/1{query}"
    body = case.get("body_raw") or urlencode(case["body"])
    text = url + "".join(name + value for name, value in sorted(set(parse_qsl(body, keep_blank_values=True))))
    signed = base64.b64encode(hmac.digest(TOKEN.encode(), text.encode(), "sha1")).decode()
    headers = {"content-type": case["content_type"]}
    match case.get("signature"):
        case "missing":
            pass
        case "invalid":
            headers["x-twilio-signature"] = signed[::-1]
        case _:
            headers["x-twilio-signature"] = signed
    return Hook(method=case["method"], url=url, headers=headers, body=body.encode(), received_at=NOW)


def outcome_of(connector: SmsConnector, hook: Hook) -> tuple[str, list[Event]]:
    try:
        connector.verify(hook)
        events = list(connector.parse(hook))
    except (BadPayload, BadSignature):
        return "rejected", []
    kinds = {InboundMessage: "message", DeliveryStatus: "status"}
    return (kinds.get(type(events[0]), "event") if events else "ignored"), events


def digits(address: str) -> str:
    return address.rpartition(":")[2].lstrip("+")


def faults(case: Case, outcome: str, events: list[Event]) -> list[str]:
    """What differs from the source's word, then from what its field names say."""
    said, derived = case.get("expected", {}), case.get("derived_from_field_names", {})
    wanted = said.get("outcome") or ("status" if str(case["kind"]).startswith("status") else "message")
    if case["kind"] == "status:queued":
        wanted = "ignored"
    if "outcome" not in said and wanted == "message" and "external_id" not in derived:
        wanted = "rejected"  # the source makes do without a MessageSid, which Twilio always sends; our raw body is kept
    if outcome != wanted:
        return [f"outcome {outcome}, not {wanted}"]
    found = [f for message in events if isinstance(message, InboundMessage) for f in _message_faults(message, said, derived)]
    return found + [f for status in events if isinstance(status, DeliveryStatus) for f in _status_faults(status, said, derived)]


def _message_faults(message: InboundMessage, said: Case, derived: Case) -> Iterator[str]:
    wanted = derived | said
    media = [file.remote["url"] for file in message.attachments]
    count = len(media) + ("location" in message.data)
    checks = {
        "text": message.text == wanted.get("text", message.text),
        "sender": digits(message.address) == digits(wanted["sender"]),
        "identity": digits(message.sender.identities[0].address) == digits(wanted["sender"]),
        "external_id": message.external_id == wanted["external_id"],
        "media": media == derived.get("media", media),
        "attachments": wanted.get("attachments", count) in (count, media),
        "name": said.get("needs_prior_state")
        or digits(said.get("contact_name", message.sender.name or "")).isdigit()
        or said.get("contact_name", message.sender.name) == message.sender.name,
    }
    return (name for name, right in checks.items() if not right)


def _status_faults(status: DeliveryStatus, said: Case, derived: Case) -> Iterator[str]:
    first = said.get("statuses", [{}])[0]
    checks = {
        "status": status.state == (first.get("status") or said.get("status") or derived["status"]),
        "external_id": status.external_id == (first.get("external_id") or derived["external_id"]),
        "code": status.code == derived.get("error_code", status.code),
        "reason": bool(status.reason) == (status.state == "failed"),
    }
    return (name for name, right in checks.items() if not right)


def test_collected_webhooks_are_understood(connector: SmsConnector) -> None:
    wrong, total = [], 0
    for case in cases("payloads/twilio"):
        total += 1
        found = faults(case, *outcome_of(connector, hook_of(case)))
        if found:
            wrong.append(f"{case['id']}: {', '.join(found)}")
    print(f"twilio webhooks: {total - len(wrong)} right of {total}", *wrong, sep="\n  ")
    assert total
    assert len(wrong) <= total * 0.02


class Recorder:
    """Stands where the HTTP session is: plays the case's answers and keeps what was asked."""

    def __init__(self, answers: list[Case]) -> None:
        self.answers, self.asked = answers, list[tuple[str, dict[str, str], dict[str, str]]]()

    async def post(self, url: Any, *, data: bytes, headers: dict[str, str]) -> Any:
        self.asked.append((str(url), dict(parse_qsl(data.decode(), keep_blank_values=True)), headers))
        return Played(self.answers.pop(0))


class Played:
    def __init__(self, answer: Case) -> None:
        self.status, self.headers = answer["status"], answer.get("headers") or {}
        self._body = str(answer["body"]).encode()

    async def __aenter__(self) -> "Played":
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def read(self) -> bytes:
        return self._body


def messages_of(said: Case, forms: list[dict[str, str]]) -> list[OutgoingMessage]:
    """The message in the source's own parts: where it cuts a long text is its choice, not Twilio's."""
    callback = forms[0].get("StatusCallback")
    address = said["MsgURN"].removeprefix("tel:")
    if address.startswith("whatsapp:") and address[9:].isdigit():
        address = f"whatsapp:+{address[9:]}"
    files = [a.partition(":") for a in said.get("MsgAttachments", [])]
    attachments = [
        OutgoingFile(kind=mime.split("/")[0], name="", mime=mime, size=1, url=url, read=lambda: b"") for mime, _, url in files
    ]
    template = None
    if "MsgTemplating" in said:
        told = json.loads(said["MsgTemplating"])
        values = [v["value"] for v in told["variables"]]
        numbered = {k: values[n] for part in told["components"] for k, n in part["variables"].items()}
        template = TemplateUse(name=told["external_id"], language=told["language"], variables=numbered)
    return [
        OutgoingMessage(id="m1", address=address, text=text, attachments=attachments, template=template, status_url=callback)
        for text in ([said["MsgText"]] if len(forms) == 1 else [form["Body"] for form in forms])
    ]


async def send_faults(case: Case) -> list[str]:
    wanted = case["expected"]["requests"]
    forms = [{name: value["_args"][0] for name, value in request["form"].items()} for request in wanted]
    service = "MG1" if "MessagingServiceSid" in forms[0] else ""
    sender = forms[0].get("From") or service
    recorder = Recorder([a for answers in case["body"]["mock_responses"].values() for a in answers])
    settings = SmsSettings.model_validate(
        {"account_sid": "accountSID", "auth_token": "authToken", "from": sender, "messaging_service": service}
    )
    connector = SmsConnector(settings, Transport(http=recorder))  # type: ignore[arg-type]
    ids: list[str] = []
    error: ChannelError | None = None
    try:
        for message in messages_of(case["body"]["message"], forms):
            ids += (await connector.send(message)).external_ids
    except ChannelError as raised:
        error = raised
    found = [
        f"request {n}"
        for n, (asked, form) in enumerate(zip(recorder.asked, forms, strict=False))
        if asked[1] != form | ({"MessagingServiceSid": service} if service else {})
    ]
    found += [] if len(recorder.asked) == len(forms) else ["number of requests"]
    found += [] if ids == case["expected"].get("ExpectedExtIDs", []) else ["external ids"]
    expected_error = case["expected"].get("ExpectedError")
    found += [] if bool(error) == bool(expected_error) else ["error"]
    found += [] if isinstance(error, Blocked) == (expected_error == "channels.ErrContactStopped") else ["stop"]
    return found


async def test_collected_sendings_are_made() -> None:
    wrong, total = [], 0
    for case in cases("outbound/twilio"):
        total += 1
        found = await send_faults(case)
        if found:
            wrong.append(f"{case['id']}: {', '.join(found)}")
    print(f"twilio sendings: {total - len(wrong)} right of {total}", *wrong, sep="\n  ")
    assert total
    assert len(wrong) <= total * 0.02
