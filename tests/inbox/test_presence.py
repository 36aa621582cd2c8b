"""Presence: who is online, away or off, who looks at a conversation too, being away by hand and by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from redis.asyncio import Redis

from inbox import schema as t
from inbox.access import sign_in
from inbox.presence import away, board, door, tending
from inbox.presence.board import Board, Browser, Here
from inbox.refusals import Invalid
from inbox.web import keys, stream
from inbox.web.endpoint import PREFIX
from tests.inbox.conftest import START, Client
from tests.inbox.test_stream import Listener

ANNA, BORIS = Browser(manager_id=1, number="10"), Browser(manager_id=2, number="20")
PHONE = Browser(manager_id=1, number="11")


@pytest.fixture
async def redis(valkey: str) -> AsyncIterator["Redis"]:
    client = Redis.from_url(valkey)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def shown(redis: "Redis") -> Board:
    return Board(redis)


async def state_of(shown: Board, manager: int, seconds: float = 0) -> str:
    here = await shown.everybody(START + timedelta(seconds=seconds))
    return here[manager].state if manager in here else "off"


# --- the board


async def test_somebody_is_online_away_and_off_as_their_browsers_say(shown: Board) -> None:
    await shown.touch("web", [ANNA], START)
    assert await shown.settle(1, START) == "online"
    assert await shown.settle(1, START) is None, "nothing new"
    assert (await shown.beat(ANNA, False, [], START)).state == "away"
    await shown.touch("web", [PHONE], START)
    assert (await shown.beat(PHONE, True, [], START)).state == "online", "a hand on one browser is enough"
    assert (await shown.leave("web", PHONE, START)).state == "away"
    assert (await shown.leave("web", ANNA, START)).state == "off"
    assert await state_of(shown, 1) == "off"


async def test_what_dead_processes_left_is_taken_away(shown: Board, redis: "Redis") -> None:
    for number in range(5):
        await shown.touch(f"web-{number}", [ANNA, PHONE], START)
    await shown.beat(PHONE, False, [], START)
    later = START + timedelta(seconds=board.STALE + 1)
    await shown.touch("web-9", [ANNA], later)
    await shown.beat(ANNA, True, [], later)
    assert set(await redis.hgetall("switchboard:presence:1")) == {b"c:10:web-9", b"b:10", b"b:11"}
    assert await state_of(shown, 1, board.STALE + 1) == "online"
    day = START + timedelta(seconds=board.KEPT + 1)
    await shown.touch("web-9", [ANNA], day)
    assert await shown.settle(1, day) is None, "as before"
    assert set(await redis.hgetall("switchboard:presence:1")) == {b"c:10:web-9", b"b:10"}


async def test_the_same_browser_connected_twice_is_gone_when_both_are(shown: Board) -> None:
    await shown.touch("web-1", [ANNA], START)
    await shown.touch("web-2", [ANNA], START)
    await shown.settle(1, START)
    assert (await shown.leave("web-1", ANNA, START)).state is None
    assert (await shown.leave("web-2", ANNA, START)).state == "off"


async def test_a_process_that_died_keeps_nobody_here(shown: Board) -> None:
    await shown.touch("web", [ANNA], START)
    await shown.settle(1, START)
    assert [await state_of(shown, 1, after) for after in (board.STALE, board.STALE + 1)] == ["online", "off"]


async def test_since_when_is_kept_while_nothing_changes(shown: Board) -> None:
    await shown.touch("web", [ANNA], START)
    await shown.settle(1, START)
    later = START + timedelta(seconds=30)
    await shown.touch("web", [ANNA], later)
    await shown.settle(1, later)
    assert (await shown.everybody(later))[1] == Here(state="online", since=START)


async def test_only_those_who_look_too_are_told_of_a_look(shown: Board) -> None:
    first = await shown.beat(ANNA, True, [5], START)
    assert (dict(first.looking), dict(first.news)) == ({5: [1]}, {})
    second = await shown.beat(BORIS, True, [5, 6], START)
    assert (dict(second.looking), dict(second.news)) == ({5: [1, 2], 6: [2]}, {5: [1, 2]})
    assert (await shown.beat(BORIS, True, [5, 6], START)).news == {}, "nothing moved"
    assert (await shown.beat(BORIS, True, [6], START)).news == {5: [1]}
    assert (await shown.beat(ANNA, True, [6], START)).news == {6: [1, 2]}
    assert (await shown.leave("web", ANNA, START)).news == {6: [2]}


async def test_a_look_that_nobody_confirms_is_over(shown: Board) -> None:
    await shown.beat(ANNA, True, [5], START)
    late = START + timedelta(seconds=board.STALE + 1)
    assert (await shown.beat(BORIS, True, [5], late)).looking == {5: [2]}


# --- over HTTP


async def browser(client: Client, manager: int) -> Client:
    """A browser with a session: programs with a token are nobody's hands."""
    secret = await client.run(sign_in.start_session, client.clock(), manager)
    key = sign_in.csrf(client.app[keys.SETTINGS].key, secret)
    headers = {"Cookie": f"switchboard_session={secret}", "X-CSRF-Token": key}
    return Client(client.http, client.url, client.app, client.clock, id=manager, headers=headers)


