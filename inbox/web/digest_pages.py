"""The page behind the link under a digest: ends them without signing in."""

import hmac
from pathlib import Path

import jinja2
import sqlalchemy as sa
from aiohttp import web

from inbox import schema as t
from inbox.notices import settings as notices
from inbox.notices.digest import signature
from inbox.web import keys

TEMPLATES = Path(__file__).parents[2] / "templates" / "pages"


def setup(app: web.Application) -> None:
    """Add the routes."""
    for method, handler in (("GET", show), ("POST", stop)):
        app.router.add_route(method, "/digest/stop/{manager:[0-9]{1,18}}/{signature}", handler)


async def show(request: web.Request) -> web.Response:
    """Ask: opening the link stops nothing, because mail scanners open every link."""
    manager_id = _of_ours(request)
    found = None if manager_id is None else await request.app[keys.DB].read(_digest, manager_id)
    return _page(request, "unknown" if found is None else "stopped" if found[0] == "off" else "ask", found)


async def stop(request: web.Request) -> web.Response:
    """The button, or the mail program's own one (RFC 8058)."""
    manager_id = _of_ours(request)
    found = None if manager_id is None else await request.app[keys.DB].read(_digest, manager_id)
    if manager_id is not None and found is not None:
        await request.app[keys.DB].run(notices.stop_digest, manager_id)
    return _page(request, "unknown" if found is None else "stopped", found)


def _of_ours(request: web.Request) -> int | None:
    """Whose link it is; None if we did not make it."""
    manager_id = int(request.match_info["manager"])
    right = signature(request.app[keys.SETTINGS].key, manager_id)
    given = request.match_info["signature"]
    return manager_id if hmac.compare_digest(right.encode(), given.encode(errors="replace")) else None


def _digest(connection: sa.Connection, manager_id: int) -> tuple[str, str] | None:
    """(digest, language)"""
    n, m = t.notice_settings.c, t.managers.c
    rows = sa.select(m.language, n.digest).outerjoin(t.notice_settings, n.manager_id == m.id).where(m.id == manager_id)
    row = connection.execute(rows).one_or_none()
    return None if row is None else (row.digest or "off", row.language)


def _page(request: web.Request, state: str, found: tuple[str, str] | None) -> web.Response:
    wanted = found[1] if found else request.headers.get("Accept-Language", "")
    language = "ru" if wanted.lower().startswith("ru") else "en"
    text = _PAGES.get_template("digest_stop.html").render(language=language, state=state)
    return web.Response(text=text, content_type="text/html", status=404 if state == "unknown" else 200)


_PAGES = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
