"""Phone calls: what a caller hears, and the one entry that several webhooks make of a call."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from pydantic import ValidationError

from channels.base import BadPayload, Hook, OutgoingMessage, Refused, Transport
from channels.events import Event, Identity, InboundMessage, MessageEdited, Notice
from channels.sms import SmsConnector, SmsSettings

URL = "https://switchboard.example/hooks/7"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ANN, OURS = "+15005550001", "+15005550006"
RECORDING = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"


def make(calls: str = "off", **settings: Any) -> SmsConnector:
    told = {"account_sid": "AC1", "auth_token": "x", "from": OURS, "calls": calls} | settings
    if calls == "forward":
        told["calls_forward"] = "+15005550009"
    return SmsConnector(SmsSettings.model_validate(told), Transport(http=None))  # type: ignore[arg-type]  # nothing is called


def hook(query: str = "", **fields: str) -> Hook:
    form = {"CallSid": "CA1", "From": ANN, "To": OURS, "CallStatus": "ringing", "Direction": "inbound"} | fields
    body = urlencode({name: value for name, value in form.items() if value}).encode()
    mime = {"content-type": "application/x-www-form-urlencoded"}
    return Hook(method="POST", url=f"{URL}?{query}" if query else URL, headers=mime, body=body, received_at=NOW)


def heard(connector: SmsConnector, given: Hook) -> ElementTree.Element:
    answer = connector.answer(given)
    assert (answer.status, answer.content_type) == (200, "text/xml")
    return ElementTree.fromstring(answer.body)


# What a caller hears


@pytest.mark.parametrize(
    ("calls", "verbs"), [("off", ["Reject"]), ("say", ["Say"]), ("voicemail", ["Say", "Record"]), ("forward", ["Dial"])]
)
def test_a_caller_is_answered_by_setting(calls: str, verbs: list[str]) -> None:
    assert [each.tag for each in heard(make(calls), hook())] == verbs


TEXTS = [
    ({}, "en-US", "get back to you"),
    ({"calls_language": "ru-RU"}, "ru-RU", "не можем ответить"),
    ({"calls_language": "de-DE"}, "en-US", "get back to you"),
    ({"calls_language": "de-DE", "calls_text": "Tom & Söhne <Berlin>"}, "de-DE", "Tom & Söhne <Berlin>"),
]


@pytest.mark.parametrize(("settings", "language", "words"), TEXTS)
def test_the_text_is_polite_or_the_company_s_own(settings: dict[str, str], language: str, words: str) -> None:
    (said,) = heard(make("say", **settings), hook())
    assert said.get("language") == language and words in (said.text or "")


def test_a_voicemail_reports_to_us_with_the_caller() -> None:
    _, record = heard(make("voicemail"), hook())
    assert record.get("action") == f"{URL}?call=recorded"
    address = urlsplit(str(record.get("recordingStatusCallback")))
    assert parse_qs(address.query) == {"call": ["recording"], "from": [ANN], "to": [OURS], "of": ["voicemail"]}


def test_a_forwarded_call_rings_elsewhere_and_then_takes_a_message() -> None:
    connector = make("forward")
    (dial,) = heard(connector, hook())
    assert (dial.text, dial.get("action"), dial.get("record")) == ("+15005550009", f"{URL}?call=dialled", None)
    after = [heard(connector, hook("call=dialled", DialCallStatus=each)) for each in ("no-answer", "busy", "completed")]
    assert [[verb.tag for verb in each] for each in after] == [["Say", "Record"], ["Say", "Record"], []]


def test_a_forwarded_call_is_recorded_only_if_that_is_wanted() -> None:
    (dial,) = heard(make("forward", calls_record=True), hook())
    assert dial.get("record") == "record-from-answer-dual" and "of=dial" in str(dial.get("recordingStatusCallback"))


REPORTS = [
    hook("call=status", CallStatus="completed", CallDuration="9"),
    hook(CallStatus="completed"),
    hook(CallbackSource="call-progress-events"),
    hook("call=recorded", RecordingUrl=RECORDING),
    hook(Direction="outbound-api"),
]


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_needs_no_instructions(report: Hook) -> None:
    assert list(heard(make("voicemail"), report)) == []


def test_forwarding_needs_a_number() -> None:
    with pytest.raises(ValidationError, match="calls_forward"):
        SmsSettings.model_validate({"account_sid": "AC1", "auth_token": "x", "from": OURS, "calls": "forward"})


# What becomes of it


def told(connector: SmsConnector, given: Hook) -> tuple[str, str, bool]:
    """(state, text, whether it changes the entry)."""
    message, *edits = connector.parse(given)
    assert isinstance(message, InboundMessage) and message.kind == "call" and message.external_id == "CA1"
    assert all(isinstance(edit, MessageEdited) and edit.message == message and edit.at == NOW for edit in edits)
    return message.data["call"]["state"], message.text, bool(edits)


STATUS = "call=status"
ANSWERED, DECLINED = {"DialCallStatus": "completed", "DialCallDuration": "61"}, {"DialCallStatus": "no-answer"}
OUTCOMES: list[tuple[str, str, Hook, str, str, bool]] = [
    ("it rings", "off", hook(), "ringing", "Call", False),
    ("taken elsewhere", "off", hook(CallStatus="completed", CallDuration="75"), "answered", "Call answered, 1 min 15 s", True),
    ("missed elsewhere", "off", hook(CallStatus="no-answer"), "missed", "Missed call: nobody answered", True),
    ("nobody can answer", "say", hook(), "missed", "Missed call", False),
    ("the text was heard", "say", hook(STATUS, CallStatus="completed", CallDuration="8"), "missed", "Missed call", False),
    ("hung up", "voicemail", hook(STATUS, CallStatus="canceled"), "missed", "Missed call: the caller hung up", True),
    ("a message is left", "voicemail", hook("call=recorded", RecordingDuration="14"), "voicemail", "Voicemail, 14 s", True),
    ("no word is said", "voicemail", hook("call=recorded", RecordingDuration="0"), "missed", "Missed call", False),
    ("it rings at the other phone", "forward", hook(), "ringing", "Call", False),
    ("somebody takes it", "forward", hook("call=dialled", **ANSWERED), "answered", "Call answered, 1 min 1 s", True),
    ("nobody does", "forward", hook("call=dialled", **DECLINED), "missed", "Missed call: nobody answered", True),
    ("over", "forward", hook(STATUS, CallStatus="completed", CallDuration="9"), "answered", "Call answered, 9 s", False),
    (
        "ours was not taken",
        "off",
        hook(Direction="outbound-api", CallStatus="busy"),
        "missed",
        "Call not answered: the line was busy",
        True,
    ),
]


@pytest.mark.parametrize(("calls", "given", "state", "text", "sure"), [o[1:] for o in OUTCOMES], ids=[o[0] for o in OUTCOMES])
def test_each_webhook_says_what_is_sure(calls: str, given: Hook, state: str, text: str, sure: bool) -> None:
    assert told(make(calls), given) == (state, text, sure)


SAMPLES = Path(__file__).parent / "payloads" / "sms"
TOLD = [
    ("call_ringing", "missed", "Missed call"),
    ("call_completed", "missed", "Missed call"),
    ("call_missed", "missed", "Missed call: nobody answered"),
    ("call_dialled", "missed", "Missed call: nobody answered"),
    ("call_voicemail", "voicemail", "Voicemail, 14 s"),
    ("call_recording", "voicemail", "Voicemail, 14 s"),
    ("call_anonymous", "missed", "Missed call"),
]


@pytest.mark.parametrize(("name", "state", "text"), TOLD)
def test_a_sample_of_a_call_is_read(name: str, state: str, text: str) -> None:
    told = json.loads((SAMPLES / f"{name}.json").read_text())
    body = urlencode(told["form"]).encode()
    given = Hook(method="POST", url=f"{URL}?{told['query']}", headers={}, body=body, received_at=NOW)
    message, *_ = make("voicemail").parse(given)
    assert isinstance(message, InboundMessage)
    assert (message.kind, message.data["call"]["state"], message.text) == ("call", state, text)


def test_a_recording_comes_with_its_caller_and_is_fetched_from_twilio() -> None:
    query = urlencode({"call": "recording", "from": ANN, "to": OURS, "of": "voicemail"})
    fields = {"RecordingSid": "RE1", "RecordingStatus": "completed", "RecordingDuration": "14", "RecordingUrl": RECORDING}
    message, edit = make("voicemail").parse(hook(query, From="", To="", CallStatus="", **fields))
    assert isinstance(message, InboundMessage) and isinstance(edit, MessageEdited)
    assert (message.address, message.text, list(message.sender.identities)) == (
        ANN, "Voicemail, 14 s", [Identity(kind="phone", address=ANN)],
    )  # fmt: skip
    (file,) = message.attachments
    assert (file.kind, file.mime, file.remote["url"]) == ("voice", "audio/mpeg", f"{RECORDING}.mp3")
    facts = {"state": "voicemail", "direction": "inbound", "recording": "RE1", "recording_duration": 14, "to": OURS}
    assert message.data["call"] == facts
    assert RECORDING not in repr(message.data)


@pytest.mark.parametrize("status", ["in-progress", "absent", "failed"])
def test_a_recording_that_is_none_is_passed_over(status: str) -> None:
    assert make().parse(hook(RecordingStatus=status, RecordingSid="RE1")) == []


def test_a_leg_of_a_forwarded_call_is_no_call_of_its_own() -> None:
    assert make("forward").parse(hook(CallSid="CA2", ParentCallSid="CA1")) == []


@pytest.mark.parametrize("number", ["anonymous", "+266696687", "Restricted", "+86282452253"])
def test_callers_who_hide_are_not_one_person(number: str) -> None:
    (first,), (second,) = (make().parse(hook(From=number, CallSid=sid)) for sid in ("CA1", "CA2"))
    assert isinstance(first, InboundMessage) and isinstance(second, InboundMessage)
    assert first.sender.identities != second.sender.identities and first.address != second.address


async def test_a_caller_who_hides_cannot_be_written_to() -> None:
    with pytest.raises(Refused, match="hid their number"):
        await make().send(OutgoingMessage(id="1", address="anonymous:CA1", text="Hi"))


def test_what_was_said_is_shown() -> None:
    (message,) = make().parse(hook(SpeechResult="I need help"))
    assert isinstance(message, InboundMessage) and message.text == "Call\nI need help"


def test_a_call_of_ours_belongs_to_whom_we_called() -> None:
    (message,) = make().parse(hook(Direction="outbound-api", From=OURS, To=ANN))
    assert isinstance(message, InboundMessage) and (message.address, message.echo) == (ANN, True)


def test_a_recording_without_its_people_is_a_notice() -> None:
    events: list[Event] = list(make().parse(hook(From="", To="", RecordingSid="RE1", RecordingUrl=RECORDING)))
    assert [type(event) for event in events] == [Notice]


@pytest.mark.parametrize(("fields", "name"), [({"From": ""}, "From"), ({"Direction": "outbound-api", "To": ""}, "To")])
def test_a_call_of_nobody_is_refused_by_the_name_of_its_field(fields: dict[str, str], name: str) -> None:
    with pytest.raises(BadPayload, match=f"{name}: required"):
        make().parse(hook(**fields))
