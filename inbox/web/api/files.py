"""Files: uploads of operators, and the contents of attachments."""

import asyncio
import hmac
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import BadHttpMessage

from inbox.access.rights import Right
from inbox.files import INLINE, kind_of, note_content, real_mime, sign
from inbox.media.fetching import ask_again
from inbox.refusals import NotFound
from inbox.views import files as views
from inbox.web import keys
from inbox.web.endpoint import Call, endpoint
from inbox.web.problems import Problem, invalid

LARGEST = 25 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Uploaded:
    """A stored file. `file` goes into `attachments` of a message."""

    file: str
    kind: str
    name: str
    mime: str
    size: int
    url: str


@endpoint("POST", "/uploads", Right.CONVERSATIONS_WRITE, status=201, upload=True)
async def upload(call: Call) -> Uploaded:
    """Store a file to send: multipart/form-data with one part `file`."""
    part = await _part(call.request)
    content = bytearray()
    while chunk := await part.read_chunk(65_536):
        content += chunk
        if len(content) > LARGEST:
            raise Problem(413, f"A file may have {LARGEST // 1024 // 1024} MB.")
    if not content:
        raise invalid("file", "The file is empty")
    name = (part.filename or "file").replace("\0", "").rpartition("/")[2].rpartition("\\")[2][-200:] or "file"
    mime = real_mime(bytes(content), part.headers.get("Content-Type", ""), name)
    store = call.app[keys.STORE]
    if objection := store.limits.objection(len(content), mime):
        raise invalid("file", objection)
    digest = await asyncio.to_thread(store.put, bytes(content))
    await call.run(note_content, digest, len(content), mime, call.now)
    return Uploaded(file=digest, kind=kind_of(mime), name=name, mime=mime, size=len(content), url=f"/api/v1/uploads/{digest}")


@endpoint("GET", "/uploads/{file}", Right.CONVERSATIONS_WRITE, answer=bytes, content_type="application/octet-stream")
async def get_upload(call: Call, file: str) -> web.StreamResponse:
    """The bytes of an upload that is not sent yet."""
    return await _serve(call.app, await call.read(views.upload, file))


@endpoint("GET", "/files/{attachment_id}", Right.CONVERSATIONS_READ, answer=bytes, content_type="application/octet-stream")
async def get_file(call: Call, attachment_id: int) -> web.StreamResponse:
    """The bytes of an attachment, whole or the range that was asked for.

    Shown in place only where that is safe, else offered for download.
    """
    return await _serve(call.app, await call.read(views.content, attachment_id))


@endpoint("GET", "/files/{attachment_id}/thumbnail", Right.CONVERSATIONS_READ, answer=bytes, content_type="image/webp")
async def get_thumbnail(call: Call, attachment_id: int) -> web.StreamResponse:
    """A small picture of an attachment, upright and without what the camera wrote into the large one."""
    return await _serve(call.app, await call.read(views.thumbnail, attachment_id))


@endpoint("POST", "/files/{attachment_id}/fetch", Right.CONVERSATIONS_WRITE)
async def fetch_file(call: Call, attachment_id: int) -> views.Attachment:
    """Try again to get an attachment that could not be fetched. 409 where there is nowhere to get it from."""
    await call.run(ask_again, call.now, attachment_id)
    return await call.read(views.attachment, attachment_id)


def setup(app: web.Application) -> None:
    """The address that providers fetch attachments from, signed instead of signed in."""
    app.router.add_get("/files/{attachment:[0-9]{1,18}}/{signature}/{name}", get_signed)


async def get_signed(request: web.Request) -> web.StreamResponse:
    """Whoever has the signed address may have the file: it goes to the provider, or to the visitor of a web chat."""
    attachment_id = int(request.match_info["attachment"])
    right = sign(request.app[keys.SETTINGS].key, attachment_id)
    if not hmac.compare_digest(right.encode(), request.match_info["signature"].encode(errors="replace")):
        raise web.HTTPNotFound
    try:
        return await _serve(request.app, await request.app[keys.DB].read(views.content, attachment_id))
    except NotFound:
        raise web.HTTPNotFound from None


async def _serve(app: web.Application, found: views.Content | None) -> web.StreamResponse:
    path = app[keys.STORE].path(found.sha256) if found else None
    if found is None or path is None or not await asyncio.to_thread(path.is_file):
        raise NotFound("This file is not here (yet)")
    way = "inline" if found.mime in INLINE else "attachment"
    headers = {
        "Content-Type": found.mime if found.mime in INLINE else "application/octet-stream",
        "Content-Disposition": f"{way}; filename*=UTF-8''{quote(found.name, safe='')}",
        # Nothing that a stranger sent may run, whatever it turns out to be.
        "Content-Security-Policy": "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=86400",
    }
    return web.FileResponse(path, headers=headers)


async def _part(request: web.Request) -> BodyPartReader:
    if request.content_type != "multipart/form-data":
        raise Problem(415, "Send multipart/form-data with one part `file`.")
    try:
        reader = await request.multipart()
        async for part in reader:
            if isinstance(part, BodyPartReader) and part.name == "file":
                return part
    except (ValueError, AssertionError, BadHttpMessage) as error:
        raise invalid("file", "The form cannot be read") from error
    raise invalid("file", "The part `file` is missing")
