"""A phone call is one entry of the conversation that grows with every webhook about it: how it ended, how long, its recording."""

from datetime import datetime

import sqlalchemy as sa

from channels.events import InboundFile
from inbox import files, live, queue
from inbox import schema as t
from inbox.delivery.outgoing import preview
from inbox.receive.arrival import Heard
from inbox.store import ids

KIND = "call"


def grow(connection: sa.Connection, message_id: int, each: Heard, now: datetime) -> None:
    """Add what this webhook says to the entry. Nobody changed their words, so no earlier version is kept."""
    m, told = t.messages.c, each.message
    old = connection.execute(sa.select(m.text, m.data, m.conversation_id, m.contact_id).where(m.id == message_id)).one()
    data = dict(old.data or {})
    data[KIND] = {**(data.get(KIND) or {}), **told.data.get(KIND, {})}
    connection.execute(sa.update(t.messages).where(m.id == message_id).values(text=told.text, data=data))
    each.id, each.contact_id, each.conversation_id = message_id, old.contact_id, old.conversation_id
    _keep_files(connection, each, now)
    _show(connection, old.conversation_id, old.text, told.text)
    live.tell(connection, "message", conversation_id=old.conversation_id, message_id=message_id)


def _keep_files(connection: sa.Connection, each: Heard, now: datetime) -> None:
    """Keep recordings that are not known yet: several webhooks tell of the same one."""
    a = t.attachments.c
    known = list(connection.execute(sa.select(a.remote).where(a.message_id == each.id)).scalars())
    new: list[InboundFile] = [file for file in each.message.attachments if dict(file.remote) not in known]
    if new:
        numbers = ids.take(connection, "attachments", len(new))
        rows = [files.inbound_row(connection, n, each, file, now) for n, file in zip(numbers, new, strict=True)]
        connection.execute(sa.insert(t.attachments), rows)
        queue.wake(connection, "files")


def _show(connection: sa.Connection, conversation_id: int, before: str, after: str) -> None:
    """The list of conversations shows the call as it is now, if it still shows the call at all."""
    c = t.conversations.c
    shown = sa.and_(c.id == conversation_id, c.last_text == preview(before, (), KIND))
    connection.execute(sa.update(t.conversations).where(shown).values(last_text=preview(after, (), KIND)))
