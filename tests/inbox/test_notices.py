"""What somebody is told of: their settings, and what waits for them now."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from inbox import schema as t
from inbox.notices import settings
from tests.inbox.conftest import START, Client

USUAL = {
    "kinds": ["request", "reply", "mention", "late"], "sound": True, "quiet_from": None, "quiet_to": None, "timezone": "UTC",
    "digest": "off", "digest_at": "09:00", "mail_from": None,
}  # fmt: skip


async def test_settings_are_the_usual_ones_until_somebody_says_otherwise(client: Client) -> None:
    assert (await client.get("/notifications")).body == USUAL
    change = {"kinds": ["late", "mention", "late"], "quiet_from": "20:00", "quiet_to": "08:00", "timezone": "Europe/Moscow"}
    assert (await client.patch("/notifications", change)).body == USUAL | change | {"kinds": ["mention", "late"]}
    assert (await client.patch("/notifications", {"sound": False})).body["quiet_from"] == "20:00"
    assert (await (await client.become("operator")).get("/notifications")).body == USUAL


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kinds": ["spam"]}, "kinds.0"),
        ({"quiet_from": "24:00"}, "quiet_from"),
        ({"quiet_from": "20:00"}, "quiet_to"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"digest": "weekly"}, "digest"),
        ({"digest_at": "9"}, "digest_at"),
    ],
)
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_what_is_no_setting(client: Client, change: Any, field: str) -> None:
    answer = await client.patch("/notifications", change)
    assert answer.status == 422 and field in answer.errors


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_the_mail_comes_from_the_channel_that_can_send(client: Client) -> None:
    await client.channel("email")
    assert (await client.get("/notifications")).body["mail_from"] == "support@shop.example"


def _set(connection: sa.Connection, number: int, **values: Any) -> None:
    connection.execute(sa.update(t.conversations).where(t.conversations.c.id == number).values(values))


async def kinds_of(client: Client) -> list[tuple[str, int]]:
    return [(each["kind"], each["conversation_id"]) for each in (await client.get("/attention")).body["items"]]


async def test_what_waits_is_a_request_then_a_reply_and_late_when_its_time_is_over(
    client: Client,
) -> None:
    channel = await client.channel()
    number = await client.hear(channel, "Hello, \n is it ready?")
    mine = {"manager_id": client.id, "bot": False, "waiting_since": START, "answer_due": START + timedelta(minutes=15)}
    await client.run(_set, number, **mine, last_text="I am passing you on", last_author="bot")
    found = (await client.get("/attention")).body["items"]
    assert [(each["kind"], each["text"], each["name"]) for each in found] == [("request", "Hello, is it ready?", "Anna Schmidt")]
    await client.post(f"/conversations/{number}/messages", {"text": "Yes"})
    assert await kinds_of(client) == []
    client.clock.tick(minutes=1)
    await client.hear(channel, "Thank you")
    await client.run(_set, number, waiting_since=client.clock(), answer_due=client.clock() + timedelta(minutes=15))
    assert await kinds_of(client) == [("reply", number)]
    client.clock.tick(minutes=15)
    assert await kinds_of(client) == [("late", number), ("reply", number)]


async def test_a_mention_waits_until_it_was_looked_at(client: Client) -> None:
    number = await client.hear(await client.channel())
    boris = await client.become("operator", "Boris")
    note = {"text": "@Olga look, she asks for you", "note": True, "mentions": [client.id]}
    assert (await boris.post(f"/conversations/{number}/messages", note)).status == 201
    found = (await client.get("/attention")).body["items"]
    assert [(each["kind"], each["text"]) for each in found] == [("mention", "@Olga look, she asks for you")]
    await client.post(f"/conversations/{number}/read")
    assert await kinds_of(client) == []


async def test_the_unassigned_of_my_teams_and_of_none(client: Client) -> None:
    channel = await client.channel()
    numbers = [await client.hear(channel, "Hello", address=f"+493090182{n}") for n in range(4)]
    ours = (await client.post("/teams", {"name": "Ours", "members": [client.id]})).body["id"]
    theirs = (await client.post("/teams", {"name": "Theirs", "members": []})).body["id"]
    for number, team, bot in zip(numbers, (ours, theirs, None, ours), (False, False, False, True), strict=True):
        await client.run(_set, number, team_id=team, bot=bot, waiting_since=START, status="open")
    assert sorted(await kinds_of(client)) == [("unassigned", numbers[0]), ("unassigned", numbers[2])]


SLOTS = [
    ("hourly", "09:00", "UTC", "2026-11-22T09:59:59", "2026-11-22T09:00:00"),
    ("daily, after its time", "09:00", "UTC", "2026-11-22T09:00:00", "2026-11-22T09:00:00"),
    ("daily, before its time", "09:00", "UTC", "2026-11-22T08:59:59", "2026-11-21T09:00:00"),
    ("daily, elsewhere", "09:00", "Europe/Moscow", "2026-11-22T06:00:00", "2026-11-22T06:00:00"),
    ("daily, where tomorrow has begun", "00:30", "Asia/Tokyo", "2026-11-22T16:00:00", "2026-11-22T15:30:00"),
    ("daily, the hour that is skipped in spring", "02:30", "Europe/Berlin", "2026-03-29T12:00:00", "2026-03-29T01:30:00"),
    ("daily, the hour that comes twice in autumn", "02:30", "Europe/Berlin", "2026-10-25T01:45:00", "2026-10-25T00:30:00"),
]


@pytest.mark.parametrize(("label", "at", "zone", "now", "begun"), SLOTS, ids=[each[0] for each in SLOTS])
def test_when_an_interval_began(label: str, at: str, zone: str, now: str, begun: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = settings.slot(label.partition(",")[0], at, zone, moment)
    assert found == datetime.fromisoformat(begun).replace(tzinfo=UTC)