@asynccontextmanager
async def at_desk(who: Client) -> AsyncIterator[Listener]:
    async with who.http.get(f"{who.url}{PREFIX}/stream", headers=who.headers) as response:
        assert await response.content.readuntil(b"\n\n") == b": welcome\n\n"
        yield Listener(response)


@pytest.fixture
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who closes the window has left at once."""
    monkeypatch.setattr(stream, "GONE", 0.05)
    monkeypatch.setattr(door.Door.__init__, "__defaults__", (0.0,))


async def heard(listener: Listener, name: str) -> Any:
    while True:
        _, event, data = await listener.event()
        if event == name:
            return data


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_colleague_is_seen_to_come_to_go_quiet_and_to_leave(no_grace: None, client: Client) -> None:
    anna, boris = await browser(client, client.id), await client.become("operator", "Boris")
    desk = await browser(client, boris.id)
    async with at_desk(anna) as told:
        assert await heard(told, "presence") == {"manager_id": anna.id, "state": "online"}
        async with at_desk(desk):
            assert await heard(told, "presence") == {"manager_id": boris.id, "state": "online"}
            await desk.post("/presence", {"active": False})
            assert await heard(told, "presence") == {"manager_id": boris.id, "state": "away"}
            listed = (await anna.get("/presence")).body
            assert listed["known"] and [(i["manager_id"], i["state"]) for i in listed["items"]] == [
                (anna.id, "online"),
                (boris.id, "away"),
            ]
        assert await heard(told, "presence") == {"manager_id": boris.id, "state": "off"}


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_two_who_open_the_same_conversation_hear_of_each_other(no_grace: None, client: Client) -> None:
    number = await client.hear(await client.channel())
    boris = await client.become("operator", "Boris")
    one, two = await browser(client, client.id), await browser(client, boris.id)
    async with at_desk(one) as told:
        alone = (await one.post("/presence", {"active": True, "looking": [number]})).body
        assert alone == {"looking": [{"conversation_id": number, "managers": [client.id]}]}
        async with at_desk(two):
            both = (await two.post("/presence", {"active": True, "looking": [number, number]})).body
            assert both["looking"] == [{"conversation_id": number, "managers": [client.id, boris.id]}]
            assert await heard(told, "looking") == {"conversation_id": number, "managers": [client.id, boris.id]}
        assert await heard(told, "looking") == {"conversation_id": number, "managers": [client.id]}


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_program_with_a_token_is_nobodys_hands(client: Client) -> None:
    async with client.http.get(f"{client.url}{PREFIX}/stream", headers={"Authorization": f"Bearer {client.token}"}) as response:
        await response.content.readuntil(b"\n\n")
        assert (await client.post("/presence", {"active": True, "looking": [1]})).body == {"looking": []}
        assert (await client.get("/presence")).body == {"known": True, "items": []}


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_without_redis_nobody_is_known_and_nothing_breaks(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Redis.from_url("unix:///nowhere/valkey.sock")
    monkeypatch.setattr(client.app[keys.BOARD], "_redis", gone)
    desk = await browser(client, client.id)
    async with at_desk(desk):
        assert (await desk.get("/presence")).body == {"known": False, "items": []}
        assert (await desk.post("/presence", {"active": True, "looking": [1]})).body == {"looking": []}
        await asyncio.sleep(0)
    await tending.tend(client.app[keys.DB], client.app[keys.BOARD], client.clock())


# --- away

LATER = START + timedelta(hours=1)


async def test_away_by_hand_until_a_time_and_back_by_itself(client: Client) -> None:
    gone = await client.patch("/away", {"back_at": LATER.isoformat()})
    assert (gone.body["available"], gone.body["back_at"]) == (False, "2026-11-22T10:00:00Z")
    me = (await client.get("/managers")).body["items"][0]
    assert (me["available"], me["back_at"]) == (False, "2026-11-22T10:00:00Z")
    client.clock.tick(minutes=59)
    await tending.tend(client.app[keys.DB], client.app[keys.BOARD], client.clock())
    assert (await client.get("/away")).body["available"] is False
    client.clock.tick(minutes=1)
    await tending.tend(client.app[keys.DB], client.app[keys.BOARD], client.clock())
    assert (await client.get("/away")).body | {"away_minutes": 0} == {
        "available": True, "back_at": None, "paused": False, "away_minutes": 0, "away_pauses": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"back_at": "2026-11-22T08:59:00Z"}, "back_at"),
        ({"back_at": "2026-11-22T10:00:00Z", "available": True}, "back_at"),
        ({"away_minutes": 0}, "away_minutes"),
        ({"available": "yes"}, "available"),
    ],
)
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_what_is_no_being_away(client: Client, change: Any, field: str) -> None:
    answer = await client.patch("/away", change)
    assert answer.status == 422 and field in answer.errors


async def test_who_is_made_available_has_no_time_to_be_back(client: Client) -> None:
    await client.patch("/away", {"back_at": LATER.isoformat()})
    await client.patch(f"/managers/{client.id}", {"available": True})
    assert (await client.get("/away")).body["back_at"] is None


def test_going_away_needs_a_time_to_come(trial: sa.Connection) -> None:
    with pytest.raises(Invalid):
        away.change(trial, START, 1, {"back_at": START})


def person(connection: sa.Connection, number: int, **more: Any) -> None:
    row = {"id": number, "email": f"{number}@example.com", "name": "M", "role": "operator", "created_at": START}
    connection.execute(sa.insert(t.managers).values(row | more))


AWAY, ONLINE = Here(state="away", since=START), Here(state="online", since=START)
LONG_AGO, JUST_NOW = START - timedelta(minutes=10), START - timedelta(minutes=9)
FOLLOWED: list[tuple[str, dict[str, Any], Here | None, Any, bool]] = [
    ("away, and wants to pause", {"away_pauses": True}, AWAY, None, False),
    ("away, and does not want to", {}, AWAY, None, True),
    ("online", {"away_pauses": True}, ONLINE, None, True),
    ("gone long enough", {"away_pauses": True}, None, LONG_AGO, False),
    ("gone a moment ago", {"away_pauses": True}, None, JUST_NOW, True),
    ("never heard of", {"away_pauses": True}, None, None, True),
    ("paused and back", {"away_pauses": True, "available": False, "paused_at": START}, ONLINE, None, True),
    ("paused and still away", {"away_pauses": True, "available": False, "paused_at": START}, AWAY, None, False),
    ("away by hand, and sits there", {"away_pauses": True, "available": False}, ONLINE, None, False),
    ("shut out", {"away_pauses": True, "disabled_at": START}, AWAY, None, True),
]


@pytest.mark.parametrize(("label", "row", "here", "seen", "available"), FOLLOWED, ids=[each[0] for each in FOLLOWED])
def test_being_away_by_itself_changes_what_one_is_given_only_if_one_wants(
    trial: sa.Connection, label: str, row: dict[str, Any], here: Here | None, seen: Any, available: bool
) -> None:
    person(trial, 1, **row)
    away.follow(trial, START, {1: here} if here else {}, {1: seen} if seen else {})
    assert trial.scalar(sa.select(t.managers.c.available)) is available
