"""Twilio's webhooks in the inbox: what stops a person and what brings them back, what a failed delivery leaves behind."""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from channels.base import Hook, Transport
from channels.sms import SmsConnector, SmsSettings
from inbox import schema as t
from inbox.delivery.reach import reaches
from inbox.receive import Arrival, store
from tests.inbox.conftest import START
from tests.inbox.story import Story

ANN, OURS, URL = "+15005550001", "+15005550006", "https://switchboard.example/hooks/1"


@pytest.fixture
def story(trial: sa.Connection) -> Story:
    return Story(trial, START)


def tell(story: Story, channel: int, at: datetime, query: str = "", **form: str) -> None:
    settings = SmsSettings.model_validate({"account_sid": "AC1", "auth_token": "x", "from": OURS})
    connector = SmsConnector(settings, Transport(http=None))  # type: ignore[arg-type]  # nothing is called
    hook = Hook(method="POST", url=f"{URL}?{query}", headers={}, body=urlencode(form).encode(), received_at=at)
    store(story.connection, [Arrival(channel_id=channel, identity="phone", hook=hook, events=connector.parse(hook))])


def write(story: Story, channel: int, text: str, minutes: int, **more: str) -> None:
    form = {"MessageSid": f"SM{minutes}", "From": ANN, "To": OURS, "Body": text} | more
    tell(story, channel, START + timedelta(minutes=minutes), **form)


def open_way(story: Story) -> bool:
    (contact,) = story.rows(t.contacts)
    (way,) = reaches(story.connection, contact.id, START + timedelta(hours=1))
    return way.can_send


STOPS: list[tuple[str, dict[str, str]]] = [
    ("STOP", {}),
    ("stopall", {}),
    ("СТОП", {}),
    ("Отписка", {}),
    ("Genug", {"OptOutType": "STOP"}),
]


@pytest.mark.parametrize(("word", "more"), STOPS)
@pytest.mark.parametrize("back", ["unstop", "Старт"])
def test_a_stop_is_told_once_and_a_start_takes_it_back(story: Story, word: str, more: dict[str, str], back: str) -> None:
    channel = story.channel("sms")
    write(story, channel, "Hello", 1)
    assert open_way(story)
    write(story, channel, word, 2, **more)
    assert not open_way(story)
    write(story, channel, back, 3)
    assert open_way(story)
    kinds = [event.kind for event in story.rows(t.events) if event.kind.startswith("consent")]
    assert kinds == ["consent.stop", "consent.start"]


@pytest.mark.parametrize(("word", "more"), [("HELP", {"OptOutType": "HELP"}), ("Please stop calling at night", {}), ("Yes", {})])
def test_what_is_no_stop_changes_nothing(story: Story, word: str, more: dict[str, str]) -> None:
    channel = story.channel("sms")
    write(story, channel, word, 1, **more)
    assert open_way(story)


def test_an_old_start_told_again_undoes_no_later_stop(story: Story) -> None:
    channel = story.channel("sms")
    write(story, channel, "START", 1)
    write(story, channel, "STOP", 2)
    for minute, word in ((1, "START"), (2, "STOP")):
        write(story, channel, word, minute)
        assert story.reach(channel, ANN).stopped_at == START + timedelta(minutes=2)


FAILURES = [
    ("21610", False, "they can resume by sending START"),
    ("30004", False, "does not accept messages from us"),
    ("30006", False, "landline"),
    ("30003", True, "send it again later"),
    ("30005", True, "no longer in service"),
    ("30007", True, "filtered it out"),
    ("30008", True, "send it again later"),
]


@pytest.mark.parametrize(("code", "can_send", "words"), FAILURES)
def test_a_failure_is_told_in_words_and_suppresses_only_a_dead_address(
    story: Story, code: str, can_send: bool, words: str
) -> None:
    channel = story.channel("sms")
    write(story, channel, "Hello", 1)
    (conversation,) = story.rows(t.conversations)
    number = story.say(conversation.id)
    story.connection.execute(sa.update(t.messages).where(t.messages.c.id == number).values(state="unknown"))
    form: dict[str, Any] = {"MessageSid": "SM9", "MessageStatus": "undelivered", "ErrorCode": code, "To": ANN, "From": OURS}
    tell(story, channel, START, f"message={number}", **form)
    message = story.message(number)
    assert (message.state, message.code, message.external_id) == ("failed", code, "SM9")
    assert words in message.reason and open_way(story) is can_send
    write(story, channel, "START", 2)
    assert open_way(story)


def test_a_status_that_comes_before_the_sid_is_known_settles_the_message(story: Story) -> None:
    channel = story.channel("sms")
    write(story, channel, "Hello", 1)
    (conversation,) = story.rows(t.conversations)
    number = story.say(conversation.id)
    for state in ("delivered", "sent", "queued"):
        tell(story, channel, START, f"message={number}", MessageSid="SM9", MessageStatus=state, To=ANN, From=OURS)
    assert (story.message(number).state, story.message(number).external_id) == ("delivered", "SM9")


def test_json_and_a_form_say_the_same(story: Story) -> None:
    channel = story.channel("sms")
    write(story, channel, "Hello", 1)
    body = json.dumps({"MessageSid": "SM1", "From": ANN, "To": OURS, "Body": "Hello"}).encode()
    settings = SmsSettings.model_validate({"account_sid": "AC1", "auth_token": "x", "from": OURS})
    connector = SmsConnector(settings, Transport(http=None))  # type: ignore[arg-type]  # nothing is called
    hook = Hook(method="POST", url=URL, headers={"content-type": "application/json"}, body=body, received_at=START)
    store(story.connection, [Arrival(channel_id=channel, identity="phone", hook=hook, events=connector.parse(hook))])
    assert story.count(t.messages) == 1
