"""Tell other programs what happened: each webhook gets every event of its kinds, in order, at least once, signed.

The body is `{"events": [...]}`, as GET /events shows them. The header `Switchboard-Signature: t=<unix time>,v1=<hex>` is
HMAC-SHA256 of `<unix time>.<body>` with the webhook's secret. An answer that is not 2xx is tried again with growing pauses.
"""

import asyncio
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import msgspec
import sqlalchemy as sa

from inbox import schema as t
from inbox.accounts import Vault
from inbox.db import Database
from inbox.record import record
from inbox.refusals import NotFound
from inbox.store import ids
from inbox.views.events import EventShown, shown

_w = t.webhooks.c
AT_ONCE = 100
SETTLED = timedelta(seconds=2)
"""Events are told when they are so old: by then those with smaller numbers are committed too."""
PAUSES = (5, 30, 120, 600, 3600)
PATIENCE = aiohttp.ClientTimeout(total=10)


def add(connection: sa.Connection, now: datetime, vault: Vault, by: int, url: str, kinds: Sequence[str]) -> tuple[int, str]:
    """A program that wants to hear of events from now on: (id, the secret it checks signatures with, shown once)."""
    number, secret = ids.one(connection, "webhooks"), secrets.token_urlsafe(32)
    newest = connection.scalar(sa.select(sa.func.max(t.events.c.id))) or 0
    row = {"id": number, "url": url, "secret": vault.lock({"secret": secret}), "kinds": list(dict.fromkeys(kinds))}
    connection.execute(sa.insert(t.webhooks).values(row | {"last_event_id": newest, "created_by": by, "created_at": now}))
    record(connection, now, "webhook.added", actor_kind="manager", actor_id=by, webhook_id=number)
    return number, secret


def remove(connection: sa.Connection, now: datetime, by: int, webhook_id: int) -> None:
    """Tell it nothing more. Raises NotFound."""
    there = (_w.id == webhook_id, _w.removed_at.is_(None))
    done: sa.CursorResult[Any] = connection.execute(sa.update(t.webhooks).where(*there).values(removed_at=now, secret=None))
    if done.rowcount == 0:
        raise NotFound(f"There is no webhook {webhook_id}")
    record(connection, now, "webhook.removed", actor_kind="manager", actor_id=by, webhook_id=webhook_id)


@dataclass(frozen=True, slots=True)
class Post:
    """What one webhook is to be told next."""

    id: int
    url: str
    secret: str
    events: Sequence[EventShown]
    last: int
    failures: int


async def tell(db: Database, vault: Vault, http: aiohttp.ClientSession, now: datetime) -> int:
    """Tell every webhook that is due its next events. Returns how many were told; call it again until that is 0."""
    posts = await db.read(due, vault, now)
    results = await asyncio.gather(*(_send(http, post, now) for post in posts))
    for post, error in zip(posts, results, strict=True):
        await db.run(_note, now, post, error)
    return sum(not error for error in results)


def due(connection: sa.Connection, vault: Vault, now: datetime) -> list[Post]:
    """The webhooks that have something to hear and may be tried now."""
    ready = (_w.removed_at.is_(None), sa.or_(_w.try_at.is_(None), _w.try_at <= now))
    posts = []
    for row in connection.execute(sa.select(t.webhooks).where(*ready).order_by(_w.id)).all():
        events = _next(connection, row, now)
        if events:
            secret = vault.open(row.secret)["secret"]
            posts.append(Post(row.id, row.url, secret, shown(connection, events), events[-1].id, row.failures))
    return posts


def signature(secret: str, now: datetime, body: bytes) -> str:
    """The value of the header Switchboard-Signature."""
    time = int(now.timestamp())
    return f"t={time},v1={hmac.digest(secret.encode(), f'{time}.'.encode() + body, 'sha256').hex()}"


def _next(connection: sa.Connection, row: Any, now: datetime) -> list[Any]:
    e = t.events.c
    query = sa.select(t.events).where(e.id > row.last_event_id, e.at <= now - SETTLED)
    if row.kinds:
        query = query.where(e.kind.in_(row.kinds))
    return list(connection.execute(query.order_by(e.id).limit(AT_ONCE)))


async def _send(http: aiohttp.ClientSession, post: Post, now: datetime) -> str:
    """What went wrong, in words; empty if the program took it."""
    body = msgspec.json.encode({"events": post.events})
    headers = {"Content-Type": "application/json", "Switchboard-Signature": signature(post.secret, now, body)}
    try:
        async with http.post(post.url, data=body, headers=headers, timeout=PATIENCE, allow_redirects=False) as response:
            return "" if 200 <= response.status < 300 else f"It answered {response.status}"
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        return f"It cannot be reached ({type(error).__name__})"


def _note(connection: sa.Connection, now: datetime, post: Post, error: str) -> None:
    values: dict[str, Any] = {"error": error, "last_event_id": post.last, "failures": 0, "try_at": None}
    if error:
        pause = PAUSES[min(post.failures, len(PAUSES) - 1)]
        values = {"error": error, "failures": post.failures + 1, "try_at": now + timedelta(seconds=pause)}
    connection.execute(sa.update(t.webhooks).where(_w.id == post.id).values(values))
