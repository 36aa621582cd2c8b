"""The calls that wait for a writer, and who runs their statements."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

GROUP = 256
"""At most so many calls in one transaction: bounds how long the lock is held."""


@dataclass(slots=True)
class Call:
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    batch: bool
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None


@dataclass(slots=True)
class Waiting:
    """The calls that wait, and which batch functions are in some writer's hands (never two groups of one function at once)."""

    calls: "deque[Call]" = field(default_factory=deque)
    busy: set[Any] = field(default_factory=set)
    closed: bool = False
    ready: threading.Condition = field(default_factory=threading.Condition)

    def put(self, calls: Sequence[Call]) -> bool:
        """False when closed: nobody will take them any more."""
        with self.ready:
            if not self.closed:
                self.calls.extend(calls)
                self.ready.notify()
            return not self.closed

    def take(self) -> list[Call]:
        """The next group: all waiting calls of one batch function, or the single calls at the front. Empty when closed."""
        with self.ready:
            while True:
                first = next((c for c in self.calls if not c.batch or c.function not in self.busy), None)
                if first is not None:
                    return self._group(first)
                if self.closed:
                    return []
                self.ready.wait()

    def _group(self, first: Call) -> list[Call]:
        if first.batch:
            self.busy.add(first.function)
        return self._taken([c for c in self.calls if c.batch == first.batch and (not c.batch or c.function is first.function)])

    def _taken(self, wanted: list[Call]) -> list[Call]:
        chosen = set(map(id, wanted[:GROUP]))
        self.calls = deque(c for c in self.calls if id(c) not in chosen)
        return wanted[:GROUP]

    def join(self, groups: list[list[Call]]) -> None:
        """Add to the groups all batches that have come to wait since the first was taken. Only where there is one writer."""
        with self.ready:
            functions = dict.fromkeys([groups[0][0].function, *(c.function for c in self.calls if c.batch)])
            for function in functions:
                further = self._taken([c for c in self.calls if c.batch and c.function is function])
                if function is groups[0][0].function and len(groups[0]) + len(further) <= 2 * GROUP:
                    groups[0] += further
                elif further:
                    groups.append(further)

    def done(self, group: Sequence[Call]) -> None:
        if group[0].batch:
            with self.ready:
                self.busy.discard(group[0].function)
                self.ready.notify_all()

    def close(self) -> None:
        with self.ready:
            self.closed = True
            self.ready.notify_all()


@dataclass(slots=True)
class Errand:
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
