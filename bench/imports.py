"""(i) Rows a second of an import of half a million people, beside a bare one; whether memory stays flat; dry run and undo."""

import asyncio
import csv
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench import cpu
from bench.hooks import label
from bench.postgres import Server
from bench.result import Figure, Section
from bench.rig import Rig, installation, store
from bench.size import Size
from inbox import schema as t
from inbox.house import House, open_house
from inbox.imports import desk, reading
from inbox.imports.drain import folder

AIM = 0.2
AIM_GROWTH = 20.0
WRONG, AGAIN = 200, 50
"""Every so many-th row has no phone that can be one; comes a second time."""
SLOWEST = 150
"""Rows a second below which a state is given up."""
NOTES = [
    f"a CSV with name, phone, mail, city; one row in {WRONG} is wrong, one in {AGAIN} comes twice; what came of each is checked",
    "by the worker, while it does nothing else: batches of 500 rows, each committed with its place in the file",
    "the floor: csv and libphonenumber, person and phone by the raw driver in batches as large; no mail, no comparing, no undo",
    "growth: the worker's memory at its most during the second half of the import, less its most during the first",
]
_HEADINGS = ("Name", "Phone", "E-mail", "City")
_FIRST = ("Анна", "Ольга", "Иван", "Сергей", "Дмитрий", "Юлия", "Мария", "Павел", "Егор", "Вера", "Нина")
_LAST = ("Котова", "Белых", "Седых", "Кравец", "Лось", "Черных", "Мороз", "Гайдар", "Шевченко", "Ким")
_CITIES = ("Москва", "Тверь", "Казань", "Пермь", "Омск", "Томск")


@dataclass(kw_only=True, slots=True)
class Taken:
    """One round of ours: rows a second by state; the worker's memory by share of the file; CPU µs a row of the import itself."""

    rates: dict[str, float] = field(default_factory=dict)
    memory: list[tuple[float, int]] = field(default_factory=list)
    cpu: dict[str, float] = field(default_factory=dict)
    rest: int = 0


async def section(size: Size, rounds: int, server: Server | None) -> Section:
    """All rounds, ours and the floor in turn."""
    ours: list[Taken] = []
    floor: list[tuple[float, float]] = []
    for _ in range(rounds):
        ours.append(await _ours(size, server))
        floor.append(_floor(size, server))
    figures = [
        Figure(name=f"rows taken in, of {size.rows:,}", unit="/s", ours=[o.rates["running"] for o in ours],
               floor=[rate for rate, _ in floor], aim=AIM),
        Figure(name="rows tried (dry run)", unit="/s", ours=[o.rates["checking"] for o in ours]),
        Figure(name="rows undone", unit="/s", ours=[o.rates["undoing"] for o in ours]),
        *_memory(ours),
    ]  # fmt: skip
    used = {name: [o.cpu[name] for o in ours] for name in ours[0].cpu} | {"floor": [each for _, each in floor]}
    title = "An import of people"
    return Section(letter="i", title=title, database=label(server), figures=figures, cpu=used, item="row", notes=NOTES)


def _memory(ours: Sequence[Taken]) -> list[Figure]:
    rest, halves = [each.rest / 1e6 for each in ours], [_halves(each) for each in ours]
    first = [most / 1e6 - before for (most, _), before in zip(halves, rest, strict=True)]
    second = [(late - early) / 1e6 for early, late in halves]
    return [
        Figure(name="worker's memory before", unit="MB", ours=rest, more_is_better=False),
        Figure(name="its growth in the first half", unit="MB", ours=first, more_is_better=False),
        Figure(name="and in the second", unit="MB", ours=second, aim=AIM_GROWTH, more_is_better=False),
    ]


async def _ours(size: Size, server: Server | None) -> Taken:
    with installation("http://127.0.0.1:9", server) as rig:
        path = folder(rig.settings.data) / "people"
        path.parent.mkdir(parents=True)
        _write(path, size.rows)
        rig.start("worker")
        async with open_house(rig.settings, "bench") as house:
            taken = Taken()
            number = await house.db.run(_bring, path)
            taken.rest = await _rested(rig)
            for state in STATES:
                await _pass(house, rig, number, state, size.rows, taken)
            return taken


