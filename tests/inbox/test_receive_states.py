"""Stop 2, the rest: what became of our messages, who stopped, who moved; and that no kind of event is forgotten."""

import itertools
from collections.abc import Sequence
from typing import Any, get_args

import pytest
import sqlalchemy as sa

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
)
from inbox import schema as t
from inbox.delivery.reach import reaches
from inbox.receive.statuses import settle_loose
from tests.inbox.conftest import START
from tests.inbox.story import ANNA, BORIS, Story, person


@pytest.fixture
def story(trial: sa.Connection) -> Story:
    return Story(trial, START)


# ---- every kind of event is handled

EVENTS: dict[type, Any] = {
    InboundMessage: lambda s, c: s.written(c),
    MessageEdited: lambda s, c: MessageEdited(message=s.written(c), at=START),
    MessageDeleted: lambda s, c: MessageDeleted(external_id="first", at=START),
    Reaction: lambda s, c: Reaction(external_id="first", sender=person("whatsapp", ANNA), address=ANNA, emoji="👍", at=START),
    DeliveryStatus: lambda s, c: DeliveryStatus(state="read", at=START, external_id="out-1"),
    ConsentChanged: lambda s, c: ConsentChanged(sender=person("whatsapp", ANNA), address=ANNA, stopped=True, at=START),
    ContactChanged: lambda s, c: ContactChanged(
        old=Identity(kind="phone", address=ANNA), person=person("whatsapp", BORIS), address=BORIS, at=START
    ),
    Notice: lambda s, c: Notice(kind="template", text="approved"),
}


def everything(story: Story) -> list[Sequence[Any]]:
    skipped = (t.raw_bodies, t.events, t.sequences)
    return [story.rows(table) for table in t.metadata.sorted_tables if table not in skipped]


def test_there_is_a_case_for_every_kind_of_event() -> None:
    assert set(get_args(Event)) == set(EVENTS)


@pytest.mark.parametrize("kind", EVENTS)
def test_every_kind_of_event_leaves_something_in_the_tables(story: Story, kind: type) -> None:
    channel = story.channel()
    first = story.hear(channel, external_id="first")
    story.sent(first.conversation_id, "out-1")
    before = everything(story)
    story.tell(channel, EVENTS[kind](story, channel))
    assert everything(story) != before


# ---- what became of our messages

SAID = ("sent", "delivered", "read")


@pytest.mark.parametrize("order", list(itertools.permutations(SAID)))
@pytest.mark.parametrize("at_once", [False, True])
def test_a_state_never_goes_down_in_whatever_order_it_is_told(story: Story, order: tuple[str, ...], at_once: bool) -> None:
    channel = story.channel()
    ours = story.sent(story.hear(channel).conversation_id, "out-1")
    events = [DeliveryStatus(state=state, at=START, external_id="out-1") for state in order]
    highest = [max(order[: n + 1], key=SAID.index) for n in range(3)]
    if at_once:
        story.tell(channel, *events)
        assert story.message(ours).state == "read"
    else:
        assert [(story.tell(channel, event), story.message(ours).state)[1] for event in events] == highest


@pytest.mark.parametrize(
    ("states", "state", "reason"),
    [
        (["failed"], "failed", "No such number"),
        (["failed", "delivered"], "delivered", ""),
        (["delivered", "failed"], "delivered", ""),
        (["failed", "sent"], "failed", "No such number"),
    ],
)
def test_failures_and_what_follows_them(story: Story, states: list[str], state: str, reason: str) -> None:
    channel = story.channel()
    ours = story.sent(story.hear(channel).conversation_id, "out-1")
    for each in states:
        why: dict[str, Any] = {"code": "21614", "reason": "No such number"} if each == "failed" else {}
        story.tell(channel, DeliveryStatus(state=each, at=START, external_id="out-1", **why))
    row = story.message(ours)
    assert (row.state, row.reason) == (state, reason)


def test_a_status_that_comes_before_its_id_is_known_waits_for_it(story: Story) -> None:
    channel, other = story.channel(), story.channel()
    ours = story.say(story.hear(channel).conversation_id)
    story.connection.execute(sa.update(t.messages).where(t.messages.c.id == ours).values(state="sending"))
    for state in ("delivered", "sent"):
        story.tell(channel, DeliveryStatus(state=state, at=START, external_id="out-1"))
    story.tell(other, DeliveryStatus(state="read", at=START, external_id="out-1"))
    settle_loose(story.connection, channel, "out-1", ours, START)
    assert story.message(ours).state == "delivered"
    assert [row.channel_id for row in story.rows(t.loose_statuses)] == [other]


def test_a_status_by_our_own_id_also_settles_what_was_unknown_and_brings_the_providers_id(story: Story) -> None:
    channel, other = story.channel(), story.channel()
    ours = story.say(story.hear(channel).conversation_id)
    story.connection.execute(sa.update(t.messages).where(t.messages.c.id == ours).values(state="unknown", reason="Crash"))
    status = DeliveryStatus(state="delivered", at=START, external_id="out-1", message_id=f"{ours}.1")
    story.tell(other, status)  # another channel's word about it counts for nothing
    assert story.message(ours).state == "unknown"
    story.tell(channel, status)
    row = story.message(ours)
    assert (row.state, row.external_id, row.reason) == ("delivered", "out-1", "")


@pytest.mark.parametrize("strange", ["", "abc", "-1", "0", "99999999999999999999999", "1e3", "١"])
def test_a_strange_message_id_in_a_status_is_passed_over(story: Story, strange: str) -> None:
    channel = story.channel()
    story.tell(channel, DeliveryStatus(state="delivered", at=START, external_id="x", message_id=strange))
    assert story.count(t.loose_statuses) == 1


