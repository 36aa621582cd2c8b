"""The database is away while providers deliver: everything is taken, waits on the local disk, and comes back in order."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from inbox.store.engine import BUSY_SECONDS
from tests import postgres
from tests.journeys.stream import message
from tests.journeys.system import Json, System, held, texts, wait_until
from tests.journeys.test_crashes import Post, post_office

pytestmark = pytest.mark.journey
PHONE = "79061234567"
BUSY = float(BUSY_SECONDS)
"""Seconds for which SQLite's users wait for each other (its busy time-out)."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.Stoppable]:
    with postgres.stoppable() as found:
        yield found


@asynccontextmanager
async def office_with(folder: Path, database_url: str) -> AsyncIterator[Post]:
    """An office where one customer is in a conversation already."""
    async with post_office(folder, database_url) as office:
        await office.stream().bring(message("Nina", PHONE, "Before", "before"))
        await wait_until(lambda: heard(office), what="the first message")
        yield office


async def heard(office: Post) -> list[str]:
    """What the customer wrote, in the order in which operators see it."""
    people: list[Json] = await office.people("Nina")
    messages = await office.system.api.messages(people[0]["id"]) if people else []
    return texts([m for m in messages if m["direction"] == "in"])


def spooled(system: System) -> list[Path]:
    return list((system.settings.data / "spool").glob("*.spool*"))


async def test_webhooks_are_taken_while_postgresql_is_stopped(tmp_path: Path, cluster: postgres.Stoppable) -> None:
    url = postgres.create(cluster.address, "switchboard_outage")
    async with office_with(tmp_path, url) as office:
        system, stream = office.system, office.stream()
        await asyncio.to_thread(cluster.stop)
        lines = [f"Line {n}" for n in range(20)]
        for line in lines:
            await stream.bring(message("Nina", PHONE, line, line))
        assert stream.refused == 0 and spooled(system)
        status, problem = await system.api.call("GET", "/conversations")
        assert status == 503 and problem["detail"]
        await asyncio.to_thread(cluster.start)

        await wait_until(lambda: not spooled(system), 30, "the spool is empty")
        assert await heard(office) == ["Before", *lines]
        await stream.bring(message("Nina", PHONE, "After", "after"))
        assert (await heard(office))[-1] == "After"
        assert system.errors() == []


async def test_a_web_process_that_begins_without_its_database_asks_providers_to_come_back(
    tmp_path: Path, cluster: postgres.Stoppable
) -> None:
    url = postgres.create(cluster.address, "switchboard_beginning")
    async with office_with(tmp_path, url) as office:
        await asyncio.to_thread(cluster.stop)
        # The hooks' secrets lie in the database: what cannot be verified must not be taken, so the provider keeps it.
        stream = office.stream()
        await office.system.stop("worker")
        office.system.kill("web")
        await asyncio.to_thread(cluster.start)
        bringing = asyncio.create_task(stream.bring(message("Nina", PHONE, "Meanwhile", "meanwhile")))
        await wait_until(lambda: stream.refused > 0)
        office.system.start("web", "worker")
        await bringing
        await wait_until(lambda: not spooled(office.system), 30, "the spool is empty")  # its first connections may have failed
        assert await heard(office) == ["Before", "Meanwhile"]


async def test_webhooks_are_taken_while_sqlite_is_locked(tmp_path: Path) -> None:
    async with office_with(tmp_path, "") as office:
        system, stream = office.system, office.stream()
        lines = [f"Line {n}" for n in range(10)]
        with held(system.settings.data / "switchboard.db"):
            await asyncio.gather(*(stream.bring(message("Nina", PHONE, line, line)) for line in lines))
            assert stream.refused == 0 and spooled(system)
        await wait_until(lambda: not spooled(system), BUSY * 3, "the spool is empty")
        assert sorted(await heard(office)) == ["Before", *lines]
        assert system.errors() == []
