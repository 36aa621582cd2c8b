"""A person's dossier as a ZIP, written while it is read: neither the messages nor a file are ever whole in memory."""

import asyncio
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from inbox.files import Store
from inbox.leaving import dossier
from inbox.leaving.dossier import File, Person, Row
from inbox.leaving.page import Paper

CHUNK = 262_144
Reader = Callable[..., Awaitable[Any]]
"""`Database.read`, or what looks like it."""


class _Pipe:
    """What an archive is written into and read out of again. Not seekable, so sizes follow the contents."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None: ...
    def close(self) -> None: ...

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


async def archive(read: Reader, store: Store, who: Person, now: datetime) -> AsyncIterator[bytes]:
    """The archive, piece by piece: data.json, index.html, files."""
    sections = await read(dossier.sections, who)
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as book:
        with book.open(_entry("data.json", now), "w", force_zip64=True) as out:
            async for text in _json(read, who, now, sections):
                await asyncio.to_thread(out.write, text)
                yield pipe.take()
        files: list[File] = []
        with book.open(_entry("index.html", now), "w", force_zip64=True) as out:
            paper = Paper(who, now)
            out.write("".join(paper.begin(sections)).encode())
            async for page in _pages(read, who):
                files += page.files
                await asyncio.to_thread(out.write, "".join(paper.said(page.rows)).encode())
                yield pipe.take()
            out.write(paper.end().encode())
        for each in files:
            async for part in _file(book, pipe, store, each, now):
                yield part
    yield pipe.take()


def _entry(name: str, now: datetime) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, now.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


async def _json(read: Reader, who: Person, now: datetime, sections: Mapping[str, Sequence[Row]]) -> AsyncIterator[bytes]:
    head = {"taken_at": now, "number": who.number, **sections}
    yield msgspec.json.encode(head)[:-1] + b',"messages":['
    first = True
    async for page in _pages(read, who):
        rows = [msgspec.json.encode(row) for row in page.rows]
        if rows:
            yield (b"" if first else b",") + b",".join(rows)
            first = False
    yield b"]}"


async def _pages(read: Reader, who: Person) -> AsyncIterator[dossier.Messages]:
    after: Any = None
    while True:
        page: dossier.Messages = await read(dossier.messages, who, after)
        yield page
        if page.after is None:
            return
        after = page.after


async def _file(book: zipfile.ZipFile, pipe: _Pipe, store: Store, each: File, now: datetime) -> AsyncIterator[bytes]:
    """As it is: pictures and sounds are compressed already. One that is missing on the disk is left out."""
    entry = _entry(each.path, now)
    entry.compress_type = zipfile.ZIP_STORED
    path = store.path(each.sha256)
    if not path.exists():
        return
    with path.open("rb") as source, book.open(entry, "w", force_zip64=True) as out:
        while part := await asyncio.to_thread(source.read, CHUNK):
            await asyncio.to_thread(out.write, part)
            yield pipe.take()
