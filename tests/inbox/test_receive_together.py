"""Several processes receive at once: still every message once, and one card a person."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from channels.base import Hook
from channels.events import InboundMessage
from inbox import files, receive
from inbox import schema as t
from inbox.accounts import Channel, Line
from inbox.db import Database
from inbox.intake import Intake
from inbox.receive import Arrival
from inbox.spool import Spool
from tests.inbox.scripted import Scripted
from tests.inbox.story import Story, person

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What fails here fails on purpose: printing every traceback would take most of the time."""
    with structlog.testing.capture_logs():
        yield


def channels(connection: sa.Connection) -> list[int]:
    story = Story(connection, NOW)
    return [story.channel("whatsapp"), story.channel("sms")]


def arrival(channel: int, address: str, key: str) -> Arrival:
    sender = person("sms", address)
    message = InboundMessage(external_id=key, sender=sender, address=address, at=NOW, text=key)
    hook = Hook(method="POST", url="", headers={}, body=key.encode(), received_at=NOW)
    return Arrival(channel_id=channel, identity="phone", hook=hook, events=[message])


def counts(connection: sa.Connection) -> dict[str, int]:
    tables = (t.contacts, t.conversations, t.messages, t.reaches, t.identities, t.raw_bodies)
    return {table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables}


@pytest.fixture
def processes(db: Database) -> Iterator[list[Database]]:
    """The databases of three processes."""
    others = [Database(db.settings) for _ in range(2)]
    yield [db, *others]
    for other in others:
        other.close()


async def test_strangers_who_write_by_two_channels_at_once_get_one_card_each(processes: list[Database]) -> None:
    whatsapp, sms = await processes[0].run(channels)
    for turn in range(6):
        people = [f"+4930901{turn}{n:02}" for n in range(4)]
        told = [(each, channel, n) for each in people for channel in (whatsapp, sms) for n in range(len(processes))]
        arrivals = [arrival(channel, each, f"{each} {channel} {n}") for each, channel, n in told]
        calls = [processes[n].batch(receive.store, each) for (_, _, n), each in zip(told, arrivals, strict=True)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        for each, result in zip(arrivals, results, strict=True):
            if isinstance(result, BaseException):  # two opened a conversation at once: stored again, as intake does
                assert isinstance(result, sa.exc.IntegrityError)
                await processes[0].run(receive.store_anyway, each)
    found = await processes[0].read(counts)
    assert (found["contacts"], found["conversations"], found["identities"]) == (24, 24, 24)
    assert (found["messages"], found["reaches"]) == (24 * 2 * 3, 48)


class Reading(Scripted):
    """A connector that reads one message out of a body, and fails on one that says so."""

    def parse(self, hook: Hook) -> list[Any]:
        text = hook.body.decode()
        if text == "bug":
            raise ZeroDivisionError
        (message,) = arrival(0, "+4930901820", text).events
        assert isinstance(message, InboundMessage)
        return [replace(message, at=NOW.replace(tzinfo=None))] if text == "poison" else [message]


@pytest.fixture
async def line(db: Database) -> Line:
    number, _ = await db.run(channels)
    connector = Reading()
    channel = Channel(
        id=number, kind="sms", name="SMS", settings=Scripted.settings_type(), state="ok", error="", team_id=None, version=1,
        account={}, paused_until=None,
    )  # fmt: skip
    return Line(channel, connector)


def hook(text: str) -> Hook:
    return Hook(method="POST", url="", headers={}, body=text.encode(), received_at=NOW)


async def test_a_poisoned_webhook_among_many_costs_only_itself_and_keeps_its_body(db: Database, line: Line) -> None:
    intake = Intake(db, files.Store(db.settings.data / "files"), Spool(db.settings.data / "spool", "web"))
    texts = ["1", "2", "poison", "3", "bug", "4"]
    stored = await asyncio.gather(*(intake.take(line, hook(text)) for text in texts))
    assert [each.messages if each else None for each in stored] == [1, 1, 0, 1, 0, 1]
    raws = await db.read(lambda c: c.execute(sa.select(t.raw_bodies.c.body, t.raw_bodies.c.state)).all())
    assert {bytes(row.body): row.state for row in raws} == {
        b"1": "done", b"2": "done", b"3": "done", b"4": "done", b"poison": "failed", b"bug": "failed",
    }  # fmt: skip


async def test_the_same_webhook_at_several_processes_is_stored_once(processes: list[Database], line: Line) -> None:
    settings = processes[0].settings
    takers = [
        Intake(process, files.Store(settings.data / "files"), Spool(settings.data / "spool", f"web-{n}"))
        for n, process in enumerate(processes)
    ]
    for text in "abcdef":
        stored = await asyncio.gather(*(taker.take(line, hook(text)) for taker in takers))
        assert sorted(each.messages for each in stored if each) == [0, 0, 1]
    found = await processes[0].read(counts)
    assert (found["messages"], found["contacts"], found["conversations"], found["raw_bodies"]) == (6, 1, 1, 18)
