"""The database is away for a minute under load: all is taken, nothing is lost or doubled, and order is kept."""

import asyncio
import dataclasses
import itertools
import json
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from structlog.testing import capture_logs

from channels.base import Hook
from inbox import receive, replay
from inbox import schema as t
from inbox.db import Database, DatabaseDown
from inbox.house import House, open_house
from inbox.migrate import migrate
from inbox.settings import Settings
from tests import postgres
from tests.conftest import make_settings
from tests.inbox import rows
from tests.journeys.system import held

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
A_SECOND, OUTAGE = 200, 15
"""Webhooks in a second, and seconds: a minute of them shows the same and takes four times as long."""
PEOPLE = 40
FIRST = 2 * PEOPLE
"""Webhooks of before."""


def moment(number: int) -> datetime:
    return START + timedelta(milliseconds=number * 1000 // A_SECOND)


def webhook(number: int) -> Hook:
    """The provider's next delivery, 5 ms after the last. Its times are whole seconds, as WhatsApp's are."""
    at = moment(number)
    phone = f"7916000{number % PEOPLE:04d}"
    message = {"from": phone, "id": f"wamid.{number}", "timestamp": str(int(at.timestamp())), "type": "text"}
    value = {
        "messaging_product": "whatsapp", "metadata": {"phone_number_id": "1"},
        "contacts": [{"profile": {"name": phone}, "wa_id": phone}], "messages": [message | {"text": {"body": f"{number}"}}],
    }  # fmt: skip
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]})
    return Hook(method="POST", url="https://inbox.example/hooks/1", headers={}, body=body.encode(), received_at=at)


