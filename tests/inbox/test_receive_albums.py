"""Stop 2, albums and edits with files: pictures sent together are one message in any order; a replaced picture loses nothing."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from channels.base import Hook
from channels.events import ConsentChanged, InboundFile, InboundMessage, MessageEdited
from inbox import receive
from inbox import schema as t
from inbox.db import Database
from inbox.receive import Arrival
from tests.inbox.conftest import START
from tests.inbox.story import Story, person

ANNA = "5001"


@pytest.fixture
def story(trial: sa.Connection) -> Story:
    return Story(trial, START)


def picture(number: int, text: str = "", html: str | None = None, **more: Any) -> InboundMessage:
    file = InboundFile(kind="image", name=f"{number}", remote={"file_id": f"F{number}", "unique": f"u{number}"})
    given: dict[str, Any] = {"group": "g1", "attachments": [file], "at": START, "thread": ANNA, "kind": "image"} | more
    return InboundMessage(external_id=str(number), sender=person("telegram", ANNA), address=ANNA, text=text, html=html, **given)


@pytest.mark.parametrize("order", list(permutations([9, 10, 11])), ids=str)
def test_an_album_that_comes_out_of_order_is_one_message_with_its_formatted_caption(story: Story, order: tuple[int, ...]) -> None:
    channel = story.channel("telegram")
    for number in order:
        story.tell(channel, picture(number, *(("Two views", "<b>Two</b> views") if number == 10 else ())))
    (row,) = story.rows(t.messages)
    assert (row.text, row.html) == ("Two views", "<b>Two</b> views")
    assert {a.name for a in story.rows(t.attachments)} == {"9", "10", "11"}
    assert story.conversation(row.conversation_id).unread == 1


def test_within_one_delivery_the_pictures_stand_as_they_were_sent(story: Story) -> None:
    channel = story.channel("telegram")
    story.tell_all(*(story.arrival(channel, picture(number)) for number in (11, 9, 10)))
    (row,) = story.rows(t.messages)
    assert (row.external_id, [a.name for a in story.rows(t.attachments)]) == ("9", ["9", "10", "11"])


def test_albums_of_different_chats_and_groups_stay_apart(story: Story) -> None:
    channel = story.channel("telegram")
    story.tell(channel, picture(1), picture(2, group="g2"), picture(3, thread="bc1:5001"))
    assert story.count(t.messages) == 3


async def test_two_processes_that_take_one_album_at_once_make_one_message(db: Database) -> None:
    other = Database(db.settings)

    def arrival(message: InboundMessage) -> Arrival:
        hook = Hook(method="POST", url="", headers={}, body=b"{}", received_at=datetime.now(UTC))
        return Arrival(channel_id=channel, identity="telegram", hook=hook, events=[message])

    channel = await db.run(lambda connection: Story(connection, START).channel("telegram"))
    try:
        await db.batch(receive.store, arrival(replace(picture(1), group=None)))  # Anna is known
        for turn in range(5):
            parts = [picture(100 * turn + n, group=f"at once {turn}") for n in range(2, 6)]
            processes = [(db, other)[n % 2] for n in range(4)]
            await asyncio.gather(*(p.batch(receive.store, arrival(part)) for p, part in zip(processes, parts, strict=True)))
        assert await db.read(lambda connection: Story(connection, START).count(t.messages)) == 1 + 5
        assert await db.read(lambda connection: Story(connection, START).count(t.attachments)) == 1 + 5 * 4
    finally:
        other.close()


def edited(message: InboundMessage, seconds: int = 9, **more: Any) -> MessageEdited:
    return MessageEdited(message=replace(message, **more), at=START + timedelta(seconds=seconds))


def versions(story: Story) -> Iterator[str]:
    return (row.text for row in story.rows(t.versions))


def test_a_replaced_picture_is_kept_beside_the_first(story: Story) -> None:
    channel = story.channel("telegram")
    sent = picture(1, "wrong", group=None)
    again = InboundFile(kind="image", name="the same", remote={"file_id": "another id", "unique": "u1"})
    other = InboundFile(kind="image", name="right", remote={"file_id": "F7", "unique": "u7"})
    story.tell(channel, sent)
    story.tell(channel, edited(sent, text="right?", attachments=[again]))
    assert [a.name for a in story.rows(t.attachments)] == ["1"]
    for _ in range(2):
        story.tell(channel, edited(sent, 20, text="right", attachments=[other]))
    (row,) = story.rows(t.messages)
    assert (row.text, row.edited_at, list(versions(story))) == ("right", START + timedelta(seconds=20), ["wrong", "right?"])
    assert [a.name for a in story.rows(t.attachments)] == ["1", "right"]


def test_an_edit_of_a_picture_without_words_leaves_the_albums_caption(story: Story) -> None:
    channel = story.channel("telegram")
    story.tell(channel, picture(1, "Two views"), picture(2))
    story.tell(channel, edited(picture(2)))
    (row,) = story.rows(t.messages)
    assert (row.text, list(versions(story))) == ("Two views", [])
    story.tell(channel, edited(picture(1), text="Two good views"))
    assert story.message(row.id).text == "Two good views"


def test_a_place_that_moves_is_shown_where_it_is_now(story: Story) -> None:
    channel = story.channel("telegram")
    here, there, late = ({"location": {"latitude": n, "longitude": 1.0}} for n in (1.0, 2.0, 3.0))
    sent = replace(picture(1, group=None, attachments=()), kind="location", data=here)
    story.tell(channel, sent)
    story.tell(channel, edited(sent, 9, data=there), edited(sent, 5, data=late))
    (row,) = story.rows(t.messages)
    assert (row.data, row.edited_at, list(versions(story))) == (there, START + timedelta(seconds=9), [])


def test_who_unblocks_us_can_be_written_to_at_once(story: Story) -> None:
    channel = story.channel("telegram")
    story.hear(channel, "hello", ANNA)
    blocked = {"blocked_at": START, "blocked_reason": "The customer has blocked the bot"}
    story.connection.execute(sa.update(t.reaches).values(blocked))
    change = ConsentChanged(sender=person("telegram", ANNA), address=ANNA, stopped=True, at=START, source="telegram")
    story.tell(channel, change)
    assert story.reach(channel, ANNA).stopped_at == START
    story.tell(channel, replace(change, stopped=False, at=START + timedelta(seconds=9)))
    assert (story.reach(channel, ANNA).stopped_at, story.reach(channel, ANNA).blocked_at) == (None, None)


def test_an_unblock_counts_though_the_block_was_only_met_when_sending(story: Story) -> None:
    channel = story.channel("telegram")
    story.hear(channel, "hello", ANNA)
    story.connection.execute(sa.update(t.reaches).values(blocked_at=START + timedelta(seconds=5)))
    change = ConsentChanged(sender=person("telegram", ANNA), address=ANNA, stopped=False, at=START, source="telegram")
    story.tell(channel, change)  # an old one, replayed
    assert story.reach(channel, ANNA).blocked_at is not None
    story.tell(channel, replace(change, at=START + timedelta(seconds=9)))
    assert story.reach(channel, ANNA).blocked_at is None
