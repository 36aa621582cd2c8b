"""What a person sees at an address that leads nowhere: words in their language, where programs get a bare 404."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import jinja2
from aiohttp import web

TEMPLATES = Path(__file__).parents[2] / "templates" / "pages"
_PLACES = ("chat", "files", "unsubscribe", "digest")
"""First parts of addresses that people get as links. Every other one is a view of the app, or a program's."""


@web.middleware
async def middleware(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    """Only browsers that open a page ask for text/html; scripts, pictures and programs get the answer as it is."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        if not _opened_by_a_person(request):
            raise
        language = "ru" if request.headers.get("Accept-Language", "").lower().startswith("ru") else "en"
        text = _TEMPLATES.get_template("missing.html").render(language=language)
        return web.Response(text=text, content_type="text/html", status=404)


def _opened_by_a_person(request: web.Request) -> bool:
    asks = "text/html" in request.headers.get("Accept", "")
    return asks and request.method in ("GET", "HEAD") and request.path.split("/")[1] in _PLACES


_TEMPLATES = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
