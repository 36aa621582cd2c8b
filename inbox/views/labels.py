"""The labels that conversations carry, and how many carry each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.views.counts import COUNT_TO

MOST = 1_000
_l = t.conversation_labels.c


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelCount:
    """A label in use. 1000 means 1000 or more."""

    label: str
    count: int


def counted(connection: sa.Connection) -> list[LabelCount]:
    """By name. Goes from label to label along the index and counts each up to its cap: never the whole table."""
    rows: Sequence[Any] = connection.execute(_COUNTED).all()
    return [LabelCount(label=label, count=count) for label, count in rows]


def _steps() -> sa.Select[Any]:
    own = t.conversation_labels.alias("own")
    first = sa.select(sa.select(sa.func.min(_l.label)).scalar_subquery().label("label")).cte("step", recursive=True)
    later = sa.select(sa.func.min(own.c.label)).where(own.c.label > first.c.label).scalar_subquery()
    step = first.union_all(sa.select(later).where(first.c.label.is_not(None)))
    some = sa.select(sa.literal(1).label("one")).where(_l.label == step.c.label).correlate(step).limit(COUNT_TO).subquery()
    count = sa.select(sa.func.count()).select_from(some).scalar_subquery()
    return sa.select(step.c.label, count.label("count")).where(step.c.label.is_not(None)).order_by(step.c.label).limit(MOST)


_COUNTED = _steps()
