"""The Idempotency-Key header: a request that a client sends twice is done once."""

import hashlib
from collections.abc import Callable
from typing import Concatenate, ParamSpec

import sqlalchemy as sa

from inbox import repeats
from inbox.web.endpoint import Call
from inbox.web.problems import invalid

P = ParamSpec("P")

HEADER = "Idempotency-Key"


async def once(call: Call, make: Callable[Concatenate[sa.Connection, P], int], *arguments: P.args, **keywords: P.kwargs) -> int:
    """Run `make` in a transaction; with the header, the same key gets the first time's id and does nothing again."""
    key = call.request.headers.get(HEADER)
    if key is None:
        return await call.run(make, *arguments, **keywords)
    if not 1 <= len(key) <= 200 or not key.isprintable():
        raise invalid(HEADER, "A key has 1 to 200 printable characters")
    seen = f"{call.request.method} {call.request.path}\n".encode() + await call.request.read()
    fingerprint = hashlib.sha256(seen).hexdigest()
    return await call.run(repeats.once, call.now, call.me, key, fingerprint, make, *arguments, **keywords)
