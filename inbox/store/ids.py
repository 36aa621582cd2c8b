"""Primary keys, taken from the database in blocks, so that a whole batch knows its ids before a row of it is written."""

import sqlalchemy as sa

from inbox.store import bulk

_SQLITE = "INSERT INTO sequences (name, next) VALUES (?, ? + 1) ON CONFLICT (name) DO UPDATE SET next = next + ? RETURNING next"


def take(connection: sa.Connection, table: str, count: int = 1) -> range | list[int]:
    """The next `count` ids of `table`, ascending. They are consecutive on SQLite only; a rolled-back block may leave a gap."""
    if count == 0:
        return range(0)
    if connection.dialect.name == "sqlite":
        end = bulk.drive(connection, _SQLITE, (table, count, count))[0][0]
        return range(end - count, end)
    rows = bulk.drive(connection, f"SELECT nextval('{table}_ids') FROM generate_series(1, %s)", (count,))  # noqa: S608 table is ours
    return [row[0] for row in rows]


def one(connection: sa.Connection, table: str) -> int:
    """A single id."""
    return take(connection, table)[0]
