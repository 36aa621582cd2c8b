"""A gate before SQLite's write lock, so that the processes of one installation take turns.

SQLite itself lets a waiting writer sleep for up to 100 ms and look again, and who comes at the right moment goes first: under
load one process starved for more than a second. The kernel wakes who waits at a file lock the moment it is free. The gate is only
a courtesy: without it (another program, a network drive) SQLite's own lock and busy timeout still hold.
"""

import fcntl
import os
import threading
from pathlib import Path
from types import TracebackType


class Gate:
    """A lock over the threads of this process and all processes that use the same file. Not re-entrant."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._here = threading.Lock()
        self._file: int | None = None

    def __enter__(self) -> None:
        self._here.acquire()
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except OSError:
            return
        except BaseException:
            self._here.release()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if self._file is not None:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        finally:
            self._here.release()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
