"""Walk the tables of words newest first, reading no more of them than the answer needs, and stop when the time for it is over.

SQLite's index knows the order of its rows: one question is enough. PostgreSQL's knows none: of a word that a million messages
have, it would read the million. There the newest rows are read as they stand, then stretches of ids, each four times as long as
the one before; what is rare enough to get that far is asked of the whole index.
"""

import time
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field

import msgspec
import sqlalchemy as sa

from inbox import schema as t
from inbox.search.asked import BLOCK, Asked, block, expression
from inbox.search.index import LEAST, MOST

SECONDS = 0.08
"""What a page may cost; what is older then waits for the next page."""
NEAR = 2_000
"""Rows that are read as they stand: a word that one in a hundred has fills a page from them."""
STRETCHES = (4, 16, 64, 256)
LATEST = 2**62


@dataclass(slots=True)
class Walk:
    """How far a page looked. `stopped`: time was over before this id, and older ones may fit."""

    before: int = LATEST
    least: int = 0
    stopped: int | None = None
    ends: float = field(default_factory=lambda: time.monotonic() + SECONDS)

    def late(self, reached: int) -> bool:
        """Whether to stop here; then everything from `reached` on has been looked at."""
        if time.monotonic() < self.ends:
            return False
        self.stopped = reached
        return True


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one table; `also`: words of places, of each list one must be there."""

    table: str
    asked: Asked
    also: tuple[tuple[str, ...], ...] = ()

    def fits(self, words: Set[str]) -> bool:
        return self.asked.fits(words) and all(not words.isdisjoint(each) for each in self.also)

    def text(self, connection: sa.Connection, *more: tuple[str, ...]) -> str:
        return expression(self.asked, (*self.also, *more), lite=connection.dialect.name == "sqlite")


def months(connection: sa.Connection, words: Sequence[str]) -> tuple[int, int]:
    """Between which ids all messages of these months stand; (1, 0) if there are none."""
    marks = {row.name: row.place for row in connection.execute(sa.select(t.search_marks))}
    least = [marks[LEAST + word] for word in words if LEAST + word in marks]
    most = [marks[MOST + word] for word in words if MOST + word in marks]
    return (min(least), max(most)) if least else (1, 0)


def batches(connection: sa.Connection, question: Question, walk: Walk, size: int) -> Iterator[list[int]]:
    """Ids that answer, newest first, in batches of which each is twice as large; ends early when time is over."""
    before = walk.before
    for stage in _stages(connection, question, walk):
        while before > stage.low:
            ids = _look(connection, question.table, stage, before, size)
            yield ids
            before, size = (ids[-1], size * 2) if len(ids) == size else (stage.low, size)
            if before > walk.least and walk.late(before):
                return


@dataclass(frozen=True, slots=True)
class _Stage:
    """How the ids from `low` on are asked for; `near`: by reading the rows themselves."""

    low: int
    text: str
    near: bool = False


def _stages(connection: sa.Connection, question: Question, walk: Walk) -> Iterator[_Stage]:
    """One behind the other, down to the least id."""
    if connection.dialect.name != "sqlite":
        low = min(walk.before, newest(connection, question.table) + 1) - NEAR
        yield _Stage(max(low, walk.least), question.text(connection), near=True)
        for count in STRETCHES if question.table == "search_messages" else ():
            if low <= walk.least:
                return
            stretch = range(low // BLOCK - count + 1, low // BLOCK + 1)
            low = stretch.start * BLOCK
            words = tuple(block(number * BLOCK) for number in stretch if number >= walk.least // BLOCK)
            yield _Stage(max(low, walk.least), question.text(connection, words))
    yield _Stage(walk.least, question.text(connection))


def _look(connection: sa.Connection, table: str, stage: _Stage, before: int, limit: int) -> list[int]:
    """The newest ids of a stage. An OFFSET keeps PostgreSQL from walking along the ids where the index of words is meant."""
    if connection.dialect.name == "sqlite":
        query = (
            f"SELECT rowid FROM {table} WHERE {table} MATCH :q AND rowid >= :low AND rowid < :before ORDER BY rowid DESC LIMIT :n"  # noqa: S608
        )
    elif stage.near:
        near = f"SELECT id, words FROM {table} WHERE id >= :low AND id < :before ORDER BY id DESC OFFSET 0"  # noqa: S608
        query = f"SELECT id FROM ({near}) AS near WHERE words @@ CAST(:q AS tsquery) ORDER BY id DESC LIMIT :n"  # noqa: S608
    else:
        hits = f"SELECT id FROM {table} WHERE words @@ CAST(:q AS tsquery) OFFSET 0"  # noqa: S608
        query = f"SELECT id FROM ({hits}) AS hits WHERE id >= :low AND id < :before ORDER BY id DESC LIMIT :n"  # noqa: S608
    return list(connection.scalars(sa.text(query), {"q": stage.text, "low": stage.low, "before": before, "n": limit}))


def newest(connection: sa.Connection, table: str) -> int:
    """The largest id that has words."""
    key = "rowid" if connection.dialect.name == "sqlite" else "id"
    return connection.scalar(sa.text(f"SELECT max({key}) FROM {table}")) or 0  # noqa: S608 a table of ours


def drawn(connection: sa.Connection, question: Question, rare: Question, limit: int) -> list[int]:
    """The newest ids that answer, of the whole table at once. PostgreSQL's index is asked for the `rare` words of it only."""
    if connection.dialect.name == "sqlite":
        return _look(connection, question.table, _Stage(0, question.text(connection)), LATEST, limit)
    hits = f"SELECT id, words FROM {question.table} WHERE words @@ CAST(:rare AS tsquery) OFFSET 0"  # noqa: S608
    query = f"SELECT id FROM ({hits}) AS hits WHERE words @@ CAST(:q AS tsquery) ORDER BY id DESC LIMIT :n"  # noqa: S608
    given = {"rare": rare.text(connection), "q": question.text(connection), "n": limit}
    return list(connection.scalars(sa.text(query), given))


def among(connection: sa.Connection, question: Question, ids: Sequence[int]) -> list[int]:
    """Which of these rows answer, newest first: their words are read."""
    if connection.dialect.name == "sqlite":
        listed = sa.text(f"SELECT rowid AS id, words FROM {question.table} WHERE rowid IN (SELECT value FROM json_each(:ids))")  # noqa: S608
        rows = connection.execute(listed, {"ids": msgspec.json.encode(list(ids)).decode()})
        return sorted((row.id for row in rows if question.fits(set(row.words.split()))), reverse=True)
    own = f"SELECT id, words FROM {question.table} WHERE id = ANY(:ids) OFFSET 0"  # noqa: S608
    fit = sa.text(f"SELECT id FROM ({own}) AS own WHERE words @@ CAST(:q AS tsquery) ORDER BY id DESC")  # noqa: S608
    return list(connection.scalars(fit, {"ids": list(ids), "q": question.text(connection)}))
