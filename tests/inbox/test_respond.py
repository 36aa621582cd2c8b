"""Stop 3: the bot answers, or a person must: who, by when, and what silences a bot."""

import importlib
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from bots.flow import Flow
from bots.load import load
from inbox import schema as t
from inbox.assign import drain_queues
from inbox.respond import Minds, respond
from tests.inbox.conftest import START
from tests.inbox.story import ANNA, BORIS, Story

GREET = """
version: 1
name: greet
title: {en: Greet}
languages: [en]
trigger: {first_message: true, fallback: true}
steps:
  - say: {en: "Hello!"}
  - ask: {en: "Which colour?"}
    label: colour
    listen: true
    choices:
      - {id: red, title: {en: Red}, goto: red}
      - {id: blue, title: {en: Blue}, goto: person}
  - say: {en: "Red it is."}
    label: red
    goto: name
  - ask: {en: "Your name?"}
    label: name
    expect: any
    save_as: nickname
  - set: {contact.nickname: "{{ nickname }}"}
  - say: {en: "Thank you."}
    goto: end
  - hand_over:
    label: person
    reason: Wants blue
    priority: high
"""


@pytest.fixture
def story(trial: sa.Connection) -> Story:
    return Story(trial, START)


def flow(text: str = GREET) -> Flow:
    return load(text)


@pytest.fixture
def minds(story: Story) -> Minds:
    """With one flow, number 1."""
    row = {"id": 1, "name": "greet", "language": "en", "source": GREET, "created_at": START, "changed_at": START}
    story.connection.execute(sa.insert(t.flows), row)
    return Minds(flows={1: (1, flow())})


def manager(story: Story, number: int, **more: Any) -> int:
    row = {"id": number, "email": f"{number}@example.com", "name": f"M{number}", "role": "operator", "created_at": START} | more
    story.connection.execute(sa.insert(t.managers), row)
    return number


def texts(story: Story, conversation: int = 1) -> list[str]:
    """What we said."""
    m = t.messages.c
    return [row.text for row in story.rows(t.messages, m.conversation_id == conversation, m.direction == "out")]


def go(story: Story, minds: Minds) -> int:
    return respond(story.connection, story.now, minds)


# ---- the bot


def test_the_bot_greets_and_asks_and_the_conversation_waits_for_the_customer(story: Story, minds: Minds) -> None:
    row = story.hear(story.channel())
    assert go(story, minds) == 1
    assert texts(story) == ["Hello!", "Which colour?"]
    *_, asked = story.rows(t.messages)
    assert (asked.state, asked.author_kind, asked.priority, asked.address) == ("queued", "bot", 1, ANNA)
    assert asked.data == {"choices": [{"id": "red", "title": "Red"}, {"id": "blue", "title": "Blue"}]}
    conversation = story.conversation(row.conversation_id)
    assert (conversation.status, conversation.bot, conversation.waiting_since, conversation.unread) == ("waiting", True, None, 0)
    assert (conversation.last_text, conversation.last_author, conversation.heard_at) == ("Which colour?", "bot", None)
    assert story.count(t.flow_sessions) == 1 and story.count(t.tasks) == 0
    assert go(story, minds) == 0  # nothing waits: nothing is said twice


@pytest.mark.parametrize("pressed", [{"choice": "red"}, {}])
def test_a_pressed_or_typed_choice_goes_on(story: Story, minds: Minds, pressed: Mapping[str, Any]) -> None:
    channel = story.channel()
    story.hear(channel)
    go(story, minds)
    story.hear(channel, "Red", **pressed)
    go(story, minds)
    assert texts(story)[2:] == ["Red it is.", "Your name?"]
    story.hear(channel, "Anna")
    go(story, minds)
    assert texts(story)[4:] == ["Thank you."]
    assert (story.count(t.flow_sessions), story.conversation(1).status) == (0, "waiting")
    assert story.rows(t.contacts)[0].fields == {"nickname": "Anna"}
    [change] = story.rows(t.contact_changes)
    assert (change.actor_kind, change.changes) == ("bot", {"fields.nickname": {"before": None, "after": "Anna"}})


