"""A conversation taken out of here: to print, to keep, to hand on."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from aiohttp import web

from inbox import live
from inbox.access.rights import Right
from inbox.record import record
from inbox.refusals import Invalid
from inbox.views import transcripts as views
from inbox.web import keys, transcripts
from inbox.web.api.work import Zone
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import Query

# It holds what strangers wrote: nothing in it runs or loads, and only our own app may frame it, to print it.
_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


@dataclass(frozen=True)
class _Form:
    write: Callable[[transcripts.Source], AsyncIterator[bytes]]
    mime: str
    ending: str


_FORMS: Mapping[str, _Form] = {
    "html": _Form(transcripts.as_page, "text/html; charset=utf-8", "html"),
    "text": _Form(transcripts.as_text, "text/plain; charset=utf-8", "txt"),
    "json": _Form(transcripts.as_json, "application/json", "json"),
    "zip": _Form(transcripts.as_archive, "application/zip", "zip"),
}


class ExportQuery(Query):
    """As what, and with what."""

    format: Literal["html", "text", "json", "zip"] = "html"
    """zip: the JSON, the page and all files."""
    notes: bool = True
    """false: without notes, events, labels and how it ended, as the customer knows it."""
    language: Literal["en", "ru"] = "en"
    """Of the words around the messages."""
    timezone: Zone = "UTC"
    """Of the times, except in JSON."""
    show: bool = False
    """true: to be shown (and printed) by the browser instead of downloaded."""


@endpoint(
    "GET",
    "/conversations/{conversation_id}/export",
    Right.CONVERSATIONS_READ,
    answer=bytes,
    content_type=", ".join(each.mime.partition(";")[0] for each in _FORMS.values()),
)
async def export_conversation(call: Call, conversation_id: int, query: ExportQuery) -> web.StreamResponse:
    """The whole conversation as a file, written as it is read. Who took it out, and as what, is recorded."""
    form, zone = _FORMS[query.format], _zone(query.timezone)
    head = await call.run(_begin, call.now, call.me, conversation_id, query)
    source = transcripts.Source(
        call.read, call.app[keys.STORE], conversation_id, query.notes, head, query.language, zone
    )  # fmt: skip
    name = quote(f"conversation-{conversation_id}-{call.now:%Y-%m-%d}.{form.ending}")
    way = "inline" if query.show and query.format != "zip" else "attachment"
    headers = {
        "Content-Type": form.mime,
        "Content-Disposition": f"{way}; filename*=UTF-8''{name}",
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "no-store",
    }
    response = web.StreamResponse(headers=headers)
    with suppress(ConnectionResetError):  # whoever asked has gone
        await response.prepare(call.request)
        async for piece in form.write(source):
            if piece:
                await response.write(piece)
    return response


def _begin(connection: sa.Connection, now: datetime, by: int, conversation_id: int, query: ExportQuery) -> views.Head:
    head = views.head(connection, conversation_id, now, notes=query.notes)
    about = {"contact_id": head.conversation.contact.id, "conversation_id": conversation_id}
    kind = "conversation.printed" if query.show else "conversation.exported"
    record(connection, now, kind, actor_kind="manager", actor_id=by, **about, format=query.format, notes=query.notes)
    live.tell(connection, "conversation", conversation_id=conversation_id)
    return head


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise Invalid("timezone", f"There is no time zone {name}") from error
