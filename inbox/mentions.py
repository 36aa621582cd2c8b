"""Mentions: who was called into a conversation by a colleague's note, and whether they have looked since."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from inbox import live
from inbox import schema as t

_m = t.mentions.c


def keep(connection: sa.Connection, now: datetime, by: int, note: tuple[int, int], managers: Sequence[int]) -> None:
    """Remember whom a note calls. `note`: (message, conversation). Oneself, and who is no longer here, are not called."""
    message_id, conversation_id = note
    m = t.managers.c
    here = sa.select(m.id).where(m.id.in_(list(managers)), m.id != by, m.disabled_at.is_(None))
    for manager_id in connection.scalars(here.order_by(m.id)).all():
        row = {"message_id": message_id, "at": now, "seen_at": None}
        known = sa.update(t.mentions).where(_m.manager_id == manager_id, _m.conversation_id == conversation_id).values(row)
        if not connection.execute(known).rowcount:
            connection.execute(sa.insert(t.mentions).values(**row, manager_id=manager_id, conversation_id=conversation_id))
        live.tell(connection, "counts")


def see(connection: sa.Connection, now: datetime, me: int, conversation_id: int) -> None:
    """I have looked at the conversation."""
    mine = (_m.manager_id == me, _m.conversation_id == conversation_id, _m.seen_at.is_(None))
    if connection.execute(sa.update(t.mentions).where(*mine).values(seen_at=now)).rowcount:
        live.tell(connection, "counts")
