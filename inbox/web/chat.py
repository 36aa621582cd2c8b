"""`/chat/<channel id>`: what the visitors' browsers call (their pages and script are in chat_pages).

POST /chat/<id>/session         {"token"?, "user"?, "user_hash"?} -> {"visitor", "token"}
GET  /chat/<id>/messages?since= {"items": [...], "next"}: what this browser may not have yet
POST /chat/<id>/messages        what the visitor does (see channels.webchat); a message goes through stop 1 like any webhook
GET  /chat/<id>/stream          text/event-stream: {"type": "message", ...}, {"type": "typing"}, {"type": "reload"}

All but the first know the visitor by `x-visitor-token`; all answer only pages of the channel's own sites.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from aiohttp import web

from channels.base import BadPayload, BadSignature, Hook
from channels.events import DeliveryStatus, Event, Notice
from channels.webchat import Webchat, topic
from channels.webchat_parts.visitors import naming
from inbox import files, visitors
from inbox.accounts import Line
from inbox.db import DatabaseDown
from inbox.live import RELOAD, Subscription, Update
from inbox.visitors import Visit
from inbox.web import chat_pages
from inbox.web.chat_pages import connector, own_address
from inbox.web.keys import CLOCK, DB, INTAKE, LIVE, SETTINGS
from inbox.web.stream import STREAMS

HEARTBEAT = 15.0
"""Seconds after which a silent stream shows that it is alive."""
_SMALL = 16_384
"""Bytes: acknowledgements and typing are never longer, messages with files are."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


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
    """Add the routes."""
    chat_pages.setup(app)
    for method, path, handler in (
        ("POST", "session", session),
        ("GET", "messages", messages),
        ("POST", "messages", post),
        ("GET", "stream", stream),
    ):
        app.router.add_route(method, f"/chat/{{channel}}/{path}", _guarded(handler))
    for path in ("session", "messages", "stream"):
        app.router.add_route("OPTIONS", f"/chat/{{channel}}/{path}", preflight)


async def session(request: web.Request) -> web.Response:
    """Start or resume a visitor's session."""
    _, chat = await connector(request)
    given = await _object(request)
    told = {name: str(given.get(name) or "") for name in ("token", "user", "user_hash")}
    visitor, token = chat.open(told["token"], user=told["user"], user_hash=told["user_hash"])
    return web.json_response({"visitor": visitor, "token": token})


async def messages(request: web.Request) -> web.Response:
    """What the browser may not have. `since` is the `next` of the last answer."""
    caller = await _caller(request)
    now = request.app[CLOCK]()
    since = _time(request.query.get("since", ""))
    found = await request.app[DB].read(visitors.items, caller.visit, caller.file_url, since)
    return web.json_response({"items": found, "next": str(int(now.timestamp() * 1000))})


async def post(request: web.Request) -> web.Response:
    """What the visitor does. 200 means that it is on disk, or for typing and reading that it was told."""
    caller = await _caller(request)
    hook = await _hook(caller)
    caller.connector.verify(hook)
    if (passing := _passing(caller.connector, hook)) is not None:
        await _note(caller, passing)
    else:
        await request.app[INTAKE].take(caller.line, hook)
        await _tell_other_browsers(caller, hook)
    answer = caller.connector.answer(hook)
    return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)


