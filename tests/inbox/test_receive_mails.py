"""Stop 2, mail: bounces land where the mail went, answers from unknown addresses join the conversation they answer."""

from typing import Any

import pytest
import sqlalchemy as sa

from channels.events import Bounce
from inbox import schema as t
from tests.inbox.conftest import START
from tests.inbox.story import Story, person

ANN = "ann@example.com"
COLLEAGUE = "colleague@example.com"


@pytest.fixture
def story(trial: sa.Connection) -> Story:
    return Story(trial, START)


def bounce(story: Story, channel: int, **about: Any) -> Any:
    daemon = "mailer-daemon@example.net"
    told: dict[str, Any] = {"address": ANN, "hard": True} | about
    more = {"sender": person("email", daemon, name="MAILER-DAEMON"), "bounce": Bounce(**told)}
    return story.hear(channel, "Undelivered", daemon, **more)


def test_a_bounce_lands_in_the_conversation_of_the_mail_and_fails_it(story: Story) -> None:
    channel = story.channel("email")
    conversation = story.hear(channel, address=ANN).conversation_id
    ours = story.sent(conversation, "<1@us>")
    story.close(conversation)
    row = bounce(story, channel, external_id="<1@us>", code="5.1.1", reason="No such user")
    assert row.conversation_id == conversation and row.data["bounce"] == {"address": ANN, "code": "5.1.1", "hard": True}
    failed = story.message(ours)
    assert (failed.state, failed.code, failed.reason) == ("failed", "5.1.1", "The mail came back: No such user")
    assert "came back" in story.reach(channel, ANN).blocked_reason
    assert (story.count(t.contacts), story.count(t.conversations)) == (1, 1)
    assert story.conversation(conversation).status == "closed" and story.conversation(conversation).heard_at is None


def test_a_bounce_without_the_mails_id_is_found_by_its_address(story: Story) -> None:
    channel = story.channel("email")
    conversation = story.hear(channel, address=ANN).conversation_id
    assert bounce(story, channel, address=ANN.upper()).conversation_id == conversation
    assert story.count(t.contacts) == 1


def test_a_bounce_of_an_address_that_was_only_typed_in_finds_its_contact(story: Story) -> None:
    sms, mail = story.channel("sms"), story.channel("email")
    row = story.hear(sms)
    claimed = {"id": 99, "contact_id": row.contact_id, "kind": "email", "address": ANN, "verified": False, "created_at": START}
    story.connection.execute(sa.insert(t.identities), claimed)
    assert bounce(story, mail).contact_id == row.contact_id


def test_a_bounce_of_an_unknown_address_makes_no_card_of_a_daemon(story: Story) -> None:
    channel = story.channel("email")
    row = bounce(story, channel)
    assert [c.name for c in story.rows(t.contacts)] == [""]
    assert [(i.address, i.verified) for i in story.rows(t.identities)] == [(ANN, False)]
    assert (row.address, story.conversation(row.conversation_id).status) == (ANN, "closed")
    assert story.reach(channel, ANN).blocked_at == START


def test_a_passing_bounce_does_not_block(story: Story) -> None:
    channel = story.channel("email")
    story.hear(channel, address=ANN)
    bounce(story, channel, hard=False)
    assert story.reach(channel, ANN).blocked_at is None


def test_who_writes_again_is_not_blocked_any_more(story: Story) -> None:
    channel = story.channel("email")
    story.hear(channel, address=ANN)
    bounce(story, channel)
    story.hear(channel, address=ANN)
    assert story.reach(channel, ANN).blocked_at is None


def test_mails_that_come_back_day_after_day_mean_a_dead_address(story: Story) -> None:
    channel = story.channel("email")
    story.hear(channel, address=ANN)
    for _ in range(4):
        story.wait(days=1)
        bounce(story, channel, hard=False, code="4.2.2")
    assert (story.reach(channel, ANN).soft_bounces, story.reach(channel, ANN).blocked_at) == (4, None)
    story.wait(days=1)
    bounce(story, channel, hard=False, code="4.2.2", reason="Mailbox full")
    assert story.reach(channel, ANN).blocked_reason.startswith("5 mails in a row to this address came back, the last: Mailbox")


NO_COUNT: dict[str, dict[str, Any]] = {
    "a warning that it takes longer": {"delayed": True},
    "what was taken for spam": {"code": "5.7.1"},
    "what a policy put off": {"code": "4.7.0"},
}


@pytest.mark.parametrize("about", NO_COUNT.values(), ids=NO_COUNT)
def test_what_says_nothing_of_the_address_is_not_counted(story: Story, about: dict[str, Any]) -> None:
    channel = story.channel("email")
    story.hear(channel, address=ANN)
    bounce(story, channel, hard=False, **about)
    assert story.reach(channel, ANN).soft_bounces == 0


