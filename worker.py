"""RQ's entry: job names -> inbox functions, one line each. The schedule is the sweep's (inbox/sweep.py), kept in the database."""

from inbox.work import drain

__all__ = ["drain"]