async def stream(request: web.Request) -> web.StreamResponse:
    """Everything new for this visitor, for as long as the browser listens."""
    caller = await _caller(request)
    response = web.StreamResponse(headers=_cors(request) | {"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    response.headers["X-Accel-Buffering"] = "no"
    await response.prepare(request)
    speaking = asyncio.create_task(_speak(caller, response))
    request.app[STREAMS].add(speaking)
    try:
        await asyncio.wait([speaking])
    finally:
        request.app[STREAMS].discard(speaking)
        speaking.cancel()
    return response


async def preflight(request: web.Request) -> web.Response:
    """A browser asks whether a page of that site may call us."""
    _, chat = await connector(request)
    if not chat.allows(request.headers.get("Origin", ""), own_address(request)):
        return web.Response(status=403)
    allowed = {"Access-Control-Allow-Methods": "GET, POST", "Access-Control-Allow-Headers": "x-visitor-token, content-type"}
    return web.Response(status=204, headers=_cors(request) | allowed | {"Access-Control-Max-Age": "86400"})


async def _speak(caller: Caller, response: web.StreamResponse) -> None:
    """Until the browser is gone, the application stops, or the database is away: the browser comes back by itself."""
    with contextlib.suppress(ConnectionError, DatabaseDown):
        async with caller.request.app[LIVE].subscribe(topic(caller.visit.visitor)) as subscription:
            await response.write(b": listening\n\n")
            await _pour(caller, subscription, response)


async def _pour(caller: Caller, subscription: Subscription, response: web.StreamResponse) -> None:
    while True:
        try:
            update = await asyncio.wait_for(subscription.waiting.get(), HEARTBEAT)
        except TimeoutError:
            await response.write(b":\n\n")
            continue
        told = await _told(caller, update)
        if told is not None:
            await response.write(b"data: " + json.dumps(told, ensure_ascii=False).encode() + b"\n\n")


async def _told(caller: Caller, update: Update) -> dict[str, Any] | None:
    """An update as the widget reads it: the wire carries ids, the message comes from the database."""
    if update.event == RELOAD:
        return {"type": "reload"}
    told = dict(update.ids)
    if told.get("type") != "message":
        return told
    ours = told.get("id")
    # A message in several parts is one to the browser: the number behind the point is the part's.
    which = {"ours": int(str(ours).partition(".")[0])} if ours else {"theirs": told.get("client_id")}
    found = await caller.request.app[DB].read(visitors.item, caller.visit, caller.file_url, **which)
    return found and {"type": "message", **found}


async def _note(caller: Caller, events: Sequence[Event]) -> None:
    """Things that are told and not kept as raw bodies: they would be most of all that is written."""
    db, now = caller.request.app[DB], caller.request.app[CLOCK]()
    statuses = [e for e in events if isinstance(e, DeliveryStatus)]
    for state in {e.state for e in statuses}:
        ids = [int(e.external_id) for e in statuses if e.state == state and e.external_id.isdecimal() and len(e.external_id) < 19]
        await db.run(visitors.acknowledge, caller.visit, ids, state, now)
    if any(isinstance(e, Notice) for e in events):
        await db.run(visitors.typing, caller.visit)


def _passing(connector: Webchat, hook: Hook) -> Sequence[Event] | None:
    """The events of a post that only says what was seen, or that somebody types; None for anything worth keeping."""
    if len(hook.body) > _SMALL:
        return None
    try:
        events = connector.parse(hook)
    except BadPayload:
        return None
    passing = all(isinstance(e, DeliveryStatus) or (isinstance(e, Notice) and e.kind == "typing") for e in events)
    return events if passing else None


async def _tell_other_browsers(caller: Caller, hook: Hook) -> None:
    """The visitor's other tabs and devices show the message too."""
    with contextlib.suppress(ValueError):
        given = json.loads(hook.body)
        if isinstance(given, dict) and isinstance(given.get("id"), str):
            told = {"type": "message", "client_id": given["id"]}
            await caller.request.app[LIVE].publish(topic(caller.visit.visitor), told)


def _guarded(handler: Handler) -> Handler:
    """Refuse in JSON, and let pages of the channel's sites read the answer, whatever it is."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        _, chat = await connector(request)
        if not chat.allows(request.headers.get("Origin", ""), own_address(request)):
            return _refusal(403, "This site may not carry the chat: add it to the channel's sites")
        try:
            response = await handler(request)
        except BadSignature as error:
            response = _refusal(401 if error.missing else 403, error.reason)
        except BadPayload as error:
            response = _refusal(400, error.reason)
        except web.HTTPRequestEntityTooLarge:
            response = _refusal(413, "This is larger than we take")
        except DatabaseDown:
            response = _refusal(503, "This cannot be read for the moment")
        if not response.prepared:
            response.headers.update(_cors(request) | {"Cache-Control": "no-store"})
        return response

    return guarded


async def _caller(request: web.Request) -> Caller:
    """Raises BadSignature."""
    line, chat = await connector(request)
    visitor = chat.visitor(request.headers.get("x-visitor-token", ""))
    return Caller(request, line, chat, Visit(channel_id=line.channel.id, visitor=visitor.id))


async def _hook(caller: Caller) -> Hook:
    """The post in the clothes of a webhook, as `/hooks/<channel id>` would have taken it."""
    request = caller.request
    headers = {name.lower(): value for name, value in request.headers.items()}
    url = naming(
        f"{own_address(request)}/hooks/{caller.line.channel.id}", caller.connector.visitor(request.headers["x-visitor-token"])
    )
    return Hook(method="POST", url=url, headers=headers, body=await request.read(), received_at=request.app[CLOCK]())


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        given = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise BadPayload("The body is not JSON") from error
    if not isinstance(given, dict):
        raise BadPayload("The body is not a JSON object")
    return given


def _time(milliseconds: str) -> datetime | None:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds.isdecimal() and len(milliseconds) < 15 else None


def _cors(request: web.Request) -> dict[str, str]:
    origin = request.headers.get("Origin", "")
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"} if origin else {"Vary": "Origin"}


def _refusal(status: int, detail: str) -> web.Response:
    return web.json_response({"detail": detail}, status=status)
