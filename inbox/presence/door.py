"""The door of one web process: counts the open streams of each browser, keeps the board true, and tells what changes."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import structlog
from redis.exceptions import RedisError

from inbox.access.sign_in import SignedIn
from inbox.db import Signal
from inbox.live import Live
from inbox.presence.board import Board, Browser, Told

AGAIN = 20.0
"""Seconds between two confirmations of everybody who is connected here."""
GRACE = 5.0
"""A page that loads again closes its stream and opens another: nobody has left within so many seconds."""

log = structlog.get_logger()


def browser_of(who: SignedIn) -> Browser | None:
    """A session is one browser. A program with a token is none: it may listen all night."""
    return None if who.session_id is None else Browser(manager_id=who.manager_id, number=str(who.session_id))


class Door:
    """Who is connected to this process."""

    def __init__(self, board: Board, live: Live, name: str, clock: Callable[[], datetime], grace: float = GRACE) -> None:
        self._board, self._live, self._name, self._clock, self._grace = board, live, name, clock, grace
        self._open: Counter[Browser] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeping: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def inside(self, browser: Browser | None) -> AsyncIterator[None]:
        """A stream of this browser is open meanwhile."""
        if browser is None:
            yield
            return
        self._open[browser] += 1
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep())
        self._later(self._enter(browser))
        try:
            yield
        finally:
            self._open[browser] -= 1
            if not self._open[browser]:
                del self._open[browser]
                self._later(self._leave(browser))

    async def beat(self, browser: Browser, active: bool, looking: list[int]) -> Told:
        """What a browser tells, told on. Nothing while Redis is away."""
        try:
            told = await self._board.beat(browser, active, looking, self._clock())
        except (RedisError, OSError):
            return Told()
        self.tell(browser.manager_id, told)
        return told

    def tell(self, manager_id: int, told: Told) -> None:
        """Tell the browsers: of a new state everybody, of a look those who look too."""
        signals: list[Signal] = []
        if told.state is not None:
            signals.append(("live", "presence", (("manager_id", manager_id), ("state", told.state))))
        for number, managers in told.news.items():
            signals.append(("live", "looking", (("conversation_id", number), ("managers", tuple(managers)))))
        if signals:
            self._live.give_out(signals)

    async def close(self) -> None:
        """The process ends. The board forgets its streams within a minute, in which browsers connect to another."""
        tasks = [*self._tasks, *([self._keeping] if self._keeping else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._open.clear()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_patiently(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _enter(self, browser: Browser) -> None:
        now = self._clock()
        await self._board.touch(self._name, [browser], now)
        self.tell(browser.manager_id, Told(state=await self._board.settle(browser.manager_id, now)))

    async def _leave(self, browser: Browser) -> None:
        await asyncio.sleep(self._grace)
        if browser not in self._open:
            self.tell(browser.manager_id, await self._board.leave(self._name, browser, self._clock()))

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(AGAIN)
            with contextlib.suppress(RedisError, OSError):
                now, here = self._clock(), list(self._open)
                await self._board.touch(self._name, here, now)
                for manager_id in {each.manager_id for each in here}:  # after Redis lost its memory everybody is new
                    self.tell(manager_id, Told(state=await self._board.settle(manager_id, now)))


async def _patiently(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except (RedisError, OSError) as error:
        log.warning("presence is not known", error=type(error).__name__)
