"""What the phones page calls: every phone as JSON, writing on one, looking at one, and a stream of what changes.

GET  /phones                              {"customers": [...], "connected": {kind: webhook}}
GET  /phones/<customer>/files/<channel>/<bubble>/<n>
POST /phones/<customer>/<channel>         {"text", "subject"?, "choice"?, "reply_to"?, "file"?: {"name", "mime", "content"}}
POST /phones/<customer>/read              the customer looks: our bubbles become read, and the provider says so where it can
POST /connect                             {kind: webhook}
GET  /changes                             text/event-stream, one customer a message
"""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any, NoReturn, Protocol
from urllib.parse import quote

import aiohttp
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from channels.sandbox.base import Bubble, Customer, Draft, PhoneFile, Phones

_PAGE = Path(__file__).parent / "page"
_SHOWN = 200
"""Newest bubbles of a phone that the page gets: a demo may run for days."""
_HEARTBEAT = 15.0


class Board(Protocol):
    """What the page needs of the sandbox."""

    phones: Phones

    async def write(self, customer: str, channel: str, draft: Draft) -> Bubble: ...
    async def read(self, customer: str) -> None: ...
    async def connect(self, webhooks: dict[str, str]) -> None: ...
    def connected(self) -> dict[str, str]: ...
    def person(self, customer: str) -> Customer: ...


class _Edge(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PostedFile(_Edge):
    name: str
    mime: str
    content: str


class PostedDraft(_Edge):
    text: str = ""
    subject: str | None = None
    choice: str | None = None
    reply_to: str | None = None
    file: PostedFile | None = None

    def draft(self) -> Draft:
        """Raises ValueError where the file is not base64."""
        files = [_phone_file(self.file)] if self.file else []
        if not (self.text.strip() or files):
            raise ValueError("text: write something or attach a file")
        return Draft(text=self.text, subject=self.subject, choice=self.choice, reply_to=self.reply_to, files=files)


def _phone_file(posted: PostedFile) -> PhoneFile:
    kind = posted.mime.partition("/")[0]
    kind = kind if kind in ("image", "audio", "video") else "file"
    return PhoneFile(kind=kind, name=posted.name, mime=posted.mime, content=base64.b64decode(posted.content, validate=True))


def phone_routes(board: Board) -> list[web.RouteDef | web.StaticDef]:
    """The page and its API over `board`."""
    api = PhonesApi(board)
    return [
        web.get("/", _page),
        web.static("/page", _PAGE),
        web.get("/phones", api.phones),
        web.get("/changes", api.changes),
        web.get("/phones/{customer}/files/{channel}/{bubble}/{n:[0-9]+}", api.file),
        web.post("/phones/{customer}/read", api.read),
        web.post("/phones/{customer}/{channel}", api.write),
        web.post("/connect", api.connect),
    ]


async def _page(request: web.Request) -> web.FileResponse:
    return web.FileResponse(_PAGE / "index.html", headers={"Cache-Control": "no-cache"})


class PhonesApi:
    """The handlers, around one board."""

    def __init__(self, board: Board) -> None:
        self.board = board

    async def phones(self, request: web.Request) -> web.Response:
        customers = [customer_json(c) for c in self.board.phones.customers.values()]
        return web.json_response({"customers": customers, "connected": self.board.connected()})

    async def write(self, request: web.Request) -> web.Response:
        try:
            draft = PostedDraft.model_validate_json(await request.read()).draft()
        except ValueError as error:
            return _problem(422, _first_error(error))
        try:
            bubble = await self.board.write(request.match_info["customer"], request.match_info["channel"], draft)
        except LookupError as error:
            return _problem(404, str(error.args[0]))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return _problem(502, f"Not delivered: {error or type(error).__name__}")
        return web.json_response({"id": bubble.id}, status=201)

    async def read(self, request: web.Request) -> web.Response:
        try:
            await self.board.read(request.match_info["customer"])
        except LookupError as error:
            return _problem(404, str(error.args[0]))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return _problem(502, f"Not delivered: {error or type(error).__name__}")
        return web.json_response({})

    async def connect(self, request: web.Request) -> web.Response:
        try:
            webhooks = json.loads(await request.read())
            if not isinstance(webhooks, dict) or not all(isinstance(v, str) for v in webhooks.values()):
                raise ValueError("The body is not {kind: webhook}")
            await self.board.connect(webhooks)
        except (ValueError, LookupError) as error:
            return _problem(422, str(error.args[0]))
        return web.json_response(self.board.connected())

    async def file(self, request: web.Request) -> web.Response:
        try:
            person = self.board.person(request.match_info["customer"])
            wanted = request.match_info["channel"], request.match_info["bubble"]
            bubble = next(b for b in person.bubbles if (b.channel, b.id) == wanted)
            file = bubble.files[int(request.match_info["n"])]
        except (LookupError, StopIteration):
            return _problem(404, "There is no such file")
        headers = {"Content-Type": file.mime or "application/octet-stream", "Content-Security-Policy": "sandbox"}
        return web.Response(body=file.content, headers=headers | {"X-Content-Type-Options": "nosniff"})

    async def changes(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        changed: dict[str, Customer] = {}
        awake = asyncio.Event()

        def note(customer: Customer) -> None:
            changed[customer.id] = customer
            awake.set()

        stop = self.board.phones.listen(note)
        try:
            await self._pour(response, changed, awake)
        except ConnectionError:
            return response
        finally:
            stop()

    async def _pour(self, response: web.StreamResponse, changed: dict[str, Customer], awake: asyncio.Event) -> NoReturn:
        await response.write(b"retry: 1000\n\n")
        while True:
            try:
                await asyncio.wait_for(awake.wait(), _HEARTBEAT)
            except TimeoutError:
                await response.write(b":\n\n")
            awake.clear()
            # Whoever changed several times since is told once, with the newest state.
            told, frames = tuple(changed.values()), b""
            changed.clear()
            for customer in told:
                frames += b"data: " + json.dumps(customer_json(customer), ensure_ascii=False).encode() + b"\n\n"
            if frames:
                await response.write(frames)


def customer_json(customer: Customer) -> dict[str, Any]:
    """A customer as the page reads it."""
    return {
        "id": customer.id,
        "name": customer.name,
        "language": customer.language,
        "addresses": dict(customer.addresses),
        "bubbles": [_bubble_json(customer, b) for b in customer.bubbles[-_SHOWN:]],
    }


def _bubble_json(customer: Customer, bubble: Bubble) -> dict[str, Any]:
    where = f"/phones/{customer.id}/files/{bubble.channel}/{quote(bubble.id, safe='')}"
    files = [
        {"kind": f.kind, "name": f.name, "mime": f.mime, "size": len(f.content), "url": f"{where}/{n}"}
        for n, f in enumerate(bubble.files)
    ]
    return {
        "id": bubble.id,
        "channel": bubble.channel,
        "mine": bubble.mine,
        "text": bubble.text,
        "subject": bubble.subject,
        "html": bubble.html,
        "files": files,
        "choices": [{"id": i, "title": title} for i, title in bubble.choices],
        "reply_to": bubble.reply_to,
        "at": bubble.at.isoformat(),
        "state": bubble.state,
        "reaction": bubble.reaction,
    }


def _first_error(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _problem(status: int, detail: str) -> web.Response:
    return web.json_response({"status": status, "detail": detail}, status=status, content_type="application/problem+json")
