"""The cheapest HTTP that is still HTTP: a load generator and a provider's stand-in that leave the CPU to what is measured."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import cast

LONGEST = 300.0
"""Seconds after which a load that is not answered is given up."""


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """A whole POST request, ready to write."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class _Connection(asyncio.Protocol):
    """One keep-alive connection: one request at a time."""

    def __init__(self, done: "Callable[[_Connection, int], None]") -> None:
        self._done = done
        self._buffer = b""
        self.transport: asyncio.Transport | None = None
        self.scheduled = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one without being its subclass

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        length = _length(self._buffer[:head])
        if len(self._buffer) >= head + 4 + length:
            status = int(self._buffer[9:12])
            self._buffer = b""
            self._done(self, status)

    def connection_lost(self, error: Exception | None) -> None:
        self._done(self, 0)


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"content-length:")
    return int(lower[at + 15 : (lower.find(b"\r\n", at) if lower.find(b"\r\n", at) > 0 else len(lower))]) if at >= 0 else 0


class Load:
    """Sends prepared requests to one port. `statuses` counts the answers, `latencies` are seconds from the *scheduled* send."""

    def __init__(self, port: int, connections: int = 64) -> None:
        self.port = port
        self.count = connections
        self.statuses: dict[int, int] = {}
        self.latencies: list[float] = []
        self._free: deque[_Connection] = deque()
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._left = 0
        self._finished: asyncio.Event = asyncio.Event()
        self._closing = False

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(self.count):
            _, connection = await loop.create_connection(lambda: _Connection(self._answered), "127.0.0.1", self.port)
            self._free.append(connection)

    def close(self) -> None:
        self._closing = True
        for connection in self._free:
            if connection.transport is not None:
                connection.transport.close()

    async def saturate(self, requests: Sequence[bytes]) -> float:
        """Closed loop: every connection sends as soon as it was answered. Returns seconds."""
        self._begin(len(requests))
        began = time.perf_counter()
        self._waiting.extend((began, request) for request in requests)
        self._send()
        async with asyncio.timeout(LONGEST):
            await self._finished.wait()
        return time.perf_counter() - began

    async def schedule(self, requests: Iterator[bytes], count: int, rate: float) -> float:
        """Open loop: request n is due at n / rate, whether or not others were answered. Returns when the first was due."""
        self._begin(count)
        began = time.perf_counter()
        sent = 0
        while sent < count:
            due = min(count, int((time.perf_counter() - began) * rate) + 1)
            while sent < due:
                self._waiting.append((began + sent / rate, next(requests)))
                sent += 1
            self._send()
            await asyncio.sleep(0.002)
        async with asyncio.timeout(LONGEST):
            await self._finished.wait()
        return began

    def _begin(self, count: int) -> None:
        self._left = count
        self.latencies = []
        self.statuses = {}
        self._finished.clear()

    def _send(self) -> None:
        while self._free and self._waiting:
            connection = self._free.popleft()
            connection.scheduled, request = self._waiting.popleft()
            assert connection.transport is not None
            connection.transport.write(request)

    def _answered(self, connection: _Connection, status: int) -> None:
        if self._closing:
            return
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.latencies.append(time.perf_counter() - connection.scheduled)
        self._free.append(connection)
        self._left -= 1
        if self._left == 0:
            self._finished.set()
        elif self._waiting:
            self._send()


class _Listener(asyncio.Protocol):
    """One operator's stream: says hello once, then looks for what is expected in what comes."""

    def __init__(self, streams: "Streams") -> None:
        self._streams = streams
        self._tail = b""
        self.greeted = False
        self.heard = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        read = self._tail + data
        self._tail = read[-80:]
        if not self.greeted and b": welcome" in read:
            self.greeted = True
            self._streams.one_more()
        if not self.heard and self._streams.expected in read:
            self.heard, self._tail = True, b""
            self._streams.one_more()


class Streams:
    """Very many operators who listen at one port."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.expected = b"\0"
        self._listeners: list[_Listener] = []
        self._left = 0
        self._all: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def open(self, count: int, token: str) -> None:
        """Connect them all, some at a time, and wait until each has been greeted."""
        loop = asyncio.get_running_loop()
        self._left, self._all = count, loop.create_future()
        words = f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        for _ in range(count):
            _, listener = await loop.create_connection(lambda: _Listener(self), "127.0.0.1", self.port)
            self._listeners.append(listener)
            assert listener.transport is not None
            listener.transport.write(words)
        await self._all

    def expect(self, words: bytes) -> "asyncio.Future[float]":
        """When the last of them has these words."""
        self.expected, self._left = words, len(self._listeners)
        self._all = asyncio.get_running_loop().create_future()
        for each in self._listeners:
            each.heard = False
        return self._all

    def one_more(self) -> None:
        """One has been greeted, or has heard."""
        self._left -= 1
        if self._left == 0:
            self._all.set_result(time.perf_counter())

    def close(self) -> None:
        for each in self._listeners:
            if each.transport is not None:
                each.transport.abort()


class Server(asyncio.Protocol):
    """A stand-in's side of a connection: hands each request body to `handle` and writes what it returns."""

    def __init__(self, handle: Callable[[bytes], bytes]) -> None:
        self._handle = handle
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            end = head + 4 + _length(self._buffer[:head])
            if len(self._buffer) < end:
                return
            body, self._buffer = self._buffer[head + 4 : end], self._buffer[end:]
            answer = self._handle(body)
            assert self._transport is not None
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer
            )


async def listen(handle: Callable[[bytes], bytes]) -> tuple[asyncio.Server, int]:
    """Serve on a free loopback port; returns (server, port)."""
    server = await asyncio.get_running_loop().create_server(lambda: Server(handle), "127.0.0.1", 0)
    return server, int(server.sockets[0].getsockname()[1])


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
