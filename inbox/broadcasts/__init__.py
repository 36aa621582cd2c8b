"""Broadcasts: one template to the contacts with a tag, a ledger row a person, so that nobody ever gets it twice.

draft -> planning (the ledger is written) -> running <-> paused -> done, or cancelled. Every step may be repeated after a crash:
the ledger's primary key and the states of its rows make each a no-op the second time.
"""

from inbox.broadcasts.feed import feed
from inbox.broadcasts.use import NotNow, Preview, cancel, create, pause, preview, progress, start

__all__ = ["NotNow", "Preview", "cancel", "create", "feed", "pause", "preview", "progress", "start"]
