"""Where deliveries wait on the local disk while the database is down: append-only files, replayed in order, then removed."""

import asyncio
import base64
import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from channels.base import Hook
from channels.events import JSON

PATIENCE = 10.0
"""Seconds for which new deliveries queue up behind those on disk. If nobody replays them by then, the database is tried again,
and if it is there, left to who replays for as long once more."""
LOOK = 0.1
"""Seconds between two looks of a replay at the folder."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One delivery in the spool. `end`: the place in its file where it ends, in bytes."""

    channel_id: int
    hook: Hook
    cursor: Mapping[str, JSON] | None
    end: int = 0


@dataclass(slots=True)
class Place:
    """A delivery's place in the queue for the disk, taken when it came."""

    kept: Kept
    done: bool = False
    error: OSError | None = field(default=None, repr=False)


class Spool:
    """The spool of one process: its own file, so that processes never write into each other's."""

    def __init__(self, folder: Path, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._path = folder / f"{name}.spool"
        self._clock = clock
        self._queue: list[Place] = []
        self._lock = threading.Lock()
        self._turn = asyncio.Lock()
        self._writing = False
        self._since: float | None = None
        self._given_time = False

    def behind(self) -> bool:
        """Whether what comes now has to wait on disk too, behind what waits there already: so order is kept.

        The folder is looked at each time (microseconds): what another process acknowledged a moment ago is seen. Not for ever:
        where no worker replays, operators shall see what comes once the database is back.
        """
        if not (self._queue or self._writing or self._some()):
            self._since, self._given_time = None, False
            return False
        now = self._clock()
        if self._since is None or (now - self._since >= PATIENCE and self._being_replayed()):
            self._since = now
        return now - self._since < PATIENCE

    def fall_behind(self) -> None:
        """The database is down (again): from now on everything waits, until it has been replayed or patience ends."""
        self._since, self._given_time = self._clock(), False

    def give_time(self) -> bool:
        """When patience is over: begin it anew, once, for who replays. False the second time, or when nothing waits."""
        if self._since is None or self._given_time:
            return False
        self._since, self._given_time = self._clock(), True
        return True

    def _some(self) -> bool:
        try:
            return any(".spool" in path.name for path in self._folder.iterdir())
        except FileNotFoundError:
            return False

    def _being_replayed(self) -> bool:
        """Whether a process is about to take files or has taken them: then all is well, however much there is to replay."""
        try:
            with self._door(fcntl.LOCK_SH | fcntl.LOCK_NB), ExitStack() as stack:
                return not all(_lock(file, fcntl.LOCK_SH | fcntl.LOCK_NB) for file in self._left(stack))
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False

    def take_place(self, channel_id: int, hook: Hook, cursor: Mapping[str, JSON] | None = None) -> Place:
        """Queue up, in the order of the calls. Nothing is kept before `write` returns."""
        place = Place(Kept(channel_id, hook, cursor))
        self._queue.append(place)
        return place

    async def kept(self, channel_id: int, hook: Hook, cursor: Mapping[str, JSON] | None = None) -> None:
        """As `keep`, for the loop: all who wait meanwhile are written by the next turn, in one go."""
        place = self.take_place(channel_id, hook, cursor)
        async with self._turn:
            if not place.done:
                await asyncio.to_thread(self.write, place)
        if place.error is not None:
            raise place.error

    def keep(self, channel_id: int, hook: Hook, cursor: Mapping[str, JSON] | None = None) -> None:
        """Append a delivery; it is on disk when this returns."""
        self.write(self.take_place(channel_id, hook, cursor))

    def write(self, place: Place) -> None:
        """Return when this delivery is on disk. Whoever comes first writes for all who wait: one fsync serves them together."""
        with self._lock:
            if not place.done:
                self._write_all()
        if place.error is not None:
            raise place.error

    def _write_all(self) -> None:
        self._writing = True
        count = len(self._queue)  # others may join while we write: they find their own turn
        places, self._queue[:count] = self._queue[:count], []
        try:
            content = b"".join(_line(place.kept) for place in places)
            self._make_folder()
            self._append(content)
        except OSError as error:
            for place in places:
                place.error = error
        for place in places:
            place.done = True
        self._writing = False

    def _make_folder(self) -> None:
        if not self._folder.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            _keep_names(self._folder.parent)

    def _append(self, content: bytes) -> None:
        """Write lines for good. What fails half-way (a full disk) leaves no trace.

        A file that was empty may be new: its name must be on disk too, or a power cut takes the file with all that is in it.
        """
        with ExitStack() as stack:
            with self._door(fcntl.LOCK_SH):
                file = stack.enter_context(self._path.open("ab", buffering=0))
                fcntl.flock(file, fcntl.LOCK_EX)
            end = file.seek(0, os.SEEK_END)
            try:
                left = memoryview(content)
                while left:
                    left = left[file.write(left) :]
                os.fsync(file.fileno())
                if end == 0:
                    _keep_names(self._folder)
            except OSError:
                os.ftruncate(file.fileno(), end)
                raise

    @contextmanager
    def _door(self, how: int) -> Iterator[None]:
        """Writers of all processes begin one by one with a replay's taking: nobody begins in the middle of that."""
        door = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(door, how)
            yield
        finally:
            os.close(door)

    def waiting(self) -> list[Path]:
        """Spool files of all processes, living and dead, oldest first."""
        return sorted(self._folder.glob("*.spool*"), key=_written) if self._folder.exists() else []

    def claim(self) -> list[IO[bytes]]:
        """Take what waits from its writers (who begin new files), so that one process replays it: it is ours until it is closed.

        All at one moment: what is acknowledged afterwards, by whichever process, is not among it, so nothing overtakes. Nothing
        while another process replays. Returns when nobody is in the middle of writing a line.
        """
        if not self._folder.exists():
            return []
        with self._door(fcntl.LOCK_EX), ExitStack() as stack:
            left = self._left(stack)
            if not all(_lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB) for file in left):
                return []
            fresh = [stack.enter_context(_taken(path).open("rb")) for path in self.waiting() if path.suffix == ".spool"]
            for file in fresh:
                _lock(file, fcntl.LOCK_EX)
            stack.pop_all()
            for gone in [file for file in left if not _is_there(file)]:
                gone.close()
            return [file for file in (*left, *fresh) if not file.closed]

    def _left(self, stack: ExitStack) -> list[IO[bytes]]:
        """Files of replays, running or broken off."""
        found: list[IO[bytes]] = []
        for path in self.waiting():
            if path.suffix != ".spool":
                with suppress(FileNotFoundError):  # replayed just now
                    found.append(stack.enter_context(path.open("rb")))
        return found


