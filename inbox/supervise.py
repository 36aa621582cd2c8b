"""Keep a family of processes running: started in order, started again when they die, stopped in reverse, never left behind.

A child dies with its supervisor, however that ends: Linux kills it (PR_SET_PDEATHSIG), and everywhere its standard input is a
pipe that closes when the supervisor is gone (`die_with_parent` for our own processes, a line of shell for others).
Children have process groups of their own, so that Ctrl-C reaches the supervisor alone and it can end them in their order.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0
"""Seconds before a dead child is started again; each death in a row doubles it."""
STEADY = 20.0
"""A child that lived so long died by accident: the next pause is the first one again."""
BRIEF = 2.0
"""A child that lived only so long could not start."""
TRIES = 3
"""A child that dies so often before it was ever ready ends the whole start."""
GRACE = 8.0
"""Seconds a child has to end by itself after SIGTERM."""
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>
_WATCHED = """
exec 3<&0
"$@" </dev/null 3<&- & child=$!
trap 'kill $child' TERM
{ cat <&3 >/dev/null; kill -9 $child; } 2>/dev/null &
wait $child; wait $child
"""
"""Runs a foreign program where the kernel does not tell it of our death: it is killed when our standard input closes."""

Ready = Callable[[], None]
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Child:
    """A process to keep. `ready`: asked until it says yes before the next child is started, at most `patience` seconds."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool] | None = None
    patience: float = 10.0
    ours: bool = True
    """It calls `die_with_parent` itself."""
    unable: Callable[[], object] | None = None
    """Called when it could not start: a chance to mend what keeps it from starting."""


class NotReady(Exception):
    """A child did not become ready."""


@dataclass(slots=True)
class Supervisor:
    """Runs `children` until it is told to stop. `on_ready` is called once, when all are ready."""

    children: Sequence[Child]
    on_ready: Ready = lambda: None
    _ending: asyncio.Event = field(default_factory=asyncio.Event)
    _alive: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    _deaths: Counter[str] = field(default_factory=Counter)
    _renewed: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Start all, keep all, return when a signal has ended all. Raises NotReady if the first start of a child fails."""
        loop = asyncio.get_running_loop()
        heeded = [number for number in STOPS if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]  # nohup
        for number in heeded:
            loop.add_signal_handler(number, self.stop)
        stdin, lifeline = os.pipe()
        keepers: list[tuple[Child, asyncio.Task[None]]] = []
        try:
            for child in self.children:
                keepers.append((child, asyncio.create_task(self._keep(child, stdin))))
                if not self._ending.is_set():
                    await self._until_ready(child)
            if not self._ending.is_set():
                self.on_ready()
            await self._ending.wait()
        finally:
            self._ending.set()
            for child, keeper in reversed(keepers):
                await self._end(child, keeper)
            os.close(lifeline)
            os.close(stdin)
            for number in heeded:
                loop.remove_signal_handler(number)

    def stop(self) -> None:
        """End all children in their order; asked a second time, at once."""
        if self._ending.is_set():
            self._signal_all(signal.SIGKILL)
        self._ending.set()

    def again(self) -> None:
        """End the children that are processes of ours, so that they are started again at once, with the code as it is now."""
        self._renewed |= {child.name for child in self.children if child.ours}
        self._signal_all(signal.SIGTERM, only_ours=True)

    def _signal_all(self, number: int, *, only_ours: bool = False) -> None:
        for child in self.children:
            if child.name in self._alive and (child.ours or not only_ours):
                _signal(self._alive[child.name], number)

    async def _keep(self, child: Child, stdin: int) -> None:
        """A child's lives, one after another."""
        pause = FIRST_PAUSE
        while not self._ending.is_set():
            began = time.monotonic()
            code = await self._live(child, stdin)
            if self._ending.is_set():
                return
            if child.name in self._renewed:
                self._renewed.discard(child.name)
                continue
            lived = time.monotonic() - began
            self._deaths[child.name] += 1
            pause = FIRST_PAUSE if lived > STEADY else pause
            log.warning("a process ended and is started again", process=child.name, code=code, pause=pause)
            if child.unable is not None and lived < BRIEF:
                child.unable()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _live(self, child: Child, stdin: int) -> int:
        command = child.command if child.ours or sys.platform == "linux" else ["/bin/sh", "-c", _WATCHED, "sh", *child.command]
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=stdin, process_group=0, preexec_fn=_killed_with(os.getpid())
            )
        except OSError as error:
            log.error("a process cannot be started", process=child.name, error=error.strerror)
            return 127
        self._alive[child.name] = process
        try:
            return await process.wait()
        finally:
            del self._alive[child.name]

    async def _until_ready(self, child: Child) -> None:
        if child.ready is None:
            return
        end = time.monotonic() + child.patience
        while not await asyncio.to_thread(child.ready):
            if self._ending.is_set():
                return
            if self._deaths[child.name] >= TRIES:
                raise NotReady(f"{child.name} ended {TRIES} times instead of starting")
            if time.monotonic() > end:
                raise NotReady(f"{child.name} did not start within {child.patience:.0f} seconds")
            await asyncio.sleep(0.03)

    async def _end(self, child: Child, keeper: "asyncio.Task[None]") -> None:
        """SIGTERM, then after a while SIGKILL. A keeper that is between two lives ends by itself."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if child.name in self._alive:
                _signal(self._alive[child.name], number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(keeper), GRACE)
                return
        log.error("a process does not end", process=child.name)


def _signal(process: asyncio.subprocess.Process, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def _killed_with(parent: int) -> Callable[[], None] | None:
    """What the child does before it becomes another program, on Linux: have the kernel kill it when we die."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def prepare() -> None:
        prctl(_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return prepare


def die_with_parent() -> None:
    """Called by our own processes when they are supervised: end at once when standard input closes."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
