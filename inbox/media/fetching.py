"""Fetch attachments from providers in the background, with growing pauses; what is gone for good is said so."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from channels.base import ChannelError, Download, Refused
from inbox import files, live, queue
from inbox import schema as t
from inbox.db import DatabaseDown
from inbox.house import House
from inbox.media import examining
from inbox.record import event, record_all
from inbox.refusals import Conflict, NotFound

log = structlog.get_logger()
AT_ONCE = 8
PATIENCE = 120.0
"""Seconds for one download."""
PAUSES = (5, 30, 120, 600, 3600, 6 * 3600, 24 * 3600, 24 * 3600)
"""Seconds after each failure: a token that somebody mends tomorrow still brings what came today."""
OUTGOING_PAUSES = PAUSES[:4]
"""For what we are to send: nobody waits a day for an answer."""


Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


async def drain(house: House, clock: Clock = _now) -> None:
    """Fetch until nothing is due, and look at what came."""
    gate = asyncio.Semaphore(AT_ONCE)
    while True:
        due = await house.db.read(waiting, clock())
        await asyncio.gather(*(_fetch(house, clock, row, gate) for row in due))
        if not (await examining.drain(house) or due):
            return


def waiting(connection: sa.Connection, now: datetime) -> list[Any]:
    """Attachments to fetch now."""
    a = t.attachments.c
    statement = sa.select(a.id, a.channel_id, a.remote, a.name, a.mime, a.size, a.attempts, t.messages.c.direction).join(
        t.messages, t.messages.c.id == a.message_id
    )
    return list(connection.execute(statement.where(a.state == "waiting", a.try_at <= now).order_by(a.try_at).limit(50)))


async def _fetch(house: House, clock: Clock, row: Any, gate: asyncio.Semaphore) -> None:
    pauses = PAUSES if row.direction == "in" else OUTGOING_PAUSES
    async with gate:
        try:
            got = await _download(house, row)
        except Refused as error:
            await house.db.run(give_up, clock(), row.id, error.reason)
        except (ChannelError, OSError, TimeoutError) as error:
            reason = error.reason if isinstance(error, ChannelError) else "The file could not be fetched"
            await house.db.run(postpone, clock(), row.id, row.attempts, reason, pauses)
        except DatabaseDown:
            raise
        except Exception as error:
            log.exception("a download failed", attachment=row.id)
            await house.db.run(postpone, clock(), row.id, row.attempts, type(error).__name__, pauses)
        else:
            await _take(house, clock, row, got)


async def _take(house: House, clock: Clock, row: Any, got: Download) -> None:
    """Keep what came, unless it is larger than its provider said or of a type that is not kept."""
    mime = files.real_mime(got.content, got.mime or row.mime, got.name or row.name)
    if objection := house.store.limits.objection(len(got.content), mime):
        await house.db.run(give_up, clock(), row.id, objection)
        return
    digest = await asyncio.to_thread(house.store.put, got.content)
    await house.db.run(keep, clock(), row.id, digest, len(got.content), mime, got.name)


async def _download(house: House, row: Any) -> Download:
    """By the channel's connector; what we are to send out ourselves lies at a plain address."""
    if objection := house.store.limits.objection(row.size or 0):
        raise Refused(objection)
    line = await house.accounts.line(row.channel_id)
    if line is None:
        raise Refused("The channel is gone")
    async with asyncio.timeout(PATIENCE):
        if row.direction == "in":
            return await line.connector.download(row.remote)
        return await house.accounts.fetch(row.remote["url"], house.store.limits.size)


def ask_again(connection: sa.Connection, now: datetime, attachment_id: int) -> None:
    """Somebody wants a file that could not be fetched: try again from the beginning. Raises NotFound or Conflict."""
    a = t.attachments.c
    row = connection.execute(sa.select(a.state, a.remote).where(a.id == attachment_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no attachment {attachment_id}")
    if row.state == "stored":
        return
    if not row.remote:
        raise Conflict("This file came inside its message and was not kept; the raw delivery still holds it")
    again = {"state": "waiting", "attempts": 0, "try_at": now, "reason": ""}
    connection.execute(sa.update(t.attachments).where(a.id == attachment_id).values(again))
    queue.wake(connection, "files")
    _tell(connection, attachment_id)


def keep(connection: sa.Connection, now: datetime, attachment_id: int, digest: str, size: int, mime: str, name: str) -> None:
    """The file is here."""
    files.note_content(connection, digest, size, mime, now)
    a = t.attachments.c
    values: dict[str, Any] = {"state": "stored", "sha256": digest, "size": size, "mime": mime, "reason": "", "try_at": None}
    if name:
        values["name"] = sa.case((a.name == "", name), else_=a.name)
    connection.execute(sa.update(t.attachments).where(a.id == attachment_id).values(values))
    _tell(connection, attachment_id)


def postpone(
    connection: sa.Connection,
    now: datetime,
    attachment_id: int,
    attempts: int,
    reason: str,
    pauses: Sequence[float] = PAUSES,
) -> None:
    """Try again later, or give up after the last pause."""
    if attempts >= len(pauses):
        give_up(connection, now, attachment_id, reason)
        return
    values = {"attempts": attempts + 1, "try_at": now + timedelta(seconds=pauses[attempts]), "reason": reason}
    connection.execute(sa.update(t.attachments).where(t.attachments.c.id == attachment_id).values(values))


def give_up(connection: sa.Connection, now: datetime, attachment_id: int, reason: str) -> None:
    """It will not come. A message of ours that was to carry it fails, in words, instead of going out without it."""
    a, m = t.attachments.c, t.messages.c
    connection.execute(sa.update(t.attachments).where(a.id == attachment_id).values(state="failed", reason=reason, try_at=None))
    message_id = connection.execute(sa.select(a.message_id).where(a.id == attachment_id)).scalar_one()
    failed = {"state": "failed", "reason": f"An attachment could not be fetched: {reason}", "code": "attachment"}
    stuck = sa.and_(m.id == message_id, m.direction == "out", m.state == "queued")
    connection.execute(sa.update(t.messages).where(stuck).values(failed))
    record_all(connection, [event(now, "attachment.failed", message_id=message_id, reason=reason)])
    _tell(connection, attachment_id)


def _tell(connection: sa.Connection, attachment_id: int) -> None:
    a, m = t.attachments.c, t.messages.c
    row = connection.execute(
        sa.select(m.id, m.conversation_id, m.state).join(t.attachments, a.message_id == m.id).where(a.id == attachment_id)
    ).one()
    live.tell(connection, "message", conversation_id=row.conversation_id, message_id=row.id)
    if row.state == "queued":
        queue.wake(connection, "deliver")
