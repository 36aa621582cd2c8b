"""(h) One event to 1,000 connected operators: how long until the last has heard, beside a bare stream of the same events."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import sqlalchemy as sa

from bench import cpu
from bench.hooks import label
from bench.postgres import Server
from bench.result import Figure, Section
from bench.rig import Rig, end, free_port, installation, wait_for_port
from bench.size import Size
from bench.wire import Load, Streams, quantile
from inbox.access.sign_in import add_token
from inbox.house import House, open_house

AIM = 2.0
AIM_MS = 100.0
GAP = 0.02
"""Seconds between two events that come one at a time."""
BURST, BURSTS = 50, 3
OPEN_SECONDS, HEAR_SECONDS = 60.0, 30.0
NOTES = [
    "from handing the event to Valkey, as a commit does, until the last operator's socket has it; one process reads all sockets",
    "the floor: aiohttp reads the same Valkey stream, frames each event once and writes it to everybody, no rights, no resuming",
    f"burst: {BURST} events at once, until the last of them has reached the last operator",
]
Times = dict[str, list[float]]
"""Milliseconds of each trial, by what was tried."""


async def section(size: Size, rounds: int, server: Server | None) -> Section:
    """Each round connects everybody to ours, then to the floor; both read the same Valkey."""
    ours: list[Times] = []
    floor: list[Times] = []
    used: list[dict[str, float]] = []
    with installation("http://127.0.0.1:9", server) as rig:
        rig.start("web")
        async with _bare(rig) as port, open_house(rig.settings, "bench") as house:
            token = await house.db.run(_token)
            for number in range(rounds):
                async with _connected(rig.settings.port, size.operators, token) as own:
                    before = cpu.read(rig.pids | {"load": os.getpid()})
                    times = await _round(house, own, size, number)
                    after = cpu.read(rig.pids | {"load": os.getpid()})
                    used.append(cpu.each(before, after, (size.events + BURSTS * BURST) * size.operators))
                    ours.append(times | await _heard(rig, own, size, number))
                async with _connected(port, size.operators, "") as others:
                    floor.append(await _round(house, others, size, rounds + number))
    return Section(
        letter="h", title=f"One event to {size.operators:,} operators", database=label(server), figures=[*_figures(ours, floor)],
        cpu={name: [each[name] for each in used] for name in ("web", "load")}, item="event and operator", notes=NOTES,
    )  # fmt: skip


def _figures(ours: Sequence[Times], floor: Sequence[Times]) -> list[Figure]:
    found = []
    for name, share in (("one event", 0.5), ("one event", 0.99), ("burst", 0.5)):
        title = f"{name} to the last operator, p{share * 100:.0f}" if name == "one event" else f"burst of {BURST}"
        mine, bare = ([quantile(each[name], share) for each in side] for side in (ours, floor))
        found.append(Figure(name=title, unit="ms", ours=mine, floor=bare, aim=AIM, more_is_better=False))
    whole = [[quantile(each["webhook"], share) for each in ours] for share in (0.5, 0.99)]
    for share, values in zip((50, 99), whole, strict=True):
        title = f"a customer's message to the last operator, p{share}"
        found.append(Figure(name=title, unit="ms", ours=values, aim=AIM_MS, more_is_better=False))
    return found


async def _round(house: House, streams: Streams, size: Size, number: int) -> Times:
    """Events one at a time, then together."""
    first = (number + 1) * 100_000
    alone = [await _told(house, streams, [first + n]) for n in range(size.events)]
    starts = [first + 50_000 + 100 * n for n in range(BURSTS)]
    burst = [await _told(house, streams, range(start, start + BURST)) for start in starts]
    return {"one event": alone, "burst": burst}


async def _told(house: House, streams: Streams, numbers: Sequence[int]) -> float:
    heard = streams.expect(b'"conversation_id":%d}' % numbers[-1])
    began = time.perf_counter()
    house.live.give_out([("live", "conversation", (("conversation_id", number),)) for number in numbers])
    async with asyncio.timeout(HEAR_SECONDS):
        at = await heard
    await asyncio.sleep(GAP)
    return (at - began) * 1e3


async def _heard(rig: Rig, streams: Streams, size: Size, turn: int) -> Times:
    """From sending the provider's webhook until everybody's window knows: stored, committed, told."""
    load = Load(rig.settings.port, 1)
    await load.open()
    times = []
    count = max(10, size.events // 5)
    for number in range(turn * count, (turn + 1) * count):  # each message once: a second time it would be known
        heard = streams.expect(b"event: message\n")
        began = time.perf_counter()
        await load.saturate([rig.request(number, number + 1)])
        async with asyncio.timeout(HEAR_SECONDS):
            times.append((await heard - began) * 1e3)
        await asyncio.sleep(GAP)
    load.close()
    return {"webhook": times}


def _token(connection: sa.Connection) -> str:
    return add_token(connection, datetime.now(UTC), 1, "bench")[1]


@asynccontextmanager
async def _connected(port: int, count: int, token: str) -> AsyncIterator[Streams]:
    streams = Streams(port)
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            await streams.open(count, token)
        yield streams
    finally:
        streams.close()


@asynccontextmanager
async def _bare(rig: Rig) -> AsyncIterator[int]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.speaker", str(port), rig.settings.redis_address])
    try:
        await asyncio.to_thread(wait_for_port, port, process)
        yield port
    finally:
        end([process])
