"""Events of an erased person: who did what when stays, words in `data` go."""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from inbox import schema as t

BATCH = 1_000
WORDS = frozenset({"channel_kind", "state", "status", "cause", "until", "was", "role", "what"})
"""Keys whose words are ours: a state, a kind, a time."""
_e = t.events.c


def kept(data: Any) -> Any:
    """What may stay of an event's data: numbers and truths, which reports read, and words of ours."""
    if not isinstance(data, dict):
        return None
    found = {name: value for name, value in data.items() if _plain(value) or (name in WORDS and isinstance(value, str))}
    return found or None


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float) or (isinstance(value, list) and all(map(_number, value)))


def _number(value: Any) -> bool:
    return isinstance(value, bool | int | float)


def empty_of_messages(connection: sa.Connection, message_ids: Sequence[int]) -> None:
    """Those that name only a message."""
    alone = (_e.kind == "attachment.failed", _e.message_id.in_(message_ids))
    _empty(connection, connection.execute(sa.select(_e.id, _e.data).where(*alone)).all())


def empty(connection: sa.Connection, place: int, traces: dict[str, Any]) -> tuple[bool, int, dict[str, Any]]:
    """The next events of the person's conversations, after those that have none: (finished, mark, traces)."""
    number = traces.get("conversation", 0)
    if number == 0 and place == 0:
        alone = (_e.contact_id.in_(traces["cards"]), _e.conversation_id.is_(None))
        _empty(connection, connection.execute(sa.select(_e.id, _e.data).where(*alone)).all())
    looked = 0
    for conversation in _conversations(connection, traces["cards"], number):
        after = place if conversation == number else 0
        mine = sa.select(_e.id, _e.data).where(_e.conversation_id == conversation, _e.id > after)
        rows = connection.execute(mine.order_by(_e.id).limit(BATCH)).all()
        _empty(connection, rows)
        looked += len(rows)
        if len(rows) == BATCH or looked >= BATCH:
            return False, rows[-1].id if rows else after, traces | {"conversation": conversation}
    return True, 0, traces


def _conversations(connection: sa.Connection, cards: Sequence[int], after: int) -> Iterator[int]:
    c = t.conversations.c
    yield from connection.scalars(sa.select(c.id).where(c.contact_id.in_(cards), c.id >= after).order_by(c.id)).all()


def _empty(connection: sa.Connection, rows: Sequence[Any]) -> None:
    for row in rows:
        left = kept(row.data)
        if left != row.data:
            # NULL, not JSON's null.
            connection.execute(sa.update(t.events).where(_e.id == row.id).values(data=sa.null() if left is None else left))
