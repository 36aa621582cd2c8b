"""An installation with one web chat, for the tests of its endpoints and of its widget."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import sqlalchemy as sa
from aiohttp import web
from redis.asyncio import Redis

from channels.base import OutgoingMessage, Transport
from inbox import accounts, files
from inbox import schema as t
from inbox.accounts import Accounts, Vault
from inbox.actions import conversations as actions
from inbox.db import Database
from inbox.delivery.outgoing import Draft, queue_message
from inbox.intake import Intake
from inbox.live import Live
from inbox.settings import Settings
from inbox.spool import Spool
from inbox.web import chat, chat_guard, keys, stream
from inbox.web.api import files as api_files
from inbox.web.chat_guard import Crowd

SITE = "https://shop.example"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@dataclass
class Desk:
    """An installation with one web chat, as a browser on the page of `origin` sees it."""

    db: Database
    live: Live
    accounts: Accounts
    vault: Vault
    url: str
    http: aiohttp.ClientSession
    channel: int
    origin: str = SITE
    now: datetime = NOW
    crowd: Crowd = field(init=False)

    async def call(self, method: str, path: str, token: str = "", body: Any = None, **headers: str) -> tuple[int, Any]:
        sent = {"Origin": self.origin} | ({"x-visitor-token": token} if token else {}) | headers
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        async with self.http.request(method, f"{self.url}/{path}", headers=sent, data=data) as response:
            return response.status, await response.json()

    async def visit(self, **user: str) -> tuple[str, str]:
        status, opened = await self.call("POST", "session", body=user)
        assert status == 200
        return opened["visitor"], opened["token"]

    async def say(self, token: str, text: str, number: str = "c1") -> None:
        assert await self.call("POST", "messages", token, {"id": number, "text": text}) == (200, {"ok": True})

    async def items(self, token: str, since: str = "") -> list[dict[str, Any]]:
        status, answer = await self.call("GET", f"messages?since={since}", token)
        assert status == 200
        return list(answer["items"])

    async def answer(self, visitor: str, text: str, **more: Any) -> int:
        """Somebody at the desk replies, and it is sent."""
        draft = Draft(conversation_id=await self.conversation(visitor), text=text, **({"author_kind": "bot"} | more))
        number = await self.db.run(queue_message, self.now, draft)
        await self.note(number, state="sending")
        line = await self.accounts.line(self.channel)
        assert line is not None
        sent = await line.connector.send(OutgoingMessage(id=str(number), address=visitor, text=text))
        await self.note(number, state="sent", external_id=sent.external_ids[0], thread=sent.thread)
        return number

    async def conversation(self, visitor: str) -> int:
        c = t.messages.c
        found = await self.db.read(lambda c_: c_.scalar(sa.select(c.conversation_id).where(c.address == visitor).limit(1)))
        assert found is not None, "the visitor has to write first"
        return int(found)

    async def hire(self) -> int:
        """Somebody who answers."""
        row = {"id": 7, "email": "vera@desk.example", "name": "Vera", "role": "operator", "created_at": self.now}
        await self.db.run(lambda c: c.execute(sa.insert(t.managers), row))
        return 7

    async def look(self, visitor: str) -> None:
        """Somebody opens the conversation."""
        await self.db.run(actions.read, await self.conversation(visitor), self.now + timedelta(minutes=1))

    def streams(self, visitor: str) -> list[Any]:
        """The streams that this visitor's browsers hold."""
        return self.crowd.streams.get(visitor, [])

    async def account(self) -> dict[str, Any]:
        """What the channel's page says of it."""
        return await self.db.read(lambda c: c.execute(sa.select(t.channels.c.account)).scalar_one())

    async def note(self, number: int, **values: Any) -> None:
        await self.db.run(lambda c: c.execute(sa.update(t.messages).where(t.messages.c.id == number).values(values)))

    async def identities(self, kind: str) -> list[tuple[str, bool]]:
        c = t.identities.c
        query = sa.select(c.address, c.verified).where(c.kind == kind)
        return [(row.address, row.verified) for row in await self.db.read(lambda connection: connection.execute(query).all())]

    async def state(self, number: int) -> str:
        return str(await self.db.read(lambda c: c.scalar(sa.select(t.messages.c.state).where(t.messages.c.id == number))))


@asynccontextmanager
async def running(settings: Settings, db: Database, valkey: str, **channel: str) -> AsyncIterator[Desk]:
    redis = Redis.from_url(valkey)
    await redis.flushall()
    live, vault = Live(redis), Vault(settings.key)
    db.on_commit = live.give_out
    values = {"origins": SITE, "hmac_secret": "site", "title": "Ромашка"} | channel
    with db.begin() as connection:
        number = accounts.add(connection, NOW, vault, "webchat", "Site", values)
    async with aiohttp.ClientSession() as http:
        app = web.Application()
        lines = Accounts(db, vault, Transport(http=http, publish=live.publish))
        store = files.Store(settings.data / "files")
        app[keys.SETTINGS], app[keys.DB], app[keys.LIVE], app[keys.ACCOUNTS] = settings, db, live, lines
        app[keys.STORE] = store
        app[keys.INTAKE] = Intake(db, store, Spool(settings.data / "spool", "test"))
        desk = Desk(db, live, lines, vault, "", http, number, origin=values["origins"])
        app[keys.CLOCK] = lambda: desk.now
        stream.setup(app)
        chat.setup(app)
        api_files.setup(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        desk.crowd = app[chat_guard.CROWD]
        desk.url = f"http://127.0.0.1:{runner.addresses[0][1]}/chat/{number}"
        try:
            yield desk
        finally:
            await runner.cleanup()
            await live.close()
            await redis.aclose()


def proof(user: str) -> str:
    """What the host site says of its user."""
    return hmac.new(b"site", user.encode(), hashlib.sha256).hexdigest()
