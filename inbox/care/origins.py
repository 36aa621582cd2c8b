"""Sites that wanted to carry a web chat and were refused: told on the channel's page, where its owner can add them."""

from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t

MOST = 5
"""Refused sites that are told: a stranger can make up any number."""
_LONGEST = 120


def note(connection: sa.Connection, channel_id: int, origin: str) -> bool:
    """Put the refused origin among the notes of the channel, once. True if it is new there."""
    c = t.channels.c
    row = connection.execute(sa.select(c.account, c.name).where(c.id == channel_id).with_for_update()).one_or_none()
    if row is None:
        return False
    account: dict[str, Any] = {"name": row.name, "address": "", "notes": [], **(row.account or {})}
    told = _words(origin)
    refused = [each for each in account["notes"] if each.endswith(_ENDING)]
    if told in refused or len(refused) >= MOST:
        return False
    changed = {**account, "notes": [*account["notes"], told]}
    connection.execute(sa.update(t.channels).where(c.id == channel_id).values(account=changed))
    live.tell(connection, "channel", channel_id=channel_id)
    return True


_ENDING = "but it is not among this channel's sites: add it to the settings if it is yours."


def _words(origin: str) -> str:
    return f"A page of {origin[:_LONGEST]} wanted to carry the chat, {_ENDING}"
