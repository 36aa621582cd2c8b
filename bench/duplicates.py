"""(g) Likely duplicates over everybody: how long a look through the whole base takes, how many of the planted pairs it finds."""

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bench.hooks import label
from bench.postgres import Server
from bench.result import Figure, Section
from bench.rig import Rig, store
from bench.size import Size
from inbox import schema as t
from inbox.card.rounds import Run
from inbox.db import Database
from inbox.duplicates import through
from inbox.store import bulk

START = datetime(2026, 1, 1, tzinfo=UTC)
TWINS = 20
"""Every so many-th person is there twice, once in each alphabet, with a slip in the number."""
NOTES = [
    "planted: the same person in the other alphabet, first and last name swapped, one digit of the phone wrong",
    "nothing bare stands beside it: to compare each with each would take a million million comparisons",
]
_FIRST = [("Анна", "Anna"), ("Ольга", "Olga"), ("Иван", "Ivan"), ("Сергей", "Sergey"), ("Дмитрий", "Dmitry"), ("Юлия", "Yulia"),
          ("Мария", "Maria"), ("Павел", "Pavel"), ("Егор", "Egor"), ("Вера", "Vera"), ("Нина", "Nina")]  # fmt: skip
_CYRILLIC, _LATIN = (
    ("ба", "ро", "ми", "ко", "ва", "ле", "ну", "ги", "до", "за"),
    ("ba", "ro", "mi", "ko", "va", "le", "nu", "gi", "do", "za"),
)


async def section(size: Size, rounds: int, server: Server | None) -> Section:
    """One look: the second would find what the first has left behind."""
    with store(server) as (folder, url):
        rig = Rig(folder, url)
        rig.prepare("http://127.0.0.1:9")
        with rig.database() as db:
            planted = _fill(db, size.cards)
            began = time.perf_counter()
            run = _look(db)
            seconds = time.perf_counter() - began
            figures = [
                Figure(name=f"people a second, {size.cards:,} people", unit="/s", ours=[run.looked / seconds]),
                Figure(name="share of planted pairs that was found", unit="%", ours=[100 * _found(db) / planted]),
                Figure(
                    name="pairs shown that were not planted, of 1,000 people",
                    unit="",
                    ours=[1000 * (run.found - _found(db)) / run.total],
                ),
            ]  # fmt: skip
        return Section(letter="g", title="Likely duplicates over everybody", database=label(server), figures=figures, notes=NOTES)


def _fill(db: Database, count: int) -> int:
    chance = random.Random(3)
    people = list(_people(chance, count))
    for start in range(0, count, 10_000):
        part = people[start : start + 10_000]
        with db.begin() as connection:
            bulk.insert(connection, t.contacts, [each[0] for each in part])
            bulk.insert(connection, t.identities, [each[1] for each in part])
    return count // TWINS


def _people(chance: random.Random, count: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The n-th person; the last ones are the twins of the first."""
    known: dict[int, tuple[tuple[str, str], list[int], str]] = {}
    alone = count - count // TWINS
    for n in range(1, count + 1):
        if n <= alone:
            known[n] = (chance.choice(_FIRST), [chance.randrange(10) for _ in range(4)], f"79{n * 6_173_531 % 10**8:08}0")
            (first, _), syllables, phone = known[n]
            name = f"{first} {''.join(_CYRILLIC[s] for s in syllables).title()}"
        else:
            (_, first), syllables, phone = known[n - alone]
            name = f"{''.join(_LATIN[s] for s in syllables).title()} {first}"
            phone = f"{phone[:-1]}1"
        at = START + timedelta(seconds=n)
        contact = {"id": n, "number": f"C-{n}", "name": name, "source": "bench", "created_at": at}
        yield contact, {"id": n, "contact_id": n, "kind": "phone", "address": f"+{phone}", "verified": True, "created_at": at}


def _look(db: Database) -> Run:
    with db.begin() as connection:
        number = through.begin(connection, START, None)
    while True:
        with db.begin() as connection:
            run = through.step(connection, START, number)
        if run.finished_at is not None:
            return run


def _found(db: Database) -> int:
    d = t.duplicates.c
    with db.begin() as connection:
        alone = connection.scalar(sa.select(sa.func.max(t.contacts.c.id))) or 0
        shift = alone - alone // TWINS
        return connection.scalar(sa.select(sa.func.count()).where(d.high_id - d.low_id == shift)) or 0
