"""Live updates over a real Valkey: heard by every process, resumed where they stopped, and never a hurry for the slow."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as LostRedis

from inbox import live
from inbox.db import Database
from inbox.live import INBOX, RELOAD, Live, Subscription, Update


@pytest.fixture
async def redis(valkey: str) -> AsyncIterator["Redis"]:
    client = Redis.from_url(valkey)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def two(redis: "Redis") -> AsyncIterator[tuple[Live, Live]]:
    """The publishers of two processes."""
    here, there = Live(redis), Live(redis)
    yield here, there
    await there.close()
    await here.close()


async def take(subscription: Subscription, count: int) -> list[Update]:
    async with asyncio.timeout(5):
        return [await subscription.waiting.get() for _ in range(count)]


def changed(number: int) -> Any:
    return ("live", "message", (("message_id", number),))


async def test_what_is_given_out_here_is_heard_there_in_order(two: tuple[Live, Live]) -> None:
    here, there = two
    async with there.subscribe() as first, there.subscribe() as second:
        here.give_out([changed(1), ("wake", "deliver"), changed(2)])
        here.give_out([changed(3)])
        for subscription in (first, second):
            updates = await take(subscription, 3)
            assert [(u.event, u.ids) for u in updates] == [("message", {"message_id": n}) for n in (1, 2, 3)]
            assert len({u.number for u in updates}) == 3


async def test_nothing_that_follows_a_subscription_is_missed_and_nothing_before_it_told(two: tuple[Live, Live]) -> None:
    here, there = two
    await here.publish(INBOX, {"n": 0})
    async with there.subscribe() as subscription:
        await here.publish(INBOX, {"n": 1})
        assert [u.ids for u in await take(subscription, 1)] == [{"n": 1}]


async def test_topics_are_apart(two: tuple[Live, Live]) -> None:
    here, there = two
    async with there.subscribe("chat:a") as a, there.subscribe("chat:b") as b:
        await here.publish("chat:b", {"text": "for b"})
        await here.publish("chat:a", {"text": "for a"})
        assert [u.ids for u in await take(a, 1) + await take(b, 1)] == [{"text": "for a"}, {"text": "for b"}]
        assert a.waiting.empty() and b.waiting.empty()


async def test_a_reader_resumes_after_the_last_update_it_saw(two: tuple[Live, Live]) -> None:
    here, there = two
    async with there.subscribe() as subscription:
        here.give_out([changed(1), changed(2)])
        first, second = await take(subscription, 2)
        here.give_out([changed(3)])
        await take(subscription, 1)
    for seen, missed in ((first, [2, 3]), (second, [3])):
        updates = await there.since(seen.number)
        assert updates is not None and [u.ids["message_id"] for u in updates] == missed
    assert await there.since(second.number, "chat:a") == []


@pytest.mark.parametrize("number", ["1-0", "1-0:3", "", "nonsense", "1-x:1", "-"])
async def test_who_was_away_too_long_or_asks_nonsense_must_reload(two: tuple[Live, Live], number: str) -> None:
    await two[0].publish(INBOX, {})
    assert await two[1].since(number) is None


async def test_a_slow_reader_is_told_to_reload_and_holds_up_nobody(
    two: tuple[Live, Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = two
    async with there.subscribe() as slow, there.subscribe() as quick:
        monkeypatch.setattr(slow, "waiting", asyncio.Queue(3))
        here.give_out([changed(n) for n in range(1, 6)])
        assert [u.ids["message_id"] for u in await take(quick, 5)] == [1, 2, 3, 4, 5]
        updates = await take(slow, 2)
        assert [u.event for u in updates] == [RELOAD, "message"]
        assert updates[1].ids == {"message_id": 5}


async def test_after_a_lost_connection_everybody_reloads_once(two: tuple[Live, Live], monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = two
    monkeypatch.setattr(live, "AGAIN", 0.001)
    failures = [LostRedis("away")] * 3
    read, ping = there._redis.xread, there._redis.ping

    async def lost(*arguments: Any, **more: Any) -> Any:
        if failures:
            raise failures.pop()
        return await read(*arguments, **more)

    async def away(*arguments: Any) -> Any:
        if len(failures) > 1:
            raise failures.pop()
        failures.clear()
        return await ping(*arguments)

    monkeypatch.setattr(there._redis, "xread", lost)
    monkeypatch.setattr(there._redis, "ping", away)
    async with there.subscribe() as subscription:
        await here.publish(INBOX, {"n": 1})
        events = [u.event for u in await take(subscription, 2)]
        assert events == [RELOAD, "message"] and subscription.waiting.empty()


async def test_while_redis_is_away_updates_are_lost_and_nothing_else() -> None:
    away = Redis.from_url("unix:///nowhere/valkey.sock")
    there = Live(away)
    await there.publish(INBOX, {})
    there.give_out([changed(1)])
    async with there.subscribe():
        assert await there.since("1-0") is None
    await there.close()
    await away.aclose()


async def test_a_commit_is_told_after_it_and_a_rollback_never(db: Database, two: tuple[Live, Live]) -> None:
    here, there = two
    db.on_commit = here.give_out

    def work(connection: sa.Connection, number: int, fail: bool) -> None:
        live.tell(connection, "message", message_id=number)
        if fail:
            raise ZeroDivisionError

    async with there.subscribe() as subscription:
        with pytest.raises(ZeroDivisionError):
            await db.run(work, 1, fail=True)
        await db.run(work, 2, fail=False)
        assert [u.ids for u in await take(subscription, 1)] == [{"message_id": 2}]
