"""The only wiring: puts the parts of a web process together and serves it."""

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import uvloop
from aiohttp import web

from inbox import web as http
from inbox.access.passwords import Passwords
from inbox.house import open_house, settle_memory
from inbox.presence.board import Board
from inbox.presence.door import Door
from inbox.settings import Settings
from inbox.web import keys


def create_app(settings: Settings) -> web.Application:
    """The web application. Nothing connects before it starts."""
    app = web.Application(client_max_size=settings.max_body)
    app[keys.SETTINGS] = settings
    app.cleanup_ctx.append(_parts)
    app[keys.CLOCK] = lambda: datetime.now(UTC)
    app[keys.PASSWORDS] = Passwords()
    http.setup(app)
    return app


async def _parts(app: web.Application) -> AsyncIterator[None]:
    async with open_house(app[keys.SETTINGS], "web") as house:
        app[keys.HOUSE] = house
        app[keys.DB] = house.db
        app[keys.LIVE] = house.live
        app[keys.ACCOUNTS] = house.accounts
        app[keys.VAULT] = house.vault
        app[keys.INTAKE] = house.intake
        app[keys.STORE] = house.store
        app[keys.BOARD] = Board(house.redis)
        app[keys.DOOR] = Door(app[keys.BOARD], house.live, house.name, lambda: app[keys.CLOCK]())
        yield
        await app[keys.DOOR].close()


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Several processes may listen on the same port."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    runner = web.AppRunner(create_app(settings), access_log=None, shutdown_timeout=3)
    await runner.setup()
    try:
        settle_memory()
        await web.TCPSite(runner, settings.host, settings.port, reuse_port=True, backlog=1024).start()
        await ending.wait()
    finally:
        await runner.cleanup()
