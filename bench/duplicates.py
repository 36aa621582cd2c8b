"""(g) Likely duplicates over everybody: how long a look through the whole base takes, how much of what is planted it finds."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import psutil
import sqlalchemy as sa

from bench import twins
from bench.hooks import label
from bench.postgres import Server
from bench.result import Figure, Section
from bench.rig import Rig, store
from bench.size import Size
from inbox import schema as t
from inbox.card.rounds import Run
from inbox.db import Database
from inbox.duplicates import through
from inbox.house import settle_memory
from inbox.store import bulk

START = datetime(2026, 1, 1, tzinfo=UTC)
MB = 1e6
AIM_MB = 10.0
NOTE = "nothing bare stands beside it: to compare each with each would take a million million comparisons"


async def section(size: Size, rounds: int, server: Server | None) -> Section:
    """One look: the second would find what the first has left behind."""
    with store(server) as (folder, url):
        rig = Rig(folder, url)
        rig.prepare("http://127.0.0.1:9")
        with rig.database() as db:
            _fill(db, size.cards)
            settle_memory()  # as a worker has it
            figures, cpu = _measure(db, size.cards)
            shown, notes = _quality(db, size.cards)
        title = "Likely duplicates over everybody"
        return Section(
            letter="g", title=title, database=label(server), figures=figures + shown, cpu={"worker": [cpu]}, item="person",
            notes=[NOTE, *notes],
        )  # fmt: skip


def _fill(db: Database, count: int) -> None:
    numbered = enumerate(twins.people(count), 1)
    while part := list(islice(numbered, 10_000)):
        with db.begin() as connection:
            bulk.insert(connection, t.contacts, [_contact(n, name) for n, (name, _, _) in part])
            bulk.insert(connection, t.identities, [_identity(n, kind, address) for n, (_, kind, address) in part])


def _contact(n: int, name: str) -> dict[str, Any]:
    return {"id": n, "number": f"C-{n}", "name": name, "source": "bench", "created_at": START}


def _identity(n: int, kind: str, address: str) -> dict[str, Any]:
    return {"id": n, "contact_id": n, "kind": kind, "address": address, "verified": True, "created_at": START}


def _measure(db: Database, count: int) -> tuple[list[Figure], float]:
    """The look itself; the CPU time that a person takes, in microseconds."""
    process = psutil.Process()
    before = peak = process.memory_info().rss
    began, cpu, longest = time.perf_counter(), time.process_time(), 0.0
    for seconds in _look(db):
        longest, peak = max(longest, seconds), max(peak, process.memory_info().rss)
    lasted, worked = time.perf_counter() - began, time.process_time() - cpu
    figures = [
        Figure(name=f"people a second, {count:,} people", unit="/s", ours=[count / lasted]),
        Figure(name="people a second of CPU", unit="/s", ours=[count / worked]),
        Figure(name="longest step, in which nobody else writes", unit="ms", ours=[longest * 1000], more_is_better=False),
        Figure(name="growth", unit="MB", ours=[(peak - before) / MB], aim=AIM_MB, more_is_better=False),
    ]
    return figures, worked / count * 1e6


def _look(db: Database) -> Iterator[float]:
    """Look through everybody; the seconds of each step."""
    run: Run | None = None
    with db.begin() as connection:
        number = through.begin(connection, START, None)
    while run is None or run.finished_at is None:
        began = time.perf_counter()
        with db.begin() as connection:
            run = through.step(connection, START, number)
        yield time.perf_counter() - began


def _quality(db: Database, count: int) -> tuple[list[Figure], list[str]]:
    """How much of what was planted was found, and of what is shown how much was planted."""
    d, found = t.duplicates.c, Counter[str]()
    shown, right = Counter[bool](), Counter[bool]()
    with db.begin() as connection:
        for low, high, reasons in connection.execute(sa.select(d.low_id, d.high_id, d.reasons)):
            kind = twins.KINDS[low % len(twins.KINDS)] if high - low == count - count // twins.SHARE else ""
            sure = "nothing_against" not in reasons
            found[kind] += 1
            shown[sure] += 1
            right[sure] += kind in twins.SAME
    planted = Counter(twins.KINDS[n % len(twins.KINDS)] for n in range(1, count // twins.SHARE + 1))
    figures = [
        _share("recall: planted pairs that were found", right.total(), sum(planted[kind] for kind in twins.SAME)),
        _share("precision: pairs with more than a name in common", right[True], shown[True]),
        _share("precision: pairs with one name and no address against it", right[False], shown[False]),
    ]
    told = (f"{kind}: {100 * found[kind] / planted[kind]:.1f} %" for kind in twins.KINDS)
    counts = f"{shown[True]:,} pairs shown have more than a name in common, {shown[False]:,} a name alone"
    return figures, [counts, "shown, by kind; the last two are not the same person: " + "; ".join(told)]


def _share(name: str, part: int, whole: int) -> Figure:
    return Figure(name=name, unit="%", ours=[100 * part / max(1, whole)])
