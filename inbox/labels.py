"""Labels of conversations: written here, and kept the other way round too, so that a label's conversations are found at once."""

from collections.abc import Sequence

import sqlalchemy as sa

from inbox import schema as t

_l = t.conversation_labels.c


def put(connection: sa.Connection, conversation_id: int, labels: Sequence[str]) -> None:
    """The conversation has these labels, each once, in this order, and no others."""
    found = list(dict.fromkeys(labels))
    connection.execute(sa.update(t.conversations).where(t.conversations.c.id == conversation_id).values(labels=found))
    connection.execute(sa.delete(t.conversation_labels).where(_l.conversation_id == conversation_id))
    if found:
        rows = [{"label": label, "conversation_id": conversation_id} for label in found]
        connection.execute(sa.insert(t.conversation_labels), rows)
