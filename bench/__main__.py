"""`python -m bench`: run the parts that were asked for, print each as soon as it is done, keep all as JSON."""

import argparse
import contextlib
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import uvloop
from rich.console import Console

from bench import broadcast, duplicates, finding, hooks, imports, loop, memory, pages, result, search, stream, table
from bench.postgres import Server, server
from bench.size import FULL, QUICK, Size

PARTS: dict[str, Callable[[Size, int, Server | None], Awaitable[result.Section]]] = {
    "a": hooks.section, "b": loop.section, "c": broadcast.section, "d": pages.section, "e": memory.section,
    "f": search.section, "g": duplicates.section, "h": stream.section, "i": imports.section, "j": finding.section,
}  # fmt: skip
DATABASES = ("sqlite", "postgresql")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    asked = _parser().parse_args(arguments)
    against = result.read(asked.against) if asked.against else None
    rounds = asked.rounds or (1 if asked.quick else 5)
    console = Console(width=None if os.isatty(1) else 130)
    machine = _machine()
    console.print(f"{machine}\n{rounds} round{'s' * (rounds > 1)}, ours and the floor in turn; ratios are to the floor\n")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what we started is ended too
    size = replace(QUICK if asked.quick else FULL, keep=asked.keep)
    sections = uvloop.run(_run(asked.only, asked.database, size, rounds, console, against))
    report = result.Report(commit=_commit(), machine=machine, rounds=rounds, sections=sections)
    if asked.json:
        result.write(report, asked.json)


async def _run(
    parts: Sequence[str], databases: Sequence[str], size: Size, rounds: int, console: Console, against: result.Report | None
) -> list[result.Section]:
    sections = []
    for database in databases:
        with server(size.keep) if database == "postgresql" else contextlib.nullcontext() as store:
            for part in parts:
                sections.append(await PARTS[part](size, rounds, store))
                table.show(console, sections[-1], against)
    return sections


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Switchboard beside bare floors, as ratios.")
    parser.add_argument("--rounds", type=int, help="rounds of everything (5; 1 with --quick)")
    parser.add_argument("--only", type=_some_of(PARTS), default=[*PARTS], help="parts: a,b,c,d,e,f,g,h,i,j")
    parser.add_argument("--database", type=_some_of(DATABASES), default=[*DATABASES], help="sqlite,postgresql")
    parser.add_argument("--quick", action="store_true", help="small counts: shows that the bench works, measures nothing")
    parser.add_argument("--keep", default="", metavar="FOLDER", help="where the full inboxes of (j) stay for the next run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all rounds there")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with what --json kept at another commit")
    return parser


def _some_of(known: Iterable[str]) -> Callable[[str], list[str]]:
    words = list(known)

    def parse(text: str) -> list[str]:
        asked = text.split(",")
        if unknown := [each for each in asked if each not in words]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: choose from {', '.join(words)}")
        return asked

    return parse


def _machine() -> str:
    """What the figures depend on: the processors, the disk's fsync, and who else is busy."""
    folder = tempfile.gettempdir()
    load = os.getloadavg()[0]
    return (
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {psutil.cpu_count()} processors "
        f"(load {load:.1f}), fsync in {folder}: {_fsync(Path(folder)) * 1e6:,.0f} µs"
    )


def _fsync(folder: Path) -> float:
    """Seconds of the median fsync of a small file; a few microseconds mean that nothing there is durable (tmpfs)."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        seconds = []
        for _ in range(21):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            seconds.append(time.perf_counter() - began)
    return sorted(seconds)[10]


def _commit() -> str:
    """The commit that was measured; empty outside of a repository."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    folder = Path(__file__).parent
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=10, check=False).stdout.strip()
    except OSError:
        return ""


if __name__ == "__main__":
    main()
