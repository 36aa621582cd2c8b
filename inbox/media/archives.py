"""A ZIP archive that is given out while it is written: neither its parts nor a file are ever whole in memory."""

import asyncio
import re
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, BinaryIO, Self

from inbox.files import Store

CHUNK = 262_144
_BAD = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]")


class _Pipe:
    """What an archive is written into and read out of again. Not seekable, so sizes follow the contents."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


class Archive:
    """An archive made `at` a time. Whoever writes into it passes on what its methods yield, and at the end what `rest` gives."""

    def __init__(self, store: Store, at: datetime) -> None:
        self._store, self._at, self._pipe = store, at, _Pipe()
        self._zip = zipfile.ZipFile(self._pipe, "w")  # type: ignore[call-overload]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    async def part(self, name: str, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """A text, written as its pieces come."""
        with self._zip.open(self._entry(name, zipfile.ZIP_DEFLATED), "w", force_zip64=True) as out:
            async for piece in pieces:
                await asyncio.to_thread(out.write, piece)
                yield self.rest()

    async def file(self, name: str, sha256: str) -> AsyncIterator[bytes]:
        """A stored file as it is: pictures and sounds are compressed already. One that is missing on the disk is left out."""
        source = await asyncio.to_thread(self._opened, sha256)
        if source is None:
            return
        with source, self._zip.open(self._entry(name, zipfile.ZIP_STORED), "w", force_zip64=True) as out:
            while chunk := await asyncio.to_thread(source.read, CHUNK):
                await asyncio.to_thread(out.write, chunk)
                yield self.rest()

    def rest(self) -> bytes:
        """What was written and not yet passed on."""
        return self._pipe.take()

    def _entry(self, name: str, how: int) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(name, self._at.timetuple()[:6])
        entry.compress_type = how
        return entry

    def _opened(self, sha256: str) -> BinaryIO | None:
        try:
            return self._store.path(sha256).open("rb")
        except FileNotFoundError:
            return None


def file_name(number: int, name: str, otherwise: str = "file") -> str:
    """Where a file stands in an archive: under a name that unpacks on every system and leads nowhere else."""
    safe = _BAD.sub("_", name).strip(". ")[-120:]
    return f"files/{number}-{safe or otherwise}"