async def _rested(rig: Rig) -> int:
    """The worker's memory once it has loaded what it needs."""
    before = 0
    for _ in range(20):
        await asyncio.sleep(0.5)
        now = rig.memory()["worker"]
        if now > 40e6 and now - before < 0.2e6:
            break
        before = now
    return rig.memory()["worker"]


async def _pass(house: House, rig: Rig, number: int, state: str, rows: int, taken: Taken) -> None:
    """Begin, and watch until it has ended."""
    begin, ends = STATES[state]
    pids, limit = {"worker": rig.pids["worker"]}, time.monotonic() + 60 + rows / SLOWEST
    before, began = cpu.read(pids), time.perf_counter()
    await house.db.run(begin, number)
    while (row := await house.db.read(_row, number)).state == state:
        if time.monotonic() > limit:
            raise TimeoutError(f"the import is still {state}: row {row.place} of {rows}")
        if state == "running":
            taken.memory.append((row.place / rows, rig.memory()["worker"]))
        await asyncio.sleep(0.1)
    taken.rates[state] = rows / (time.perf_counter() - began)
    assert row.state == ends, row.error
    if state == "running":
        taken.cpu = cpu.each(before, cpu.read(pids), rows)
        _agree(row.counts, rows)
    people = await house.db.read(_people)
    assert people == (row.counts["new"] if state == "running" else 0), f"{people} people are {ends}"


def _agree(counts: dict[str, int], rows: int) -> None:
    """What came of the rows is what was written into the file."""
    kinds = [_kind(n) for n in range(rows)]
    wanted = {"new": kinds.count("new"), "wrong": kinds.count("wrong"), "unchanged": kinds.count("again"), "matched": 0}
    assert counts == wanted, f"{counts}, not {wanted}"


def _halves(taken: Taken) -> tuple[int, int]:
    first = [bytes_ for share, bytes_ in taken.memory if share < 0.5] or [taken.rest]
    return max(first), max([bytes_ for share, bytes_ in taken.memory if share >= 0.5] or first)


def _bring(connection: sa.Connection, path: Path) -> int:
    seen = reading.inspect(path, "people.csv")
    now = datetime.now(UTC)
    number = desk.add(connection, now, 1, "people.csv", path.name, path.stat().st_size, seen)
    desk.change(connection, now, number, {"country": "RU", "verified": True})
    return number


def _check(connection: sa.Connection, number: int) -> None:
    desk.check(connection, datetime.now(UTC), number)


def _start(connection: sa.Connection, number: int) -> None:
    desk.start(connection, datetime.now(UTC), 1, number)


def _undo(connection: sa.Connection, number: int) -> None:
    desk.undo(connection, datetime.now(UTC), 1, number)


STATES: Mapping[str, tuple[Callable[[sa.Connection, int], None], str]] = {
    "checking": (_check, "checked"), "running": (_start, "done"), "undoing": (_undo, "undone"),
}  # fmt: skip
"""What an import goes through: how each begins, and what it is called afterwards."""


def _row(connection: sa.Connection, number: int) -> Any:
    return connection.execute(sa.select(t.imports).where(t.imports.c.id == number)).one()


def _people(connection: sa.Connection) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(t.contacts)) or 0


def _write(path: Path, rows: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(_HEADINGS)
        for number in range(rows):
            kind, person = _kind(number), number - (_kind(number) == "again")
            name = f"{_FIRST[person % len(_FIRST)]} {_LAST[person // 11 % len(_LAST)]}"
            phone = "12" if kind == "wrong" else f"8 9{person // 10**7 % 100:02} {person // 10**4 % 1000:03}-{person % 10**4:04}"
            out.writerow([name, phone, f"person{person}@example.org", _CITIES[person % len(_CITIES)]])


def _kind(number: int) -> str:
    """What comes of a row: the last of each AGAIN rows is the one before it once more."""
    return "wrong" if number % WRONG == 7 else "again" if number % AGAIN == AGAIN - 1 else "new"


def _floor(size: Size, server: Server | None) -> tuple[float, float]:
    """(rows a second, microseconds of CPU each) of the bare import."""
    with store(server) as (place, url):
        file = place / "people.csv"
        _write(file, size.rows)
        command = [sys.executable, "-m", "bench.importer", str(file), url or str(place / "floor.db")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60 + size.rows / SLOWEST, check=True)
    seconds, used = (float(word) for word in done.stdout.split())
    return size.rows / seconds, used / size.rows * 1e6
