"""The one door to the database: groups, poison, signals, lost races, and a database that is away."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from inbox import schema as t
from inbox.db import Database, DatabaseDown, Signal, not_its_own, signal
from inbox.store import bulk
from tests.conftest import make_settings
from tests.inbox.conftest import START


def add(connection: sa.Connection, name: str) -> str:
    """A team; the same name twice is refused by the database. Names tell what else should go wrong."""
    if name == "bug":
        raise ZeroDivisionError
    number = (connection.scalar(sa.select(sa.func.max(t.teams.c.id))) or 0) + 1
    connection.execute(sa.insert(t.teams), {"id": number, "name": name, "created_at": START})
    signal(connection, "added", name)
    return name


def add_all(connection: sa.Connection, names: Sequence[str]) -> list[str]:
    return [add(connection, name) for name in names]


def names(connection: sa.Connection) -> set[str]:
    return set(connection.execute(sa.select(t.teams.c.name)).scalars())


class Held:
    """A call that holds the only writer until it is let go, so that others gather behind it."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, connection: sa.Connection) -> None:
        self.go.wait(5)


@pytest.fixture
def commits(db: Database) -> list[Sequence[Signal]]:
    """The signals of each commit."""
    seen: list[Sequence[Signal]] = []
    db.on_commit = seen.append
    return seen


async def test_what_waits_for_one_function_shares_one_transaction(db: Database) -> None:
    sizes: list[int] = []

    def count(connection: sa.Connection, items: Sequence[int]) -> list[int]:
        sizes.append(len(items))
        return [item * 2 for item in items]

    held = Held()
    blocking = asyncio.create_task(db.run(held))
    await asyncio.sleep(0.01)
    calls = [asyncio.create_task(db.batch(count, n)) for n in range(21)]
    await asyncio.sleep(0.01)
    held.go.set()
    await blocking
    assert await asyncio.gather(*calls) == [n * 2 for n in range(21)]
    assert sizes == [21]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("batched", [False, True])
async def test_a_poisoned_item_costs_only_itself(db: Database, commits: list[Sequence[Signal]], batched: bool) -> None:
    held = Held()
    blocking = asyncio.create_task(db.run(held))
    await asyncio.sleep(0.01)
    wanted = ["a", "bug", "b", "a", "c"]
    calls = [db.batch(add_all, name) if batched else db.run(add, name) for name in wanted]
    tasks = [asyncio.create_task(call) for call in calls]
    await asyncio.sleep(0.01)
    held.go.set()
    await blocking
    results = await asyncio.gather(*tasks, return_exceptions=True)
    kinds = [result if isinstance(result, str) else type(result).__name__ for result in results]
    assert kinds == ["a", "ZeroDivisionError", "b", "IntegrityError", "c"]
    assert await db.read(names) == {"a", "b", "c"}
    assert commits == [(("added", "a"), ("added", "b"), ("added", "c"))]


async def test_signals_are_given_out_after_the_commit_once_and_before_the_answer(
    db: Database, commits: list[Sequence[Signal]]
) -> None:
    def twice(connection: sa.Connection) -> None:
        signal(connection, "wake", "deliver")
        signal(connection, "wake", "deliver")

    await db.run(twice)
    assert commits == [(("wake", "deliver"),)]


async def test_what_is_rolled_back_gives_no_signal(db: Database, commits: list[Sequence[Signal]]) -> None:
    def fail(connection: sa.Connection) -> None:
        add(connection, "gone")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await db.run(fail)
    await db.run(add, "kept")
    assert commits == [(("added", "kept"),)] and await db.read(names) == {"kept"}


async def test_a_caller_that_gave_up_does_not_disturb_the_group(db: Database) -> None:
    held = Held()
    blocking = asyncio.create_task(db.run(held))
    await asyncio.sleep(0.01)
    impatient, patient = asyncio.create_task(db.run(add, "a")), asyncio.create_task(db.run(add, "b"))
    await asyncio.sleep(0.01)
    impatient.cancel()
    held.go.set()
    await blocking
    assert await patient == "b"


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
async def test_a_deadlock_is_run_again(db: Database) -> None:
    await db.run(add_all, ["x", "y"])
    meeting = threading.Barrier(2, timeout=5)
    tries: list[str] = []

    def cross(connection: sa.Connection, first: str, second: str) -> str:
        tries.append(first)
        connection.execute(sa.update(t.teams).where(t.teams.c.name == first).values(hours={}))
        if len(tries) <= 2:
            meeting.wait()
        connection.execute(sa.update(t.teams).where(t.teams.c.name == second).values(hours={}))
        return first

    other = Database(db.settings)
    assert [*await asyncio.gather(db.run(cross, "x", "y"), other.run(cross, "y", "x"))] == ["x", "y"]
    assert len(tries) >= 3
    other.close()