def _keep_names(folder: Path) -> None:
    """Have the disk keep which files there are in a folder."""
    door = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(door)
    finally:
        os.close(door)


def _taken(path: Path) -> Path:
    """A writer's file, under a name of the replay's."""
    return path.rename(path.with_name(f"{path.name}.{os.getpid()}-{path.stat().st_mtime_ns}"))


def _is_there(file: IO[bytes]) -> bool:
    """Whether an open file still has a name: whoever replayed it took it away before giving up its lock."""
    return os.fstat(file.fileno()).st_nlink > 0


def _lock(file: IO[bytes], how: int) -> bool:
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    return True


def _line(kept: Kept) -> bytes:
    hook = kept.hook
    return json.dumps({
        "channel": kept.channel_id, "method": hook.method, "url": hook.url, "headers": dict(hook.headers),
        "body": base64.b64encode(hook.body).decode(), "received_at": hook.received_at.isoformat(),
        "cursor": dict(kept.cursor) if kept.cursor is not None else None,
    }).encode() + b"\n"  # fmt: skip


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0  # another process has replayed it just now


def read(file: IO[bytes], start: int = 0) -> Iterator[Kept]:
    """The deliveries of a file from a place on, in order, one line in memory at a time.

    A line cut off by a crash was never acknowledged and is passed over.
    """
    end = file.seek(start)
    for line in file:
        end += len(line)
        try:
            said = json.loads(line)
            received = datetime.fromisoformat(said["received_at"])
            body = base64.b64decode(said["body"])
            hook = Hook(method=said["method"], url=said["url"], headers=said["headers"], body=body, received_at=received)
            yield Kept(said["channel"], hook, said["cursor"], end)
        except (ValueError, KeyError, TypeError):
            continue


def size(paths: Sequence[Path]) -> int:
    """Bytes that wait."""
    return sum(path.stat().st_size for path in paths if path.exists())
