"""(c) Broadcast messages a second: rendered, suppression checked, ledger kept, against a bare client posting the same bodies."""

import asyncio
import itertools
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from bench import cpu
from bench.hooks import label
from bench.loop import PATH
from bench.postgres import Server
from bench.result import Figure, Section
from bench.rig import Rig, installation
from bench.size import Size
from bench.wire import listen
from inbox import broadcasts, house
from inbox import schema as t
from inbox.store import ids

AIM = 0.5
AIM_GROWTH = 10.0
STOPPED_EVERY = 20
TAG = "autumn"
TEXT = "Hello {{ name }}, our autumn sale has begun: {{ city }}, 12 High Street. Your number is {{ number }}. Reply STOP to end."
NOTES = [
    "from the start to the ledger saying done: audience planned, every text rendered, each message kept, claimed, sent and noted",
    f"one in {STOPPED_EVERY} has said stop; that nobody of them and everybody else got it, once, is checked in every round",
    "the floor: a bare aiohttp ClientSession, 64 at a time, posting the same bodies to the same stand-in",
]


@dataclass(frozen=True, slots=True)
class Sent:
    """One round of ours. Bytes of the worker's memory: before, and the most during it."""

    rate: float
    cpu: dict[str, float]
    before: int
    most: int
    bodies: list[bytes]


class Provider:
    """A stand-in that keeps the bodies, for the floor to post again."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self._ids = itertools.count(1)

    def handle(self, body: bytes) -> bytes:
        if not body:  # a question (which templates are there?), no message
            return b'{"data":[]}'
        self.bodies.append(body)
        return b'{"messaging_product":"whatsapp","messages":[{"id":"wamid.S%d"}]}' % next(self._ids)


async def section(size: Size, rounds: int, server: Server | None) -> Section:
    """All rounds, ours and the floor in turn."""
    ours, floor = [], []
    for _ in range(rounds):
        ours.append(await _ours(size, server))
        floor.append(await _floor(ours[-1].bodies))
    growth = [(o.most - o.before) / 1e6 for o in ours]
    figures = [
        Figure(name="broadcast messages", unit="/s", ours=[o.rate for o in ours], floor=[f[0] for f in floor], aim=AIM),
        Figure(name="worker's memory before", unit="MB", ours=[o.before / 1e6 for o in ours], more_is_better=False),
        Figure(name="its growth at the most", unit="MB", ours=growth, aim=AIM_GROWTH, more_is_better=False),
    ]
    used = {name: [o.cpu[name] for o in ours] for name in ours[0].cpu} | {"floor": [f[1] for f in floor]}
    return Section(letter="c", title="Broadcast", database=label(server), figures=figures, cpu=used, item="message", notes=NOTES)


async def _ours(size: Size, server: Server | None) -> Sent:
    provider = Provider()
    listening, port = await listen(provider.handle)
    try:
        with installation(f"http://127.0.0.1:{port}", server) as rig:
            _add_people(rig, size.broadcast)
            rig.start("worker")
            return await _send(rig, provider, size.broadcast)
    finally:
        listening.close()


async def _send(rig: Rig, provider: Provider, people: int) -> Sent:
    # One broadcast to nobody, so that the worker has loaded all it needs: what grows from here on is the broadcast's own.
    await _broadcast(rig, "nobody", 60)
    pids = {**rig.pids, "stand-in": os.getpid()}
    before, memory, began = cpu.read(pids), rig.memory()["worker"], time.perf_counter()
    number, most = await _broadcast(rig, TAG, 60 + people / 50)
    rate = len(provider.bodies) / (time.perf_counter() - began)
    used = cpu.each(before, cpu.read(pids), len(provider.bodies))
    _check(rig, number, people, provider)
    return Sent(rate, used, memory, most, provider.bodies)


async def _broadcast(rig: Rig, tag: str, seconds: float) -> tuple[int, int]:
    """Send one and wait until it is done: (its id, the most memory the worker had)."""
    end_at, most = time.monotonic() + seconds, 0
    async with house.open_house(rig.settings, "bench") as ours:
        number = await ours.db.run(_start, tag)
        while await ours.db.read(_state, number) != "done":
            if time.monotonic() > end_at:
                raise TimeoutError(f"the broadcast is not done: {await ours.db.read(broadcasts.progress, number)}")
            most = max(most, rig.memory()["worker"])
            await asyncio.sleep(0.05)
    return number, most


def _start(connection: sa.Connection, tag: str) -> int:
    now = datetime.now(UTC)
    number = broadcasts.create(connection, now, name=tag, body=TEXT, tag=tag)
    broadcasts.start(connection, now, number)
    return number


def _state(connection: sa.Connection, number: int) -> str:
    state: str = connection.execute(sa.select(t.broadcasts.c.state).where(t.broadcasts.c.id == number)).scalar_one()
    return state


def _check(rig: Rig, number: int, people: int, provider: Provider) -> None:
    """The ledger and the provider agree, and nobody who said stop was written to."""
    with rig.database() as db, db.begin() as connection:
        progress = broadcasts.progress(connection, number)
    stopped = len(range(0, people, STOPPED_EVERY))
    assert (progress["sent"], progress["skipped"]) == (people - stopped, stopped), progress
    assert len(set(provider.bodies)) == len(provider.bodies) == people - stopped, len(provider.bodies)


def _add_people(rig: Rig, count: int) -> None:
    """People with the tag who wrote today, each reachable on the channel."""
    now = datetime.now(UTC)
    with rig.database() as db, db.begin() as connection:
        numbers = list(ids.take(connection, "contacts", count))
        people = [{"id": n, "number": f"C-{n}", "name": f"Person {n}", "fields": {"city": f"City {n % 90}"}, "created_at": now}
                  for n in numbers]  # fmt: skip
        connection.execute(sa.insert(t.contacts), people)
        connection.execute(sa.insert(t.contact_tags), [{"tag": TAG, "contact_id": n} for n in numbers])
        reaches = [
            {"channel_id": 1, "address": f"+1555{n:07d}", "contact_id": n, "heard_at": now,
             "stopped_at": None if place % STOPPED_EVERY else now}
            for place, n in enumerate(numbers)
        ]  # fmt: skip
        connection.execute(sa.insert(t.reaches), reaches)


async def _floor(bodies: list[bytes]) -> tuple[float, float]:
    """(messages a second, microseconds of CPU each) of the bare client."""
    provider = Provider()
    listening, port = await listen(provider.handle)
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as folder:
        file = Path(folder) / "bodies"
        file.write_bytes(b"\n".join(bodies))
        command = [sys.executable, "-m", "bench.poster", f"http://127.0.0.1:{port}{PATH}", str(file)]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        try:
            async with asyncio.timeout(60 + len(bodies) / 50):
                output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            listening.close()
    seconds, used = (float(word) for word in output.split())
    assert sorted(provider.bodies) == sorted(bodies)
    return len(bodies) / seconds, used / len(bodies) * 1e6
