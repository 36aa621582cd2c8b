"""`GET /chat/<id>/stream`: everything new for a visitor, for as long as their browser listens.

data: {"type": "message", ...} | {"type": "typing"} | {"type": "seen", "at"} | {"type": "read", "ids"} | {"type": "reload"}
"""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from channels.webchat import topic
from inbox import visitors
from inbox.db import DatabaseDown
from inbox.live import RELOAD, Subscription, Update
from inbox.web import chat_guard
from inbox.web.chat_guard import CROWD, TABS, Caller, cors
from inbox.web.keys import DB, LIVE
from inbox.web.stream import STREAMS

HEARTBEAT = 15.0
"""Seconds after which a silent stream shows that it is alive."""


async def stream(request: web.Request) -> web.StreamResponse:
    """Once the browser has the answer's head, nothing that happens is missed: it may ask for what happened before."""
    caller = await chat_guard.caller(request, "stream")
    response = web.StreamResponse(headers=cors(request) | {"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    response.headers["X-Accel-Buffering"] = "no"
    speaking = asyncio.create_task(_speak(caller, response))
    with _held(request.app[CROWD].streams.setdefault(caller.visit.visitor, []), speaking):
        request.app[STREAMS].add(speaking)
        try:
            await asyncio.wait([speaking])
        finally:
            request.app[STREAMS].discard(speaking)
            speaking.cancel()
    if not request.app[CROWD].streams.get(caller.visit.visitor):
        request.app[CROWD].streams.pop(caller.visit.visitor, None)
    return response


@contextlib.contextmanager
def _held(streams: list[asyncio.Task[None]], speaking: asyncio.Task[None]) -> Iterator[None]:
    """Nobody looks at so many: the oldest is one whose browser is gone, which shows only when something is written to it."""
    streams.append(speaking)
    if len(streams) > TABS:
        streams.pop(0).cancel()
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            streams.remove(speaking)


async def _speak(caller: Caller, response: web.StreamResponse) -> None:
    """Until the browser is gone, the application stops, or the database is away: the browser comes back by itself."""
    with contextlib.suppress(ConnectionError, DatabaseDown):
        async with caller.request.app[LIVE].subscribe(topic(caller.visit.visitor)) as subscription:
            await response.prepare(caller.request)
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
    """An update as the widget reads it: the wire carries ids, what they stand for comes from the database."""
    if update.event == RELOAD:
        return {"type": "reload"}
    told = dict(update.ids)
    if told.get("type") == "message":
        return await _message(caller, told)
    if told.get("type") == "seen":
        return {"type": "seen", "at": await caller.request.app[DB].read(visitors.seen, caller.visit)}
    return told


async def _message(caller: Caller, told: dict[str, Any]) -> dict[str, Any] | None:
    ours = told.get("id")
    # A message in several parts is one to the browser: the number behind the point is the part's.
    which = {"ours": int(str(ours).partition(".")[0])} if ours else {"theirs": told.get("client_id")}
    found = await caller.request.app[DB].read(visitors.item, caller.visit, caller.file_url, **which)
    return found and {"type": "message", **found}
