"""Walk the tables of words newest first, reading no more of them than the answer needs, and stop when the time for it is over.

SQLite's index knows the order of its rows: one question is enough. PostgreSQL's knows none: of a word that a million messages
have, it would read the million. There the newest rows are read as they stand, then stretches of ids, each four times as long as
the one before; what is rare enough to get that far, or is expected to be, is asked of the whole index.
"""

import time
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace

import msgspec
import sqlalchemy as sa

from inbox import schema as t
from inbox.search.asked import BLOCK, Asked, Way, block, expression
from inbox.search.index import LEAST, MOST

SECONDS, BESIDE = 0.06, 0.02
"""What a page of messages may cost (what is older then waits for the next page), and each of the lists beside it."""
NEAR = 2_000
"""Rows that are read as they stand: a word that one in a hundred has fills a page from them."""
STRETCHES = (4, 8, 16, 64, 256)
"""Blocks of ids: the more of them in one question, the longer each candidate takes."""
FEW, SOME = 3_000, 12_000
"""Rows in all. Where no more than FEW are expected the whole index is asked at once; where no more than SOME are (PostgreSQL
expects as many of every word that it has no frequency of), when a stretch has shown hardly more than SCARCE of them."""
SCARCE = 7
COMMON = 100_000
"""A beginning of so many rows' words is met on the way along the rows."""
LATEST = 2**62


@dataclass(slots=True)
class Walk:
    """How far a page looked. `stopped`: time was over before this id, and older ones may fit."""

    before: int = LATEST
    least: int = 0
    stopped: int | None = None
    found: int = 0
    ends: float = field(default_factory=lambda: time.monotonic() + SECONDS)

    @classmethod
    def beside(cls) -> "Walk":
        """For a short list that is shown beside the messages."""
        return cls(ends=time.monotonic() + BESIDE)

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

    def __bool__(self) -> bool:
        return bool(self.asked.terms or self.also)

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
            walk.found += len(ids)
            yield ids
            before, size = (ids[-1], size * 2) if len(ids) == size else (stage.low, size)
            if before > walk.least and walk.late(before):
                return


@dataclass(frozen=True, slots=True)
class _Stage:
    """How ids from `low` on are asked for: `text` of the index, `also` of the rows it names. `near`: of rows as they stand."""

    low: int
    text: str
    also: str = ""
    near: bool = False


def _stages(connection: sa.Connection, question: Question, walk: Walk) -> Iterator[_Stage]:
    """One behind the other, down to the least id."""
    whole = question.text(connection)
    if connection.dialect.name == "sqlite":
        yield _Stage(walk.least, whole)
        return
    low = min(walk.before, newest(connection, question.table) + 1) - NEAR
    yield _Stage(max(low, walk.least), whole, near=True)
    rare = told(connection, question)
    if not rare:
        yield from _as_they_stand(low, whole, walk)
        return
    also, many = "" if rare.asked == question.asked else whole, expected(connection, rare)
    for count in STRETCHES if question.table == "search_messages" else ():
        if low <= walk.least:
            return
        if many <= FEW or (many <= SOME and count > STRETCHES[0] and walk.found <= SCARCE):
            break
        stretch = range(low // BLOCK - count + 1, low // BLOCK + 1)
        low = stretch.start * BLOCK
        words = tuple(block(number * BLOCK) for number in stretch if number >= walk.least // BLOCK)
        yield _Stage(max(low, walk.least), rare.text(connection, words), also)
    yield _Stage(walk.least, rare.text(connection), also)


def _as_they_stand(low: int, text: str, walk: Walk) -> Iterator[_Stage]:
    while low > walk.least:
        low -= NEAR * 2
        yield _Stage(max(low, walk.least), text, near=True)


def told(connection: sa.Connection, question: Question) -> Question:
    """The question as PostgreSQL's index is asked: without beginnings of very many rows' words, which it would all gather."""
    terms = [term for term in question.asked.terms if not (_begins(term) and _common(connection, question.table, term))]
    return replace(question, asked=replace(question.asked, terms=tuple(terms)))


def _begins(term: tuple[Way, ...]) -> bool:
    return any(part.begins for way in term for part in way)


def _common(connection: sa.Connection, table: str, term: tuple[Way, ...]) -> bool:
    """Phones are all different, so that nothing is kept of how often two digits begin one: in nearly everybody's."""
    digits = any(part.begins and part.text.isdigit() and len(part.text) < 3 for way in term for part in way)
    return digits or expected(connection, Question(table, Asked(terms=(term,)))) > COMMON


def expected(connection: sa.Connection, question: Question) -> int:
    """How many rows PostgreSQL expects to answer: it keeps the frequencies of common words."""
    plan = f"EXPLAIN (FORMAT JSON) SELECT id FROM {question.table} WHERE words @@ CAST(:q AS tsquery)"  # noqa: S608
    return int(connection.execute(sa.text(plan), {"q": question.text(connection)}).scalar_one()[0]["Plan"]["Plan Rows"])


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
        hits = f"SELECT id, words FROM {table} WHERE words @@ CAST(:q AS tsquery) OFFSET 0"  # noqa: S608
        also = " AND words @@ CAST(:also AS tsquery)" if stage.also else ""
        query = f"SELECT id FROM ({hits}) AS hits WHERE id >= :low AND id < :before{also} ORDER BY id DESC LIMIT :n"  # noqa: S608
    given = {"q": stage.text, "low": stage.low, "before": before, "n": limit} | ({"also": stage.also} if stage.also else {})
    return list(connection.scalars(sa.text(query), given))


def newest(connection: sa.Connection, table: str) -> int:
    """The largest id that has words."""
    key = "rowid" if connection.dialect.name == "sqlite" else "id"
    return connection.scalar(sa.text(f"SELECT max({key}) FROM {table}")) or 0  # noqa: S608 a table of ours


def drawn(connection: sa.Connection, question: Question, limit: int) -> list[int] | None:
    """The newest ids that answer, of the whole table at once; None where PostgreSQL expects far more than the limit."""
    whole = question.text(connection)
    if connection.dialect.name == "sqlite":
        return _look(connection, question.table, _Stage(0, whole), LATEST, limit)
    rare = told(connection, question)
    if not rare or expected(connection, question) > 2 * limit:
        return None
    also = "" if rare.asked == question.asked else whole
    return _look(connection, question.table, _Stage(0, rare.text(connection), also), LATEST, limit)


def among(connection: sa.Connection, question: Question, ids: Sequence[int]) -> list[int]:
    """Which of these rows answer, newest first: their words are read."""
    if connection.dialect.name == "sqlite":
        listed = sa.text(f"SELECT rowid AS id, words FROM {question.table} WHERE rowid IN (SELECT value FROM json_each(:ids))")  # noqa: S608
        rows = connection.execute(listed, {"ids": msgspec.json.encode(list(ids)).decode()})
        return sorted((row.id for row in rows if question.fits(set(row.words.split()))), reverse=True)
    own = f"SELECT id, words FROM {question.table} WHERE id = ANY(:ids) OFFSET 0"  # noqa: S608
    fit = sa.text(f"SELECT id FROM ({own}) AS own WHERE words @@ CAST(:q AS tsquery) ORDER BY id DESC")  # noqa: S608
    return list(connection.scalars(fit, {"ids": list(ids), "q": question.text(connection)}))
