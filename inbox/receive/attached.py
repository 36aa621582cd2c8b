"""Keep the files of messages, and the further provider ids of those that several of the provider's messages make up."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from channels.events import InboundFile
from inbox import files, queue
from inbox import schema as t
from inbox.receive.arrival import Heard
from inbox.store import ids


def keep_files(connection: sa.Connection, heard: Sequence[Heard], now: datetime) -> None:
    """Keep what came with these messages, and have it fetched."""
    for each in heard:
        for further in each.message.data.get("album", ()):
            keep_part(connection, each, further)
    keep(connection, [(each, file) for each in heard for file in each.message.attachments], now)


def keep(connection: sa.Connection, rows: Sequence[tuple[Any, InboundFile]], now: datetime) -> None:
    """Keep files of their owners (with id, contact_id, channel_id)."""
    if not rows:
        return
    numbers = ids.take(connection, "attachments", len(rows))
    connection.execute(
        sa.insert(t.attachments),
        [files.inbound_row(connection, n, owner, file, now) for n, (owner, file) in zip(numbers, rows, strict=True)],
    )
    queue.wake(connection, "files")


def keep_part(connection: sa.Connection, each: Heard, external_id: str) -> None:
    """Note a further id under which the provider knows the message."""
    row = {"channel_id": each.channel_id, "external_id": external_id, "thread": each.message.thread}
    connection.execute(sa.insert(t.message_parts), {**row, "message_id": each.id})


def keep_new_files(connection: sa.Connection, owner: Any, came: Sequence[InboundFile], now: datetime) -> bool:
    """Keep those files of an edited message that it did not have before; the earlier ones stay. Returns whether any were new."""
    if not came:
        return False
    had = connection.execute(sa.select(t.attachments.c.remote).where(t.attachments.c.message_id == owner.id)).scalars().all()
    new = [(owner, file) for file in came if not any(_same(file.remote, old) for old in had)]
    keep(connection, new, now)
    return bool(new)


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two remotes are one file. A provider may give it another id with every message, so that one agreement is enough."""
    return one == other or any(one.get(name) and one.get(name) == other.get(name) for name in _NAMING)


_NAMING = ("unique", "file_id", "id", "sha256", "url")
"""What providers name a file by, or by what it holds."""
