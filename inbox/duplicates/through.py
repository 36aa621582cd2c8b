"""A look through everybody for cards that may be one person."""

from datetime import datetime

import sqlalchemy as sa

from inbox import schema as t
from inbox.card.rounds import Rounds, Run
from inbox.duplicates.finding import look

PAGE = 250
_rounds = Rounds(t.duplicate_runs, "duplicates.searched")
begin, going, latest = _rounds.begin, _rounds.going, _rounds.latest


def step(connection: sa.Connection, now: datetime, run_id: int) -> Run:
    """The next page of a run."""
    return _rounds.step(connection, now, run_id, look, PAGE)
