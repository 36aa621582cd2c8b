"""Imports of people: bring a file, map its columns, look, take it in, undo."""

import asyncio
import csv
import io
import secrets
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, unquote

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import BadHttpMessage
from pydantic import Field

from inbox.access.rights import Right
from inbox.imports import desk, reading
from inbox.imports.drain import folder
from inbox.views import imports as views
from inbox.views.paging import All, Page
from inbox.web import keys
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import NOT_GIVEN, Change, PageQuery, Tag
from inbox.web.problems import Problem, invalid

LARGEST = 300 * 1024 * 1024
FIRST_WRONG = 20
Target = Annotated[str, Field(max_length=106)]


class ImportChange(Change):
    """How to read the file and what to do with it."""

    mapping: Annotated[dict[Annotated[str, Field(pattern=r"^[0-9]{1,3}$")], Target], Field(max_length=200)] = NOT_GIVEN
    """What each column, by its index, becomes: name, first_name, middle_name, last_name, phone, email, number, language,
    timezone, manager, tags, field:<key>; empty to leave it out."""
    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = NOT_GIVEN
    """Country of phones without a code, like RU."""
    existing: Literal["fill", "replace", "skip"] = NOT_GIVEN
    """What happens to people who are here already: gaps are filled, the file wins, or nothing."""
    verified: bool = NOT_GIVEN
    """The people have confirmed these addresses: they join cards."""
    tags: Annotated[list[Tag], Field(max_length=20)] = NOT_GIVEN
    """For everybody in the file."""
    encoding: Literal["utf-8", "utf-8-sig", "utf-16", "cp1251", "cp1252", "cp866", "koi8-r"] = NOT_GIVEN
    delimiter: Literal[",", ";", "\t", "|"] = NOT_GIVEN


@endpoint("GET", "/imports", Right.IMPORTS_READ)
async def list_imports(call: Call, query: PageQuery) -> Page[views.Import]:
    """Imports, newest first."""
    return await call.read(views.page, query.cursor, query.limit)


@endpoint("POST", "/imports", Right.IMPORTS_WRITE, status=201, upload=True)
async def add_import(call: Call) -> views.Import:
    """Bring a file of people: multipart/form-data with one part `file`, as CSV, XLSX or vCard.

    Nothing is taken in yet: the answer shows what its columns seem to be.
    """
    part = await _part(call.request)
    # Programs and browsers write some letters of a name as %XX.
    name = unquote(part.filename or "file").replace("\0", "").rpartition("/")[2].rpartition("\\")[2][-200:] or "file"
    path = folder(call.app[keys.SETTINGS].data) / secrets.token_hex(16)
    try:
        size = await _store(part, path)
        seen = await asyncio.to_thread(reading.inspect, path, name)
        import_id = await call.run(desk.add, call.now, call.me, name, path.name, size, seen)
    except BaseException:
        await asyncio.to_thread(path.unlink, missing_ok=True)
        raise
    return await call.read(views.one, import_id)


@endpoint("GET", "/imports/{import_id}", Right.IMPORTS_READ)
async def get_import(call: Call, import_id: int) -> views.Import:
    """One import and how far it is."""
    return await call.read(views.one, import_id)


@endpoint("PATCH", "/imports/{import_id}", Right.IMPORTS_WRITE)
async def change_import(call: Call, import_id: int, body: ImportChange) -> views.Import:
    """Say what the columns are and how to write. Another encoding or delimiter reads the file, and guesses, anew."""
    given = body.given()
    again = {name: given.pop(name) for name in ("encoding", "delimiter") if name in given}
    if again:
        row = await call.run(desk.require, import_id, ("new", "checked"))
        path = folder(call.app[keys.SETTINGS].data) / row.file
        encoding, delimiter = again.get("encoding", row.encoding), again.get("delimiter", row.delimiter)
        seen = await asyncio.to_thread(reading.inspect, path, row.name, encoding, delimiter)
        await call.run(desk.read_again, import_id, seen)
    await call.run(desk.change, call.now, import_id, given)
    return await call.read(views.one, import_id)


