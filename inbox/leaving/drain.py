"""The worker's part: erase whoever is due, remove their files, make Valkey forget, leave no old bytes behind."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
import structlog
from redis.exceptions import RedisError

from inbox import live
from inbox import schema as t
from inbox.house import House
from inbox.leaving import compacting, erasing, stops

BREATH = 0.005
"""Seconds between two pieces: customers' messages come first."""
log = structlog.get_logger()
Clock = Callable[[], datetime]
_f, _x = t.files.c, t.erased_files.c


def _now() -> datetime:
    return datetime.now(UTC)


async def drain(house: House, clock: Clock = _now) -> None:
    """Whoever is due. What cannot be done now is tried again at the next call."""
    key = house.settings.key
    while await house.db.run(stops.watch, clock(), key):  # noqa: ASYNC110 a rest, not a wait
        await asyncio.sleep(BREATH)
    for erasure_id in await house.db.read(erasing.due, clock()):
        if any(house.spool.waiting()):
            return  # something of theirs may wait there, and would come back
        try:
            await erase(house, clock, erasure_id)
        except erasing.NotYet:
            continue
        except (RedisError, OSError) as error:
            log.warning("an erasure waits", erasure=erasure_id, error=type(error).__name__)
            continue
        await compacting.compact(house, clock(), unless_large=True)


async def erase(house: House, clock: Clock, erasure_id: int) -> None:
    """All pieces of one erasure that are left. Raises NotYet, RedisError or OSError, to go on there the next time."""
    key, going = house.settings.key, True
    while going:
        row = await house.db.read(erasing.row_of, erasure_id)
        if row.step == "files":
            await _remove_files(house, erasure_id, row.started_at)
        elif row.step == "live":
            await _forget_live(house, row.traces["addresses"])
        going = await house.db.run(erasing.step, clock(), key, erasure_id)
        await asyncio.sleep(BREATH)


async def _remove_files(house: House, erasure_id: int, since: datetime) -> None:
    """First the row in the database, so that whoever brings the same content anew writes it anew; then the file."""
    for digest in await house.db.read(_noted, erasure_id):
        if await house.db.run(_let_go, digest, since):
            await asyncio.to_thread(house.store.path(digest).unlink, missing_ok=True)
        await house.db.run(_removed, erasure_id, digest)


def _noted(connection: sa.Connection, erasure_id: int) -> list[str]:
    return list(connection.scalars(sa.select(_x.sha256).where(_x.erasure_id == erasure_id)))


def _let_go(connection: sa.Connection, digest: str, since: datetime) -> bool:
    """True if nobody holds this content any more."""
    a, d = t.attachments.c, t.drafts.c
    held = (
        sa.select(a.id).where(a.sha256 == digest).limit(1),
        sa.select(_f.sha256).where(_f.thumbnail == digest, _f.sha256.not_in(sa.select(_x.sha256))).limit(1),
        sa.select(_f.sha256).where(_f.sha256 == digest, _f.created_at > since).limit(1),
        sa.select(d.manager_id).where(sa.cast(d.said, sa.Text).contains(digest)).limit(1),
    )
    if any(connection.scalar(query) is not None for query in held):
        return False
    connection.execute(sa.delete(t.files).where(_f.sha256 == digest))
    return True


def _removed(connection: sa.Connection, erasure_id: int, digest: str) -> None:
    connection.execute(sa.delete(t.erased_files).where(_x.erasure_id == erasure_id, _x.sha256 == digest))


async def _forget_live(house: House, addresses: list[str]) -> None:
    """What browsers of web chats were told lies in the stream for some time, and in the private server's file."""
    topics = {f"chat:{address}".encode() for address in addresses}
    redis: Any = house.redis
    gone = [entry for entry, told in await redis.xrange(live.STREAM) if told.get(b"topic") in topics]
    if gone:
        await redis.xdel(live.STREAM, *gone)
        if not house.settings.redis_url.get_secret_value():
            await redis.bgrewriteaof()
