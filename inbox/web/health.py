"""For whoever watches: `/healthz` (the process lives), `/readyz` (it can work), `/metrics` (Prometheus). No one's data."""

import asyncio

import sqlalchemy as sa
from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from redis.exceptions import RedisError

from inbox import revision
from inbox.db import DatabaseDown
from inbox.views.health import gauges
from inbox.web import keys

PATIENCE = 3.0


async def healthz(request: web.Request) -> web.Response:
    """200 as long as the process answers at all."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """200 if work can be done, else 503. Redis being away is told but no reason to stop: the sweep does without it."""
    problems = await _database(request.app)
    notes = [] if await _redis(request.app) else ["Redis does not answer: live updates wait, work is found by the sweep"]
    status = "unready" if problems else "ready"
    return web.json_response({"status": status, "problems": problems, "notes": notes}, status=503 if problems else 200)


async def metrics(request: web.Request) -> web.Response:
    """This process's counters, and what waits in the database."""
    lines = [generate_latest().decode()]
    try:
        found = await request.app[keys.DB].read(gauges, request.app[keys.CLOCK]())
    except DatabaseDown:
        found = {}
    lines.append(f"# TYPE switchboard_database_up gauge\nswitchboard_database_up {int(bool(found))}\n")
    lines += [f"# TYPE switchboard_{name} gauge\nswitchboard_{name} {value}\n" for name, value in found.items()]
    return web.Response(text="".join(lines), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


async def _database(app: web.Application) -> list[str]:
    try:
        async with asyncio.timeout(PATIENCE):
            at = await app[keys.DB].read(_revision)
    except (DatabaseDown, TimeoutError):
        return ["The database does not answer"]
    return [] if at == revision.newest() else [f"The database is at revision {at}: run `switchboard migrate`"]


def _revision(connection: sa.Connection) -> str | None:
    return revision.current(connection)


async def _redis(app: web.Application) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            return bool(await app[keys.HOUSE].redis.ping())
    except (RedisError, OSError, TimeoutError):
        return False


def setup(app: web.Application) -> None:
    """Add the routes."""
    for handler in (healthz, readyz, metrics):
        app.router.add_get(f"/{handler.__name__}", handler)
