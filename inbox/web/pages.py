"""Pages: the operators' app as it was built, and the page behind the unsubscribe link."""

from pathlib import Path

import jinja2
from aiohttp import web

from inbox import unsubscribe
from inbox.web import keys

DIST = Path(__file__).parents[1] / "ui" / "dist"
TEMPLATES = Path(__file__).parents[2] / "templates" / "pages"
_YEAR = "public, max-age=31536000, immutable"
_NOT_BUILT = "The app is not built: run `npm ci` and `npm run build` in inbox/ui, or install the package."
_OTHERS = ("api", "hooks", "chat", "files", "unsubscribe", "digest")
"""First parts of addresses that are never a view of the app."""


def setup(app: web.Application) -> None:
    """Add the routes; the app's own come last, because they take every address that nobody else has."""
    app.router.add_route("GET", "/unsubscribe.css", _style)
    for method, handler in (("GET", show_unsubscribe), ("POST", stop_broadcasts)):
        app.router.add_route(method, "/unsubscribe/{message:[0-9]{1,18}}/{signature}", handler)
    app.router.add_route("GET", "/{path:.*}", show_app)


async def show_app(request: web.Request) -> web.StreamResponse:
    """A file of the built app, or its page, which finds the view by the address itself."""
    path = request.match_info["path"]
    if path.partition("/")[0] in _OTHERS:
        raise web.HTTPNotFound
    if found := built(DIST, path):
        # What Vite names by its content never changes; everything else may with the next version.
        return web.FileResponse(found, headers={"Cache-Control": _YEAR if path.startswith("assets/") else "no-cache"})
    index = DIST / "index.html"
    if path.startswith("assets/") or not index.is_file():
        raise web.HTTPNotFound(text=None if index.is_file() else _NOT_BUILT)
    return web.FileResponse(index, headers={"Cache-Control": "no-cache"})


def built(dist: Path, path: str) -> Path | None:
    """The built file of this path; None if there is none, or it would lie elsewhere."""
    if not path or "\0" in path:
        return None
    found = (dist / path).resolve()
    return found if found.is_relative_to(dist.resolve()) and found.is_file() else None


async def show_unsubscribe(request: web.Request) -> web.Response:
    """Ask: opening the link stops nothing, because mail scanners open every link."""
    found = await _find(request)
    return _page(request, found, "unknown" if found is None else "stopped" if found.stopped else "ask")


async def stop_broadcasts(request: web.Request) -> web.Response:
    """The button, or the mail program's own one (RFC 8058)."""
    found = await _find(request)
    if found is not None:
        await request.app[keys.DB].run(unsubscribe.stop, request.app[keys.CLOCK](), found)
    return _page(request, found, "unknown" if found is None else "stopped")


async def _find(request: web.Request) -> unsubscribe.Subscription | None:
    message_id, signature = int(request.match_info["message"]), request.match_info["signature"]
    return await request.app[keys.DB].read(unsubscribe.find, request.app[keys.SETTINGS].key, message_id, signature)


def _page(request: web.Request, found: unsubscribe.Subscription | None, state: str) -> web.Response:
    known = found.language if found is not None else None
    wanted: str = known or request.headers.get("Accept-Language") or ""
    language = "ru" if wanted.lower().startswith("ru") else "en"
    text = _TEMPLATES.get_template("unsubscribe.html").render(language=language, state=state)
    return web.Response(text=text, content_type="text/html", status=404 if state == "unknown" else 200)


async def _style(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(TEMPLATES / "unsubscribe.css", headers={"Cache-Control": "public, max-age=3600"})


_TEMPLATES = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
