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
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from inbox.settings import Settings
from inbox.store import bulk, ids
from inbox.store.engine import open_engine
from inbox.store.gate import Gate

__all__ = ["Database", "DatabaseDown", "Signal", "ids", "signal"]

P = ParamSpec("P")
T = TypeVar("T")
I = TypeVar("I")  # noqa: E741 an item of a batch

Signal = tuple[Hashable, ...]
GROUP = 256
"""At most so many calls in one transaction: bounds how long the lock is held."""
TRIES = 4
PATIENCE = 1.0
"""Seconds after which a writer no longer waits for a loop that is blocked, and does the work itself."""


class DatabaseDown(Exception):
    """The database cannot be reached or written: nothing was stored, the caller keeps what it has (see `inbox.spool`)."""


def signal(connection: sa.Connection, *what: Hashable) -> None:
    """Leave a signal that is given out after the commit, once however often it was left; not at all if it is rolled back."""
    connection.info.setdefault("signals", {})[what] = None


@dataclass(slots=True)
class _Call:
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    batch: bool
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None


@dataclass(slots=True)
class _Waiting:
    """The calls that wait, and which batch functions are in some writer's hands (never two groups of one function at once)."""

    calls: "deque[_Call]" = field(default_factory=deque)
    busy: set[Any] = field(default_factory=set)
    closed: bool = False
    ready: threading.Condition = field(default_factory=threading.Condition)

    def put(self, calls: Sequence[_Call]) -> bool:
        """False when closed: nobody will take them any more."""
        with self.ready:
            if not self.closed:
                self.calls.extend(calls)
                self.ready.notify()
            return not self.closed

    def take(self) -> list[_Call]:
        """The next group: all waiting calls of one batch function, or the single calls at the front. Empty when closed."""
        with self.ready:
            while True:
                first = next((c for c in self.calls if not c.batch or c.function not in self.busy), None)
                if first is not None:
                    return self._group(first)
                if self.closed:
                    return []
                self.ready.wait()

    def _group(self, first: _Call) -> list[_Call]:
        if first.batch:
            self.busy.add(first.function)
        return self._taken([c for c in self.calls if c.batch == first.batch and (not c.batch or c.function is first.function)])

    def _taken(self, wanted: list[_Call]) -> list[_Call]:
        chosen = set(map(id, wanted[:GROUP]))
        self.calls = deque(c for c in self.calls if id(c) not in chosen)
        return wanted[:GROUP]

    def join(self, groups: list[list[_Call]]) -> None:
        """Add to the groups all batches that have come to wait since the first was taken. Only where there is one writer."""
        with self.ready:
            functions = dict.fromkeys([groups[0][0].function, *(c.function for c in self.calls if c.batch)])
            for function in functions:
                further = self._taken([c for c in self.calls if c.batch and c.function is function])
                if function is groups[0][0].function and len(groups[0]) + len(further) <= 2 * GROUP:
                    groups[0] += further
                elif further:
                    groups.append(further)

    def done(self, group: Sequence[_Call]) -> None:
        if group[0].batch:
            with self.ready:
                self.busy.discard(group[0].function)
                self.ready.notify_all()

    def close(self) -> None:
        with self.ready:
            self.closed = True
            self.ready.notify_all()


class Database:
    """Connections and threads of one process. `on_commit` is called on the event loop with the signals of each commit."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sqlite = settings.sqlite
        self._writing = open_engine(settings, write=True)
        self._reading = open_engine(settings, write=False) if self.sqlite else self._writing
        self.on_commit: Callable[[Sequence[Signal]], None] = lambda signals: None
        self._gate = Gate(settings.data / "write.lock") if self.sqlite else contextlib.nullcontext()
        self._waiting = _Waiting()
        self._gathered: dict[asyncio.AbstractEventLoop, list[_Call]] = {}
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
        with _translated(), self._reading.connect() as connection:
            return function(connection, *arguments, **keywords)

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A transaction in the calling thread (migrations, tests). Its signals are dropped: the sweep finds their work."""
        with _translated(), self._gate, self._writing.connect() as connection:
            connection.info.pop("signals", None)
            with connection.begin():
                yield connection

    async def _wait(self, function: Callable[..., Any], arguments: Any, keywords: Any, *, batch: bool) -> Any:
        loop = asyncio.get_running_loop()
        call = _Call(function, arguments, keywords, batch, loop, loop.create_future())
        if not self._writers:
            self._start()
        if batch:
            self._gather(loop, call)
        else:
            self._put([call])
        return await call.future

    def _put(self, calls: Sequence[_Call]) -> None:
        if not self._waiting.put(calls):
            for call in calls:
                call.future.set_exception(DatabaseDown("The database is closed"))

    def _gather(self, loop: asyncio.AbstractEventLoop, call: _Call) -> None:
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

    def _commit(self, groups: list[list[_Call]]) -> Sequence[Signal]:
        """Run the groups in one transaction. On SQLite those who came while it waited for the lock go with the first."""
        together = groups[0][0].batch
        for _ in range(TRIES):
            try:
                with _translated(), self._gate, self._writing.connect() as connection:
                    connection.info.pop("signals", None)
                    if together and self.sqlite:
                        self._waiting.join(groups)
                    with connection.begin():
                        if together and self.sqlite:
                            self._run_on(groups[0][0].loop, lambda: _run_groups(connection, groups))
                        elif together:
                            _run_together(connection, groups[0])
                        else:
                            _run_each_apart(connection, groups)
                    return tuple(connection.info.pop("signals", ()))
            except _Again:
                continue
            except _Poisoned:
                together = False
        raise DatabaseDown("The database is too busy")

    def _run_on(self, loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
        """Run the short statements of a batch in the event loop's thread while this one waits: two threads that both want the
        interpreter hand it to and fro at every statement, which costs more than the statements. What needs no interpreter,
        the lock, the commit and its fsync, stays here."""
        errand = _Errand(work)
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

    def _give_out(self, group: list[_Call], signals: Sequence[Signal]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[_Call]] = {}
        for call in group:
            by_loop.setdefault(call.loop, []).append(call)
        for loop, calls in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._resolve, calls, signals)
                signals = ()

    def _resolve(self, calls: list[_Call], signals: Sequence[Signal]) -> None:
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


