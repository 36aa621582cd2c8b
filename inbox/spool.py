"""Where deliveries wait on the local disk while the database is down: one append-only file, replayed in order, then removed."""

import base64
import fcntl
import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from channels.base import Hook
from channels.events import JSON


@dataclass(frozen=True, slots=True)
class Kept:
    """One delivery in the spool."""

    channel_id: int
    hook: Hook
    cursor: Mapping[str, JSON] | None


class Spool:
    """The spool of one process: its own file, so that processes never write into each other's."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._path = folder / f"{name}.spool"
        self._lock = threading.Lock()

    def keep(self, channel_id: int, hook: Hook, cursor: Mapping[str, JSON] | None = None) -> None:
        """Append a delivery; it is on disk when this returns."""
        line = json.dumps({
            "channel": channel_id, "method": hook.method, "url": hook.url, "headers": dict(hook.headers),
            "body": base64.b64encode(hook.body).decode(), "received_at": hook.received_at.isoformat(),
            "cursor": dict(cursor) if cursor is not None else None,
        })  # fmt: skip
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            while not self._append(line):
                pass  # a replay took the file between opening and locking it: the next one is ours

    def _append(self, line: str) -> bool:
        """Write a line for good, unless the file is a replay's by now."""
        with self._path.open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _lies_at(file, self._path):
                return False
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
            return True

    def waiting(self) -> list[Path]:
        """Spool files of all processes, living and dead, oldest first."""
        return sorted(self._folder.glob("*.spool*"), key=_written) if self._folder.exists() else []

    def claim(self, path: Path) -> IO[str] | None:
        """Take a file from its writer (who begins a new one), so that one process replays it: it is ours until it is closed.

        None if another process has it. Returns when nobody is in the middle of writing a line.
        """
        fresh = path.suffix == ".spool"
        try:
            claimed = path.with_name(f"{path.name}.{os.getpid()}-{path.stat().st_mtime_ns}") if fresh else path
            if fresh:
                path.rename(claimed)
            file = claimed.open(encoding="utf-8")
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


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0  # another process has replayed it just now


def _lies_at(file: IO[str], path: Path) -> bool:
    """Whether this open file still has this name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def read(file: IO[str]) -> Iterator[Kept]:
    """The deliveries of a file, in order. A last line cut off by a crash was never acknowledged and is passed over."""
    for line in file.read().split("\n"):
        try:
            kept = json.loads(line)
        except ValueError:
            continue
        received = datetime.fromisoformat(kept["received_at"])
        body = base64.b64decode(kept["body"])
        hook = Hook(method=kept["method"], url=kept["url"], headers=kept["headers"], body=body, received_at=received)
        yield Kept(kept["channel"], hook, kept["cursor"])
