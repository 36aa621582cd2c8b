"""A running application, somebody of each role to ask it, and a clock that stands still until it is told to move."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import aiohttp
import pytest
import redis
import sqlalchemy as sa
from aiohttp import web
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import SecretStr, TypeAdapter

from inbox import people
from inbox.access import sign_in
from inbox.access.passwords import Passwords
from inbox.accounts import Vault
from inbox.app import create_app
from inbox.db import Database
from inbox.live import Live
from inbox.settings import Settings
from inbox.web import keys
from inbox.web.endpoint import ENDPOINTS, PREFIX
from inbox.web.problems import TYPE, ProblemDocument
from tests.inbox import rows
from tests.valkey import private_valkey

T = TypeVar("T")

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse"


@dataclass
class Clock:
    """A time that moves only when told."""

    time: datetime = START

    def __call__(self) -> datetime:
        return self.time

    def tick(self, **by: float) -> datetime:
        self.time += timedelta(**by)
        return self.time


@dataclass(frozen=True)
class Answer:
    """What came back. `body` is the JSON, or the bytes of anything else."""

    status: int
    body: Any
    headers: Any

    @property
    def errors(self) -> dict[str, str]:
        """What a problem says of each field."""
        return {e["field"]: e["message"] for e in self.body.get("errors", ())}


@dataclass
class Client:
    """Somebody who asks the API. Every answer is held against the model that documents it."""

    http: aiohttp.ClientSession
    url: str
    app: web.Application
    clock: Clock
    token: str = ""
    id: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **query: Any) -> Answer:
        return await self.call("GET", path, params={k: str(v) for k, v in query.items()})

    async def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return await self.call("POST", path, json=body, headers=headers)

    async def patch(self, path: str, body: Any) -> Answer:
        return await self.call("PATCH", path, json=body)

    async def delete(self, path: str) -> Answer:
        return await self.call("DELETE", path)

    async def call(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> Answer:
        sent = self.headers | (headers or {}) | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        if more.get("json") is None:
            more.pop("json", None)
        async with self.http.request(method, f"{self.url}{PREFIX}{path}", headers=sent, **more) as response:
            raw = await response.read()
            json = raw and "json" in response.content_type
            answer = Answer(response.status, await response.json(content_type=None) if json else raw, response.headers)
        _check(method, path, answer, raw)
        return answer

    async def run(self, function: Callable[..., T], *arguments: Any, **keywords: Any) -> T:
        """Run a function in a transaction."""
        return await self.app[keys.DB].run(function, *arguments, **keywords)

    async def become(self, role: str, name: str = "") -> "Client":
        """Somebody else, of this role."""
        name = name or role.title()
        manager_id, token = await self.run(_somebody, self.clock(), role, name, None)
        return Client(self.http, self.url, self.app, self.clock, token, manager_id)

    async def channel(self, kind: str = "sms", name: str = "") -> int:
        return await self.run(rows.add_channel, self.app[keys.VAULT], self.clock(), kind, name)

    async def hear(self, channel_id: int, text: str = "Hello", **more: Any) -> int:
        """A customer writes; the conversation's id."""
        return await self.run(rows.hear, self.clock(), channel_id, text, **more)


def _check(method: str, path: str, answer: Answer, raw: bytes) -> None:
    """The answer is what the documentation promises."""
    if answer.status >= 400:
        assert answer.headers["Content-Type"].startswith(TYPE), answer
        ProblemDocument.model_validate_json(raw)
        return
    parts = (PREFIX + path).split("?")[0].split("/")
    for each in ENDPOINTS:
        wanted = (PREFIX + each.path).split("/")
        fits = len(wanted) == len(parts) and all(
            w == p or (w[:1] == "{" and (p.isdigit() or len(p) == 64)) for w, p in zip(wanted, parts, strict=True)
        )
        if each.method == method and fits:
            assert answer.status == each.status or (answer.status == 206 and each.answer is bytes)
            if each.answer is not None and each.content_type == "application/json":
                TypeAdapter(each.answer).validate_json(raw, strict=True)
            return
    raise AssertionError(f"{method} {path} answered but is not in the registry")


def _somebody(connection: sa.Connection, now: datetime, role: str, name: str, hashed: str | None) -> tuple[int, str]:
    email = f"{name.lower().replace(' ', '.')}@example.com"
    manager_id = people.add_manager(connection, now, email=email, name=name, role=role, password_hash=hashed)
    return manager_id, sign_in.add_token(connection, now, manager_id, "tests")[1]


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """The address of a private server."""
    with private_valkey() as address:
        yield address


@pytest.fixture
def clock() -> Clock:
    return Clock()


def cheap_passwords() -> Passwords:
    """argon2 that costs a test nothing."""
    return Passwords(Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1))


@asynccontextmanager
async def running(settings: Settings, clock: Clock, valkey: str) -> AsyncIterator[Client]:
    """The application on a free port, and its owner."""
    with redis.Redis.from_url(valkey) as server:
        server.flushall()
    settings.redis_url = SecretStr(valkey)
    app = create_app(settings)
    app[keys.CLOCK] = clock.__call__
    passwords = cheap_passwords()
    app[keys.PASSWORDS] = passwords
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    owner, token = await app[keys.DB].run(_somebody, clock(), "owner", "Olga Owner", passwords.hash_now(PASSWORD))
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            yield Client(http, f"http://127.0.0.1:{runner.addresses[0][1]}", app, clock, token, owner)
    finally:
        await _stop_reading(app[keys.LIVE])
        await runner.cleanup()


async def _stop_reading(live: Live) -> None:
    """redis-py sometimes swallows a cancellation in the middle of connecting: ask until it is heard."""
    reader = live._reader
    while reader is not None and not reader.done():
        reader.cancel()
        await asyncio.wait([reader], timeout=0.1)


@pytest.fixture
async def client(settings: Settings, clock: Clock, valkey: str) -> AsyncIterator[Client]:
    """The application, asked by its owner with a bearer token. `await client.become("viewer")` asks as somebody else."""
    async with running(settings, clock, valkey) as found:
        yield found


@pytest.fixture
def vault(settings: Settings) -> Vault:
    return Vault(settings.key)


@pytest.fixture
def connection(db: Database) -> Iterator[sa.Connection]:
    """A transaction, committed when the test ends."""
    with db.begin() as opened:
        yield opened