def test_a_bot_asks_for_what_the_card_does_not_know_and_for_nothing_twice(story: Story) -> None:
    steps = "steps:\n  - ask: Street?\n    save_as: contact.home_address\n  - say: 'To {{ contact.home_address }}.'\n"
    minds = Minds(flows={1: (1, flow(GREET[: GREET.index("steps:")] + steps))})
    row = {"id": 1, "name": "greet", "language": "en", "source": GREET, "created_at": START, "changed_at": START}
    story.connection.execute(sa.insert(t.flows), row)
    channel = story.channel()
    story.hear(channel)
    go(story, minds)
    story.hear(channel, "Baker Street 221")
    go(story, minds)
    assert texts(story) == ["Street?", "To Baker Street 221."]
    assert story.rows(t.contacts)[0].addresses == [{"label": "home", "text": "Baker Street 221"}]
    [change] = story.rows(t.contact_changes)
    assert change.changes == {"addresses": {"before": [], "after": [{"label": "home", "text": "Baker Street 221"}]}}
    story.close(1)
    story.hear(channel)
    go(story, minds)
    assert texts(story, 2) == ["To Baker Street 221."]


def test_several_messages_of_one_pass_are_heard_in_the_order_in_which_they_were_written(story: Story, minds: Minds) -> None:
    channel = story.channel()
    messages = [story.written(channel, text, at=story.wait(seconds=1)) for text in ("Hi", "Red", "Anna")]
    story.tell(channel, *reversed(messages))
    assert go(story, minds) == 1
    assert texts(story) == ["Hello!", "Which colour?", "Red it is.", "Your name?", "Thank you."]


def test_many_conversations_are_answered_in_one_pass_each_by_itself(story: Story, minds: Minds) -> None:
    channel = story.channel()
    for n in range(5):
        story.hear(channel, address=f"+49309018{n:02}")
    assert go(story, minds) == 5
    assert [texts(story, n) for n in range(1, 6)] == [["Hello!", "Which colour?"]] * 5


# ---- handing over


def handed_over(story: Story, minds: Minds, address: str = ANNA) -> Any:
    """Somebody says what the bot hands over; the conversation."""
    channel = next(iter(story.kinds), 0) or story.channel()
    row = story.hear(channel, "Hi", address)
    go(story, minds)
    story.hear(channel, "Blue", address, choice="blue")
    go(story, minds)
    return story.conversation(row.conversation_id)


def test_handing_over_makes_a_manager_a_task_and_a_time(story: Story, minds: Minds) -> None:
    manager(story, 7)
    conversation = handed_over(story, minds)
    (task,) = story.rows(t.tasks)
    assert (conversation.status, conversation.bot, conversation.manager_id, conversation.priority) == ("open", False, 7, 1)
    assert (task.kind, task.manager_id, task.done_at) == ("answer", 7, None)
    assert task.due_at == conversation.answer_due > START
    assert story.rows(t.contacts)[0].manager_id == 7
    assert story.count(t.flow_sessions) == 0
    kinds = [event.kind for event in story.rows(t.events)]
    assert "conversation.handed_over" in kinds and "conversation.assigned" in kinds


def test_without_a_flow_everything_goes_to_people(story: Story) -> None:
    manager(story, 7)
    story.hear(story.channel())
    respond(story.connection, story.now, Minds())
    assert (story.conversation(1).manager_id, story.count(t.tasks), texts(story)) == (7, 1, [])


def test_a_further_message_keeps_the_manager_the_due_time_and_the_one_task(story: Story, minds: Minds) -> None:
    manager(story, 7)
    before = handed_over(story, minds)
    manager(story, 8)
    story.wait(minutes=5)
    story.hear(1, "Hello?")
    go(story, minds)
    after = story.conversation(before.id)
    assert (after.manager_id, after.answer_due, story.count(t.tasks)) == (7, before.answer_due, 1)


TEAMS: dict[str, tuple[list[dict[str, Any]], int | None, int | None]] = {
    "the responsible one first": ([{"id": 1, "load": 0}, {"id": 2, "load": 9}], 2, 2),
    "the least loaded": ([{"id": 1, "load": 2}, {"id": 2, "load": 1}, {"id": 3, "load": 3}], None, 2),
    "away: the other": ([{"id": 1, "load": 0, "available": False}, {"id": 2, "load": 5}], 1, 2),
    "gone: the other": ([{"id": 1, "load": 0, "disabled_at": START}, {"id": 2, "load": 5}], 1, 2),
    "a marketer answers nobody": ([{"id": 1, "load": 0, "role": "marketer"}, {"id": 2, "load": 5}], None, 2),
    "full: nobody": ([{"id": 1, "load": 2, "capacity": 2}], None, None),
    "nobody there": ([], None, None),
}


