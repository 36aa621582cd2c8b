"""What anybody may get of the web chat: its pages, and the script that puts it onto other pages.

GET /chat/<id>                  the chat as a page of its own, for a link
GET /chat/<id>/demo             a host page to try the widget on, with the line to copy
GET /chat/<id>/widget.js        <script src=... async></script> puts the chat onto any page
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
from aiohttp import web

from channels.webchat import Webchat, WebchatSettings
from channels.webchat_parts.posts import FILE_LIMIT
from inbox.accounts import Line
from inbox.web.keys import ACCOUNTS, SETTINGS
from inbox.web.widget import script

_SHOWN = (
    "title", "avatar", "colour", "theme", "position", "offset_x", "offset_y", "language", "greeting", "away", "form_text",
    "later_email", "sound",
)  # fmt: skip
_ASKED = ("name", "email", "phone", "topic")
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
    line, chat = await connector(request)
    body, tag = script(appearance(chat.settings) | {"off": line.channel.state == "disabled"})
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
    text = _template(name).render(title=settings.title, language=language, script=address, theme=settings.theme)
    policy = (
        f"default-src 'self'; img-src 'self' blob: data: {_site(settings.avatar)}; media-src 'self' blob:; "
        f"style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors {_framers(settings)}"
    )
    return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})


def _template(name: str) -> jinja2.Template:
    return _TEMPLATES.get_template(name)


_TEMPLATES = jinja2.Environment(loader=jinja2.FileSystemLoader(_PAGES), autoescape=True)


def _site(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _framers(settings: WebchatSettings) -> str:
    return settings.origins.replace(",", " ") or "*"


def appearance(settings: WebchatSettings) -> dict[str, Any]:
    """What the script has to know of the settings: no secret, and nothing that it does not use."""
    plain = settings.model_dump(include=set(_SHOWN))
    form = [(name, asked) for name in _ASKED if (asked := getattr(settings, f"ask_{name}")) != "no"]
    return plain | {
        "origins": list(filter(None, settings.origins.split(","))),
        "form": form,
        "topics": list(filter(None, map(str.strip, settings.topics.split(";")))) if settings.ask_topic != "no" else [],
        "file_limit": FILE_LIMIT,
    }


def own_address(request: web.Request) -> str:
    """Our own address as the browser knows it."""
    return request.app[SETTINGS].public_url.rstrip("/") or str(request.url.origin())
