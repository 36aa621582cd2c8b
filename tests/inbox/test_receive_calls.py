"""A phone call in the inbox: one entry in one conversation with one task, whatever webhooks tell of it and in which order."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from bots.load import load
from channels.base import Hook, Transport
from channels.sms import SmsConnector, SmsSettings
from inbox import schema as t
from inbox.receive import Arrival, store
from inbox.respond import Minds, respond
from tests.inbox.conftest import START
from tests.inbox.story import Story

ANN, OURS, URL = "+15005550001", "+15005550006", "https://switchboard.example/hooks/1"
RECORDING = {"RecordingSid": "RE1", "RecordingUrl": "https://api.twilio.com/Recordings/RE1", "RecordingDuration": "14"}
RINGING: tuple[str, dict[str, str]] = ("", {"CallStatus": "ringing"})
LEFT = ("call=recorded", {"CallStatus": "in-progress", **RECORDING})
OVER = ("call=status", {"CallStatus": "completed", "CallDuration": "25"})
RECORDED = (
    urlencode({"call": "recording", "from": ANN, "to": OURS, "of": "voicemail"}),
    {"From": "", "To": "", "RecordingStatus": "completed", **RECORDING},
)


@pytest.fixture
def story(trial: sa.Connection) -> Story:
    return Story(trial, START)


def ring(story: Story, channel: int, webhooks: Any, calls: str = "voicemail") -> None:
    told: dict[str, Any] = {"account_sid": "AC1", "auth_token": "x", "from": OURS, "calls": calls}
    settings = SmsSettings.model_validate(told | ({"calls_forward": "+15005550009"} if calls == "forward" else {}))
    connector = SmsConnector(settings, Transport(http=None))  # type: ignore[arg-type]  # nothing is called
    for query, fields in webhooks:
        form = {"CallSid": "CA1", "From": ANN, "To": OURS, "Direction": "inbound"} | fields
        hook = Hook(
            method="POST", url=f"{URL}?{query}", headers={}, body=urlencode(form).encode(), received_at=datetime.now(UTC)
        )  # fmt: skip
        store(story.connection, [Arrival(channel_id=channel, identity="phone", hook=hook, events=connector.parse(hook))])


@pytest.mark.parametrize("order", list(permutations([RINGING, LEFT, OVER, RECORDED]))[::5])
def test_a_voicemail_is_one_entry_with_one_recording_in_whatever_order_it_is_told(story: Story, order: Any) -> None:
    channel = story.channel("sms")
    ring(story, channel, [*order, *order])
    (message,), (file,), (conversation,) = story.rows(t.messages), story.rows(t.attachments), story.rows(t.conversations)
    assert (message.kind, message.text, message.external_id) == ("call", "Voicemail, 14 s", "CA1")
    assert message.data["call"]["state"] == "voicemail" and message.edited_at is None
    assert (file.kind, file.remote["url"]) == ("voice", f"{RECORDING['RecordingUrl']}.mp3")
    assert (conversation.last_text, conversation.unread, conversation.address) == ("Voicemail, 14 s", 1, ANN)
    assert not story.rows(t.versions)


TAKEN = ("call=dialled", {"CallStatus": "in-progress", "DialCallStatus": "completed", "DialCallDuration": "61"})
DECLINED = ("call=dialled", {"CallStatus": "in-progress", "DialCallStatus": "no-answer"})
FORWARDED = [
    ("taken", [RINGING, TAKEN, OVER], "answered", "Call answered, 1 min 1 s"),
    ("taken, told late", [RINGING, OVER, TAKEN], "answered", "Call answered, 1 min 1 s"),
    ("not taken", [RINGING, DECLINED, OVER], "missed", "Missed call: nobody answered"),
    ("not taken, a message left", [RINGING, DECLINED, LEFT, RECORDED, OVER], "voicemail", "Voicemail, 14 s"),
    ("given up", [RINGING, ("call=status", {"CallStatus": "no-answer"})], "missed", "Missed call: nobody answered"),
]


@pytest.mark.parametrize(("told", "state", "text"), [f[1:] for f in FORWARDED], ids=[f[0] for f in FORWARDED])
def test_a_forwarded_call_says_how_it_ended(story: Story, told: Any, state: str, text: str) -> None:
    ring(story, story.channel("sms"), told, "forward")
    (message,) = story.rows(t.messages)
    assert (message.data["call"]["state"], message.text) == (state, text)


def test_a_call_becomes_a_task_for_a_person_whatever_bots_there_are(story: Story) -> None:
    source = """
version: 1
name: greet
title: {en: Greet}
languages: [en]
trigger: {first_message: true, fallback: true}
steps:
  - say: {en: "Hello!"}
"""
    row = {"id": 1, "name": "greet", "language": "en", "source": source, "created_at": START, "changed_at": START}
    story.connection.execute(sa.insert(t.flows), row)
    ring(story, story.channel("sms"), [RINGING, LEFT])
    assert respond(story.connection, story.now, Minds(flows={1: (1, load(source))})) == 1
    (task,), (conversation,), (contact,) = story.rows(t.tasks), story.rows(t.conversations), story.rows(t.contacts)
    assert (task.conversation_id, task.done_at, conversation.bot) == (conversation.id, None, False)
    assert [message.direction for message in story.rows(t.messages)] == ["in"]
    assert contact.language is None  # the words of the entry are ours


def test_what_was_said_since_stays_in_the_list(story: Story) -> None:
    channel = story.channel("sms")
    ring(story, channel, [RINGING])
    story.hear(channel, "I called you", ANN)
    ring(story, channel, [LEFT])
    (conversation,) = story.rows(t.conversations)
    assert conversation.last_text == "I called you" and story.count(t.messages) == 2
