"""Wake-up calls over a real Valkey: at most one job waits, no call is missed, and without Redis nothing breaks."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from redis.asyncio import Redis
from rq import Queue

from inbox import house, queue, work
from inbox.db import Database
from inbox.quality import words
from inbox.queue import AWAKE, CALLED, CALLS, NAME, Caller, wake, wake_later
from inbox.settings import Settings


@pytest.fixture
async def redis(valkey: str) -> AsyncIterator["Redis"]:
    client = Redis.from_url(valkey)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def caller(redis: "Redis", valkey: str) -> Caller:
    return Caller(redis, valkey)


async def jobs(redis: Any) -> int:
    return int(await redis.llen(f"rq:queue:{NAME}"))


async def called(redis: Any) -> list[str]:
    return [name.decode() for name in await redis.lrange(CALLS, 0, -1)]


async def test_many_calls_are_one_job_and_one_call_a_stop(caller: Caller, redis: "Redis") -> None:
    for _ in range(20):
        await caller.call(["deliver", "respond"])
    assert (await jobs(redis), await called(redis)) == (1, ["deliver", "respond"])


async def test_calls_of_several_processes_at_once_are_one_job(redis: "Redis", valkey: str) -> None:
    await asyncio.gather(*(Caller(redis, valkey).call(["deliver"]) for _ in range(10)))
    assert (await jobs(redis), await called(redis)) == (1, ["deliver"])


async def test_while_the_job_waits_for_a_worker_no_other_joins_it(caller: Caller, redis: "Redis") -> None:
    await caller.call(["deliver"])
    await redis.delete(CALLED, "switchboard:wake:deliver")  # both run out when no worker is there for long
    await caller.call(["deliver"])
    assert await jobs(redis) == 1


async def test_no_job_is_enqueued_while_a_worker_listens(caller: Caller, redis: "Redis") -> None:
    await redis.set(AWAKE, "worker-1")
    await caller.call(["deliver"])
    assert (await jobs(redis), await called(redis)) == (0, ["deliver"])


async def test_only_wake_ups_are_called_after_a_commit_and_none_after_a_rollback(
    db: Database, caller: Caller, redis: "Redis"
) -> None:
    db.on_commit = caller.give_out

    def go(connection: sa.Connection, stop: str, fail: bool) -> None:
        wake(connection, stop)
        if fail:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await db.run(go, "respond", fail=True)
    await db.run(go, "deliver", fail=False)
    await caller.close()
    assert await called(redis) == ["deliver"]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_what_is_held_back_is_called_for_in_its_time(db: Database, caller: Caller, redis: "Redis") -> None:
    db.on_commit = caller.give_out
    await db.run(wake_later, "deliver", 0.2)
    await db.run(wake_later, "respond", 3600.0)
    assert await called(redis) == []
    async with asyncio.timeout(10):
        while await called(redis) != ["deliver"]:
            await asyncio.sleep(0.02)


async def test_without_redis_a_call_is_lost_and_nothing_else() -> None:
    away = Redis.from_url("unix:///nowhere/valkey.sock")
    caller = Caller(away, "unix:///nowhere/valkey.sock")
    await caller.call(["deliver"])
    caller.give_out([("wake", "deliver")])
    await caller.close()
    await away.aclose()


def test_the_job_is_what_the_worker_module_offers() -> None:
    import worker

    module, _, name = queue.JOB.partition(".")
    assert module == worker.__name__ and getattr(worker, name) is work.drain


# ---- a worker that listens


@pytest.fixture
async def listener(settings: Settings, redis: "Redis", valkey: str) -> AsyncIterator[work.Worker]:
    """A worker whose stops only count how often they looked."""
    settings.redis_url = SecretStr(valkey)
    async with house.open_house(settings, "worker") as opened:
        found = work.Worker(opened)
        yield found


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_worker_heeds_every_call_clears_its_flag_first_and_leaves_none_behind(
    listener: work.Worker, caller: Caller, redis: "Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "LINGER", 0.3)
    looks: dict[str, int] = dict.fromkeys(listener.stops, 0)
    flags: list[Any] = []

    def stop(name: str) -> Any:
        async def look() -> None:
            flags.append(await redis.get(f"switchboard:wake:{name}"))
            looks[name] += 1  # only now the test goes on

        return look

    for name in listener.stops:
        listener.stops[name] = stop(name)
    runs = [asyncio.create_task(listener._run(name)) for name in listener.stops]
    listening = asyncio.create_task(listener.listen())
    while not await redis.exists(AWAKE):
        await asyncio.sleep(0.005)
    before = 0
    for _ in range(5):
        before = looks["deliver"]
        await caller.call(["deliver"])
        async with asyncio.timeout(5):
            while looks["deliver"] == before:
                await asyncio.sleep(0.005)
    assert looks["deliver"] >= 5 and set(flags) == {None}
    async with asyncio.timeout(10):
        await listening
    assert (await redis.exists(AWAKE), await called(redis), await jobs(redis)) == (0, [], 0)
    await caller.call(["deliver"])  # nobody listens any more: a job is needed again
    assert await jobs(redis) == 1
    for run in runs:
        run.cancel()
    await asyncio.gather(*runs, return_exceptions=True)


def test_rq_reads_the_queue_we_look_at(valkey: str) -> None:
    import redis as sync

    with sync.Redis.from_url(valkey) as client:
        assert Queue(NAME, connection=client).key == queue.WAITING


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_the_dictionary_of_names_is_let_go_when_nobody_asks_and_comes_back(
    listener: work.Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = listener.stops["cards"]
    monkeypatch.setattr(work, "RESTING", -1.0)
    words.known.cache_clear()
    assert words.known("Аграфена").given
    await look()
    monkeypatch.setattr(work, "RESTING", 3600.0)
    await look()
    assert words.let_go() and words.known("Пелагея").given, "still there until then, and back when it is needed"
    monkeypatch.setattr(work, "RESTING", -1.0)
    await look()  # somebody has asked
    await look()
    assert not words.let_go(), "gone already"
    assert words.known("Аграфена").given and not words.let_go(), "what was asked before needs no dictionary"
