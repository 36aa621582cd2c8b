"""The only enqueue. The row is the truth; what goes through Redis is a wake-up call.

A wake-up sets a flag per stop (`respond`, `deliver`, ...) and puts its name into a list that a draining worker waits on; the flag
is cleared *before* the drain looks, so none is missed. Only if no worker is draining is an RQ job enqueued, and at most one
waits at a time. If Redis is away, the sweep finds the rows a few seconds later.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
import structlog
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError
from rq import Queue

from inbox.db import Signal, signal

NAME = "switchboard"
JOB = "worker.drain"
JOB_SECONDS = 60
"""RQ's time-out of a drain; one lasts at most half of it."""
SOON = 60.0
AWAKE = "switchboard:awake"
CALLS = "switchboard:calls"
CALLED = "switchboard:called"
WAITING = f"rq:queue:{NAME}"
"""RQ's own list of jobs that wait."""

_WAKE = """
for _, name in ipairs(ARGV) do
  if redis.call('SET', 'switchboard:wake:' .. name, 1, 'NX', 'EX', 60) then redis.call('RPUSH', KEYS[1], name) end
end
if redis.call('EXISTS', KEYS[2]) == 1 or redis.call('LLEN', KEYS[4]) > 0 then return 0 end
if redis.call('SET', KEYS[3], 1, 'NX', 'EX', 5) then return 1 end
return 0
"""

log = structlog.get_logger()


def wake(connection: sa.Connection, stop: str) -> None:
    """Have the workers look at a stop (respond, deliver, files, broadcasts) once this transaction is committed."""
    signal(connection, "wake", stop)


def wake_later(connection: sa.Connection, stop: str, seconds: float) -> None:
    """The same some seconds after the commit: what is held back for so long goes on time. What is due later than soon, or when
    this process is gone, is found by the workers' regular look."""
    if seconds <= SOON:
        signal(connection, "later", stop, seconds)


class Caller:
    """Wakes the workers from one process."""

    def __init__(self, redis: "Redis", url: str) -> None:
        self._redis = redis
        self._url = url
        self._script = redis.register_script(_WAKE)
        self._uncalled: set[str] = set()
        self._calling: asyncio.Task[None] | None = None

    def give_out(self, signals: Sequence[Signal]) -> None:
        """Make the wake-up calls among the signals of a commit, those for later in their time."""
        for what in signals:
            if what[0] == "later":
                seconds: Any = what[2]
                asyncio.get_running_loop().call_later(seconds, self.give_out, (("wake", what[1]),))
        self._uncalled |= {str(s[1]) for s in signals if s[0] == "wake"}
        if self._uncalled and self._calling is None:
            self._calling = asyncio.get_running_loop().create_task(self._call_all())

    async def _call_all(self) -> None:
        """One call at a time: what is committed while one is on its way is called for by the next."""
        while self._uncalled:
            stops, self._uncalled = self._uncalled, set()
            await self.call(sorted(stops))
        self._calling = None

    async def call(self, stops: Sequence[str]) -> None:
        """Raise the flags; enqueue a drain if nobody is draining."""
        try:
            if await self._script(keys=[CALLS, AWAKE, CALLED, WAITING], args=list(stops)):
                await asyncio.to_thread(self.enqueue)
        except (RedisError, OSError) as error:
            log.warning("wake-up lost, the sweep will find the work", error=type(error).__name__)

    def enqueue(self) -> None:
        """Put one drain into RQ's queue."""
        with SyncRedis.from_url(self._url) as redis:
            Queue(NAME, connection=redis).enqueue(JOB, job_timeout=JOB_SECONDS, result_ttl=0, failure_ttl=3600)

    async def close(self) -> None:
        if self._calling is not None:
            await self._calling
