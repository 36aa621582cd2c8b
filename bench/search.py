"""(f) Search among a million messages: how long a question takes, beside the barest query of the same index; the index's size."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import sqlalchemy as sa

from bench.fill import BUSY, START, fill
from bench.hooks import label
from bench.postgres import Server
from bench.result import Figure, Section
from bench.rig import Rig, store
from bench.size import Size
from bench.texts import WORDS, texts, vocabulary
from inbox import schema as t
from inbox.db import Database
from inbox.search import find, index
from inbox.search.asked import ask, expression

LIMIT = 20
AIM_MS = 100.0
STEP = timedelta(seconds=20)
NOW = datetime.fromtimestamp(START / 1e6, UTC) + timedelta(days=400)
NOTES = [
    f"a question gives the newest {LIMIT} messages with their names and quotes, and the people and files that fit",
    "bare: the raw driver asks the index for the ids and reads the messages' texts, for the same question",
    f"texts of 4 to 24 words out of {WORDS:,}, often and rarely used ones as in a language, and one phone in 50",
]
_IN = {"direction": "in", "author_kind": "contact"}
QUESTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("a word that every tenth message has", "заказы ", {}),
    ("an unfinished word", "достав", {}),
    ("two letters", "по", {}),
    ("two frequent words", "заказ доставки ", {}),
    ("four words", "вернуть деньги за заказ ", {}),
    ("a rare word", "", {}),
    ("a phrase", '"заказ доставка"', {}),
    ("a part of a phone", "345-67", {}),
    ("nothing is found", "абракадабра ", {}),
    ("a frequent word in one channel", "заказы ", {"channel": 2}),
    ("a frequent word of one person", "заказы ", {"contact": 77}),
    ("a frequent word in one old month", "заказы ",
     {"since": NOW - timedelta(days=380), "until": NOW - timedelta(days=350)}),
)  # fmt: skip


async def section(size: Size, rounds: int, server: Server | None) -> Section:
    """The tables are filled and indexed once; the rounds ask each question in turn with the bare query."""
    with store(server) as (folder, url):
        rig = Rig(folder, url)
        rig.prepare("http://127.0.0.1:9")
        fill(rig, size.people)
        words = vocabulary()
        with rig.database() as db:
            _write(db, size, words)
            before = _bytes(db)
            seconds, longest = _index(db)
            figures = [*_ask(rig, db, size, rounds, words)]
            grown = (_bytes(db) - before) / size.messages
    figures += [
        Figure(name="indexing, one process", unit="messages/s", ours=[size.messages / seconds]),
        Figure(name="indexing, the longest time that it holds the writer", unit="ms", ours=[longest * 1e3], more_is_better=False),
        Figure(name="size of the index, per message", unit="bytes", ours=[grown], more_is_better=False),
    ]
    title = f"Search among {size.messages:,} messages"
    return Section(letter="f", title=title, database=label(server), figures=figures, notes=NOTES)


def _write(db: Database, size: Size, words: Sequence[str]) -> None:
    told, first = texts(words), datetime.fromtimestamp(START / 1e6, UTC)
    for start in range(0, size.messages, 20_000):
        rows = []
        for number in range(start, min(start + 20_000, size.messages)):
            at = first + number * STEP
            person = number * 7919 % size.people + 1
            row = {"id": number + 1, "conversation_id": person, "contact_id": person, "channel_id": person // 2 % BUSY + 1}
            rows.append({**row, **_IN, "text": next(told), "at": at, "created_at": at})
        with db.begin() as connection:
            if not db.sqlite:
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            connection.execute(sa.insert(t.messages), rows)


def _index(db: Database) -> tuple[float, float]:
    """Seconds in all, and of the longest write."""
    began, longest = time.perf_counter(), 0.0
    while True:
        with db.begin() as connection:
            found = index.read(connection)
        if not found.more:
            break
        longest = max(longest, _hold(db, index.write, found), _hold(db, index.merge))
    seconds = time.perf_counter() - began
    if not db.sqlite:
        with db.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
    return seconds, longest


def _hold(db: Database, work: Callable[..., Any], *given: Any) -> float:
    """Seconds that a step of the worker's holds the writer."""
    began = time.perf_counter()
    with db.begin() as connection:
        work(connection, *given)
    return time.perf_counter() - began


def _bytes(db: Database) -> float:
    with db.begin() as connection:
        if db.sqlite:
            pages, size = (connection.exec_driver_sql(f"PRAGMA {word}").scalar_one() for word in ("page_count", "page_size"))
            return float(pages * size)
        return float(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())


def _ask(rig: Rig, db: Database, size: Size, rounds: int, words: Sequence[str]) -> Iterator[Figure]:
    every: list[float] = []
    with db.begin() as connection, _bare(rig) as bare:

        def ours_of(wanted: find.Wanted) -> float:
            return _timed(lambda: find.find(connection, wanted, NOW))

        def bare_of(text: str) -> float:
            return _timed(lambda: bare(text))

        times = max(5, size.pages // 5)
        for name, q, narrow in QUESTIONS:
            wanted = find.Wanted(q=q or words[-5] + " ", limit=LIMIT, **narrow)
            text = expression(ask(wanted.q), (), lite=db.sqlite)
            ours, floor = [], []
            for _ in range(rounds):
                mine = [ours_of(wanted) for _ in range(times)]
                other = [bare_of(text) for _ in range(times)]
                every += mine
                ours.append(sorted(mine)[len(mine) // 2] * 1e3)
                floor.append(sorted(other)[len(other) // 2] * 1e3)
            yield Figure(name=name, unit="ms", ours=ours, floor=[] if narrow else floor, more_is_better=False)
    every.sort()
    for part in (50, 99):
        at = every[min(len(every) - 1, len(every) * part // 100)] * 1e3
        yield Figure(name=f"all questions, p{part}", unit="ms", ours=[at], aim=AIM_MS, more_is_better=False)


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


class _bare:
    """The driver itself: ids out of the index, then the texts."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig

    def __enter__(self) -> Callable[[str], list[Any]]:
        if self.rig.settings.sqlite:
            self.lite = sqlite3.connect(self.rig.settings.data / "switchboard.db")
            ids = f"SELECT rowid FROM search_messages WHERE search_messages MATCH ? ORDER BY rowid DESC LIMIT {LIMIT}"
            return lambda text: self.lite.execute(f"SELECT id, text FROM messages WHERE id IN ({ids})", (text,)).fetchall()
        self.post = psycopg.connect(self.rig.settings.database_url, prepare_threshold=0)
        ids = f"SELECT id FROM search_messages WHERE words @@ %s::tsquery ORDER BY id DESC LIMIT {LIMIT}"
        return lambda text: self.post.execute(f"SELECT id, text FROM messages WHERE id IN ({ids})".encode(), (text,)).fetchall()

    def __exit__(self, *_: object) -> None:
        (self.lite if self.rig.settings.sqlite else self.post).close()