@dataclass(slots=True)
class _Errand:
    """Work that whoever comes first does, once."""

    work: Callable[[], None]
    error: BaseException | None = None
    taken: threading.Lock = field(default_factory=threading.Lock)
    done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        if not self.taken.acquire(blocking=False):
            return
        try:
            self.work()
        except BaseException as error:
            self.error = error
        finally:
            self.done.set()


class _Again(Exception):
    """The transaction lost a race with another one; run the group again."""


class _Poisoned(Exception):
    """A batch failed as a whole: roll back and run it item by item, so that one bad item costs its neighbours only time."""


def _run_groups(connection: sa.Connection, groups: list[list[_Call]]) -> None:
    """Batches of several functions: each in a savepoint, so that one that fails undoes only its own."""
    if len(groups) == 1:
        _run_together(connection, groups[0])
        return
    for group in groups:
        kept = dict(connection.info.get("signals", ()))
        try:
            with bulk.savepoint(connection):
                _run_together(connection, group)
        except (DatabaseDown, _Again):
            raise
        except Exception:
            connection.info["signals"] = kept
            _run_apart(connection, group)


def _run_together(connection: sa.Connection, group: list[_Call]) -> None:
    """A batch in one call of its function."""
    try:
        results = group[0].function(connection, [call.arguments[0] for call in group])
    except Exception as error:
        _raise_again(error)
        if len(group) == 1:
            raise
        raise _Poisoned from error
    for call, result in zip(group, results, strict=True):
        _settle(call, result)


def _run_each_apart(connection: sa.Connection, groups: list[list[_Call]]) -> None:
    for group in groups:
        _run_apart(connection, group)


def _run_apart(connection: sa.Connection, group: list[_Call]) -> None:
    """Each call for itself, in a savepoint where there are others whose work it must not undo."""
    for call in group:
        call.error = None
    if len(group) == 1 and not group[0].batch:
        group[0].result = group[0].function(connection, *group[0].arguments, **group[0].keywords)
        return
    for call in group:
        _run_one(connection, call)


def _run_one(connection: sa.Connection, call: _Call) -> None:
    kept = dict(connection.info.get("signals", ()))
    try:
        with bulk.savepoint(connection):
            if call.batch:
                _settle(call, call.function(connection, [call.arguments[0]])[0])
            else:
                call.result = call.function(connection, *call.arguments, **call.keywords)
    except Exception as error:
        _raise_again(error)
        connection.info["signals"] = kept
        call.error = error


def _settle(call: _Call, result: Any) -> None:
    call.error, call.result = (result, None) if isinstance(result, Exception) else (None, result)


_LOST_RACES = {"40001", "40P01", "55P03"}
"""PostgreSQL: serialization failure, deadlock, lock not available."""
_AWAY = {"08", "53", "57", "58"}
"""PostgreSQL's classes of errors: connection, resources, shutdown, disk."""


def _raise_again(error: Exception) -> None:
    """Raise _Again for a deadlock or the like, DatabaseDown for a lost connection; return for all that is the function's own."""
    if isinstance(error, DatabaseDown):
        raise error
    if isinstance(error, DBAPIError):
        if getattr(error.orig, "sqlstate", None) in _LOST_RACES:
            raise _Again from error
        if _away(error):
            raise DatabaseDown("The database cannot be written") from error


def _away(error: DBAPIError) -> bool:
    """Whether the database itself fails. A statement that it refuses for what is in it (a row too large for an index, too many
    parameters) is the function's own error, though drivers call both OperationalError."""
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    sqlstate = getattr(error.orig, "sqlstate", None)
    refused = sqlstate[:2] not in _AWAY if sqlstate else getattr(error.orig, "sqlite_errorname", "") == "SQLITE_ERROR"
    return isinstance(error, OperationalError) and not refused


def not_its_own(error: Exception) -> bool:
    """Whether a function failed for no reason of its own: the error must rise, to be tried again or told."""
    lost = isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _LOST_RACES
    return lost or isinstance(error, DatabaseDown) or (isinstance(error, DBAPIError) and _away(error))


@contextmanager
def _translated() -> Iterator[None]:
    """Turn a driver's connection errors into DatabaseDown, lost races into _Again."""
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        _raise_again(error)
        raise
