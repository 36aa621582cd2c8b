"""Writes a conversation down as a page, as text, as JSON or as an archive: piece by piece, however long it is."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
import msgspec

from inbox.files import Store
from inbox.media.archives import Archive, file_name
from inbox.views import transcripts as views
from inbox.views.messages import Message
from inbox.views.paging import Page
from inbox.web.pages import TEMPLATES

SHOWN_WHOLE = 400_000
"""Pictures up to so many bytes stand in the page itself; larger ones by their small picture."""
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=jinja2.select_autoescape(["html"]), trim_blocks=True, lstrip_blocks=True
)


@dataclass(frozen=True)
class Source:
    """The conversation as it is read: `read` runs a view in the database."""

    read: Callable[..., Awaitable[Any]]
    store: Store
    number: int
    notes: bool
    head: views.Head
    language: str = "en"
    zone: ZoneInfo = ZoneInfo("UTC")  # noqa: RUF009 a time zone never changes

    async def pages(self) -> AsyncIterator[list[Message]]:
        cursor: str | None = None
        while True:
            page: Page[Message] = await self.read(views.said, self.number, cursor, notes=self.notes)
            yield list(page.items)
            cursor = page.next
            if cursor is None:
                return


async def as_page(source: Source) -> AsyncIterator[bytes]:
    """One file that shows everything by itself, for the screen and for paper."""
    async for piece in _rendered(source, "transcript.html", pictures=True):
        yield piece


async def as_text(source: Source) -> AsyncIterator[bytes]:
    """Plain lines."""
    async for piece in _rendered(source, "transcript.txt", pictures=False):
        yield piece


async def _rendered(source: Source, name: str, *, pictures: bool) -> AsyncIterator[bytes]:
    words: Any = _TEMPLATES.get_template(name).make_module({"language": source.language, "local": _local(source.zone)})
    yield str(words.head(source.head)).encode()
    day = ""
    quoted: dict[int, Message] = {}
    async for page in source.pages():
        shown = await _shown(source, page) if pictures else {}
        for each in page:
            quoted[each.id] = each
            today = f"{each.at.astimezone(source.zone):%Y-%m-%d}"
            if today != day:
                yield str(words.day(each.at)).encode()
            day = today
            answered = quoted.get(each.reply_to or 0)
            yield str(words.message(each, source.head, answered, shown)).encode()
        quoted = dict(list(quoted.items())[-1000:])  # whoever answers, mostly answers to what is near
    yield str(words.foot(source.head)).encode()


def _local(zone: ZoneInfo) -> Callable[[datetime], datetime]:
    return lambda at: at.astimezone(zone)


async def _shown(source: Source, page: list[Message]) -> dict[int, str]:
    """The pictures of these messages, each as an address that holds the picture itself."""
    numbers = [file.id for each in page for file in each.attachments]
    if not numbers:
        return {}
    found = await source.read(views.pictures, numbers, SHOWN_WHOLE)
    return {number: inside for number, each in found.items() if (inside := await asyncio.to_thread(_inside, source.store, each))}


def _inside(store: Store, picture: Any) -> str:
    try:
        content = store.read(picture.sha256)
    except OSError:
        return ""
    return f"data:{picture.mime};base64,{base64.b64encode(content).decode()}"


async def as_json(source: Source) -> AsyncIterator[bytes]:
    """`{..., "messages": [...], "events": [...]}`: messages as the API tells them; events only with the notes."""
    yield msgspec.json.encode(source.head)[:-1] + b',"messages":['
    async for piece in _joined(source.pages()):
        yield piece
    yield b'],"events":['
    async for piece in _joined(_events(source)):
        yield piece
    yield b"]}"


async def _events(source: Source) -> AsyncIterator[list[Any]]:
    cursor: str | None = None
    while source.notes:
        page = await source.read(views.happened, source.number, cursor)
        yield list(page.items)
        cursor = page.next
        if cursor is None:
            return


async def _joined(pages: AsyncIterator[list[Any]]) -> AsyncIterator[bytes]:
    first = True
    async for page in pages:
        if page:
            yield (b"" if first else b",") + b",".join(map(msgspec.json.encode, page))
            first = False


async def as_archive(source: Source) -> AsyncIterator[bytes]:
    """A ZIP: conversation.json, conversation.html, and every file under files/ by its id and name."""
    with Archive(source.store, source.head.exported_at) as book:
        for name, write in (("conversation.json", as_json), ("conversation.html", as_page)):
            async for piece in book.part(name, write(source)):
                yield piece
        async for file in _files(source):
            async for piece in book.file(file_name(file.id, file.name), file.sha256):
                yield piece
    yield book.rest()


async def _files(source: Source) -> AsyncIterator[views.File]:
    last = 0
    while page := await source.read(views.files, source.number, last, notes=source.notes):
        last = page[-1].id
        for file in page:
            yield file