@pytest.mark.parametrize("name", TEAMS)
def test_who_gets_it(story: Story, minds: Minds, name: str) -> None:
    people, responsible, expected = TEAMS[name]
    busy = story.channel("sms")
    for person in people:
        load_of = person["load"]
        manager(story, person["id"], **{k: v for k, v in person.items() if k not in ("id", "load")})
        for n in range(load_of):
            row = story.hear(busy, address=f"+4930901{person['id']}{n:02}")
            held = {"manager_id": person["id"], "heard_at": None, "bot": False}
            story.connection.execute(sa.update(t.conversations).where(t.conversations.c.id == row.conversation_id).values(held))
    row = story.hear(busy, "Hi", BORIS)
    story.connection.execute(sa.update(t.contacts).where(t.contacts.c.id == row.contact_id).values(manager_id=responsible))
    respond(story.connection, story.now, Minds())
    assert story.conversation(row.conversation_id).manager_id == expected
    (task,) = story.rows(t.tasks)
    assert task.manager_id == expected


def test_ties_are_fair(story: Story) -> None:
    for n in (1, 2, 3):
        manager(story, n)
    channel = story.channel()
    given = []
    for n in range(6):
        row = story.hear(channel, address=f"+49309018{n:02}")
        story.wait(seconds=1)
        respond(story.connection, story.now, Minds())
        given.append(story.conversation(row.conversation_id).manager_id)
    assert sorted(given[:3]) == sorted(given[3:]) == [1, 2, 3]


def test_a_burst_in_one_pass_is_spread(story: Story) -> None:
    for n in (1, 2):
        manager(story, n)
    channel = story.channel()
    for n in range(6):
        story.hear(channel, address=f"+49309018{n:02}")
    respond(story.connection, story.now, Minds())
    given = [story.conversation(n).manager_id for n in range(1, 7)]
    assert sorted(given) == [1, 1, 1, 2, 2, 2]


def test_the_queue_is_drained_oldest_first_when_somebody_comes(story: Story) -> None:
    channel = story.channel()
    for n in range(3):
        story.hear(channel, address=f"+49309018{n:02}", at=story.wait(minutes=1))
    respond(story.connection, story.now, Minds())
    assert drain_queues(story.connection, story.now) == 0
    manager(story, 7, capacity=2)
    assert drain_queues(story.connection, story.now) == 2
    assert [story.conversation(n).manager_id for n in (1, 2, 3)] == [7, 7, None]
    assert [task.manager_id for task in story.rows(t.tasks)] == [7, 7, None]
    assert drain_queues(story.connection, story.now) == 0


def test_a_hand_over_to_a_team_goes_to_its_members(story: Story, minds: Minds) -> None:
    team = GREET.replace("hand_over:", "hand_over: Sales")
    story.connection.execute(sa.insert(t.teams), {"id": 5, "name": "Sales", "created_at": START})
    manager(story, 1)
    manager(story, 2)
    story.connection.execute(sa.insert(t.team_members), {"team_id": 5, "manager_id": 2})
    conversation = handed_over(story, Minds(flows={1: (1, flow(team))}))
    assert (conversation.team_id, conversation.manager_id) == (5, 2)


# ---- what silences a bot


def test_the_bot_is_silent_while_a_person_has_it(story: Story, minds: Minds) -> None:
    manager(story, 7)
    handed_over(story, minds)
    said = texts(story)
    story.hear(1, "Hello?")
    go(story, minds)
    assert texts(story) == said


def test_the_bot_is_silent_after_a_colleagues_answer(story: Story, minds: Minds) -> None:
    manager(story, 7)
    row = story.hear(story.channel())
    go(story, minds)
    story.say(row.conversation_id, "I take over", author_id=7)
    said = texts(story)
    story.hear(1, "Red")
    go(story, minds)
    conversation = story.conversation(row.conversation_id)
    assert texts(story) == said and (conversation.bot, conversation.manager_id, conversation.status) == (False, 7, "open")
    assert story.count(t.flow_sessions) == 0


@pytest.mark.parametrize(
    ("answer", "chosen"),
    {
        "2": {"choice": "b", "chosen": "By post"},
        "by post": {"choice": "b", "chosen": "By post"},
        "первый": {"choice": "a", "chosen": "Pick up"},
        "7": None,
        "When do you open?": None,
    }.items(),
)
def test_what_answers_a_colleagues_choices_is_noted_as_the_choice(
    story: Story, minds: Minds, answer: str, chosen: dict[str, str] | None
) -> None:
    manager(story, 7)
    row = story.hear(story.channel())
    go(story, minds)
    asked = ({"id": "a", "title": "Pick up"}, {"id": "b", "title": "By post"})
    story.say(row.conversation_id, "How shall we deliver?", author_id=7, choices=asked)
    story.hear(1, answer)
    go(story, minds)
    heard = story.connection.execute(sa.select(t.messages).where(t.messages.c.text == answer)).one()
    assert heard.data == chosen


