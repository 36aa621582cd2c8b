"""A look through everybody for what looks wrong. None was made: cards that were here before the rules were never looked at."""

from datetime import datetime

import sqlalchemy as sa

from inbox import schema as t
from inbox.card.rounds import Rounds, Run
from inbox.quality.look import look

PAGE = 40
_rounds = Rounds(t.quality_runs, "quality.searched")
begin, going, latest = _rounds.begin, _rounds.going, _rounds.latest


def step(connection: sa.Connection, now: datetime, run_id: int) -> Run:
    """The next page of a run."""
    return _rounds.step(connection, now, run_id, look, PAGE)
