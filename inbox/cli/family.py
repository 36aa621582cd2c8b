"""The processes of an installation on one machine, and the supervisor over them."""

import asyncio
import sys
from collections.abc import Sequence

from inbox import probe, supervise, valkey
from inbox.cli import reload
from inbox.cli.words import fail, warn
from inbox.settings import Settings
from inbox.supervise import Child, Supervisor


def house(found: Settings) -> list[Child]:
    """The private Valkey, unless a Redis was named."""
    if found.redis_url.get_secret_value():
        if not valkey.answers(found.redis_address):
            warn("Redis does not answer at SWITCHBOARD_REDIS_URL; until it does, work goes on slower")
        return []
    try:
        command = valkey.command(found)
    except valkey.NoValkey as error:
        fail(str(error))
    ready = lambda: valkey.answers(found.redis_address)  # noqa: E731
    return [Child(name="valkey", command=command, ready=ready, ours=False, unable=lambda: valkey.set_aside(found))]


def web(found: Settings, count: int) -> list[Child]:
    """Web processes; the first is waited for."""
    command = ours("serve", "--port", str(found.port))
    first = Child(name="web", command=command, ready=lambda: healthy(found), patience=60)
    return [first, *(Child(name=f"web-{n}", command=command) for n in range(2, count + 1))]


def healthy(found: Settings) -> bool:
    """Whether our web server answers."""
    return probe.get(found.host, found.port, "/healthz") is not None


def workers(found: Settings, count: int) -> list[Child]:
    command = ours("worker", "--port", str(found.port))
    return [Child(name="worker" if n == 1 else f"worker-{n}", command=command) for n in range(1, count + 1)]


def ours(*words: str) -> Sequence[str]:
    """The command line of a child that is this program."""
    return [sys.executable, "-m", "inbox.cli", *words, "--supervised"]


def keep(children: Sequence[Child], ready: "supervise.Ready", *, watched: bool = False) -> None:
    """Run the supervisor until it is told to stop. `watched`: our processes begin again when the code changes."""
    try:
        asyncio.run(_keep(Supervisor(children=children, on_ready=ready), watched))
    except supervise.NotReady as error:
        fail(f"{error}. What it said stands above; `switchboard doctor` may know more.")


async def _keep(supervisor: Supervisor, watched: bool) -> None:
    watching = asyncio.create_task(reload.watch(supervisor)) if watched else None
    await supervisor.run()
    if watching is not None:
        watching.cancel()
