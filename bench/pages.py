"""(d) The first and the deepest page of a million conversations, against hand-written SQL for the same rows and against 1,000."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import psycopg

from bench.fill import MANAGERS, START, STEP, fill
from bench.hooks import label
from bench.postgres import Server
from bench.result import Figure, Section
from bench.rig import Rig, store
from bench.size import Size
from inbox.views import conversations, lists
from inbox.views.paging import encode

LIMIT = 50
AIM = 2.0
AIM_GROWTH = 1.5
NOTES = [
    f"a page is {LIMIT} conversations; each figure is the median of many calls in turn with the hand-written query",
    "hand-written: the raw driver, the same rows and the names they refer to, no objects; that both find the same is checked",
    "deepest: the last full page before the end of the list, reached by its cursor",
]
_KEY = "(c.last_at, c.id) < ({at}, {id})"
_COLUMNS = """
c.id, c.contact_id, c.channel_id, c.manager_id, c.team_id, c.status, c.bot, c.unread, c.priority, c.labels, c.subject,
c.waiting_since, c.answer_due, c.snoozed_until, c.last_at, c.last_text, c.last_direction, c.last_author, c.opened_at, c.closed_at,
k.number, k.name, k.language, h.kind, h.name, m.name, g.name
"""
_BARE = """
SELECT {columns} FROM ({rows}) AS p JOIN conversations c ON c.id = p.id JOIN contacts k ON k.id = c.contact_id
JOIN channels h ON h.id = c.channel_id LEFT JOIN managers m ON m.id = c.manager_id LEFT JOIN teams g ON g.id = c.team_id
ORDER BY c.last_at DESC, c.id DESC LIMIT {limit}
"""
_RANGE = "SELECT c.id FROM conversations c WHERE {where} ORDER BY c.last_at DESC, c.id DESC LIMIT {limit}"

Query = Callable[[], list[int]]
"""Runs a query and returns the ids it found."""


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """A list of the app: our filter, the ranges that a person would write by hand, and which of all conversations are in it."""

    name: str
    wanted: lists.Filter
    ranges: tuple[str, ...]
    holds: Callable[[int], bool]


VIEWS = (
    View(name="any status", wanted=lists.Filter(statuses=()), ranges=("true",), holds=lambda n: True),
    View(name="active", wanted=lists.Filter(), ranges=tuple(f"c.status = '{s}'" for s in conversations.ACTIVE),
         holds=lambda n: n % 10 >= 5),
    View(name="mine", wanted=lists.Filter(assignee=4),
         ranges=tuple(f"c.manager_id = 4 AND c.status = '{s}'" for s in conversations.ACTIVE),
         holds=lambda n: n % 10 >= 5 and n % 7 != 0 and n // 10 % MANAGERS == 3),
)  # fmt: skip


async def section(size: Size, rounds: int, server: Server | None) -> Section:
    """Both tables are filled once; the rounds ask for their pages in turn."""
    with _filled(size.few, server) as few, _filled(size.conversations, server) as many:
        figures = [
            figure
            for view in VIEWS
            for deep in (False, True)
            for figure in _figures(view, deep, few, many, size, rounds)
        ]  # fmt: skip
    title = f"A page of {size.conversations:,} conversations"
    return Section(letter="d", title=title, database=label(server), figures=figures, notes=NOTES)


def _figures(view: View, deep: bool, few: Rig, many: Rig, size: Size, rounds: int) -> list[Figure]:
    """Ours against the hand-written query, and ours on the large table against ours on the small one."""
    name = f"{view.name}, {'deepest' if deep else 'first'}"
    with _queries(many, view, _end(view, size.conversations) if deep else None) as (ours, bare):
        assert ours() == bare(), f"{name}: two different pages"
        pairs = [_in_turn(ours, bare, size.pages) for _ in range(rounds)]
        with _queries(few, view, _end(view, size.few) if deep else None) as (ours_few, _):
            growth = [_in_turn(ours, ours_few, size.pages) for _ in range(rounds)]
    return [
        Figure(name=name, unit="µs", ours=[o for o, _ in pairs], floor=[b for _, b in pairs], aim=AIM, more_is_better=False),
        Figure(name=f"{name}, against {size.few:,}", unit="µs", ours=[m for m, _ in growth], floor=[f for _, f in growth],
               aim=AIM_GROWTH, more_is_better=False),
    ]  # fmt: skip


def _end(view: View, count: int) -> int:
    """The number after which the view's last full page begins."""
    oldest = [n for n in range(1, min(count, 200 * LIMIT)) if view.holds(n)]
    return oldest[min(LIMIT, len(oldest) - 1)]


def _in_turn(one: Query, other: Query, times: int) -> tuple[float, float]:
    """Median microseconds of each."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(times):
        for query, kept in zip((one, other), seconds, strict=True):
            began = time.perf_counter()
            query()
            kept.append(time.perf_counter() - began)
    return median(seconds[0]) * 1e6, median(seconds[1]) * 1e6


@contextmanager
def _filled(count: int, server: Server | None) -> Iterator[Rig]:
    with store(server) as (folder, url):
        rig = Rig(folder, url)
        rig.prepare("http://127.0.0.1:9")
        fill(rig, count)
        yield rig


@contextmanager
def _queries(rig: Rig, view: View, after: int | None) -> Iterator[tuple[Query, Query]]:
    """The same page by our view and by hand; after the conversation with this number, or the first."""
    cursor = None if after is None else encode((moment(after), after))
    with rig.database() as db, db.begin() as connection, raw(rig) as bare:

        def ours() -> list[int]:
            return [each.id for each in lists.page(connection, view.wanted, "last", cursor, LIMIT).items]

        yield ours, lambda: [row[0] for row in bare(*by_hand(rig, view, after))][:LIMIT]


def moment(number: int) -> datetime:
    """When the n-th conversation last heard something."""
    return datetime.fromtimestamp(START / 1e6, UTC) + timedelta(microseconds=number * STEP)


def by_hand(rig: Rig, view: View, after: int | None) -> tuple[str, dict[str, Any]]:
    """The statement that a person would write for this page, and its values."""
    mark = ":{}" if rig.settings.sqlite else "%({})s"
    key = [] if after is None else [_KEY.format(at=mark.format("at"), id=mark.format("id"))]
    ranges = [_RANGE.format(where=" AND ".join([each, *key]), limit=LIMIT + 1) for each in view.ranges]
    rows = " UNION ALL ".join(f"SELECT * FROM ({each}) AS r" for each in ranges)
    values: dict[str, Any] = {}
    if after is not None:
        values = {"at": START + after * STEP if rig.settings.sqlite else moment(after), "id": after}
    return _BARE.format(columns=_COLUMNS, rows=rows, limit=LIMIT + 1), values


@contextmanager
def raw(rig: Rig) -> Iterator[Callable[[str, dict[str, Any]], list[Any]]]:
    """The driver itself, with statements prepared once."""
    if rig.settings.sqlite:
        lite = sqlite3.connect(rig.settings.data / "switchboard.db")
        yield lambda statement, values: lite.execute(statement, values).fetchall()
        lite.close()
    else:
        with psycopg.connect(rig.settings.database_url, prepare_threshold=0) as post:
            yield lambda statement, values: post.execute(statement.encode(), values).fetchall()
