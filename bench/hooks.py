"""(a) Webhooks acknowledged and fully stored per second at saturation, against the floor that only keeps the body."""

import os
import subprocess
import sys

import sqlalchemy as sa

from bench import cpu
from bench.postgres import Server
from bench.result import Figure, Section
from bench.rig import SECRET, Rig, end, free_port, installation, store, wait_for_port
from bench.size import Size
from bench.wire import Load
from inbox import schema as t

CONNECTIONS = 128
AIM = 0.5
NOTES = [
    "ours acknowledges after the whole message is stored, so acknowledged and fully stored per second are one number",
    "the floor: aiohttp, signature checked, JSON parsed, raw body group-committed with fsync; nothing else",
]

Round = tuple[float, dict[str, float]]
"""Webhooks a second; microseconds of CPU per webhook, by process."""


async def section(size: Size, rounds: int, server: Server | None) -> Section:
    """All rounds, ours and the floor in turn."""
    pairs = [(await _ours(size, server), await _floor(size, server)) for _ in range(rounds)]
    names = {name: [ours[1][name] for ours, _ in pairs] for name in pairs[0][0][1]}
    bare = {name: [floor[1][name] for _, floor in pairs] for name in pairs[0][1][1] if name.startswith("floor")}
    figure = Figure(
        name="webhooks acknowledged = stored", unit="/s", ours=[o[0] for o, _ in pairs], floor=[f[0] for _, f in pairs], aim=AIM
    )
    return Section(letter="a", title="Webhooks at saturation", database=label(server), figures=[figure], cpu=names | bare,
                   item="webhook", notes=NOTES)  # fmt: skip


def label(server: Server | None) -> str:
    return "postgresql" if server else "sqlite"


async def _ours(size: Size, server: Server | None) -> Round:
    with installation("http://127.0.0.1:9", server) as rig:
        rig.start("web")
        result = await _saturate(rig.settings.port, rig, size, rig.pids)
        stored = rig.count(sa.select(sa.func.count()).select_from(t.messages).where(t.messages.c.direction == "in"))
        assert stored == size.webhooks + size.webhooks // 10, f"{stored} stored"
        return result


async def _floor(size: Size, server: Server | None) -> Round:
    with store(server) as (folder, url):
        port = free_port()
        process = subprocess.Popen([sys.executable, "-m", "bench.floor", str(port), url or str(folder / "floor.db"), SECRET])
        try:
            wait_for_port(port, process)
            return await _saturate(port, Rig(folder, url), size, {"floor": process.pid})
        finally:
            end([process])


async def _saturate(port: int, rig: Rig, size: Size, pids: dict[str, int]) -> Round:
    warm, requests = rig.requests(size.webhooks // 10, size.contacts, seed=2), rig.requests(size.webhooks, size.contacts)
    load = Load(port, CONNECTIONS)
    await load.open()
    await load.saturate(warm)
    pids = pids | {"load": os.getpid()}
    before = cpu.read(pids)
    seconds = await load.saturate(requests)
    used = cpu.each(before, cpu.read(pids), size.webhooks)
    assert load.statuses == {200: size.webhooks}, load.statuses
    load.close()
    return size.webhooks / seconds, used