@dataclasses.dataclass
class Office:
    """Two web processes and a worker of one installation, in one process."""

    web: list[House]
    worker: House
    channel: int
    _taken: Iterator[int] = dataclasses.field(default_factory=itertools.count)

    async def take(self, numbers: Iterator[int] | range) -> None:
        """Bring webhooks: all people at once, each one's next to the other process as soon as the last is on disk."""
        for second in _chunks(list(numbers), A_SECOND):
            await asyncio.gather(*(self._one_by_one(second[place::PEOPLE]) for place in range(PEOPLE)))

    async def _one_by_one(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            await self._take(number)

    async def _take(self, number: int) -> None:
        house = self.web[number // PEOPLE % len(self.web)]
        line = await house.accounts.line(self.channel)
        assert line is not None
        # It comes when it comes: how long others took before it decides when that is.
        await house.intake.take(line, dataclasses.replace(webhook(number), received_at=moment(next(self._taken))))

    async def heard(self) -> dict[int, list[int]]:
        """Each person's messages, as operators see them."""
        m = t.messages.c
        found: dict[int, list[int]] = {}
        query = sa.select(m.contact_id, m.text).order_by(m.at, m.id)
        for contact, text in await self.worker.db.read(lambda c: c.execute(query).all()):
            found.setdefault(contact, []).append(int(text))
        return found

    async def raw(self) -> list[datetime]:
        """When the webhooks came that are kept, in the order in which they were stored."""
        query = sa.select(t.raw_bodies.c.received_at).order_by(t.raw_bodies.c.id)
        return list(await self.worker.db.read(lambda c: c.scalars(query).all()))


def _chunks(numbers: list[int], size: int) -> list[list[int]]:
    return [numbers[n : n + size] for n in range(0, len(numbers), size)]


@asynccontextmanager
async def office(settings: Settings, valkey: str, processes: int = 2) -> AsyncIterator[Office]:
    settings.redis_url = SecretStr(valkey)
    async with AsyncExitStack() as stack:
        web = [await stack.enter_async_context(open_house(settings, "web")) for _ in range(processes)]
        worker = await stack.enter_async_context(open_house(settings, "worker"))
        channel = await worker.db.run(rows.add_channel, worker.vault, START, "whatsapp")
        found = Office(web, worker, channel)
        await found.take(range(FIRST))  # everybody is known, and every process has read the channel
        yield found


def waiting(settings: Settings) -> list[Path]:
    return list((settings.data / "spool").glob("*.spool*"))


async def check(found: Office, count: int) -> None:
    """Every webhook is stored once, and each person's in the order in which they came: what several people write at the same
    moment has no order."""
    heard = await found.heard()
    assert Counter(n for each in heard.values() for n in each) == Counter(range(count)), "none lost, none doubled"
    assert len(heard) == PEOPLE and all(each == sorted(each) for each in heard.values()), "in order"
    assert sorted(await found.raw()) == [webhook(number).received_at for number in range(count)]


@contextmanager
def away(settings: Settings, cluster: postgres.Stoppable | None) -> Iterator[None]:
    """The database is stopped: SQLite is locked by another program, PostgreSQL is not running."""
    if cluster is None:
        with held(settings.data / "switchboard.db"):
            yield
        return
    cluster.stop()
    try:
        yield
    finally:
        cluster.start()


@pytest.fixture(params=["sqlite", "postgres"])
def stoppable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Settings, postgres.Stoppable | None]]:
    """An installation whose database can be taken away."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "switchboard.db")
        yield make_settings(tmp_path), None
        return
    with postgres.stoppable() as cluster:
        settings = make_settings(tmp_path, postgres.create(cluster.address, "switchboard_replay"))
        db = Database(settings)
        migrate(db)
        db.close()
        yield settings, cluster


async def test_an_outage_under_load_loses_nothing_and_keeps_order(
    stoppable: tuple[Settings, postgres.Stoppable | None], valkey: str
) -> None:
    settings, cluster = stoppable
    back, count = FIRST + A_SECOND * OUTAGE, FIRST + A_SECOND * (OUTAGE + 3)
    async with office(settings, valkey) as found:
        with away(settings, cluster):
            await found.take(range(FIRST, back))
            assert waiting(settings)
            with pytest.raises(DatabaseDown):
                await replay.drain(found.worker)
        # The database is back, and customers write on while the worker replays.
        await asyncio.gather(found.take(range(back, count)), replay.drain(found.worker))
        await replay.drain(found.worker)
        assert waiting(settings) == []
        await check(found, count)
        assert not found.web[0].spool.behind()


@pytest.fixture
async def small(settings: Settings, valkey: str) -> AsyncIterator[Office]:
    """An office whose web process is behind: forty deliveries wait on disk."""
    async with office(settings, valkey, processes=1) as found:
        for number in range(FIRST, FIRST + PEOPLE):
            await found.web[0].spool.kept(found.channel, webhook(number))
        yield found


async def test_a_replay_that_breaks_off_goes_on_where_it_stopped(small: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is stored twice, not even a raw body, which nothing else tells apart."""
    monkeypatch.setattr(replay, "TOGETHER", 7)
    stored = 0

    def die(connection: sa.Connection, arrivals: Any, marks: Any) -> None:
        nonlocal stored
        stored += 1
        if stored == 3:
            raise DatabaseDown("gone again")
        right(connection, arrivals, marks)

    right = replay._store
    monkeypatch.setattr(replay, "_store", die)
    with pytest.raises(DatabaseDown):
        await replay.drain(small.worker)
    assert len(await small.raw()) == FIRST + 14
    monkeypatch.setattr(replay, "_store", right)
    await replay.drain(small.worker)
    await check(small, FIRST + PEOPLE)
    marks = await small.worker.db.read(lambda c: c.execute(sa.select(t.spool_marks)).all())
    assert marks == [] and waiting(small.worker.settings) == []


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_delivery_that_cannot_be_stored_costs_its_neighbours_only_time(
    small: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(connection: sa.Connection, arrivals: Any) -> Any:
        raise ValueError("a bug")

    monkeypatch.setattr(receive, "store", refuse)
    with capture_logs() as lines:
        await replay.drain(small.worker)
    assert lines[0]["log_level"] == "error"
    await check(small, FIRST + PEOPLE)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_what_waits_for_a_channel_that_is_gone_stops_nobody(small: Office) -> None:
    await small.web[0].spool.kept(999, webhook(FIRST + PEOPLE))
    await small.web[0].spool.kept(small.channel, webhook(FIRST + PEOPLE))
    await replay.drain(small.worker)
    await check(small, FIRST + PEOPLE + 1)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_two_workers_replay_each_delivery_once(small: Office) -> None:
    async with open_house(small.worker.settings, "worker") as other:
        await asyncio.gather(replay.drain(small.worker), replay.drain(other))
    await replay.drain(small.worker)
    await check(small, FIRST + PEOPLE)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_pulled_channel_goes_on_behind_what_was_spooled(small: Office) -> None:
    await small.web[0].spool.kept(small.channel, webhook(FIRST + PEOPLE), {"offset": 7})
    await replay.drain(small.worker)
    query = sa.select(t.channels.c.cursor).where(t.channels.c.id == small.channel)
    assert await small.worker.db.read(lambda c: c.scalar(query)) == {"offset": 7}