def test_many_at_once_are_one_bad_day(story: Story) -> None:
    channel = story.channel("email")
    story.hear(channel, address=ANN)
    for _ in range(7):
        bounce(story, channel, hard=False)
    assert (story.reach(channel, ANN).soft_bounces, story.reach(channel, ANN).blocked_at) == (7, None)


def test_who_wrote_in_between_is_alive(story: Story) -> None:
    channel = story.channel("email")
    story.hear(channel, address=ANN)
    for _ in range(4):
        story.wait(days=1)
        bounce(story, channel, hard=False)
    story.hear(channel, address=ANN, at=story.wait(days=1))
    story.wait(days=1)
    bounce(story, channel, hard=False)
    assert (story.reach(channel, ANN).soft_bounces, story.reach(channel, ANN).blocked_at) == (1, None)


def test_a_report_of_the_mail_system_asks_for_no_answer(story: Story) -> None:
    channel = story.channel("email")
    conversation = story.hear(channel, address=ANN).conversation_id
    story.close(conversation)
    receipt = story.hear(channel, "Read: your mail", ANN, report=True)
    assert (receipt.heard, receipt.auto_reply, receipt.conversation_id) == (True, False, conversation)
    assert story.conversation(conversation).status == "closed"


ANSWERS: dict[str, dict[str, Any]] = {
    "by token": {"token": "{token}"},
    "by In-Reply-To": {"reply_to": "<1@us>"},
    "by the second id in In-Reply-To": {"reply_to": "<x@them>", "answers": ["<x@them>", "<1@us>"], "subject": "Something else"},
    "by References": {"reply_to": "<x@them>", "references": ["<1@us>", "<x@them>"], "subject": "AW: re: Order 7"},
}


def test_an_old_mail_taken_to_begin_something_new_joins_nothing(story: Story) -> None:
    channel = story.channel("email")
    first = story.hear(channel, address=ANN, subject="Order 7")
    story.sent(first.conversation_id, "<1@us>")
    new = story.hear(channel, "Hello", COLLEAGUE, references=["<1@us>"], reply_to="<x@them>", subject="Holidays")
    assert (new.contact_id != first.contact_id, new.conversation_id != first.conversation_id) == (True, True)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_from_an_unknown_address_joins_the_conversation_as_a_claim(story: Story, name: str) -> None:
    channel = story.channel("email")
    first = story.hear(channel, address=ANN, subject="Order 7")
    story.sent(first.conversation_id, "<1@us>")
    token = story.conversation(first.conversation_id).token
    about = {key: value.format(token=token) if isinstance(value, str) else value for key, value in ANSWERS[name].items()}
    story.tell(channel, story.written(channel, "For Ann", COLLEAGUE, **about), story.written(channel, "And more", COLLEAGUE))
    assert {row.conversation_id for row in story.rows(t.messages)} == {first.conversation_id}
    assert [(i.address, i.verified) for i in story.rows(t.identities)] == [(ANN, True), (COLLEAGUE, False)]
    assert story.conversation(first.conversation_id).address == COLLEAGUE
    assert story.hear(channel, "Later", COLLEAGUE).contact_id == first.contact_id


def test_an_answer_from_an_address_we_know_stays_with_that_person(story: Story) -> None:
    channel = story.channel("email")
    first = story.hear(channel, address=ANN)
    other = story.hear(channel, address=COLLEAGUE)
    token = story.conversation(first.conversation_id).token
    assert story.hear(channel, "Me again", COLLEAGUE, token=token).contact_id == other.contact_id


@pytest.mark.parametrize("about", [{"token": "made-up"}, {"reply_to": "<theirs@them>"}])
def test_what_is_not_ours_joins_nothing(story: Story, about: dict[str, Any]) -> None:
    channel = story.channel("email")
    first = story.hear(channel, address=ANN, external_id="<theirs@them>")
    assert story.hear(channel, "Hi", COLLEAGUE, **about).contact_id != first.contact_id


def test_an_automatic_reply_lands_in_the_conversation_it_answers(story: Story) -> None:
    channel = story.channel("email")
    first = story.hear(channel, address=ANN)
    story.sent(first.conversation_id, "<1@us>")
    story.close(first.conversation_id)
    away = story.hear(channel, "I am away", "ann@another.example", auto_reply=True, reply_to="<1@us>")
    assert (away.conversation_id, story.conversation(away.conversation_id).status) == (first.conversation_id, "closed")
