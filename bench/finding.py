"""(j) A full inbox, ten messages in each conversation: lists, threads and search, asked here and there, beside bare queries."""

import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from bench import pages
from bench.desk import Desk
from bench.fill import CHANNELS, EACH, LONG, MONTH, QUIET, converse, moment
from bench.hooks import label
from bench.narrow import COUNTED, NARROWED
from bench.postgres import Server, kept
from bench.result import Figure, Section
from bench.rig import Rig, store
from bench.size import Size
from bench.texts import phone, vocabulary
from bench.wire import quantile
from inbox import revision
from inbox.search import find
from inbox.search.asked import ask, expression
from inbox.views import conversations, counts, lists, messages
from inbox.views.paging import encode

AIM_MS = 100.0
PATIENCE_MS = 2_000
"""A bare query on PostgreSQL is given up after that, and counted as if it had taken no longer."""
LIMIT = 50
FOUND = 20
NOTES = [
    f"{EACH} messages in each conversation, one a month; one message in {LONG} is the same person's",
    "each asks for another page, thread or word; ours and the bare query take turns in being the first to read from the disk",
    f"bare: the raw driver, the same rows, no objects; on PostgreSQL given up after {PATIENCE_MS / 1000:g} s",
    "what is narrowed to a channel, a month or a person has no bare query beside it",
    "a list narrowed to what no index tells, and a first count, answer after a short while and say where to go on",
]
_ACTIVE = tuple(f"c.status = '{s}'" for s in conversations.ACTIVE)
VIEWS = (
    *pages.VIEWS,
    pages.View(name="a team's", wanted=lists.Filter(teams=[3]), ranges=tuple(f"c.team_id = 3 AND {each}" for each in _ACTIVE),
               holds=lambda n: n % 10 >= 5 and n // 3 % 5 == 2),
    pages.View(name="a channel's", wanted=lists.Filter(channel=2),
               ranges=tuple(f"c.channel_id = 2 AND {each}" for each in _ACTIVE),
               holds=lambda n: n % 10 >= 5 and n // 2 % 4 == 1 and n % 10_000 != 0),
    pages.View(name="a channel's that has few", wanted=lists.Filter(channel=QUIET),
               ranges=tuple(f"c.channel_id = {QUIET} AND {each}" for each in _ACTIVE), holds=lambda n: False),
)  # fmt: skip
Timed = Callable[[], Any]


@dataclass(slots=True)
class Times:
    """Milliseconds of ours and of the bare query, if there is one."""

    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)


async def section(size: Size, rounds: int, server: Server | None) -> Section:
    """The tables are filled once, or were by an earlier run; each round asks anew."""
    count = size.window if server else size.window_lite
    with _full(size, count, server) as rig:
        found = [_round(rig, count, size.asks, number) for number in range(rounds)]
    figures = [figure for name in found[0] for figure in _figures(name, [each[name] for each in found])]
    title = f"A full inbox: {count:,} conversations, {count * EACH:,} messages"
    return Section(letter="j", title=title, database=label(server), figures=figures, notes=NOTES)


def _figures(name: str, found: Sequence[Times]) -> Iterator[Figure]:
    for part in (50, 99) if ":" not in name else (99,):
        ours = [quantile(each.ours, part / 100) for each in found]
        bare = [quantile(each.bare, part / 100) for each in found if each.bare]
        yield Figure(
            name=f"{name}, p{part}", unit="ms", ours=ours, more_is_better=False, floor=bare, aim=None if bare else AIM_MS
        )


def _round(rig: Rig, count: int, asks: int, seed: int) -> dict[str, Times]:
    found: dict[str, Times] = {}
    with rig.database() as db, db.begin() as connection, _bare(rig) as bare:
        desk = Desk(rig=rig, connection=connection, bare=bare, chance=random.Random(seed), count=count, words=vocabulary())
        for what, ways in _PARTS:
            whole = found.setdefault(what, Times())
            for name, way in ways:
                times = found.setdefault(f"{what}: {name}", Times())
                _measure(*way(desk), Times(), ours_first=True)  # statements are built and prepared once
                for number in range(max(5, asks // len(ways))):
                    _measure(*way(desk), times, ours_first=number % 2 == 0)
                whole.ours += times.ours
                whole.bare += times.bare
        found["the numbers beside the lists"] = Times([_timed(lambda: _count(desk)) for _ in range(max(5, asks // 10))])
    return found


def _measure(ours: Timed, bare: Timed | None, times: Times, *, ours_first: bool) -> None:
    if bare is None:
        times.ours.append(_timed(ours))
    elif ours_first:
        times.ours.append(_timed(ours))
        times.bare.append(_timed(bare))
    else:
        times.bare.append(_timed(bare))
        times.ours.append(_timed(ours))


def _timed(work: Timed) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def _count(desk: Desk) -> None:
    counts.counts(desk.connection, desk.chance.randint(2, 8), moment(desk.count * EACH, desk.count))


def _list(view: pages.View) -> Callable[[Desk], tuple[Timed, Timed]]:
    def way(desk: Desk) -> tuple[Timed, Timed]:
        """The first page, or one somewhere in the list."""
        after = desk.chance.choice((None, desk.chance.randint(1, desk.count)))
        cursor = None if after is None else encode((pages.moment(after), after))
        statement, values = pages.by_hand(desk.rig, view, after)
        return lambda: lists.page(desk.connection, view.wanted, "last", cursor, LIMIT), lambda: desk.bare(statement, values)

    return way


def _thread(desk: Desk) -> tuple[Timed, Timed]:
    """The newest of somebody's messages."""
    return _part(desk, desk.chance.randint(2, desk.count), messages.Window(newest=True, limit=LIMIT), "")


def _long(desk: Desk) -> tuple[Timed, Timed]:
    """Somewhere in a thread of thousands."""
    number = LONG * desk.chance.randint(1, desk.count * EACH // LONG)
    here = f"AND (m.at, m.id) < (SELECT at, id FROM messages WHERE id = {number})"
    return _part(desk, 1, messages.Window(before=number, limit=LIMIT), here)


def _part(desk: Desk, person: int, window: messages.Window, here: str) -> tuple[Timed, Timed]:
    statement = (
        "SELECT m.*, k.name, h.kind FROM messages m JOIN contacts k ON k.id = m.contact_id JOIN channels h ON h.id = m.channel_id"
        f" WHERE m.contact_id = {person} {here} ORDER BY m.at DESC, m.id DESC LIMIT {LIMIT + 1}"
    )
    return (
        lambda: messages.page(desk.connection, person, window, whole_person=True),
        lambda: desk.bare(statement, {}),
    )


_LISTS = tuple((view.name, _list(view)) for view in VIEWS)
_THREADS = (("somebody's newest", _thread), ("far up in a long one", _long))


def _question(pick: Callable[[Desk], tuple[str, dict[str, Any]]]) -> Callable[[Desk], tuple[Timed, Timed | None]]:
    def way(desk: Desk) -> tuple[Timed, Timed | None]:
        q, narrow = pick(desk)
        wanted = find.Wanted(q=q, limit=FOUND, **narrow)
        now = moment(desk.count * EACH, desk.count) + timedelta(days=1)
        text = expression(ask(q), (), lite=desk.lite)
        return lambda: find.find(desk.connection, wanted, now), None if narrow else lambda: desk.bare(*_matching(desk, text))

    return way


def _matching(desk: Desk, text: str) -> tuple[str, dict[str, Any]]:
    where = "rowid FROM search_messages WHERE search_messages MATCH :q ORDER BY rowid" if desk.lite else (
        "id FROM search_messages WHERE words @@ CAST(%(q)s AS tsquery) ORDER BY id")  # fmt: skip
    return f"SELECT id, text FROM messages WHERE id IN (SELECT {where} DESC LIMIT {FOUND})", {"q": text}


def _word(desk: Desk, first: int, last: int) -> str:
    return desk.words[desk.chance.randrange(first, last)]


def _in_a_month(desk: Desk) -> tuple[str, dict[str, Any]]:
    since = moment(desk.count * EACH, desk.count) - MONTH * desk.chance.randint(1, EACH)
    return _word(desk, 0, 300) + " ", {"since": since, "until": since + MONTH}


_QUESTIONS = tuple((name, _question(pick)) for name, pick in (
    ("a frequent word", lambda d: (_word(d, 0, 30) + " ", {})),
    ("a common word", lambda d: (_word(d, 30, 2_000) + " ", {})),
    ("a rare word", lambda d: (_word(d, 15_000, 20_000) + " ", {})),
    ("an unfinished word", lambda d: (_word(d, 0, 500)[: d.chance.randint(3, 6)], {})),
    ("two letters", lambda d: (_word(d, 0, 500)[:2], {})),
    ("two words", lambda d: (f"{_word(d, 0, 100)} {_word(d, 0, 2_000)} ", {})),
    ("a part of a phone", lambda d: (phone(50 * d.chance.randrange(1000))[-9:], {})),
    ("nothing is found", lambda d: ("абракадабра ", {})),
    ("in one channel", lambda d: (_word(d, 0, 300) + " ", {"channel": d.chance.randint(1, CHANNELS)})),
    ("in one month", _in_a_month),
    ("of one person", lambda d: (_word(d, 0, 300) + " ", {"contact": d.chance.randint(2, d.count)})),
    ("of one with thousands", lambda d: (_word(d, 0, 300) + " ", {"contact": 1})),
))  # fmt: skip


_PARTS = (
    ("list", _LISTS), ("narrowed", NARROWED), ("thread", _THREADS), ("search", _QUESTIONS), ("first count", COUNTED),
)  # fmt: skip


@contextmanager
def _bare(rig: Rig) -> Iterator[Callable[[str, dict[str, Any]], list[Any]]]:
    """The driver itself, with statements prepared once."""
    if rig.settings.sqlite:
        lite = sqlite3.connect(rig.settings.data / "switchboard.db")
        yield lambda statement, values: lite.execute(statement, values).fetchall()
        lite.close()
        return
    with psycopg.connect(rig.settings.database_url, prepare_threshold=0, autocommit=True) as post:
        post.execute(f"SET statement_timeout = {PATIENCE_MS}".encode())

        def run(statement: str, values: dict[str, Any]) -> list[Any]:
            try:
                return post.execute(statement.encode(), values).fetchall()
            except psycopg.errors.QueryCanceled:
                return []

        yield run


@contextmanager
def _full(size: Size, count: int, server: Server | None) -> Iterator[Rig]:
    """A filled installation: a new one, or what an earlier run left in the folder for the same schema and size."""
    if not size.keep:
        with store(server) as (folder, url):
            yield _filled(Rig(folder, url), count)
        return
    name = f"window_{revision.newest()}_{count}_{label(server)}"
    folder = Path(size.keep).resolve() / name
    anew = not (folder / "filled").exists()
    if anew:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    rig = Rig(folder, kept(server, name, anew=anew) if server else "")
    yield _filled(rig, count) if anew else rig


def _filled(rig: Rig, count: int) -> Rig:
    rig.prepare("http://127.0.0.1:9")
    converse(rig, count)
    (rig.settings.data / "filled").touch()
    return rig
