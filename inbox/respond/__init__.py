"""Stop 3: rows -> owner, task, bot turn -> queued replies. One conversation at a time, many conversations in one pass.

A pass is one transaction: claim, load the facts of all with few statements, decide each by pure functions, write all. A crash
rolls it back and the conversations are found again by their `heard_at`.
"""

from datetime import datetime

import sqlalchemy as sa

from inbox.respond.decide import Minds, decide
from inbox.respond.facts import claim
from inbox.respond.write import write

PASS = 200
"""Conversations in one transaction."""

__all__ = ["PASS", "Minds", "respond"]


def respond(connection: sa.Connection, now: datetime, minds: Minds) -> int:
    """One pass; returns how many conversations it dealt with, 0 when nobody waits."""
    cases = claim(connection, PASS)
    if cases:
        write(connection, now, minds, [(case, decide(case, minds, now)) for case in cases])
    return len(cases)
