"""Where deliveries wait on the local disk while the database is down: one append-only file, replayed in order, then removed."""

import base64
import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

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
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())

    def waiting(self) -> list[Path]:
        """Spool files of this and of dead processes, oldest first."""
        return sorted(self._folder.glob("*.spool*"), key=lambda p: p.stat().st_mtime) if self._folder.exists() else []

    def claim(self, path: Path) -> Path | None:
        """Take a file from its writer (who begins a new one), so that one process replays it; None if another was faster."""
        if path.suffix != ".spool":
            return path
        claimed = path.with_name(f"{path.name}.{os.getpid()}-{path.stat().st_mtime_ns}")
        with self._lock:
            try:
                path.rename(claimed)
            except FileNotFoundError:
                return None
        return claimed


def read(path: Path) -> Iterator[Kept]:
    """The deliveries of a file, in order. A last line cut off by a crash was never acknowledged and is passed over."""
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            kept = json.loads(line)
        except ValueError:
            continue
        received = datetime.fromisoformat(kept["received_at"])
        body = base64.b64decode(kept["body"])
        hook = Hook(method=kept["method"], url=kept["url"], headers=kept["headers"], body=body, received_at=received)
        yield Kept(kept["channel"], hook, kept["cursor"])
