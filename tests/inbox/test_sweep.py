"""What a crash or a lost wake-up left behind, and what time alone makes due."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from channels.events import DeliveryStatus
from inbox import schema as t
from inbox import sweep
from inbox.respond import Minds, respond
from tests.inbox.conftest import START
from tests.inbox.story import ANNA, Story


@pytest.fixture
def story(trial: sa.Connection) -> Story:
    return Story(trial, START)


def manager(story: Story, number: int, role: str = "operator", **more: Any) -> int:
    row = {"id": number, "email": f"{number}@example.com", "name": f"M{number}", "role": role, "created_at": START} | more
    story.connection.execute(sa.insert(t.managers), row)
    return number


def set_row(story: Story, table: sa.Table, number: int, **values: Any) -> None:
    story.connection.execute(sa.update(table).where(table.c.id == number).values(values))


def run(story: Story) -> None:
    sweep.sweep(story.connection, story.now)


# ---- leases


def test_one_of_several_workers_sweeps_until_it_is_silent(story: Story) -> None:
    def beat(worker: str) -> bool:
        return sweep.beat(story.connection, story.now, worker)

    assert (beat("a"), beat("b"), beat("a")) == (True, False, True)
    story.wait(seconds=5)
    assert (beat("b"), beat("a")) == (False, True)
    story.wait(seconds=11)
    assert (beat("b"), beat("a")) == (True, False)
    sweep.leave(story.connection, "b")
    assert beat("a")


# ---- interrupted messages


def interrupted(story: Story, worker: str, **more: Any) -> int:
    number = story.say(story.hear(story.channel()).conversation_id)
    set_row(story, t.messages, number, state="sending", claimed_by=worker, claimed_at=story.now, **more)
    return number


def test_what_a_dead_worker_was_sending_is_unknown_and_what_a_living_one_sends_is_not(story: Story) -> None:
    dead, alive = interrupted(story, "worker-dead"), interrupted(story, "worker-alive")
    sweep.beat(story.connection, story.now, "worker-alive")
    run(story)
    rows = [story.message(dead), story.message(alive)]
    assert [row.state for row in rows] == ["unknown", "sending"]
    assert "may have arrived" in rows[0].reason


def test_what_no_worker_knows_of_any_more_is_unknown_in_the_end(story: Story) -> None:
    number = interrupted(story, "worker-alive")
    story.wait(hours=3)
    sweep.beat(story.connection, story.now, "worker-alive")
    run(story)
    assert story.message(number).state == "unknown"


def test_an_interrupted_message_is_settled_by_the_providers_next_word(story: Story) -> None:
    number = interrupted(story, "worker-dead")
    run(story)
    channel = story.message(number).channel_id
    story.tell(channel, DeliveryStatus(state="delivered", at=START, external_id="out-1", message_id=str(number)))
    row = story.message(number)
    assert (row.state, row.external_id, row.reason) == ("delivered", "out-1", "")
    run(story)
    assert story.message(number).state == "delivered"


@pytest.mark.parametrize("part", [False, True])
def test_a_status_that_crossed_with_its_id_is_applied(story: Story, part: bool) -> None:
    channel = story.channel()
    number = story.say(story.hear(channel).conversation_id)
    story.tell(channel, DeliveryStatus(state="delivered", at=START, external_id="out-2"))
    set_row(story, t.messages, number, state="sent", external_id="out-1" if part else "out-2")
    if part:
        row = {"channel_id": channel, "external_id": "out-2", "thread": "", "message_id": number}
        story.connection.execute(sa.insert(t.message_parts), row)
    run(story)
    assert (story.message(number).state, story.count(t.loose_statuses)) == ("delivered", 0)


def test_statuses_of_messages_we_never_sent_are_forgotten_after_a_week(story: Story) -> None:
    story.tell(story.channel(), DeliveryStatus(state="read", at=START, external_id="never"))
    run(story)
    assert story.count(t.loose_statuses) == 1
    story.wait(days=8)
    run(story)
    assert story.count(t.loose_statuses) == 0


# ---- what time makes due


def test_a_snoozed_conversation_wakes_when_its_time_has_come(story: Story) -> None:
    row = story.hear(story.channel())
    set_row(story, t.conversations, row.conversation_id, status="snoozed", snoozed_until=START + timedelta(hours=1))
    run(story)
    assert story.conversation(row.conversation_id).status == "snoozed"
    story.wait(hours=1)
    run(story)
    conversation = story.conversation(row.conversation_id)
    assert (conversation.status, conversation.snoozed_until, conversation.last_at) == ("open", None, story.now)
    assert [e.kind for e in story.rows(t.events)][-1] == "conversation.woken"


def waiting(story: Story) -> Any:
    """A request somebody has to answer; its task."""
    story.hear(story.channel())
    respond(story.connection, story.now, Minds())
    (task,) = story.rows(t.tasks)
    return task


def test_what_is_late_moves_to_a_colleague_then_to_the_lead(story: Story) -> None:
    manager(story, 1)
    task = waiting(story)
    manager(story, 2)
    manager(story, 3, "lead", available=False)
    holders = []
    for _ in range(3):
        story.now = story.rows(t.tasks)[0].due_at
        run(story)
        run(story)  # once is enough
        moved = story.rows(t.tasks)[0]
        holders.append(moved.manager_id)
        assert moved.due_at > story.now and story.conversation(task.conversation_id).manager_id == moved.manager_id
    assert (task.manager_id, holders) == (1, [2, 3, 3])
    assert story.rows(t.tasks)[0].moves == 3


def test_nothing_moves_before_its_time_or_when_it_was_answered(story: Story) -> None:
    manager(story, 1)
    manager(story, 2)
    task = waiting(story)
    story.now = task.due_at - timedelta(seconds=1)
    run(story)
    story.say(task.conversation_id, author_id=task.manager_id)
    story.wait(hours=5)
    run(story)
    (after,) = story.rows(t.tasks)
    assert (after.manager_id, after.moves, after.done_at is not None) == (task.manager_id, 0, True)


def test_what_is_late_with_nobody_there_stays_in_its_task(story: Story) -> None:
    task = waiting(story)
    story.now = task.due_at
    run(story)
    (after,) = story.rows(t.tasks)
    assert (after.manager_id, after.done_at) == (None, None) and after.due_at > story.now


def test_the_queue_is_drained_by_the_sweep(story: Story) -> None:
    task = waiting(story)
    manager(story, 1)
    run(story)
    assert (story.conversation(task.conversation_id).manager_id, story.rows(t.tasks)[0].manager_id) == (1, 1)


@pytest.mark.parametrize(
    ("values", "closed"),
    [
        ({"status": "waiting", "bot": True, "waiting_since": None}, True),
        ({"status": "waiting", "bot": False, "waiting_since": None}, False),
        ({"status": "open", "bot": True, "waiting_since": START}, False),
    ],
)
def test_what_only_the_bot_had_is_closed_after_a_day_of_silence(story: Story, values: dict[str, Any], closed: bool) -> None:
    row = story.hear(story.channel())
    set_row(story, t.conversations, row.conversation_id, **values)
    story.wait(hours=23)
    run(story)
    assert story.conversation(row.conversation_id).closed_at is None
    story.wait(hours=2)
    run(story)
    assert (story.conversation(row.conversation_id).closed_at is not None) == closed


def test_after_the_bots_conversation_was_closed_the_customer_begins_anew(story: Story) -> None:
    channel = story.channel()
    row = story.hear(channel)
    set_row(story, t.conversations, row.conversation_id, status="waiting", waiting_since=None)
    story.wait(hours=25)
    run(story)
    assert story.hear(channel, "Hi again", ANNA).conversation_id != row.conversation_id
