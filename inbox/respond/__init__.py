"""Stop 3: rows -> owner, task, bot turn -> queued replies. One conversation at a time, many conversations in one pass.

A pass is one transaction: claim, load the facts of all with few statements, decide each by pure functions, write all. A crash
rolls it back and the conversations are found again by their `heard_at`. Where a pass cannot be written, each is written alone.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
import structlog

from bots.session import HandOver
from inbox.db import not_its_own
from inbox.respond.chosen import note_chosen
from inbox.respond.decide import Minds, Outcome, decide
from inbox.respond.facts import Case, claim
from inbox.respond.membership import add_segments
from inbox.respond.write import Decided, write
from inbox.store import bulk

log = structlog.get_logger()

PASS = 100
"""Conversations in one transaction."""

__all__ = ["PASS", "Minds", "respond", "respond_all"]


def respond_all(connection: sa.Connection, asked: Sequence[tuple[datetime, Minds]]) -> list[int]:
    """Passes for `Database.batch`, which has a worker's own thread run them."""
    return [respond(connection, now, minds) for now, minds in asked]


def respond(connection: sa.Connection, now: datetime, minds: Minds) -> int:
    """One pass; returns how many conversations it dealt with, 0 when nobody waits."""
    cases = claim(connection, PASS)
    note_chosen(connection, cases)
    if minds.segments:
        add_segments(connection, now, cases, minds.segments)
    decided = [(case, decide(case, minds, now)) for case in cases]
    if not decided or _written(connection, now, minds, decided):
        return len(decided)
    return sum(_write_alone(connection, now, minds, case, outcome) for case, outcome in decided)


def _write_alone(connection: sa.Connection, now: datetime, minds: Minds, case: Case, outcome: Outcome) -> bool:
    """Write one outcome; one that cannot be written goes to a person without it."""
    if _written(connection, now, minds, [(case, outcome)]):
        return True
    broken = Outcome(hand_over=HandOver(reason="What the bot decided could not be written", cause="broken"))
    return _written(connection, now, minds, [(case, broken)])


def _written(connection: sa.Connection, now: datetime, minds: Minds, decided: Decided) -> bool:
    try:
        with bulk.savepoint(connection):
            write(connection, now, minds, decided)
        return True
    except Exception as error:
        if not_its_own(error):
            raise
        log.exception("outcomes could not be written", conversations=len(decided))
        return False
