"""For developers: have our processes begun again when a source file changes."""

import asyncio
import os
from pathlib import Path

from inbox.supervise import Supervisor

_ROOT = Path(__file__).parents[2]
_ROOMS = ("channels", "bots", "routing", "inbox", "templates")
_ENDINGS = {".py", ".yaml", ".html", ".css", ".js", ".po"}
_GENERATED = {"node_modules", "dist", "__pycache__"}
_BEAT = 0.5


async def watch(supervisor: Supervisor) -> None:
    """Look at the files' times twice a second."""
    seen = await asyncio.to_thread(_times)
    while True:
        await asyncio.sleep(_BEAT)
        now = await asyncio.to_thread(_times)
        if now != seen:
            seen = now
            supervisor.again()


def _times() -> dict[Path, int]:
    found: dict[Path, int] = {}
    for room in _ROOMS:
        for folder, folders, files in os.walk(_ROOT / room):
            folders[:] = [each for each in folders if each not in _GENERATED]
            paths = (Path(folder, each) for each in files)
            found.update({path: path.stat().st_mtime_ns for path in paths if path.suffix in _ENDINGS and path.exists()})
    return found
