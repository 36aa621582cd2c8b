"""What time alone does to who is available, by the one worker that sweeps."""

from datetime import datetime

from redis.exceptions import RedisError

from inbox.db import Database
from inbox.presence import away
from inbox.presence.board import Board


async def tend(db: Database, board: Board, now: datetime) -> None:
    """Those whose time to be back has come are back; those who pause while away pause. Without Redis only the former."""
    if await db.read(away.anybody_due, now):
        await db.run(away.come_back, now)
    try:
        here, seen = await board.everybody(now), await board.last_seen(now)
    except (RedisError, OSError):
        return
    if await db.read(away.to_change, now, here, seen) != ([], []):
        await db.run(away.follow, now, here, seen)
