"""Where deliveries wait on the local disk while the database is down: append-only files, replayed in order, then removed."""

import asyncio
import base64
import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from channels.base import Hook
from channels.events import JSON

PATIENCE = 20.0
"""Seconds for which new deliveries queue up behind those on disk. If nobody replays them by then, the database is tried again."""
LOOK = 0.1
"""Seconds between two looks at the folder."""


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
        self._some = False
        self._look_at = 0.0
        self._since: float | None = None

    def behind(self) -> bool:
        """Whether what comes now has to wait on disk too, behind what waits there already: so order is kept.

        Not for ever: where no worker replays, operators shall see what comes once the database is back.
        """
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + LOOK
            self._some = self._folder.is_dir() and any(".spool" in path.name for path in self._folder.iterdir())
        if not self._some:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        return now - self._since < PATIENCE

    def fall_behind(self) -> None:
        """The database is down (again): from now on everything waits, until it has been replayed or patience ends."""
        self._since = self._clock()

    def take_place(self, channel_id: int, hook: Hook, cursor: Mapping[str, JSON] | None = None) -> Place:
        """Queue up, in the order of the calls. Nothing is kept before `write` returns."""
        place = Place(Kept(channel_id, hook, cursor))
        self._queue.append(place)
        self._some = True
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
        count = len(self._queue)  # others may join while we write: they find their own turn
        places, self._queue[:count] = self._queue[:count], []
        try:
            content = b"".join(_line(place.kept) for place in places)
            self._folder.mkdir(parents=True, exist_ok=True)
            while not self._append(content):
                pass  # a replay took the file between opening and locking it: the next one is ours
        except OSError as error:
            for place in places:
                place.error = error
        for place in places:
            place.done = True

    def _append(self, content: bytes) -> bool:
        """Write lines for good, unless the file is a replay's by now. What fails half-way (a full disk) leaves no trace."""
        with self._path.open("ab", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _lies_at(file, self._path):
                return False
            end = file.seek(0, os.SEEK_END)
            try:
                left = memoryview(content)
                while left:
                    left = left[file.write(left) :]
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), end)
                raise
            return True

    def waiting(self) -> list[Path]:
        """Spool files of all processes, living and dead, oldest first."""
        return sorted(self._folder.glob("*.spool*"), key=_written) if self._folder.exists() else []

    def claim(self, path: Path) -> IO[bytes] | None:
        """Take a file from its writer (who begins a new one), so that one process replays it: it is ours until it is closed.

        None if another process has it. Returns when nobody is in the middle of writing a line.
        """
        fresh = path.suffix == ".spool"
        try:
            claimed = path.with_name(f"{path.name}.{os.getpid()}-{path.stat().st_mtime_ns}") if fresh else path
            if fresh:
                path.rename(claimed)
            file = claimed.open("rb")
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX if fresh else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        if not _lies_at(file, claimed):
            file.close()
            return None
        return file


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


def _lies_at(file: IO[bytes], path: Path) -> bool:
    """Whether this open file still has this name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


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
