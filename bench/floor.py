"""The floors: the least that an honest program must do, written as barely as possible.

`python -m bench.floor PORT DATABASE_URL SECRET`: an aiohttp handler that checks the signature, parses the body and group-commits
one raw row into the same kind of database, then answers. With a fourth argument, an address, it also posts a reply there and
commits what came back: the barest whole loop.
"""

import asyncio
import hashlib
import hmac
import json
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from typing import Any

import aiohttp
import psycopg
import uvloop
from aiohttp import web

AT_ONCE = 64
"""Replies in the provider's hands at the same time, as in `inbox.deliver`."""

Write = Callable[[list[bytes]], None]


def sqlite_writer(path: str) -> Write:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS raw (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")

    def write(bodies: list[bytes]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO raw (body) VALUES (?)", [(body,) for body in bodies])
        connection.execute("COMMIT")

    return write


def postgres_writer(url: str) -> Write:
    connection = psycopg.connect(url)
    connection.execute("CREATE TABLE IF NOT EXISTS floor_raw (id BIGSERIAL PRIMARY KEY, body BYTEA NOT NULL)")
    connection.commit()

    def write(bodies: list[bytes]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO floor_raw (body) VALUES (%s)", [(body,) for body in bodies])
        connection.commit()

    return write


class Groups:
    """Commits whatever waits, in a thread of its own."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._ready = threading.Condition()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._run, daemon=True).start()

    def add(self, body: bytes) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = self._loop.create_future()
        with self._ready:
            self._waiting.append((body, future))
            self._ready.notify()
        return future

    def _run(self) -> None:
        while True:
            with self._ready:
                while not self._waiting:
                    self._ready.wait()
                group, self._waiting = self._waiting, []
            self._write([body for body, _ in group])
            self._loop.call_soon_threadsafe(lambda g=group: [f.set_result(None) for _, f in g])  # type: ignore[misc]


class Replies:
    """Posts a reply to each message, some at a time, and keeps what the provider said."""

    def __init__(self, session: aiohttp.ClientSession, url: str, groups: Groups) -> None:
        self._session, self._url, self._groups = session, url, groups
        self._room = asyncio.Semaphore(AT_ONCE)
        self._busy: set[asyncio.Task[None]] = set()

    def post(self, parsed: Any) -> None:
        task = asyncio.create_task(self._post(parsed["entry"][0]["changes"][0]["value"]["messages"][0]))
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def _post(self, message: Any) -> None:
        text = {"body": f"We got your message: {message['text']['body']}"}
        body = {"messaging_product": "whatsapp", "to": message["from"], "type": "text", "text": text}
        async with self._room, self._session.post(self._url, json=body, headers={"Authorization": "Bearer token"}) as answer:
            kept = await answer.read()
        await self._groups.add(kept)


async def main(port: int, url: str, secret: str, replies_to: str = "") -> None:
    groups = Groups(postgres_writer(url) if url.startswith("postgres") else sqlite_writer(url))
    session = aiohttp.ClientSession()
    replies = Replies(session, replies_to, groups) if replies_to else None

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(request.headers.get("X-Hub-Signature-256", ""), f"sha256={expected}"):
            raise web.HTTPForbidden
        parsed: Any = json.loads(body)
        assert parsed["entry"]
        await groups.add(body)
        if replies is not None:
            replies.post(parsed)
        return web.Response()

    app = web.Application()
    app.router.add_post("/hooks/1", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    await ending.wait()
    await runner.cleanup()
    await session.close()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), *sys.argv[2:]))
