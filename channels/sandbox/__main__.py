"""Runs the sandbox alone: `python -m channels.sandbox --port 8090 [--connect kind=webhook ...] [--life]`."""

import argparse
import asyncio
import json
import signal
from collections.abc import Sequence

from channels.sandbox.app import Sandbox


async def run(port: int, webhooks: dict[str, str], *, life: bool, seed: int, pace: float) -> None:
    """Serve until interrupted; the first line printed holds the page's address and the settings to connect with."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with Sandbox(port) as sandbox:
        await sandbox.connect(webhooks)
        print(json.dumps({"page": sandbox.base_url, "settings": sandbox.settings()}), flush=True)
        if life:
            sandbox.live(seed=seed, pace=pace)
        await ended.wait()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m channels.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8090, help="0 takes a free one")
    parser.add_argument("--connect", action="append", default=[], metavar="KIND=WEBHOOK", help="where a provider delivers")
    parser.add_argument("--life", action="store_true", help="customers write by themselves")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pace", type=float, default=1.0, help="stretches the pauses; 0 leaves none")
    chosen = parser.parse_args(arguments)
    webhooks = {}
    for pair in chosen.connect:
        kind, equals, webhook = pair.partition("=")
        if not equals:
            parser.error(f"--connect {pair}: write kind=webhook")
        webhooks[kind] = webhook
    asyncio.run(run(chosen.port, webhooks, life=chosen.life, seed=chosen.seed, pace=chosen.pace))


if __name__ == "__main__":
    main()
