"""Reports: what each manager did, every number with the list of conversations that it counts."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from urllib.parse import urlencode

import sqlalchemy as sa

from inbox import schema as t
from inbox.views import figures
from inbox.views.paging import All
from inbox.views.shapes import Named


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A number, and the query of /conversations that lists exactly what it counts."""

    value: float | None
    link: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ManagerReport:
    """What somebody did. Conversations, except `messages` (written) and `first_answer_seconds` (median; null: none)."""

    manager: Named
    taken: Figure
    answered: Figure
    messages: Figure
    first_answer_seconds: Figure
    closed: Figure
    late: Figure


def managers(connection: sa.Connection, since: datetime, until: datetime) -> All[ManagerReport]:
    """Everybody's figures from `since` to just before `until`, by name."""
    counts = {name: _counts(connection, name, since, until) for name in ("taken", "answered", "closed", "late")}
    written = _written(connection, since, until)
    medians = _medians(connection, since, until)
    people = connection.execute(sa.select(t.managers.c.id, t.managers.c.name).order_by(t.managers.c.name, t.managers.c.id))

    def report(number: int, name: str) -> ManagerReport:
        links = {figure: _link(figure, number, since, until) for figure in figures.FIGURES}
        return ManagerReport(
            manager=Named(id=number, name=name),
            messages=Figure(value=written.get(number, 0), link=links["answered"]),
            first_answer_seconds=Figure(value=medians.get(number), link=links["first"]),
            **{figure: Figure(value=found.get(number, 0), link=links[figure]) for figure, found in counts.items()},
        )

    return All(items=[report(number, name) for number, name in people])


def _counts(connection: sa.Connection, figure: str, since: datetime, until: datetime) -> dict[int, int]:
    found = figures.pairs(figure, since, until).subquery()
    count = sa.func.count(sa.distinct(found.c.conversation_id))
    rows = connection.execute(sa.select(found.c.manager_id, count).group_by(found.c.manager_id))
    return {row[0]: row[1] for row in rows}


def _written(connection: sa.Connection, since: datetime, until: datetime) -> dict[int, int]:
    found = figures.pairs("answered", since, until).subquery()
    rows = connection.execute(sa.select(found.c.manager_id, sa.func.count()).group_by(found.c.manager_id))
    return {row[0]: row[1] for row in rows}


def _medians(connection: sa.Connection, since: datetime, until: datetime) -> dict[int, float]:
    seconds: dict[int, list[float]] = defaultdict(list)
    for row in connection.execute(figures.first_answers(since, until)):
        seconds[row.manager_id].append((row.answered - row.asked).total_seconds())
    return {manager_id: median(each) for manager_id, each in seconds.items()}


def _link(figure: str, manager_id: int, since: datetime, until: datetime) -> str:
    times = {"from": since.isoformat().replace("+00:00", "Z"), "to": until.isoformat().replace("+00:00", "Z")}
    return "/conversations?" + urlencode({"status": "any", "figure": figure, "by": manager_id, **times})
