"""People taken out of here: lists as CSV, XLSX or vCards, written as they are read."""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import sqlalchemy as sa
from aiohttp import web
from pydantic import Field

from inbox.access.rights import Right
from inbox.imports import vcards
from inbox.record import record
from inbox.views import contacts, exports
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import Id, Query

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "vcard": "text/vcard; charset=utf-8",
}
_ENDINGS = {"csv": "csv", "xlsx": "xlsx", "vcard": "vcf"}
_PAGE = 200


class ExportQuery(Query):
    """Who, and how."""

    format: Literal["csv", "xlsx", "vcard"] = "csv"
    q: Annotated[str, Field(max_length=200)] = ""
    tag: Annotated[str, Field(max_length=100)] | None = None
    manager: Id | None = None


@endpoint(
    "GET",
    "/contacts/export",
    Right.EXPORTS_READ,
    answer=bytes,
    content_type=", ".join(kind.partition(";")[0] for kind in TYPES.values()),
)
async def export_contacts(call: Call, query: ExportQuery) -> web.StreamResponse:
    """The people of a list as a file. Who took it out, and which list, is recorded."""
    wanted = contacts.Filter(q=query.q.strip(), tag=query.tag, manager=query.manager)
    filters: dict[str, str | int] = {
        name: value for name, value in (("tag", query.tag), ("manager", query.manager)) if value is not None
    }
    await call.run(_note, call.now, call.me, query.format, filters)
    name = quote(f"people-{call.now:%Y-%m-%d}.{_ENDINGS[query.format]}")
    headers = {"Content-Type": TYPES[query.format], "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    response = web.StreamResponse(headers=headers | {"Cache-Control": "no-store"})
    if query.format == "xlsx":
        return await _xlsx(call, wanted, response)
    with suppress(ConnectionResetError):  # whoever asked has gone
        await response.prepare(call.request)
        async for chunk in _vcards(call, wanted) if query.format == "vcard" else _csv(call, wanted):
            await response.write(chunk)
    return response


def _note(connection: sa.Connection, now: datetime, by: int, form: str, filters: dict[str, str | int]) -> None:
    record(connection, now, "contacts.exported", actor_kind="manager", actor_id=by, format=form, **filters)


async def _pages(call: Call, wanted: contacts.Filter) -> AsyncIterator[list[contacts.Contact]]:
    cursor: str | None = None
    while True:
        page = await call.read(contacts.page, wanted, cursor, _PAGE)
        yield list(page.items)
        cursor = page.next
        if cursor is None:
            return


async def _csv(call: Call, wanted: contacts.Filter) -> AsyncIterator[bytes]:
    keys = await call.read(exports.field_keys)
    yield "\ufeff".encode() + _lines([[*exports.HEADINGS, *map(exports.harmless, keys)]])
    async for page in _pages(call, wanted):
        yield _lines(list(exports.table(page, keys)))


def _lines(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


async def _vcards(call: Call, wanted: contacts.Filter) -> AsyncIterator[bytes]:
    async for page in _pages(call, wanted):
        yield "".join(map(_vcard, page)).encode()


def _vcard(each: contacts.Contact) -> str:
    phones = [i.address for i in each.identities if i.kind == "phone"]
    emails = [i.address for i in each.identities if i.kind == "email"]
    fields = exports.words(each)
    return vcards.card(name=each.name, number=each.number, phones=phones, emails=emails, tags=each.tags, fields=fields)


async def _xlsx(call: Call, wanted: contacts.Filter, response: web.StreamResponse) -> web.StreamResponse:
    """A spreadsheet is an archive, which is whole only at its end: it is written onto the disk row by row, then sent."""
    import openpyxl  # half a second, and only spreadsheets need it

    keys = await call.read(exports.field_keys)
    book = openpyxl.Workbook(write_only=True)
    sheet: Any = book.create_sheet("People")
    sheet.append([*exports.HEADINGS, *keys])
    async for page in _pages(call, wanted):
        await asyncio.to_thread(_append, sheet, list(exports.table(page, keys)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.xlsx"
        await asyncio.to_thread(book.save, path)
        await response.prepare(call.request)
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, 262_144):
                await response.write(chunk)
    return response


def _append(sheet: Any, rows: list[list[str]]) -> None:
    for row in rows:
        sheet.append(row)
