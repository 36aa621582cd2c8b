"""`/chat/<channel id>`: what the visitors' browsers call (their pages and script are in chat_pages).

POST /chat/<id>/session         {"token"?, "user"?, "user_hash"?, "email"?, "email_hash"?, "phone"?, "phone_hash"?}
                                -> {"visitor", "token", "met": whether we know them, "desk"}
GET  /chat/<id>/messages?since=&unread=
                                {"items", "next", "more", "seen", "desk"}: what this browser may not have yet
POST /chat/<id>/messages        what the visitor does (see channels.webchat); a message goes through stop 1 like any webhook
GET  /chat/<id>/stream          what is new, as it happens (see chat_stream)

`desk`: {"open", "opens_at"}. All but the first know the visitor by `x-visitor-token`; all answer only pages of the channel's own
sites, and say {"detail", "code": origin | off | token | proof} where they refuse, with `retry_after` where it was too often.
"""

import contextlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from aiohttp import web

from channels.base import BadPayload, Hook
from channels.events import DeliveryStatus, Event, Notice
from channels.webchat import Webchat, topic
from channels.webchat_parts.visitors import naming
from inbox import visitors
from inbox.accounts import Line
from inbox.attendance import attendance
from inbox.visitors import Visit
from inbox.web import chat_guard, chat_pages, chat_stream
from inbox.web.chat_guard import Caller, guarded, preflight, read_object, slow_down
from inbox.web.chat_pages import connector, own_address
from inbox.web.keys import CLOCK, DB, INTAKE, LIVE, SETTINGS

_SMALL = 16_384
"""Bytes: acknowledgements and typing are never longer, messages with files are."""
_TOLD = ("token", "user", "user_hash", "email", "email_hash", "phone", "phone_hash")
_UNREAD = 50
"""Unread messages that a browser may ask about: another device may have shown them."""


def setup(app: web.Application) -> None:
    """Add the routes."""
    chat_guard.setup(app)
    chat_pages.setup(app)
    for method, path, handler in (
        ("POST", "session", session),
        ("GET", "messages", messages),
        ("POST", "messages", post),
        ("GET", "stream", chat_stream.stream),
    ):
        app.router.add_route(method, f"/chat/{{channel}}/{path}", guarded(handler))
    for path in ("session", "messages", "stream"):
        app.router.add_route("OPTIONS", f"/chat/{{channel}}/{path}", preflight)


async def session(request: web.Request) -> web.Response:
    """Start or resume a visitor's session."""
    slow_down(request, "session")
    line, chat = await connector(request)
    given = await read_object(request)
    told = {name: str(given.get(name) or "") for name in _TOLD}
    visitor, token = chat.open(told.pop("token"), **told)
    visit = Visit(channel_id=line.channel.id, visitor=visitor)
    met = await request.app[DB].read(visitors.met, visit)
    return web.json_response({"visitor": visitor, "token": token, "met": met, "desk": await _desk(request, line, chat)})


async def messages(request: web.Request) -> web.Response:
    """What the browser may not have. `since` is the `next` of the last answer; `more`: ask again, there was too much for one."""
    caller = await chat_guard.caller(request, "read")
    now = request.app[CLOCK]()
    since, unread = _time(request.query.get("since", "")), _numbers(request.query.get("unread", "").split(",")[:_UNREAD])
    found = await request.app[DB].read(visitors.page, caller.visit, caller.file_url, since, unread)
    desk = await _desk(request, caller.line, caller.connector)
    return web.json_response({**found, "next": str(int(now.timestamp() * 1000)), "desk": desk})


async def post(request: web.Request) -> web.Response:
    """What the visitor does. 200 means that it is on disk, or for typing and reading that it was told."""
    caller = await chat_guard.caller(request, "passing")
    hook = await _hook(caller)
    caller.connector.verify(hook)
    if (passing := _passing(caller.connector, hook)) is not None:
        await _note(caller, passing)
    else:
        slow_down(request, "write", caller.visit.visitor, size=len(hook.body))
        await request.app[INTAKE].take(caller.line, hook)
        await _tell_other_browsers(caller, hook)
    answer = caller.connector.answer(hook)
    return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)


async def _desk(request: web.Request, line: Line, chat: Webchat) -> dict[str, object]:
    now, zone = request.app[CLOCK](), request.app[SETTINGS].timezone
    return await request.app[DB].read(attendance, chat.settings.hours, zone, line.channel.team_id, now)


async def _note(caller: Caller, events: Sequence[Event]) -> None:
    """Things that are told and not kept as raw bodies: they would be most of all that is written."""
    app = caller.request.app
    statuses = [e for e in events if isinstance(e, DeliveryStatus)]
    for state in sorted({e.state for e in statuses}):
        ids = _numbers([e.external_id for e in statuses if e.state == state])
        changed = await app[DB].run(visitors.acknowledge, caller.visit, ids, state, app[CLOCK]())
        if changed and state == "read":
            told = {"type": "read", "ids": [str(number) for number in changed]}
            await app[LIVE].publish(topic(caller.visit.visitor), told)
    if any(isinstance(e, Notice) for e in events):
        await app[DB].run(visitors.typing, caller.visit)


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


async def _hook(caller: Caller) -> Hook:
    """The post in the clothes of a webhook, as `/hooks/<channel id>` would have taken it."""
    request = caller.request
    headers = {name.lower(): value for name, value in request.headers.items()}
    url = naming(
        f"{own_address(request)}/hooks/{caller.line.channel.id}", caller.connector.visitor(request.headers["x-visitor-token"])
    )
    return Hook(method="POST", url=url, headers=headers, body=await request.read(), received_at=request.app[CLOCK]())


def _numbers(given: Sequence[str]) -> list[int]:
    return [int(each) for each in given if each.isascii() and each.isdecimal() and len(each) < 19]


def _time(milliseconds: str) -> datetime | None:
    good = milliseconds.isascii() and milliseconds.isdecimal() and len(milliseconds) < 15
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if good else None
