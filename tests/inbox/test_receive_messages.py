"""Stop 2, messages: each once, at the right person, in the one open conversation; edits, deletions, reactions, albums, echoes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from channels.events import (
    Event,
    Identity,
    InboundFile,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    Notice,
    Reaction,
)
from inbox import receive
from inbox import schema as t
from tests.inbox.conftest import START
from tests.inbox.story import ANNA, BORIS, Story, person


@pytest.fixture
def story(trial: sa.Connection) -> Story:
    return Story(trial, START)


# ---- each message once


def test_a_message_becomes_one_row_in_an_open_conversation_of_a_new_contact(story: Story) -> None:
    channel = story.channel()
    row = story.hear(channel, "Hello", sender=person("whatsapp", ANNA, name="Anna"))
    conversation = story.conversation(row.conversation_id)
    (contact,) = story.rows(t.contacts)
    assert (row.direction, row.author_kind, row.text, row.heard) == ("in", "contact", "Hello", False)
    assert (conversation.status, conversation.unread, conversation.last_text) == ("open", 1, "Hello")
    assert (conversation.waiting_since, conversation.heard_at, conversation.address) == (START, START, ANNA)
    assert (contact.name, contact.number) == ("Anna", f"{START:%y%m%d-%H%M%S}-0001")
    assert [e.kind for e in story.rows(t.events)] == ["contact.met", "conversation.opened", "message.received"]


def across(story: Story, channel: int, message: InboundMessage) -> list[int]:
    return [story.tell(channel, message).messages for _ in range(3)]


def within_one_webhook(story: Story, channel: int, message: InboundMessage) -> list[int]:
    return [story.tell(channel, message, message, message).messages, 0, 0]


def within_one_batch(story: Story, channel: int, message: InboundMessage) -> list[int]:
    return [stored.messages for stored in story.tell_all(*[story.arrival(channel, message)] * 3)]


@pytest.mark.parametrize("repeat", [across, within_one_webhook, within_one_batch])
def test_a_repetition_is_stored_once(story: Story, repeat: Callable[[Story, int, InboundMessage], list[int]]) -> None:
    channel = story.channel()
    assert sorted(repeat(story, channel, story.written(channel))) == [0, 0, 1]
    assert (story.count(t.messages), story.conversation(1).unread) == (1, 1)


def test_the_same_id_in_another_chat_or_channel_is_another_message(story: Story) -> None:
    first, second = story.channel("telegram"), story.channel("telegram")
    for channel, chat in ((first, "10"), (first, "11"), (second, "10")):
        story.tell(channel, story.written(channel, address=chat, thread=chat, external_id="1"))
    assert story.count(t.messages) == 3


def test_replaying_a_raw_body_stores_nothing_twice(story: Story) -> None:
    channel = story.channel()
    picture = InboundFile(kind="image", remote={"id": "1"})
    events = [story.written(channel, attachments=[picture]), story.written(channel, "Boris", BORIS)]
    raw = story.tell(channel, *events, body=b"as it came").raw_id
    before = [story.count(table) for table in (t.messages, t.contacts, t.conversations, t.raw_bodies, t.attachments)]
    again = story.tell_all(replace(story.arrival(channel, *events), raw_id=raw))[0]
    assert (again.raw_id, again.messages) == (raw, 0)
    assert [story.count(table) for table in (t.messages, t.contacts, t.conversations, t.raw_bodies, t.attachments)] == before
    assert story.rows(t.raw_bodies)[0].body == b"as it came"


def test_late_messages_keep_the_providers_order_and_the_list_shows_the_newest(story: Story) -> None:
    channel = story.channel()
    now = story.wait(minutes=10)
    messages = [story.written(channel, str(n), at=now - timedelta(minutes=5 - n)) for n in (3, 1, 2)]
    story.tell(channel, *messages)
    m = t.messages.c
    texts = story.connection.execute(sa.select(m.text).order_by(m.at, m.id)).scalars().all()
    assert texts == ["1", "2", "3"]
    conversation = story.conversation(1)
    assert (conversation.last_text, conversation.unread) == ("3", 3)
    assert conversation.waiting_since == now - timedelta(minutes=4)


def test_a_time_from_the_future_is_now(story: Story) -> None:
    channel = story.channel()
    row = story.hear(channel, at=START + timedelta(days=300))
    assert row.at == START
    assert story.reach(channel).heard_at == START


# ---- whose it is


def test_one_person_over_whatsapp_and_sms_is_one_contact_with_one_conversation(story: Story) -> None:
    whatsapp, sms = story.channel("whatsapp"), story.channel("sms")
    story.hear(whatsapp, "first")
    story.hear(sms, "second")
    assert (story.count(t.contacts), story.count(t.conversations)) == (1, 1)
    assert (story.conversation(1).channel_id, story.conversation(1).unread) == (sms, 2)


def test_one_person_over_two_channels_in_the_same_batch(story: Story) -> None:
    whatsapp, sms = story.channel("whatsapp"), story.channel("sms")
    story.tell_all(story.arrival(whatsapp, story.written(whatsapp)), story.arrival(sms, story.written(sms)))
    assert (story.count(t.contacts), story.count(t.conversations), story.count(t.reaches)) == (1, 1, 2)


def test_two_strangers_in_one_batch_are_two_people(story: Story) -> None:
    channel = story.channel()
    story.tell(channel, story.written(channel, "A", ANNA), story.written(channel, "B", BORIS), story.written(channel, "a", ANNA))
    rows = story.rows(t.messages)
    assert [row.contact_id for row in rows] == [1, 2, 1] and rows[0].conversation_id == rows[2].conversation_id
    assert (story.count(t.contacts), story.count(t.conversations)) == (2, 2)


@pytest.mark.parametrize(("verified", "contacts"), [(True, 1), (False, 2)])
def test_only_a_verified_identity_joins_two_addresses(story: Story, verified: bool, contacts: int) -> None:
    chat, sms = story.channel("webchat"), story.channel("sms")
    story.hear(sms)
    told = Identity(kind="phone", address=ANNA, verified=verified)
    story.hear(chat, "it is me", "visitor-1", sender=person("webchat", "visitor-1", told))
    assert story.count(t.contacts) == contacts


def test_a_verified_identity_takes_an_address_from_whoever_claimed_it(story: Story) -> None:
    chat, sms = story.channel("webchat"), story.channel("sms")
    claimed = Identity(kind="phone", address=ANNA, verified=False)
    story.hear(chat, "it is me", "visitor-1", sender=person("webchat", "visitor-1", claimed))
    real = story.hear(sms)
    (identity,) = story.rows(t.identities, t.identities.c.kind == "phone")
    assert (identity.contact_id, identity.verified) == (real.contact_id, True)


def test_after_a_closed_conversation_a_message_opens_a_new_one(story: Story) -> None:
    channel = story.channel()
    first = story.hear(channel)
    story.close(first.conversation_id)
    second = story.hear(channel)
    assert second.contact_id == first.contact_id and second.conversation_id != first.conversation_id


def test_what_a_channel_needs_for_answering_is_kept_until_there_is_something_newer(story: Story) -> None:
    channel = story.channel("telegram")
    story.hear(channel, reply_context={"business": "7"})
    story.hear(channel)
    assert story.reach(channel).context == {"business": "7"}
    story.hear(channel, reply_context={"business": "8"})
    assert story.reach(channel).context == {"business": "8"}


def test_a_name_is_learnt_once_and_never_endless(story: Story) -> None:
    channel = story.channel()
    story.hear(channel, sender=person("whatsapp", ANNA))
    assert story.rows(t.contacts)[0].name == ""
    story.hear(channel, sender=person("whatsapp", ANNA, name="Ж" * 5000))
    story.hear(channel, sender=person("whatsapp", ANNA, name="Another"))
    assert story.rows(t.contacts)[0].name == "Ж" * 200


# ---- edits, deletions, reactions


def edit(message: InboundMessage, text: str, after: float) -> MessageEdited:
    return MessageEdited(message=replace(message, text=text), at=message.at + timedelta(seconds=after))


EDITS: dict[str, tuple[list[tuple[str, float]], str, list[str]]] = {
    "once": ([("b", 1)], "b", ["a"]),
    "twice": ([("b", 1), ("c", 2)], "c", ["a", "b"]),
    "out of order": ([("c", 2), ("b", 1)], "c", ["a", "b"]),
    "repeated": ([("b", 1), ("b", 1), ("c", 2), ("b", 1)], "c", ["a", "b"]),
    "to the same text": ([("a", 1)], "a", []),
}


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("name", EDITS)
def test_the_newest_edit_wins_and_earlier_versions_are_kept(story: Story, name: str, at_once: bool) -> None:
    edits, text, versions = EDITS[name]
    channel = story.channel()
    message = story.written(channel, "a", at=story.now)
    story.wait(minutes=1)
    events: list[Event] = [message, *(edit(message, said, after) for said, after in edits)]
    if at_once:
        story.tell(channel, *events)
    else:
        for event in events:
            story.tell(channel, event)
    assert story.count(t.messages) == 1
    assert story.message(message.external_id).text == text
    v = t.versions.c
    assert story.connection.execute(sa.select(v.text).order_by(v.at)).scalars().all() == versions


def test_an_edit_of_a_message_never_seen_is_stored_and_the_original_comes_too_late(story: Story) -> None:
    channel = story.channel()
    message = story.written(channel, "a")
    assert story.tell(channel, edit(message, "b", 5)).messages == 1
    assert story.tell(channel, message).messages == 0
    row = story.message(message.external_id)
    assert (row.text, row.edited_at) == ("b", message.at + timedelta(seconds=5))
    assert story.conversation(row.conversation_id).unread == 1


def test_a_deletion_marks_the_message_and_keeps_its_text(story: Story) -> None:
    channel = story.channel()
    row = story.hear(channel, "secret")
    gone = MessageDeleted(external_id=row.external_id, at=START + timedelta(seconds=9))
    story.tell(channel, gone)
    story.tell(channel, replace(gone, at=START + timedelta(seconds=99)), MessageDeleted(external_id="nobody", at=START))
    row = story.message(row.id)
    assert (row.text, row.deleted_at) == ("secret", START + timedelta(seconds=9))


def test_reactions_replace_one_another_and_are_taken_back(story: Story) -> None:
    channel = story.channel()
    row = story.hear(channel)

    def react(emoji: str, second: int, who: str = ANNA) -> list[tuple[str, str]]:
        at = START + timedelta(seconds=second)
        sender = person("whatsapp", who)
        story.tell(channel, Reaction(external_id=row.external_id, sender=sender, address=who, emoji=emoji, at=at))
        return [(r.author, r.emoji) for r in story.rows(t.reactions)]

    assert react("👍", 1) == [(ANNA, "👍")]
    assert react("❤️", 3) == [(ANNA, "❤️")]
    assert react("👎", 2) == [(ANNA, "❤️")]  # came late
    assert react("🎉", 4, BORIS) == [(ANNA, "❤️"), (BORIS, "🎉")]
    assert react("", 5) == [(BORIS, "🎉")]


def test_a_quoted_message_is_linked(story: Story) -> None:
    channel = story.channel()
    first = story.hear(channel, "question")
    ours = story.sent(first.conversation_id, "out-1")
    assert story.hear(channel, "to yours", reply_to="out-1").reply_to == ours
    assert story.hear(channel, "to mine", reply_to=first.external_id).reply_to == first.id
    assert story.hear(channel, "to nothing", reply_to="gone").reply_to is None


# ---- albums


def picture(story: Story, channel: int, number: int, text: str = "") -> InboundMessage:
    file = InboundFile(kind="image", remote={"id": str(number)})
    return story.written(channel, text, group="album", thread="10", kind="image", attachments=[file], address="10")


@pytest.mark.parametrize("webhooks", [[3], [1, 2], [1, 1, 1], [2, 1]])
def test_an_album_is_one_message_over_however_many_webhooks(story: Story, webhooks: list[int]) -> None:
    channel = story.channel("telegram")
    pictures = [picture(story, channel, n, text="caption" if n == 2 else "") for n in (1, 2, 3)]
    left = list(pictures)
    for size in webhooks:
        story.tell(channel, *left[:size])
        del left[:size]
    (row,) = story.rows(t.messages)
    assert (row.text, story.count(t.attachments), story.conversation(1).unread) == ("caption", 3, 1)
    for each in pictures:  # every one of them again
        story.tell(channel, each)
    assert (story.count(t.messages), story.count(t.attachments)) == (1, 3)
    story.tell(channel, MessageDeleted(external_id=pictures[2].external_id, thread="10", at=START))
    assert story.message(row.id).deleted_at == START


# ---- what we or machines wrote


def test_an_automatic_reply_opens_no_request_and_wakes_no_bot(story: Story) -> None:
    channel = story.channel("email")
    row = story.hear(channel, "I am away", "anna@example.com", auto_reply=True)
    conversation = story.conversation(row.conversation_id)
    assert (row.auto_reply, row.heard) == (True, True)
    assert (conversation.status, conversation.heard_at, conversation.waiting_since, conversation.unread) == (
        "closed",
        None,
        None,
        0,
    )
    again = story.hear(channel, "Still away", "anna@example.com", auto_reply=True)
    assert again.conversation_id == row.conversation_id


def test_an_echo_from_the_phone_answers_the_customer(story: Story) -> None:
    channel = story.channel()
    row = story.hear(channel, "Are you open?")
    story.wait(seconds=10)
    echo = story.hear(channel, "Yes, till six", echo=True)
    conversation = story.conversation(row.conversation_id)
    assert (echo.direction, echo.author_kind, echo.state, echo.conversation_id) == ("out", "manager", "sent", row.conversation_id)
    assert (conversation.waiting_since, conversation.heard_at, conversation.status) == (None, None, "waiting")
    assert (conversation.bot, conversation.unread, conversation.last_text) == (False, 0, "Yes, till six")
    assert story.message(row.id).heard


def test_what_the_customer_wrote_after_the_echo_still_waits(story: Story) -> None:
    channel = story.channel()
    story.hear(channel, "Are you open?")
    echo = story.written(channel, "Yes", echo=True, at=story.wait(seconds=10))
    story.tell(channel, story.written(channel, "And tomorrow?", at=story.wait(seconds=10)), echo)
    conversation = story.conversation(1)
    assert conversation.waiting_since is not None and conversation.heard_at is not None
    assert (conversation.status, conversation.last_text, conversation.bot) == ("open", "And tomorrow?", False)


# ---- what cannot be stored


@pytest.mark.parametrize(
    ("text", "stored"), [("a\x00b", "ab"), ("a\ud83db", "a\ufffdb"), ("\ud83d\ude00", "😀"), ("ж\x00\udfff", "ж\ufffd")]
)
def test_nul_and_lone_surrogates_are_cleaned_wherever_they_stand(story: Story, text: str, stored: str) -> None:
    channel = story.channel()
    data: dict[str, Any] = {"contacts": [{text: [text]}]}
    row = story.hear(channel, text, sender=person("whatsapp", ANNA, name=text), data=data, subject=text)
    assert (row.text, row.subject, row.data) == (stored, stored, {"contacts": [{stored: [stored]}]})
    assert story.rows(t.contacts)[0].name == stored


def test_a_broken_element_leaves_its_neighbours(story: Story) -> None:
    channel = story.channel()
    broken = Notice(kind="broken", text="No sender", data={"odd": "\x00"}, error=True)
    story.tell(channel, story.written(channel, "1"), broken, story.written(channel, "2"))
    assert [row.text for row in story.rows(t.messages)] == ["1", "2"]
    (raw,) = story.rows(t.raw_bodies)
    assert (raw.state, raw.error) == ("partial", "1 elements could not be read")
    assert [(n.text, n.raw_id, n.data) for n in story.rows(t.notices)] == [("No sender", raw.id, {"odd": ""})]


def test_an_event_that_the_database_refuses_becomes_a_notice_beside_its_neighbours(story: Story) -> None:
    channel = story.channel()
    naive = replace(story.written(channel, "no zone"), at=START.replace(tzinfo=None))
    stored = receive.store_anyway(story.connection, story.arrival(channel, story.written(channel, "1"), naive, body=b"raw"))
    assert stored.messages == 1
    (raw,), (notice,) = story.rows(t.raw_bodies), story.rows(t.notices)
    assert (raw.body, raw.state, notice.kind, notice.error) == (b"raw", "partial", "broken", True)
    assert "InboundMessage could not be stored" in notice.text


RAW: dict[str, tuple[list[Any], str]] = {
    "messages": ([InboundMessage(external_id="1", sender=person("whatsapp", ANNA), address=ANNA, at=START)], "done"),
    "nothing": ([], "done"),
    "a notice": ([Notice(kind="quality")], "done"),
    "only broken": ([Notice(kind="broken", error=True)], "failed"),
}


@pytest.mark.parametrize("name", RAW)
def test_the_raw_body_is_kept_in_every_case(story: Story, name: str) -> None:
    events, state = RAW[name]
    body = b'\xff\x00{"any": "bytes"}'
    story.tell(story.channel(), *events, body=body)
    (raw,) = story.rows(t.raw_bodies)
    assert (raw.body, raw.state, raw.events) == (body, state, len(events))


def test_a_body_that_cannot_be_parsed_is_kept_with_its_error_and_the_cursor_moves(story: Story) -> None:
    channel = story.channel()
    arrival = replace(story.arrival(channel, body=b"junk"), error="Not JSON", cursor={"offset": 7})
    story.tell_all(arrival)
    (raw,) = story.rows(t.raw_bodies)
    assert (raw.body, raw.state, raw.error) == (b"junk", "failed", "Not JSON")
    assert story.rows(t.channels)[0].cursor == {"offset": 7}
