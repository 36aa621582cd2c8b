"""In which of the segments that flows name the people of a pass are: one statement, and none while no flow asks."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
import structlog

from inbox import schema as t
from inbox.db import not_its_own
from inbox.respond.facts import Case
from inbox.segments import Filter
from inbox.segments.sql import compiled
from inbox.store import bulk

log = structlog.get_logger()


def add_segments(connection: sa.Connection, now: datetime, cases: Sequence[Case], segments: Mapping[str, Filter]) -> None:
    """Fill in `segments` of the cases in which a bot speaks. While they cannot be asked, nobody is in one: the flow goes on."""
    asked = [case for case in cases if case.row.bot]
    if not asked or not segments:
        return
    try:
        with bulk.savepoint(connection):
            found = _asked(connection, now, asked, segments)
    except Exception as error:
        if not_its_own(error):
            raise
        log.exception("segments could not be asked")
        return
    for case in asked:
        case.segments = found.get(case.row.contact_id, frozenset())


def _asked(
    connection: sa.Connection, now: datetime, asked: Sequence[Case], segments: Mapping[str, Filter]
) -> dict[int, frozenset[str]]:
    names = list(segments)
    c = t.contacts.c
    conditions = [compiled(segments[name].match, now).label(f"segment_{n}") for n, name in enumerate(names)]
    query = sa.select(c.id, *conditions).where(c.id.in_([case.row.contact_id for case in asked]))
    return {
        row[0]: frozenset(name for name, inside in zip(names, row[1:], strict=True) if inside)
        for row in connection.execute(query)
    }
