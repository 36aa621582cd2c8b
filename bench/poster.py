"""(c)'s floor: a bare aiohttp client that posts prepared bodies, 64 at a time. Prints seconds and seconds of CPU.

`python -m bench.poster URL FILE`: the file holds one JSON body a line.
"""

import asyncio
import sys
import time
from pathlib import Path

import aiohttp
import uvloop

AT_ONCE = 64


async def main(url: str, bodies: list[bytes]) -> float:
    """Post all; returns seconds."""
    left = iter(bodies)
    headers = {"Authorization": "Bearer token", "Content-Type": "application/json"}

    async def post_on(session: aiohttp.ClientSession) -> None:
        for body in left:
            async with session.post(url, data=body, headers=headers) as answer:
                assert answer.status == 200
                await answer.json()

    async with aiohttp.ClientSession() as session:
        began = time.perf_counter()
        await asyncio.gather(*(post_on(session) for _ in range(AT_ONCE)))
        return time.perf_counter() - began


if __name__ == "__main__":
    prepared = Path(sys.argv[2]).read_bytes().splitlines()
    cpu_before = time.process_time()
    print(uvloop.run(main(sys.argv[1], prepared)), time.process_time() - cpu_before)
