"""(h)'s floor: a bare stream. Reads Valkey's stream of events, frames them once, writes them to everybody who is connected.

`python -m bench.speaker PORT REDIS_URL`
"""

import asyncio
import json
import sys
from contextlib import suppress
from typing import Any

import uvloop
from aiohttp import web
from redis.asyncio import Redis

from inbox.live import STREAM


async def main(port: int, address: str) -> None:
    everybody: set[web.StreamResponse] = set()

    async def listen(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b": welcome\n\n")
        everybody.add(response)
        try:
            await asyncio.Event().wait()
        finally:
            everybody.discard(response)
        return response

    app = web.Application()
    app.router.add_get("/api/v1/stream", listen)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    redis: Any = Redis.from_url(address)  # its stream commands are typed for every protocol version at once
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    last = "$"
    while True:
        found = await redis.xread({STREAM: last}, count=500, block=2_000)
        frames = b""
        for entry, fields in found[0][1] if found else ():
            last = entry.decode()
            for number, (event, ids) in enumerate(json.loads(fields[b"updates"])):
                body = json.dumps(ids, separators=(",", ":"))
                frames += f"id: {last}:{number}\nevent: {event}\ndata: {body}\n\n".encode()
        for response in [*everybody] if frames else ():
            with suppress(ConnectionError):  # who is just leaving
                await response.write(frames)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