async def test_a_closed_database_is_down(db: Database) -> None:
    await db.run(add, "a")
    db.close()
    with pytest.raises(DatabaseDown):
        await db.run(add, "b")


AWAY = {"sqlite": "sqlite:////nowhere/at/all.db", "postgresql": "postgresql:///x?host=/nowhere&connect_timeout=1"}


@pytest.mark.parametrize("name", AWAY)
async def test_a_database_that_is_away_is_down_and_not_a_bug(tmp_path: Path, name: str) -> None:
    db = Database(make_settings(tmp_path, AWAY[name]))
    for call in (db.run(add, "a"), db.batch(add_all, "a"), db.read(names)):
        with pytest.raises(DatabaseDown):
            await call
    db.close()


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_connection_lost_in_silence_is_the_database_away_for_what_comes_next(db: Database) -> None:
    def lose_and_go_on() -> None:
        with db.begin() as connection:
            with suppress(sa.exc.DBAPIError):
                connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
            bulk.drive(connection, "SELECT 1", ())

    with pytest.raises(DatabaseDown):
        lose_and_go_on()


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
async def test_a_lost_connection_is_down_and_the_next_call_connects_again(db: Database) -> None:
    await db.run(add, "a")

    def kill(connection: sa.Connection) -> None:
        connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(DatabaseDown):
        await db.run(kill)
    for _ in range(3):
        try:
            assert await db.run(add, "b") == "b"
            break
        except DatabaseDown:
            continue
    assert await db.read(names) == {"a", "b"}


async def test_what_the_database_refuses_for_its_content_is_the_functions_own_error(db: Database) -> None:
    """Else a webhook with one absurd value would be taken for an outage, and spooled for ever."""

    def absurd(connection: sa.Connection) -> None:
        if connection.dialect.name == "sqlite":
            connection.execute(
                sa.text("SELECT 1 WHERE 1 IN (" + ",".join(["?"] * 300_000).replace("?", "1") + ") AND nothing = 1")
            )
        else:
            noise = "".join(chr(0x400 + (n * n * 31 + n * 17) % 4000) for n in range(9_000))
            connection.execute(sa.insert(t.teams), {"id": 1, "name": noise, "created_at": START})

    with pytest.raises(sa.exc.OperationalError) as caught:
        await db.run(absurd)
    assert not not_its_own(caught.value)
    assert await db.run(add, "after") == "after"


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # PostgreSQL's readers are its writers' pool
async def test_readers_cannot_write(db: Database) -> None:
    with pytest.raises((DatabaseDown, sa.exc.OperationalError)):
        await db.read(add, "a")


async def test_another_process_that_writes_is_waited_for(db: Database) -> None:
    other = Database(db.settings)
    results = await asyncio.gather(*(each.run(add_one, f"{n}") for n in range(20) for each in (db, other)))
    other.close()
    assert len(results) == 40 and len(await db.read(names)) == 40


def add_one(connection: sa.Connection, name: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("LOCK TABLE teams IN EXCLUSIVE MODE"))
    add(connection, f"{name}-{connection.scalar(sa.select(sa.func.count()).select_from(t.teams))}")


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_batches_of_several_functions_share_a_commit_and_one_that_fails_undoes_only_its_own(
    db: Database, commits: list[Sequence[Signal]]
) -> None:
    def others(connection: sa.Connection, wanted: Sequence[str]) -> list[str]:
        return add_all(connection, wanted)

    held = Held()
    blocking = asyncio.create_task(db.run(held))
    await asyncio.sleep(0.01)
    calls = [db.batch(add_all, "a"), db.batch(others, "b"), db.batch(add_all, "bug"), db.batch(others, "c")]
    waiting = asyncio.gather(*calls, return_exceptions=True)
    await asyncio.sleep(0.05)
    held.go.set()
    await blocking
    first, second, bug, fourth = await waiting
    assert [first, second, type(bug), fourth] == ["a", "b", ZeroDivisionError, "c"]
    assert await db.read(names) == {"a", "b", "c"}
    assert commits[-1] == (("added", "a"), ("added", "b"), ("added", "c")) and len(commits) == 1