@endpoint("GET", "/imports/{import_id}/preview", Right.IMPORTS_READ)
async def preview_import(call: Call, import_id: int) -> All[views.PreviewRow]:
    """The first rows as they would be taken in."""
    return All(items=await call.read(views.preview, import_id))


@endpoint("POST", "/imports/{import_id}/check", Right.IMPORTS_WRITE)
async def check_import(call: Call, import_id: int) -> views.Import:
    """Try the whole file without changing anybody."""
    await call.run(desk.check, call.now, import_id)
    return await call.read(views.one, import_id)


@endpoint("POST", "/imports/{import_id}/start", Right.IMPORTS_WRITE)
async def start_import(call: Call, import_id: int) -> views.Import:
    """Take it in, or go on after a stop."""
    await call.run(desk.start, call.now, call.me, import_id)
    return await call.read(views.one, import_id)


@endpoint("POST", "/imports/{import_id}/stop", Right.IMPORTS_WRITE)
async def stop_import(call: Call, import_id: int) -> views.Import:
    """Have it rest."""
    await call.run(desk.stop, call.now, import_id)
    return await call.read(views.one, import_id)


@endpoint("POST", "/imports/{import_id}/undo", Right.IMPORTS_WRITE)
async def undo_import(call: Call, import_id: int) -> views.Import:
    """Take back everything it did: cards that nobody has used since go, cards that it changed get back what they held."""
    await call.run(desk.undo, call.now, call.me, import_id)
    return await call.read(views.one, import_id)


@endpoint("DELETE", "/imports/{import_id}", Right.IMPORTS_WRITE)
async def delete_import(call: Call, import_id: int) -> None:
    """Forget an import; the people stay, and it can no longer be undone."""
    if file := await call.run(desk.drop, call.now, import_id):
        await asyncio.to_thread((folder(call.app[keys.SETTINGS].data) / file).unlink, missing_ok=True)


@endpoint("GET", "/imports/{import_id}/wrong", Right.IMPORTS_READ)
async def list_wrong_rows(call: Call, import_id: int) -> All[views.WrongRow]:
    """The first rows that could not be taken in, and why; all of them are in `errors`."""
    await call.read(views.headings, import_id)
    return All(items=await call.read(views.wrong, import_id, 0, FIRST_WRONG))


@endpoint("GET", "/imports/{import_id}/errors", Right.IMPORTS_READ, answer=bytes, content_type="text/csv")
async def get_import_errors(call: Call, import_id: int) -> web.StreamResponse:
    """The rows that could not be taken in, as CSV: number, what is wrong, then the row itself, to be mended and brought again."""
    names = await call.read(views.headings, import_id)
    disposition = f"attachment; filename*=UTF-8''{quote(f'import-{import_id}-errors.csv')}"
    response = web.StreamResponse(headers={"Content-Type": "text/csv; charset=utf-8", "Content-Disposition": disposition})
    await response.prepare(call.request)
    await response.write("\ufeff".encode() + _csv([["row", "problem", *names]]))
    after = 0
    while rows := await call.read(views.wrong, import_id, after):
        await response.write(_csv([[str(row.row), _said(row.problems, names), *row.cells] for row in rows]))
        after = rows[-1].row
    return response


def _said(problems: list[views.Problem], names: list[str]) -> str:
    return "; ".join(
        p.message if p.column is None or p.column >= len(names) else f"{names[p.column]}: {p.message}" for p in problems
    )


def _csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


async def _part(request: web.Request) -> BodyPartReader:
    if request.content_type != "multipart/form-data":
        raise Problem(415, "Send multipart/form-data with one part `file`.")
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name == "file":
                return part
    except (ValueError, AssertionError, BadHttpMessage) as error:
        raise invalid("file", "The form cannot be read") from error
    raise invalid("file", "The part `file` is missing")


async def _store(part: BodyPartReader, path: Path) -> int:
    """Onto the disk as it comes; how many bytes it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with path.open("xb") as file:
        while chunk := await part.read_chunk(262_144):
            size += len(chunk)
            if size > LARGEST:
                raise Problem(413, f"A file may have {LARGEST // 1024**2} MB.")
            await asyncio.to_thread(file.write, chunk)
    if not size:
        raise invalid("file", "The file is empty")
    return size
