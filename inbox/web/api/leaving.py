"""People who leave: everything about one of them as an archive, one of them erased."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

import sqlalchemy as sa
from aiohttp import web
from pydantic import Field

from inbox.access.rights import Right
from inbox.leaving import archive, asking, dossier
from inbox.record import record
from inbox.views import leaving as views
from inbox.web import keys
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import Body


class Erase(Body):
    """Whom, said twice: by the address and by the number on the card."""

    number: Annotated[str, Field(min_length=1, max_length=100)]
    """The card's personal number, typed by whoever asks."""
    days: Annotated[int, Field(ge=0, le=asking.LONGEST)] = asking.PAUSE
    """Until it begins; so long it can be taken back."""


@endpoint("GET", "/contacts/{contact_id}/export", Right.EXPORTS_READ, answer=bytes, content_type="application/zip")
async def export_contact(call: Call, contact_id: int) -> web.StreamResponse:
    """Everything about one person: a page to read in their language, the same as JSON, and all files.

    409 for somebody who was erased. Who took it out is recorded.
    """
    who = await call.read(dossier.person, contact_id)
    await call.run(_note, call.now, call.me, contact_id)
    name = quote(f"{who.number}.zip")
    headers = {"Content-Type": "application/zip", "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    response = web.StreamResponse(headers=headers | {"Cache-Control": "no-store"})
    with suppress(ConnectionResetError):  # whoever asked has gone
        await response.prepare(call.request)
        async for part in archive.archive(call.app[keys.DB].read, call.app[keys.STORE], who, call.now):
            if part:
                await response.write(part)
    return response


def _note(connection: sa.Connection, now: datetime, by: int, contact_id: int) -> None:
    record(connection, now, "contact.exported", actor_kind="manager", actor_id=by, contact_id=contact_id)


@endpoint("POST", "/contacts/{contact_id}/erase", Right.ERASURES_WRITE, status=201)
async def erase_contact(call: Call, contact_id: int, body: Erase) -> views.Erasure:
    """Erase a person after a pause; from then on it cannot be undone.

    What was said, names, addresses and files go; that something was said, when and who answered stays, so that reports stay true.
    422 if `number` is not the one on the card.
    """
    await call.run(asking.ask, call.now, call.me, contact_id, body.number, body.days)
    return await call.read(views.erasure, contact_id)


@endpoint("DELETE", "/contacts/{contact_id}/erase", Right.ERASURES_WRITE)
async def keep_contact(call: Call, contact_id: int) -> None:
    """Take an erasure back while its pause lasts. 409 once it has begun."""
    await call.run(asking.take_back, call.now, call.me, contact_id)
