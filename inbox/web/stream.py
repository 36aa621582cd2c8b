"""`GET /api/v1/stream`: what changes, told to browsers as it happens (server-sent events). Names and ids only, never text.

After a lost connection the browser sends the number it heard last, and gets what it missed, or `reload` if that is too long ago.
Who may not see a thing is not told of it; whose session ended is told no more.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from typing import Annotated

from aiohttp import web
from pydantic import Field

from inbox.access.rights import Right
from inbox.access.sign_in import SignedIn
from inbox.live import RELOAD, Live, Subscription, Update
from inbox.presence.door import browser_of
from inbox.web import auth, keys
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import Query
from inbox.web.problems import Problem

HEARTBEAT = 15.0
"""Seconds after which a silent stream shows that it is alive, and looks whether it may go on."""

GONE = 2.0
"""Seconds after which it is noticed that a browser has closed its stream."""

SEEN_WITH: Mapping[str, Right] = {
    "message": Right.CONVERSATIONS_READ,
    "conversation": Right.CONVERSATIONS_READ,
    "state": Right.CONVERSATIONS_READ,
    "typing": Right.CONVERSATIONS_READ,
    "counts": Right.CONVERSATIONS_READ,
    "views": Right.CONVERSATIONS_READ,
    "contact": Right.CONTACTS_READ,
    "organisation": Right.CONTACTS_READ,
    "field": Right.CONTACTS_READ,
    "task": Right.TASKS_READ,
    "channel": Right.CHANNELS_READ,
    "broadcast": Right.BROADCASTS_READ,
    "flow": Right.FLOWS_READ,
    "template": Right.TEMPLATES_READ,
    "manager": Right.PEOPLE_READ,
    "import": Right.IMPORTS_READ,
    "canned": Right.TEMPLATES_READ,
    "draft": Right.CONVERSATIONS_READ,
    "mention": Right.CONVERSATIONS_READ,
    "looking": Right.CONVERSATIONS_READ,
    "presence": Right.PEOPLE_READ,
    RELOAD: Right.SELF,
}
"""The right that an event's listener needs. An event that is not listed here is told to nobody."""
PERSONAL = frozenset({"draft", "mention"})
"""Events that concern one person: only the manager whom `manager_id` names is told."""

STREAMS: web.AppKey[set[asyncio.Task[None]]] = web.AppKey("streams", set)


class StreamQuery(Query):
    """Where to go on."""

    last_event_id: Annotated[str, Field(max_length=60)] | None = None
    """As the header Last-Event-ID, for clients that cannot set one."""


def setup(app: web.Application) -> None:
    """Streams end when the application does, instead of keeping it waiting."""
    app[STREAMS] = set()
    app.on_shutdown.append(_end_all)


async def _end_all(app: web.Application) -> None:
    for task in app[STREAMS]:
        task.cancel()


@endpoint("GET", "/stream", Right.SELF, answer=str, content_type="text/event-stream")
async def stream(call: Call, query: StreamQuery) -> web.StreamResponse:
    """What changes, as it happens: server-sent events.

    `id` is a number to resume from (`Last-Event-ID`), `event` a name, `data` the ids of what changed. `reload` says that
    something was missed: fetch again what is shown.
    """
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    try:
        await response.prepare(call.request)
    except ConnectionResetError:  # gone before we could say a word
        return response
    last = call.request.headers.get("Last-Event-ID") or query.last_event_id
    speaking = asyncio.create_task(_speak(call, response, last))
    call.app[STREAMS].add(speaking)
    try:
        async with call.app[keys.DOOR].inside(browser_of(call.who)):
            await _while_open(call.request, speaking)
    finally:
        call.app[STREAMS].discard(speaking)
        speaking.cancel()
    return response


async def _while_open(request: web.Request, speaking: asyncio.Task[None]) -> None:
    """Until all is said, or the browser is gone: a quiet stream would notice that only at its next word."""
    while not speaking.done() and request.transport is not None and not request.transport.is_closing():
        await asyncio.wait([speaking], timeout=GONE)


async def _speak(call: Call, response: web.StreamResponse, last: str | None) -> None:
    """Until the client is gone, its session ended, or the application stops."""
    live = call.app[keys.LIVE]
    with contextlib.suppress(ConnectionError, Problem):
        async with live.subscribe() as subscription:
            await response.write(b": welcome\n\n")
            told = await _catch_up(live, response, call.who, last) if last else frozenset()
            await _follow(call, response, subscription, told)


async def _catch_up(live: Live, response: web.StreamResponse, who: SignedIn, last: str) -> frozenset[str]:
    """Tell what was missed after `last`; the numbers that were told."""
    missed = await live.since(last)
    if missed is None:
        await response.write(Update("", RELOAD, {}).frame)
        return frozenset()
    for update in missed:
        if _is_for(who, update):
            await response.write(update.frame)
    return frozenset(update.number for update in missed)


async def _follow(call: Call, response: web.StreamResponse, subscription: Subscription, told: frozenset[str]) -> None:
    who = call.who
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT):
                update = await subscription.waiting.get()
        except TimeoutError:
            who = await auth.identify(call.request)
            await response.write(b": still here\n\n")
            continue
        frames = []
        for each in (update, *_further(subscription)):
            if each.event == "manager" and each.ids.get("manager_id") == who.manager_id:
                who = await auth.identify(call.request)
            if (each.number not in told or each.event == RELOAD) and _is_for(who, each):
                frames.append(each.frame)
        if frames:
            await response.write(b"".join(frames))


def _further(subscription: Subscription) -> Iterator[Update]:
    """What came with it: many updates of one moment are one write."""
    while not subscription.waiting.empty():
        yield subscription.waiting.get_nowait()


def _is_for(who: SignedIn, update: Update) -> bool:
    return may_see(who, update.event) and (update.event not in PERSONAL or update.ids.get("manager_id") == who.manager_id)


def may_see(who: SignedIn, event: str) -> bool:
    """Whether somebody is told of an event of this name."""
    return SEEN_WITH.get(event) in who.rights
