"""The HTTP side: hooks, the API, the stream of live updates, the pages."""

from aiohttp import web

from inbox.web import api, auth, chat, digest_pages, endpoint, headers, health, hooks, keys, missing, pages, problems, stream

__all__ = ["api", "setup"]


def setup(app: web.Application) -> None:
    """Add everything that answers HTTP. `app` carries what `inbox.web.keys` names."""
    app.middlewares.extend((problems.middleware, missing.middleware))
    app.on_response_prepare.append(headers.add)
    app[auth.ATTEMPTS] = auth.Attempts(lambda: app[keys.CLOCK]())
    endpoint.add_routes(app)
    stream.setup(app)
    api.files.setup(app)
    health.setup(app)
    hooks.setup(app)
    chat.setup(app)
    digest_pages.setup(app)
    pages.setup(app)
