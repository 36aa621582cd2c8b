"""(b) The whole loop: webhook in -> stored -> routed -> bot's reply at the provider's stand-in -> marked sent.

The customers' side, the load and the stand-in share one process; what is measured are the web and the worker process beside it.
The floor is one process that keeps the webhook, posts a reply and keeps the answer.
"""

import asyncio
import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from bench import cpu
from bench.hooks import label
from bench.postgres import Server
from bench.result import Figure, Section
from bench.rig import SECRET, Rig, end, free_port, installation, store, wait_for_port
from bench.size import Size
from bench.wire import Load, listen, quantile
from inbox import schema as t

CONNECTIONS = 96
AIM = 0.3
SLOWEST = 50
"""Loops a second; below that something is broken, and the bench gives up."""
PATH = "/1/messages"
NOTES = [
    "at half load: an open-loop schedule at half of the round's rate; from the scheduled webhook to the reply's arrival",
    "the floor: one process that keeps the webhook with fsync, posts a reply (64 at a time) and keeps the answer with fsync",
    "aim: 1,700 whole loops a second on two cores with the load beside them, p99 under 100 ms at half of that",
]
_NUMBER = re.compile(rb"order (\d+)\?")


@dataclass(frozen=True, slots=True)
class Loop:
    """`rate`: whole loops a second at saturation. Seconds from schedule to reply at half of that. CPU per loop by process."""

    rate: float
    p50: float
    p99: float
    cpu: Mapping[str, float]


class Provider:
    """A stand-in that takes every message and remembers when."""

    def __init__(self) -> None:
        self.arrived: dict[int, float] = {}
        self._ids = itertools.count(1)

    def handle(self, body: bytes) -> bytes:
        found = _NUMBER.search(body)
        if found:
            self.arrived.setdefault(int(found[1]), time.perf_counter())
        return b'{"messaging_product":"whatsapp","messages":[{"id":"wamid.S%d"}]}' % next(self._ids)

    async def until(self, count: int, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while len(self.arrived) < count:
            if time.perf_counter() > end:
                raise TimeoutError(f"{len(self.arrived)} of {count} replies came")
            await asyncio.sleep(0.01)


async def section(size: Size, rounds: int, server: Server | None) -> Section:
    """All rounds, ours and the floor in turn."""
    pairs = [(await _ours(size, server), await _floor(size, server)) for _ in range(rounds)]
    ours, bare = [o for o, _ in pairs], [f for _, f in pairs]
    figures = [
        Figure(name="whole loops", unit="/s", ours=[o.rate for o in ours], floor=[f.rate for f in bare], aim=AIM),
        Figure(name="p50 at half load", unit="ms", ours=[o.p50 * 1e3 for o in ours], floor=[f.p50 * 1e3 for f in bare],
               more_is_better=False),
        Figure(name="p99 at half load", unit="ms", ours=[o.p99 * 1e3 for o in ours], floor=[f.p99 * 1e3 for f in bare],
               more_is_better=False),
    ]  # fmt: skip
    used = {name: [o.cpu[name] for o in ours] for name in ours[0].cpu} | {"floor": [f.cpu["floor"] for f in bare]}
    return Section(
        letter="b", title="The whole loop", database=label(server), figures=figures, cpu=used, item="loop", notes=NOTES
    )


async def _ours(size: Size, server: Server | None) -> Loop:
    provider = Provider()
    listening, port = await listen(provider.handle)
    try:
        with installation(f"http://127.0.0.1:{port}", server) as rig:
            rig.start("web", "worker")
            return await _measure(rig, rig.settings.port, provider, rig.pids, size)
    finally:
        listening.close()


async def _floor(size: Size, server: Server | None) -> Loop:
    provider = Provider()
    listening, port = await listen(provider.handle)
    with store(server) as (folder, url):
        ours = free_port()
        command = [sys.executable, "-m", "bench.floor", str(ours), url or str(folder / "floor.db"), SECRET]
        process = subprocess.Popen([*command, f"http://127.0.0.1:{port}{PATH}"])
        try:
            wait_for_port(ours, process)
            return await _measure(Rig(folder, url), ours, provider, {"floor": process.pid}, size)
        finally:
            end([process])
            listening.close()


async def _measure(rig: Rig, port: int, provider: Provider, pids: Mapping[str, int], size: Size) -> Loop:
    load = Load(port, CONNECTIONS)
    await load.open()
    warm = size.loops // 10
    await load.saturate(rig.requests(warm, size.contacts, seed=3))
    await provider.until(warm, 60)
    requests, pids = rig.requests(size.loops, size.contacts), {**pids, "load and stand-in": os.getpid()}
    before, began = cpu.read(pids), time.perf_counter()
    await load.saturate(requests)
    await provider.until(warm + size.loops, 60 + size.loops / SLOWEST)
    if "worker" in pids:
        await all_sent(rig, 60)
    rate = size.loops / (time.perf_counter() - began)
    used = cpu.each(before, cpu.read(pids), size.loops)
    late = await _at_half(rig, load, provider, rate / 2, size)
    load.close()
    return Loop(rate, quantile(late, 0.5), quantile(late, 0.99), used)


async def all_sent(rig: Rig, seconds: float) -> None:
    """Wait until the last reply is marked sent."""
    left = sa.select(sa.func.count()).select_from(t.messages).where(t.messages.c.state.in_(("queued", "sending")))
    end_at = time.perf_counter() + seconds
    with rig.database() as db:
        while await db.read(_number, left):
            if time.perf_counter() > end_at:
                raise TimeoutError("not all replies were marked sent")
            await asyncio.sleep(0.01)


def _number(connection: sa.Connection, statement: sa.Select[int]) -> int:
    return connection.execute(statement).scalar_one()


async def _at_half(rig: Rig, load: Load, provider: Provider, rate: float, size: Size) -> list[float]:
    """Seconds of each loop, from the scheduled webhook to the reply."""
    count = max(20, int(rate * size.half_seconds))
    first = len(provider.arrived) + 1
    requests = rig.requests(count, size.contacts, seed=4)
    began = await load.schedule(iter(requests), count, rate)
    await provider.until(first - 1 + count, 60)
    return [provider.arrived[first + n] - (began + n / rate) for n in range(count)]
