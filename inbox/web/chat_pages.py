"""What anybody may get of the web chat: its pages, and the script that puts it onto other pages.

GET /chat/<id>                  the chat as a page of its own, for a link
GET /chat/<id>/demo             a host page to try the widget on, with the line to copy
GET /chat/<id>/widget.js        <script src=... async></script> puts the chat onto any page
"""

from pathlib import Path

import jinja2
from aiohttp import web

from channels.webchat import Webchat, WebchatSettings
from channels.webchat_parts.posts import FILE_LIMIT
from inbox.accounts import Line
from inbox.web.keys import ACCOUNTS, SETTINGS
from inbox.web.widget import script

_PAGES = Path(__file__).parents[2] / "templates" / "pages"


def setup(app: web.Application) -> None:
    """Add the routes."""
    app.router.add_get("/chat/{channel}", page)
    app.router.add_get("/chat/{channel}/demo", demo)
    app.router.add_get("/chat/{channel}/widget.js", widget)


async def page(request: web.Request) -> web.Response:
    return await _page(request, "chat.html")


async def demo(request: web.Request) -> web.Response:
    return await _page(request, "chat_demo.html")


async def widget(request: web.Request) -> web.Response:
    """The script with this channel's looks. Browsers ask again each hour, and get it again only if it has changed."""
    _, chat = await connector(request)
    body, tag = script(_appearance(chat.settings))
    headers = {"ETag": tag, "Cache-Control": "public, max-age=3600", "Cross-Origin-Resource-Policy": "cross-origin"}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    response = web.Response(body=body, headers=headers, content_type="text/javascript", charset="utf-8")
    response.enable_compression()
    return response


async def connector(request: web.Request) -> tuple[Line, Webchat]:
    """The chat that the address names; 404 if there is none."""
    given = request.match_info["channel"]
    line = await request.app[ACCOUNTS].line(int(given)) if given.isdecimal() and len(given) < 19 else None
    if line is None or not isinstance(line.connector, Webchat):
        raise web.HTTPNotFound(text='{"detail": "There is no such chat"}', content_type="application/json")
    return line, line.connector


async def _page(request: web.Request, name: str) -> web.Response:
    line, chat = await connector(request)
    settings = chat.settings
    language = settings.language or ("ru" if request.headers.get("Accept-Language", "").startswith("ru") else "en")
    address = f"{own_address(request)}/chat/{line.channel.id}/widget.js"
    text = _template(name).render(title=settings.title, language=language, script=address)
    policy = (
        "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; "
        f"frame-ancestors {_framers(settings)}"
    )
    return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})


def _template(name: str) -> jinja2.Template:
    return _TEMPLATES.get_template(name)


_TEMPLATES = jinja2.Environment(loader=jinja2.FileSystemLoader(_PAGES), autoescape=True)


def _framers(settings: WebchatSettings) -> str:
    return settings.origins.replace(",", " ") or "*"


def _appearance(settings: WebchatSettings) -> dict[str, str | int]:
    return {
        "title": settings.title,
        "colour": settings.colour,
        "greeting": settings.greeting,
        "language": settings.language,
        "file_limit": FILE_LIMIT,
    }


def own_address(request: web.Request) -> str:
    """Our own address as the browser knows it."""
    return request.app[SETTINGS].public_url.rstrip("/") or str(request.url.origin())
