"""The one door to the database: plain synchronous functions on a Connection, run in threads, committed in groups.

Three ways in, all of them transactions that are committed before the caller hears of it:

* `await db.run(function, ...)`   writes; functions that wait together share one transaction, each in a savepoint of its own
* `await db.batch(function, item)` writes; `function(connection, items)` gets everything that waits, and answers item by item
* `await db.read(function, ...)`  reads, on connections of their own

There is no timer: a writer commits whatever waits, so the busier it is, the cheaper each call becomes. After the commit, the
signals that functions left with `signal(connection, ...)` go to `Database.on_commit` ("commit, then wake").
Functions may be run again (a deadlock, a lost race, a poisoned group), so they do nothing but use the connection.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import sqlalchemy as sa

from inbox.settings import Settings
from inbox.store.engine import open_engine
from inbox.store.errors import Again, DatabaseDown, not_its_own, translated
from inbox.store.gate import Gate
from inbox.store.groups import Poisoned, run_each_apart, run_groups, run_together
from inbox.store.waiting import GROUP, Call, Errand, Waiting

__all__ = ["Database", "DatabaseDown", "Signal", "not_its_own", "signal"]

P = ParamSpec("P")
T = TypeVar("T")
I = TypeVar("I")  # noqa: E741 an item of a batch

Signal = tuple[Hashable, ...]
TRIES = 4
PATIENCE = 1.0
"""Seconds after which a writer no longer waits for a loop that is blocked, and does the work itself."""


def signal(connection: sa.Connection, *what: Hashable) -> None:
    """Leave a signal that is given out after the commit, once however often it was left; not at all if it is rolled back."""
    connection.info.setdefault("signals", {})[what] = None


class Database:
    """Connections and threads of one process. `on_commit` is called on the event loop with the signals of each commit."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sqlite = settings.sqlite
        self._writing = open_engine(settings, write=True)
        self._reading = open_engine(settings, write=False) if self.sqlite else self._writing
        self.on_commit: Callable[[Sequence[Signal]], None] = lambda signals: None
        self._gate = Gate(settings.data / "write.lock") if self.sqlite else contextlib.nullcontext()
        self._waiting = Waiting()
        self._gathered: dict[asyncio.AbstractEventLoop, list[Call]] = {}
        self._writers: list[threading.Thread] = []
        self._readers = ThreadPoolExecutor(4, "db-read")
        self._lock = threading.Lock()

    async def run(self, function: Callable[Concatenate[sa.Connection, P], T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Run `function(connection, ...)` in a transaction and return its result once committed."""
        return cast(T, await self._wait(function, arguments, keywords, batch=False))

    async def batch(self, function: Callable[[sa.Connection, Sequence[I]], Sequence[T | Exception]], item: I) -> T:
        """Have `item` dealt with by `function(connection, items)` together with all others that wait for the same function.

        `function` returns a result per item, or an exception in the place of one that failed alone.
        """
        return cast(T, await self._wait(function, (item,), {}, batch=True))

    async def read(self, function: Callable[Concatenate[sa.Connection, P], T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Run a function that only reads."""
        call = lambda: self._read(function, arguments, keywords)  # noqa: E731
        return await asyncio.get_running_loop().run_in_executor(self._readers, call)

    def _read(self, function: Callable[..., T], arguments: tuple[Any, ...], keywords: dict[str, Any]) -> T:
        with translated(), self._reading.connect() as connection:
            return function(connection, *arguments, **keywords)

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A transaction in the calling thread (migrations, tests). Its signals are dropped: the sweep finds their work."""
        with translated(), self._gate, self._writing.connect() as connection:
            connection.info.pop("signals", None)
            with connection.begin():
                yield connection

    async def _wait(self, function: Callable[..., Any], arguments: Any, keywords: Any, *, batch: bool) -> Any:
        loop = asyncio.get_running_loop()
        call = Call(function, arguments, keywords, batch, loop, loop.create_future())
        if not self._writers:
            self._start()
        if batch:
            self._gather(loop, call)
        else:
            self._put([call])
        return await call.future

    def _put(self, calls: Sequence[Call]) -> None:
        if not self._waiting.put(calls):
            for call in calls:
                call.future.set_exception(DatabaseDown("The database is closed"))

    def _gather(self, loop: asyncio.AbstractEventLoop, call: Call) -> None:
        """Hand the calls over when the loop has taken in all that came over the network, so that groups are large where much
        comes at once. There is no timer: one turn of the loop without a further call, and they go."""
        gathered = self._gathered.setdefault(loop, [])
        gathered.append(call)
        if len(gathered) == 1:
            loop.call_soon(self._hand_over, loop, 1)

    def _hand_over(self, loop: asyncio.AbstractEventLoop, seen: int) -> None:
        gathered = self._gathered[loop]
        if seen < len(gathered) < GROUP:
            loop.call_soon(self._hand_over, loop, len(gathered))
        else:
            self._put(self._gathered.pop(loop))

    def _start(self) -> None:
        with self._lock:
            if not self._writers:
                count = 1 if self.sqlite else 3
                self._writers = [threading.Thread(target=self._write, name=f"db-write-{n}", daemon=True) for n in range(count)]
                for thread in self._writers:
                    thread.start()

    def _write(self) -> None:
        """A writer thread's life: take a group, commit it, give out the answers and the signals."""
        while group := self._waiting.take():
            groups = [group]
            try:
                signals = self._commit(groups)
            except BaseException as error:
                signals = ()
                for call in chain.from_iterable(groups):
                    call.error = error
            finally:
                self._waiting.done(group)
            self._give_out([*chain.from_iterable(groups)], signals)

    def _commit(self, groups: list[list[Call]]) -> Sequence[Signal]:
        """Run the groups in one transaction. On SQLite those who came while it waited for the lock go with the first."""
        together = groups[0][0].batch
        for _ in range(TRIES):
            try:
                with translated(), self._gate, self._writing.connect() as connection:
                    connection.info.pop("signals", None)
                    if together and self.sqlite:
                        self._waiting.join(groups)
                    with connection.begin():
                        if together and self.sqlite:
                            self._run_on(groups[0][0].loop, lambda: run_groups(connection, groups))
                        elif together:
                            run_together(connection, groups[0])
                        else:
                            run_each_apart(connection, groups)
                    return tuple(connection.info.pop("signals", ()))
            except Again:
                continue
            except Poisoned:
                together = False
        raise DatabaseDown("The database is too busy")

    def _run_on(self, loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
        """Run the short statements of a batch in the event loop's thread while this one waits: two threads that both want the
        interpreter hand it to and fro at every statement, which costs more than the statements. What needs no interpreter,
        the lock, the commit and its fsync, stays here."""
        errand = Errand(work)
        try:
            loop.call_soon_threadsafe(errand.run)
        except RuntimeError:  # that loop is closed
            errand.run()
        waited = 0.0
        while not errand.done.wait(PATIENCE / 20):
            waited += PATIENCE / 20
            if self._waiting.closed or waited >= PATIENCE:
                errand.run()
        if errand.error is not None:
            raise errand.error

    def _give_out(self, group: list[Call], signals: Sequence[Signal]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[Call]] = {}
        for call in group:
            by_loop.setdefault(call.loop, []).append(call)
        for loop, calls in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._resolve, calls, signals)
                signals = ()

    def _resolve(self, calls: list[Call], signals: Sequence[Signal]) -> None:
        if signals:
            self.on_commit(signals)
        for call in calls:
            if call.future.done():
                continue
            if call.error is not None:
                call.future.set_exception(call.error)
            else:
                call.future.set_result(call.result)

    def close(self) -> None:
        """Finish what waits, then let go of threads and connections."""
        self._waiting.close()
        for thread in self._writers:
            thread.join()
        self._readers.shutdown()
        if isinstance(self._gate, Gate):
            self._gate.close()
        self._writing.dispose()
        self._reading.dispose()
