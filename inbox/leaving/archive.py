"""A person's dossier as a ZIP, written while it is read: neither the messages nor a file are ever whole in memory."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from inbox.files import Store
from inbox.leaving import dossier
from inbox.leaving.dossier import File, Person, Row
from inbox.leaving.page import Paper
from inbox.media.archives import Archive

Reader = Callable[..., Awaitable[Any]]
"""`Database.read`, or what looks like it."""


async def archive(read: Reader, store: Store, who: Person, now: datetime) -> AsyncIterator[bytes]:
    """The archive, piece by piece: data.json, index.html, files."""
    sections = await read(dossier.sections, who)
    files: list[File] = []
    with Archive(store, now) as book:
        parts = {"data.json": _json(read, who, now, sections), "index.html": _page(read, who, now, sections, files)}
        for name, pieces in parts.items():
            async for piece in book.part(name, pieces):
                yield piece
        for each in files:
            async for piece in book.file(each.path, each.sha256):
                yield piece
    yield book.rest()


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


async def _page(
    read: Reader, who: Person, now: datetime, sections: Mapping[str, Sequence[Row]], files: list[File]
) -> AsyncIterator[bytes]:  # fmt: skip
    """The page to read; notes in `files` what it links to."""
    paper = Paper(who, now)
    yield "".join(paper.begin(sections)).encode()
    async for page in _pages(read, who):
        files += page.files
        yield "".join(paper.said(page.rows)).encode()
    yield paper.end().encode()


async def _pages(read: Reader, who: Person) -> AsyncIterator[dossier.Messages]:
    after: Any = None
    while True:
        page: dossier.Messages = await read(dossier.messages, who, after)
        yield page
        if page.after is None:
            return
        after = page.after
