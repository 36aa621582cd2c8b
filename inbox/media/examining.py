"""Look at contents that have just been stored, in the background: size of pictures, length of sounds, thumbnails."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.files import Store
from inbox.house import House
from inbox.media import pictures, sound

AT_ONCE = 20
TOLD = 50
"""Messages that are told of a new thumbnail: a sticker may hang on a million of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a content is besides its bytes. `thumbnail` names another content."""

    width: int | None = None
    height: int | None = None
    duration: float | None = None
    thumbnail: str | None = None


async def drain(house: House) -> int:
    """Look at some contents that nobody has looked at; how many. One picture at a time: decoding takes memory."""
    due = await house.db.read(unseen)
    for row in due:
        facts = await asyncio.to_thread(look, house.store, row.sha256, row.mime)
        await house.db.run(note, datetime.now(UTC), row.sha256, facts)
    return len(due)


def unseen(connection: sa.Connection) -> list[Any]:
    f = t.files.c
    query = sa.select(f.sha256, f.mime).where(f.looked_at.is_(None)).order_by(f.created_at).limit(AT_ONCE)
    return list(connection.execute(query))


def look(store: Store, digest: str, mime: str) -> Facts:
    """The facts of a content. What cannot be read has none."""
    family, path = mime.partition("/")[0], store.path(digest)
    if family == "image":
        seen = pictures.look(path)
        small = store.put(seen.thumbnail) if seen.thumbnail else None
        return Facts(width=seen.width, height=seen.height, thumbnail=small)
    if family in ("audio", "video"):
        heard = sound.look(path)
        return Facts(width=heard.width, height=heard.height, duration=heard.duration)
    return Facts()


def note(connection: sa.Connection, now: datetime, digest: str, facts: Facts) -> None:
    """Keep the facts, and have those who look at the message see them."""
    values = {"width": facts.width, "height": facts.height, "duration": facts.duration, "thumbnail": facts.thumbnail}
    connection.execute(sa.update(t.files).where(t.files.c.sha256 == digest).values(**values, looked_at=now))
    if not any(values.values()):
        return
    a, m = t.attachments.c, t.messages.c
    shown = sa.select(m.id, m.conversation_id).join(t.attachments, a.message_id == m.id).where(a.sha256 == digest)
    for row in connection.execute(shown.order_by(a.id.desc()).limit(TOLD)):
        live.tell(connection, "message", conversation_id=row.conversation_id, message_id=row.id)
