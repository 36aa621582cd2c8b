"""(a) Webhooks acknowledged and fully stored per second at saturation, against the floor that only keeps the body."""

import subprocess
import sys
import tempfile
from pathlib import Path

import sqlalchemy as sa

from bench.rig import SECRET, Rig, free_port, fresh_database, installation, wait_for_port
from bench.wire import Load
from inbox import schema as t

COUNT = 12_000
CONTACTS = 4_000
CONNECTIONS = 128


async def ours(postgres: str | None) -> float:
    """Webhooks a second. Acknowledged is stored here: the answer comes after the commit, which is checked by counting rows."""
    with installation("http://127.0.0.1:9", postgres) as rig:
        rig.start("serve")
        seconds = await _saturate(rig.settings.port, rig)
        stored = rig.count(sa.select(sa.func.count()).select_from(t.messages).where(t.messages.c.direction == "in"))
        assert stored == COUNT + COUNT // 10, f"{stored} stored"
        return COUNT / seconds


async def floor(postgres: str | None) -> float:
    """Webhooks a second of the bare handler."""
    port, url = free_port(), fresh_database(postgres) if postgres else tempfile.mktemp(suffix=".db")  # noqa: S306 ours alone
    process = subprocess.Popen([sys.executable, "-m", "bench.floor", str(port), url, SECRET])
    try:
        wait_for_port(port)
        return COUNT / await _saturate(port, Rig(Path(tempfile.gettempdir()) / "unused", ""))
    finally:
        process.terminate()
        process.wait(10)


async def _saturate(port: int, rig: Rig) -> float:
    warm, requests = rig.requests(COUNT // 10, CONTACTS, seed=2), rig.requests(COUNT, CONTACTS)
    load = Load(port, CONNECTIONS)
    await load.open()
    await load.saturate(warm)
    seconds = await load.saturate(requests)
    assert load.statuses == {200: COUNT}, load.statuses
    load.close()
    return seconds