def test_stop_silences_the_bot_and_nobody_has_to_answer(story: Story, minds: Minds) -> None:
    channel = story.channel()
    story.hear(channel)
    go(story, minds)
    said = texts(story)
    story.hear(channel, "stop")
    go(story, minds)
    conversation = story.conversation(1)
    assert texts(story) == said and story.count(t.tasks) == 0
    assert (conversation.waiting_since, conversation.heard_at, conversation.status) == (None, None, "waiting")
    story.hear(channel, "But where is my parcel?")  # a person may answer this, a bot may not
    go(story, minds)
    assert texts(story) == said and story.count(t.tasks) == 1


def test_start_lets_the_bot_speak_again(story: Story, minds: Minds) -> None:
    channel = story.channel()
    story.hear(channel, "stop")
    go(story, minds)
    story.hear(channel, "start")
    go(story, minds)
    assert texts(story) == ["Hello!", "Which colour?"]


def test_a_flow_that_was_switched_off_in_the_middle_hands_over(story: Story, minds: Minds) -> None:
    channel = story.channel()
    story.hear(channel)
    go(story, minds)
    story.hear(channel, "Red")
    respond(story.connection, story.now, Minds())
    assert (story.conversation(1).bot, story.count(t.tasks), story.count(t.flow_sessions)) == (False, 1, 0)


def test_a_bot_that_raises_hands_over_and_leaves_its_neighbours(story: Story, minds: Minds) -> None:
    channel = story.channel()
    for address in (ANNA, BORIS):
        story.hear(channel, address=address)
    go(story, minds)
    session = sa.update(t.flow_sessions).where(t.flow_sessions.c.conversation_id == 1)
    story.connection.execute(session.values(state="not a session"))
    story.hear(channel, "Red", ANNA)
    story.hear(channel, "Red", BORIS)
    assert go(story, minds) == 2
    assert (story.conversation(1).bot, story.conversation(2).bot) == (False, True)
    assert texts(story, 2)[2:] == ["Red it is.", "Your name?"]
    reasons = [event.data["reason"] for event in story.rows(t.events, t.events.c.kind == "conversation.handed_over")]
    assert reasons == ["The bot failed: ValueError"]


def test_an_outcome_that_cannot_be_written_goes_to_a_person_and_leaves_its_neighbours(
    story: Story, minds: Minds, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = importlib.import_module("inbox.respond.write")
    row_of = write._message_row

    def refused(case: Any, now: Any, reply: Any) -> dict[str, Any]:
        row: dict[str, Any] = row_of(case, now, reply)
        return row | ({"at": "no time"} if case.row.address == ANNA else {})

    monkeypatch.setattr(write, "_message_row", refused)
    channel = story.channel()
    for address in (ANNA, BORIS):
        story.hear(channel, address=address)
    assert go(story, minds) == 2
    assert [texts(story, n) for n in (1, 2)] == [[], ["Hello!", "Which colour?"]]
    assert (story.conversation(1).bot, story.count(t.tasks)) == (False, 1)
    assert go(story, minds) == 0


# ---- what operators say


def test_an_answer_ends_the_wait_and_the_task(story: Story) -> None:
    manager(story, 7)
    story.hear(story.channel())
    respond(story.connection, story.now, Minds())
    story.say(1, "Here I am", author_id=7)
    conversation = story.conversation(1)
    assert (conversation.status, conversation.waiting_since, conversation.answer_due, conversation.unread) == (
        "waiting",
        None,
        None,
        0,
    )
    assert story.rows(t.tasks)[0].done_by == 7


def test_an_answer_in_a_closed_conversation_reopens_it(story: Story) -> None:
    manager(story, 7)
    row = story.hear(story.channel())
    story.close(row.conversation_id)
    story.say(row.conversation_id, author_id=7)
    conversation = story.conversation(row.conversation_id)
    assert (conversation.status, conversation.closed_at, conversation.bot) == ("waiting", None, False)
    assert "conversation.reopened" in [event.kind for event in story.rows(t.events)]


def test_an_answer_in_a_closed_conversation_goes_where_the_contact_is_now(story: Story) -> None:
    manager(story, 7)
    channel = story.channel()
    old = story.hear(channel).conversation_id
    story.close(old)
    new = story.hear(channel).conversation_id
    assert story.message(story.say(old, author_id=7)).conversation_id == new
    assert story.conversation(old).status == "closed"


@pytest.mark.parametrize("draft", [{"note": True}, {"author_kind": "system"}])
def test_a_note_or_a_machine_reopens_nothing(story: Story, draft: dict[str, Any]) -> None:
    row = story.hear(story.channel())
    story.close(row.conversation_id)
    assert story.message(story.say(row.conversation_id, **draft)).conversation_id == row.conversation_id
    assert story.conversation(row.conversation_id).status == "closed"
