"""`/hooks/<channel id>`: where providers deliver. Unauthentic calls are refused and leave nothing; all others are kept."""

from datetime import UTC, datetime

from aiohttp import web

from channels.base import Answer, BadPayload, BadSignature, Hook
from inbox.accounts import Line
from inbox.db import DatabaseDown
from inbox.web.keys import ACCOUNTS, INTAKE, SETTINGS


async def hook(request: web.Request) -> web.Response:
    """One provider call. 404 no such channel, 401/403 not authentic, 400 unreadable (but kept), else the connector's answer."""
    try:
        line = await _line(request)
    except DatabaseDown:  # and this process began while it was away, so it knows no channel: the provider tries again
        return web.json_response({"detail": "Try again"}, status=503, headers={"Retry-After": "5"})
    given = await _hook(request)
    try:
        if request.method == "GET":
            return _response(line.connector.answer(given))
        line.connector.verify(given)
        for each, part in await _shares(request, line, given):
            await request.app[INTAKE].take(each, part)
    except BadSignature as error:
        return web.json_response({"detail": error.reason}, status=401 if error.missing else 403)
    except BadPayload as error:
        return web.json_response({"detail": error.reason}, status=400)
    return _response(line.connector.answer(given))


async def _line(request: web.Request) -> Line:
    try:
        line = await request.app[ACCOUNTS].line(int(request.match_info["channel"]))
    except ValueError:
        line = None
    if line is None:
        raise web.HTTPNotFound(text='{"detail": "There is no such channel"}', content_type="application/json")
    return line


async def _shares(request: web.Request, line: Line, hook: Hook) -> list[tuple[Line, Hook]]:
    """Each part with the channel it is for; what is for nobody we know stays with the channel that was called."""
    if not line.connector.account:
        return [(line, hook)]
    lines = (await request.app[ACCOUNTS].lines()).values()
    ours = {each.connector.account: each for each in lines if each.channel.kind == line.channel.kind}
    if len(ours) < 2:
        return [(line, hook)]
    ours[line.connector.account] = line
    return [(ours.get(account, line), part) for account, part in line.connector.by_account(hook).items()]


async def _hook(request: web.Request) -> Hook:
    body = await request.read()
    base = request.app[SETTINGS].public_url.rstrip("/")
    url = f"{base or f'{request.scheme}://{request.host}'}{request.raw_path}"
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Hook(method=request.method, url=url, headers=headers, body=body, received_at=datetime.now(UTC))


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)


def setup(app: web.Application) -> None:
    """Add the route, for the methods that providers use."""
    for method in ("GET", "POST", "PUT"):
        app.router.add_route(method, "/hooks/{channel}", hook)
