"""The floors: the least that an honest program must do, written as barely as possible.

`python -m bench.floor PORT DATABASE_URL SECRET`: an aiohttp handler that checks the signature, parses the body and group-commits
one raw row into the same kind of database, then answers.
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

import psycopg
from aiohttp import web

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


async def main(port: int, url: str, secret: str) -> None:
    groups = Groups(postgres_writer(url) if url.startswith("postgres") else sqlite_writer(url))

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(request.headers.get("X-Hub-Signature-256", ""), f"sha256={expected}"):
            raise web.HTTPForbidden
        parsed: Any = json.loads(body)
        assert parsed["entry"]
        await groups.add(body)
        return web.Response()

    app = web.Application()
    app.router.add_post("/hooks/1", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    await ending.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