def test_a_customers_message_takes_no_status(story: Story) -> None:
    channel = story.channel()
    row = story.hear(channel, external_id="in-1")
    story.tell(channel, DeliveryStatus(state="read", at=START, external_id="in-1"))
    assert story.message(row.id).state is None


def test_a_status_that_tells_of_a_stop_suppresses_the_address(story: Story) -> None:
    channel = story.channel()
    row = story.hear(channel)
    story.sent(row.conversation_id, "out-1")
    failed = DeliveryStatus(state="failed", at=START, external_id="out-1", blocked=True, reason="They blocked you")
    story.tell(channel, failed)
    reach = story.reach(channel)
    assert (reach.blocked_at, reach.blocked_reason) == (START, "They blocked you")
    assert [way.reason for way in reaches(story.connection, row.contact_id, START)] == ["They blocked you"]


# ---- who stopped

WORDS = {
    "STOP": True,
    "Стоп": True,
    "отписаться!": True,
    "Отпишите меня, пожалуйста": False,
    "unsubscribe": True,
    "please stop by at five": False,
    "не пишите мне больше": True,
}


@pytest.mark.parametrize("text", WORDS)
def test_a_word_that_stops(story: Story, text: str) -> None:
    channel = story.channel()
    row = story.hear(channel, text)
    assert (story.reach(channel).stopped_at is not None) == WORDS[text]
    kinds = [e.kind for e in story.rows(t.events)]
    assert ("consent.stop" in kinds) == WORDS[text]
    (way,) = reaches(story.connection, row.contact_id, START)
    assert ("asked to stop" in way.reason) == WORDS[text]


@pytest.mark.parametrize("word", ["START", "старт", "Подписаться"])
def test_a_word_that_starts_again(story: Story, word: str) -> None:
    channel = story.channel()
    story.hear(channel, "stop")
    story.hear(channel, word)
    assert story.reach(channel).stopped_at is None


def test_stop_is_per_channel_and_counts_even_if_the_providers_clock_runs_ahead(story: Story) -> None:
    channel, other = story.channel("whatsapp"), story.channel("sms")
    row = story.hear(other)
    story.hear(channel, "stop", at=story.wait(seconds=0).replace(year=2027))
    ways = {way.channel_id: way.can_send for way in reaches(story.connection, row.contact_id, START)}
    assert ways == {channel: False, other: True}


def test_a_button_or_an_automatic_reply_is_no_stop(story: Story) -> None:
    channel = story.channel()
    story.hear(channel, "stop", choice="no")
    story.hear(channel, "stop", auto_reply=True)
    story.hear(channel, "stop", echo=True)
    assert story.reach(channel).stopped_at is None


@pytest.mark.parametrize("marketing_only", [False, True])
def test_consent_by_the_providers_own_means_also_of_a_stranger(story: Story, marketing_only: bool) -> None:
    channel = story.channel()

    def change(stopped: bool) -> tuple[bool, bool]:
        sender = person("whatsapp", ANNA)
        story.tell(channel, ConsentChanged(sender=sender, address=ANNA, stopped=stopped, at=START, marketing_only=marketing_only))
        reach = story.reach(channel)
        return reach.stopped_at is not None, reach.marketing_stopped_at is not None

    assert change(True) == (not marketing_only, marketing_only)
    assert change(False) == (False, False)
    assert (story.count(t.contacts), story.count(t.conversations)) == (1, 0)


def test_consent_keeps_what_answering_needs(story: Story) -> None:
    channel = story.channel()
    story.hear(channel, reply_context={"business": "7"})
    story.tell(channel, ConsentChanged(sender=person("whatsapp", ANNA), address=ANNA, stopped=True, at=START))
    assert story.reach(channel).context == {"business": "7"}


# ---- who moved


def moved(new: str) -> ContactChanged:
    return ContactChanged(old=Identity(kind="phone", address=ANNA), person=person("whatsapp", new), address=new, at=START)


def test_a_changed_number_stays_the_same_person_reached_at_the_new_one(story: Story) -> None:
    channel = story.channel()
    row = story.hear(channel)
    story.tell(channel, moved(BORIS))
    assert story.count(t.contacts) == 1
    assert {i.address for i in story.rows(t.identities, t.identities.c.contact_id == row.contact_id)} == {ANNA, BORIS}
    assert story.conversation(row.conversation_id).address == BORIS
    ways = {way.address: way.can_send for way in reaches(story.connection, row.contact_id, START)}
    assert ways == {ANNA: False, BORIS: True}
    assert story.hear(channel, "From the new phone", BORIS).contact_id == row.contact_id


def test_a_stop_moves_with_the_number(story: Story) -> None:
    channel = story.channel()
    story.hear(channel, "stop")
    story.tell(channel, moved(BORIS))
    assert story.reach(channel, BORIS).stopped_at == START


def test_a_move_of_somebody_unknown_makes_a_card(story: Story) -> None:
    channel = story.channel()
    story.tell(channel, moved(BORIS))
    assert [i.address for i in story.rows(t.identities)] == [BORIS]


def test_an_identity_told_in_the_chat_joins_the_card_without_moving_it(story: Story) -> None:
    channel = story.channel("telegram")
    row = story.hear(channel, address="10")
    told = person("telegram", "10", Identity(kind="phone", address=ANNA))
    story.tell(channel, ContactChanged(old=Identity(kind="telegram", address="10"), person=told, address="10", at=START))
    assert {(i.kind, i.address) for i in story.rows(t.identities)} == {("telegram", "10"), ("phone", ANNA)}
    assert (story.conversation(row.conversation_id).address, story.reach(channel, "10").blocked_at) == ("10", None)
    sms = story.channel("sms")
    assert story.hear(sms).contact_id == row.contact_id
