"""Segments by their names, as flows ask for them."""

from collections.abc import Collection

import sqlalchemy as sa

from bots.flow import Flow, segments_of
from bots.load import load
from bots.problems import FlowError, Problem, step_name, suggestion
from inbox import schema as t
from inbox.segments.language import Filter

_S = t.segments.c


def by_name(connection: sa.Connection, names: Collection[str]) -> dict[str, Filter]:
    """Those of these that are there."""
    query = sa.select(_S.name, _S.filter).where(_S.name.in_(names), _S.removed_at.is_(None))
    return {row.name: Filter.model_validate(row.filter) for row in connection.execute(query)}


def loaded(connection: sa.Connection, source: str) -> Flow:
    """A flow whose segments are all there. Raises FlowError."""
    flow = load(source)
    asked = segments_of(flow)
    if not asked:
        return flow
    known = sorted(connection.scalars(sa.select(_S.name).where(_S.removed_at.is_(None))))
    problems = [
        Problem(
            step=step_name(index, flow.steps[index].label), field="cases",
            message=f"there is no segment called {name!r}{suggestion(name, known)}",
        )
        for name, index in asked.items()
        if name not in known
    ]  # fmt: skip
    if problems:
        raise FlowError(problems)
    return flow
