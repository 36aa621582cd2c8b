"""Who may call a web chat's endpoints: pages of its own sites, not too often. Every answer can be read by the page that asked."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import Any

from aiohttp import web

from channels.base import BadPayload, BadSignature
from channels.webchat import NOT_HERE, Webchat
from channels.webchat_parts.visitors import BadProof
from inbox import files, visitors
from inbox.accounts import Line
from inbox.care import origins
from inbox.db import DatabaseDown
from inbox.visitors import Visit
from inbox.web.callers import address
from inbox.web.chat_pages import connector, own_address
from inbox.web.keys import CLOCK, DB, SETTINGS
from inbox.web.pace import Pace, Rate

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RATES = {
    "session": (None, Rate(60, 1)),
    "read": (Rate(60, 2), Rate(600, 20)),
    "write": (Rate(30, 1), Rate(150, 5)),
    "passing": (Rate(60, 2), Rate(600, 20)),
    "stream": (Rate(30, 0.5), Rate(300, 5)),
}
"""By what is done: what one visitor may, and what one address may, behind which a whole office may sit."""
TABS = 20
"""Streams that one visitor's browsers may hold open in this process; one more ends the oldest."""
_MEGABYTE = 1_048_576


@dataclass(slots=True)
class Crowd:
    """What this process remembers of those who call: how often, which streams each visitor holds, what it was told of already."""

    pace: Pace
    streams: dict[str, list[asyncio.Task[None]]] = field(default_factory=dict)
    refused: set[tuple[int, str]] = field(default_factory=set)


CROWD = web.AppKey("crowd", Crowd)


class TooOften(Exception):
    """The caller has to wait `after` seconds."""

    def __init__(self, after: float) -> None:
        super().__init__(after)
        self.after = max(1, ceil(after))


@dataclass(frozen=True, slots=True)
class Caller:
    """A browser that was let in."""

    request: web.Request
    line: Line
    connector: Webchat
    visit: Visit

    @property
    def file_url(self) -> visitors.FileUrl:
        settings = self.request.app[SETTINGS]
        base = settings.public_url.rstrip("/") or str(self.request.url.origin())
        return partial(files.public_url, base, settings.key)


def setup(app: web.Application) -> None:
    app[CROWD] = Crowd(Pace(lambda: app[CLOCK]()))


def guarded(handler: Handler) -> Handler:
    """Refuse in JSON, and let the page read the answer, whatever it is: a page that may not is told so, and nothing else."""

    async def guard(request: web.Request) -> web.StreamResponse:
        line, chat = await connector(request)
        origin = request.headers.get("Origin", "")
        if not chat.allows(origin, own_address(request)):
            await _note(request, line.channel.id, origin)
            response: web.StreamResponse = refusal(403, NOT_HERE, code="origin")
        elif line.channel.state == "disabled":
            response = refusal(403, "This chat is switched off", code="off")
        else:
            response = await _answer(handler, request)
        if not response.prepared:
            response.headers.update(cors(request) | {"Cache-Control": "no-store"})
        return response

    return guard


async def _answer(handler: Handler, request: web.Request) -> web.StreamResponse:
    try:
        return await handler(request)
    except BadSignature as error:
        code = "proof" if isinstance(error, BadProof) else "token"
        return refusal(401 if error.missing else 403, error.reason, code=code)
    except BadPayload as error:
        return refusal(400, error.reason)
    except TooOften as error:
        response = refusal(429, "This is too often: wait a little", retry_after=error.after)
        response.headers["Retry-After"] = str(error.after)
        return response
    except web.HTTPRequestEntityTooLarge:
        return refusal(413, "This is larger than we take")
    except DatabaseDown:
        return refusal(503, "This cannot be read for the moment")


async def _note(request: web.Request, channel_id: int, origin: str) -> None:
    """Tell the channel's owner, once a process and origin; whatever becomes of that, the call is refused."""
    crowd = request.app[CROWD]
    if (channel_id, origin) in crowd.refused or len(crowd.refused) > 1000:
        return
    crowd.refused.add((channel_id, origin))
    try:
        await request.app[DB].run(origins.note, channel_id, origin)
    except DatabaseDown:
        crowd.refused.discard((channel_id, origin))


def slow_down(request: web.Request, what: str, visitor: str = "", *, size: int = 0) -> None:
    """Raises TooOften. Files cost by their size."""
    pace, (each_visitor, each_address) = request.app[CROWD].pace, RATES[what]
    cost = 1 + size // _MEGABYTE
    after = pace.take(f"visitor {what}", visitor, each_visitor, cost) if each_visitor and visitor else 0.0
    if not after and (caller := address(request)):
        after = pace.take(f"address {what}", caller, each_address, cost)
    if after:
        raise TooOften(after)


async def caller(request: web.Request, what: str) -> Caller:
    """Who asks. Raises BadSignature or TooOften."""
    line, chat = await connector(request)
    visitor = chat.visitor(request.headers.get("x-visitor-token", ""))
    slow_down(request, what, visitor.id)
    return Caller(request, line, chat, Visit(channel_id=line.channel.id, visitor=visitor.id))


async def preflight(request: web.Request) -> web.Response:
    """A browser asks whether a page may call us. All may: who may not has to be able to read that, and reads nothing else."""
    await connector(request)
    allowed = {"Access-Control-Allow-Methods": "GET, POST", "Access-Control-Allow-Headers": "x-visitor-token, content-type"}
    return web.Response(status=204, headers=cors(request) | allowed | {"Access-Control-Max-Age": "86400"})


async def read_object(request: web.Request) -> dict[str, Any]:
    """The posted object. Raises BadPayload."""
    try:
        given = json.loads(await request.read() or b"{}")
    except (ValueError, RecursionError) as error:
        raise BadPayload("The body is not JSON") from error
    if not isinstance(given, dict):
        raise BadPayload("The body is not a JSON object")
    return given


def cors(request: web.Request) -> dict[str, str]:
    origin = request.headers.get("Origin", "")
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"} if origin else {"Vary": "Origin"}


def refusal(status: int, detail: str, **more: Any) -> web.Response:
    return web.json_response({"detail": detail, **more}, status=status)
