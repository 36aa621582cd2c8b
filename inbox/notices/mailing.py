"""Send the digests that are due, by the one worker that sweeps."""

import time
from datetime import datetime

import structlog
from redis.exceptions import RedisError

from channels.base import ChannelError, Retry, Unknown
from inbox.house import House
from inbox.notices import digest, post
from inbox.notices.letter import write
from inbox.presence.board import Board, Here

EVERY = 20.0
"""Seconds between two looks."""

log = structlog.get_logger()


class Mailing:
    """Looks now and then who is to get a digest."""

    def __init__(self, house: House, board: Board) -> None:
        self._house, self._board, self._looked = house, board, 0.0

    async def look(self, now: datetime) -> int:
        """As `send_due`, but not at every call."""
        if time.monotonic() - self._looked < EVERY:
            return 0
        self._looked = time.monotonic()
        return await self.send_due(now)

    async def send_due(self, now: datetime) -> int:
        """How many were sent."""
        house = self._house
        due = await house.db.read(digest.due, now, house.settings.timezone)
        if not due:
            return 0
        await house.db.run(digest.tidy, now)
        sender = await house.db.read(post.sender, house.settings, house.vault)
        if sender is None:
            return 0
        here, sent = await self._here(now), 0
        for each in due:
            online = None if here is None else each.manager_id in here and here[each.manager_id].state == "online"
            letter = await house.db.run(digest.begin, now, each, online)
            sent += letter is not None and await self._send(sender, letter, now)
        return sent

    async def _here(self, now: datetime) -> dict[int, Here] | None:
        try:
            return await self._board.everybody(now)
        except (RedisError, OSError):
            return None

    async def _send(self, sender: post.Sender, letter: digest.Letter, now: datetime) -> bool:
        house = self._house
        mail = write(letter, house.settings.base_url, house.settings.key, now)
        state, error = "sent", ""
        try:
            if await house.db.read(post.is_channel, letter.email):
                state, error = "failed", "This address is a channel of ours"
            else:
                await post.send(sender, mail, now, house.http)
        except Unknown as problem:
            state, error = "unknown", problem.reason
        except Retry as problem:
            state, error = "waiting", problem.reason
        except ChannelError as problem:
            state, error = "failed", problem.reason
        await house.db.run(digest.note, now, letter, state, error)
        if error:
            log.warning("a digest was not sent", manager=letter.manager_id, state=state, reason=error)
        return state == "sent"
