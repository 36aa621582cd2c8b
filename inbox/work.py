"""A worker process: RQ on the main thread, and one long-lived event loop in which all stops run.

RQ's jobs only wake: a `drain` keeps listening for wake-up calls while there is work, and ends when it has been quiet for a
moment. The stops themselves run in the loop, each when it was called, all of them at every sweep, so that work is done even
while Redis is away.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
import uvloop
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested

from inbox import language, replay, sweep, webhooks
from inbox.broadcasts import feed
from inbox.card import tending
from inbox.care import pulling, template_sync
from inbox.db import DatabaseDown, Signal
from inbox.deliver import Deliverer
from inbox.delivery import outbox
from inbox.delivery.limits import Limits
from inbox.house import House, give_back, open_house, settle_memory
from inbox.imports import drain as imports
from inbox.leaving import drain as leaving
from inbox.media import fetching
from inbox.minds import load_minds
from inbox.notices.mailing import Mailing
from inbox.presence import tending as presence
from inbox.presence.board import Board
from inbox.quality import words
from inbox.queue import AWAKE, CALLED, CALLS, NAME
from inbox.respond import PASS, Minds, respond_all
from inbox.search import index
from inbox.settings import Settings

LINGER = 1.0
"""Seconds of quiet after which a drain ends; under load the next call is milliseconds away."""
LIFE = 25.0
"""Seconds after which a drain ends anyway, so that RQ sees its jobs finish."""
BEAT = 3.0
GIVE_WAY, CALM = 1.0, 0.1
"""Seconds that a step of what nobody waits for (search's index, tending cards) waits for a calm moment at most, and what is one:
so long no message was being answered or sent."""
HURRIED = ("respond", "deliver", "broadcasts")
RESTING = 600.0
"""Seconds without a new name after which the dictionary of names is let go."""
FEED = 0.2
"""Seconds between two looks at running broadcasts; some hundred messages of each wait in the queue meanwhile."""

log = structlog.get_logger()
Stop = Callable[[], Awaitable[Any]]


class Worker:
    """The stops of one process, each with an event that says: look."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.minds = Minds()
        self._minds_at = 0.0
        self._helped_at = 0.0
        self._asked, self._asked_at = words.asked(), time.monotonic()
        self._leads = False
        self._began = 0
        """Counts the stops that began to answer or send."""
        self.ending = False
        """Told to stop: a drain does not linger any more."""
        loader = outbox.Loader(house.settings, house.store)
        # Without tries of its own: a script whose answer was lost may have run, and must not count the same messages again.
        self._counting = Redis.from_url(house.settings.redis_address, retry=Retry(NoBackoff(), 0), socket_connect_timeout=0.5)
        self.deliverer = Deliverer(house.db, house.accounts, loader, house.name, Limits(self._counting))
        self.stops: dict[str, Stop] = {
            "respond": self._respond,
            "deliver": self.deliverer.drain,
            "files": lambda: fetching.drain(house),
            "broadcasts": self._feed,
            "spool": lambda: replay.drain(house),
            "webhooks": self._tell_programs,
            "templates": self._list_templates,
            "cards": self._tend_cards,
            "imports": lambda: imports.drain(house),
            "search": self._index,
            "leaving": self._let_leave,
            "presence": self._tend_presence,
            "digests": self._mail_digests,
        }
        self._board = Board(house.redis)
        self._mailing = Mailing(house, self._board)
        self.calls = {name: asyncio.Event() for name in self.stops} | {"deliver": self.deliverer.called}
        self.idle = {name: asyncio.Event() for name in self.stops}
        self.tasks: list[asyncio.Task[None]] = []
        house.db.on_commit = self._on_commit

    def start(self) -> None:
        """Begin to work: every stop looks once at once."""
        self.tasks = [asyncio.create_task(self._run(name)) for name in self.stops]
        self.tasks += [asyncio.create_task(self._sweep()), asyncio.create_task(pulling.pull_all(self.house))]
        self.call_all()

    def call_all(self) -> None:
        for event in self.calls.values():
            event.set()

    async def close(self) -> None:
        """Let senders finish what they have begun, then end."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.deliverer.close()
        await self._counting.aclose()
        with contextlib.suppress(DatabaseDown):
            await self.house.db.run(sweep.leave, self.house.name)

    async def listen(self) -> None:
        """One drain: pass wake-up calls on to the stops until it is quiet. Called by RQ's job."""
        redis, end, quiet = self.house.redis, time.monotonic() + LIFE, 0.0
        await redis.delete(CALLED)
        self.call_all()
        while time.monotonic() < end and quiet < LINGER and not self.ending:
            await redis.set(AWAKE, self.house.name, px=5_000)
            began = time.monotonic()
            found: Any = await redis.blpop([CALLS], timeout=1)
            if found:
                await self._heed(found[1].decode())
                quiet = 0.0
            elif all(event.is_set() for event in self.idle.values()):
                quiet += time.monotonic() - began
        await redis.delete(AWAKE)
        while found := await redis.lpop(CALLS):
            await self._heed(found.decode())  # type: ignore[union-attr]

    async def _heed(self, name: str) -> None:
        """Clear the flag before looking, so that a call from now on is heard again."""
        await self.house.redis.delete(f"switchboard:wake:{name}")
        if name in self.calls:
            self.calls[name].set()

    def _on_commit(self, signals: Sequence[Signal]) -> None:
        self.house.live.give_out(signals)
        for what in signals:
            if what[0] == "wake" and what[1] in self.calls:
                self.calls[str(what[1])].set()

    async def _run(self, name: str) -> None:
        """A stop's life: wait for a call, clear it, work until nothing is left."""
        while True:
            self.idle[name].set()
            await self.calls[name].wait()
            self.calls[name].clear()
            self.idle[name].clear()
            self._began += name in HURRIED
            try:
                await self.stops[name]()
            except DatabaseDown:
                log.warning("the database is away", stop=name)
                await asyncio.sleep(1)
            except Exception:
                log.exception("a stop failed", stop=name)
                await asyncio.sleep(1)

    async def _respond(self) -> None:
        await self._refresh_minds()
        while count := await self.house.db.batch(respond_all, (datetime.now(UTC), self.minds)):
            if count >= PASS:
                await self._call_help()
            await self._refresh_minds()

    async def _feed(self) -> None:
        """Keep broadcasts fed. Every message that goes out calls for this; a look now and then is enough."""
        await feed(self.house.db)
        await asyncio.sleep(FEED)

    async def _tell_programs(self) -> None:
        """Outgoing webhooks, by the one worker that sweeps."""
        while self._leads and await webhooks.tell(self.house.db, self.house.vault, self.house.http, datetime.now(UTC)):
            pass

    async def _list_templates(self) -> None:
        """Providers' templates, by the one worker that sweeps."""
        if self._leads:
            await template_sync.sync_due(self.house)

    async def _index(self) -> None:
        """New words for search, by the one worker that sweeps; customers go first."""
        while self._leads:
            await self._quiet()
            found = await self.house.db.read(index.read)
            if found.more:
                await self.house.db.run(index.write, found)
            if not await self.house.db.run(index.merge) and not found.more:
                return

    async def _quiet(self) -> None:
        """Wait for a moment in which no message is being answered or sent, but not for ever."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GIVE_WAY):
                began = -1
                while began != self._began:
                    began = self._began
                    for name in HURRIED:
                        await self.idle[name].wait()
                    await asyncio.sleep(CALM)

    async def _tend_cards(self) -> None:
        """People's cards, by the one worker that sweeps."""
        if self._leads:
            await tending.tend_all(self.house.db, self._quiet)
        self._rest()

    def _rest(self) -> None:
        """Nobody has asked for a new word of a name for a while: the dictionary goes, and comes back for the next one."""
        if (asked := words.asked()) != self._asked:
            self._asked, self._asked_at = asked, time.monotonic()
        elif time.monotonic() - self._asked_at > RESTING and words.let_go():
            give_back()

    async def _tend_presence(self) -> None:
        """Who is available, by the one worker that sweeps."""
        if self._leads:
            await presence.tend(self.house.db, self._board, datetime.now(UTC))

    async def _let_leave(self) -> None:
        """Who is to be erased, by the one worker that sweeps."""
        if self._leads:
            await leaving.drain(self.house)

    async def _mail_digests(self) -> None:
        """What waits for those who are away, by the one worker that sweeps."""
        if self._leads:
            await self._mailing.look(datetime.now(UTC))

    async def _refresh_minds(self) -> None:
        if time.monotonic() - self._minds_at > 1.0:
            self.minds = await self.house.db.read(load_minds, self.house.settings, self.minds)
            self._minds_at = time.monotonic()

    async def _call_help(self) -> None:
        """More waits than one pass takes: have another worker, if one is idle, join in."""
        if not self.house.db.sqlite and time.monotonic() - self._helped_at > 1.0:
            self._helped_at = time.monotonic()
            with contextlib.suppress(RedisError, OSError):
                await asyncio.to_thread(self.house.caller.enqueue)

    async def _sweep(self) -> None:
        swept = 0.0
        while True:
            with contextlib.suppress(DatabaseDown):
                self._leads = await self.house.db.run(sweep.beat, datetime.now(UTC), self.house.name)
                if self._leads and time.monotonic() - swept > self.house.settings.sweep_seconds:
                    swept = time.monotonic()
                    await self._sweep_once()
            self.call_all()
            await asyncio.sleep(BEAT)

    async def _sweep_once(self) -> None:
        try:
            await self.house.db.run(sweep.sweep, datetime.now(UTC))
        except DatabaseDown:
            raise
        except Exception:
            log.exception("the sweep failed")


_current: tuple[asyncio.AbstractEventLoop, Worker] | None = None


def drain() -> None:
    """RQ's job: listen for wake-up calls in this process's loop, until it is quiet."""
    assert _current is not None, "a drain runs only inside a Switchboard worker"
    loop, worker = _current
    asyncio.run_coroutine_threadsafe(worker.listen(), loop).result()


def run(settings: Settings) -> None:
    """Run a worker until it is told to stop (SIGTERM, SIGINT)."""
    global _current
    loop = uvloop.new_event_loop()
    started: threading.Event = threading.Event()
    ending = asyncio.Event()

    async def live() -> None:
        global _current
        async with open_house(settings, "worker") as house:
            worker = Worker(house)
            worker.start()
            language.guess("Good morning to everybody")  # loads its model
            settle_memory()
            _current = (loop, worker)
            started.set()
            await ending.wait()
            await worker.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),), name="loop")
    thread.start()
    while not started.wait(0.1) and thread.is_alive():
        continue
    try:
        _serve_jobs(settings, thread)
    finally:
        if started.is_set():
            loop.call_soon_threadsafe(ending.set)
        thread.join()
        loop.close()
    if not started.is_set():
        raise SystemExit(1)


class _Jobs(SimpleWorker):
    """RQ's worker that says whether it was told to stop. No remote commands: their thread would outlive a lost connection."""

    stopping: threading.Event

    def request_stop(self, signum: Any, frame: Any) -> None:
        self.stopping.set()
        if _current is not None:
            _current[1].ending = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def subscribe(self) -> None: ...
    def unsubscribe(self) -> None: ...


def _serve_jobs(settings: Settings, thread: threading.Thread) -> None:
    """RQ's worker on this thread until it is told to stop, begun again whenever it gave up because Redis was away."""
    stopping = threading.Event()
    while thread.is_alive() and not stopping.is_set():
        with contextlib.suppress(StopRequested):
            try:
                with SyncRedis.from_url(settings.redis_address) as redis:
                    worker = _Jobs([Queue(NAME, connection=redis)], connection=redis)
                    worker.stopping = stopping
                    worker.log.setLevel("WARNING")
                    worker.work(with_scheduler=False)
            except (RedisError, OSError):
                pass
            stopping.wait(1)
