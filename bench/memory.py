"""(e) Memory of each process: at rest, and after as many people have written and were answered."""

import asyncio
import time

from bench.hooks import label
from bench.loop import CONNECTIONS, SLOWEST, Provider, all_sent
from bench.postgres import Server
from bench.result import Figure, Section
from bench.rig import Rig, installation
from bench.size import Size
from bench.wire import Load, listen

AIM_MB = 10.0
"""What 10,000 conversations may add to a process."""
MB = 1e6


async def section(size: Size, rounds: int, server: Server | None) -> Section:
    """Resident memory, once a round."""
    seen = [await _round(size, server) for _ in range(rounds)]
    figures = []
    for name in seen[0][0]:
        rest, after = [r[name] / MB for r, _ in seen], [a[name] / MB for _, a in seen]
        figures.append(Figure(name=f"{name} at rest", unit="MB", ours=rest, more_is_better=False))
        figures.append(Figure(name=f"{name} after {size.people:,}", unit="MB", ours=after, more_is_better=False))
        grown = [late - early for early, late in zip(rest, after, strict=True)]
        figures.append(Figure(name=f"{name}: growth", unit="MB", ours=grown, aim=AIM_MB, more_is_better=False))
    notes = [f"resident memory (RSS); every one of {size.people:,} people wrote once and was answered by the bot"]
    return Section(letter="e", title="Memory of each process", database=label(server), figures=figures, notes=notes)


async def _round(size: Size, server: Server | None) -> tuple[dict[str, int], dict[str, int]]:
    provider = Provider()
    listening, port = await listen(provider.handle)
    try:
        with installation(f"http://127.0.0.1:{port}", server) as rig:
            rig.start("web", "worker")
            return await _fill(rig, provider, size.people)
    finally:
        listening.close()


async def _fill(rig: Rig, provider: Provider, people: int) -> tuple[dict[str, int], dict[str, int]]:
    rest = await _at_rest(rig, 30)
    load = Load(rig.settings.port, CONNECTIONS)
    await load.open()
    await load.saturate([rig.request(person, person + 1) for person in range(people)])
    await provider.until(people, 60 + people / SLOWEST)
    await all_sent(rig, 60)
    load.close()
    return rest, rig.memory()


async def _at_rest(rig: Rig, seconds: float) -> dict[str, int]:
    """When the processes have started: nothing grows any more for a second."""
    end_at, before = time.monotonic() + seconds, rig.memory()
    while time.monotonic() < end_at:
        await asyncio.sleep(1)
        now = rig.memory()
        if all(abs(now[name] - before[name]) < MB / 5 for name in now) and now["worker"] > 40 * MB:
            break
        before = now
    return rig.memory()
