"""What every process of Switchboard holds: the database, Redis, the connectors, the publisher. Built by `open_house`, once."""

import contextlib
import ctypes
import gc
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from redis.asyncio import Redis

from channels.base import Transport
from inbox import files
from inbox.accounts import Accounts, Vault
from inbox.db import Database, Signal
from inbox.intake import Intake
from inbox.live import Live
from inbox.media.inward import inward
from inbox.queue import Caller
from inbox.settings import Settings
from inbox.spool import Spool


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The parts of one process."""

    name: str
    """Names this process among all: `web-…` or `worker-…`."""
    settings: Settings
    db: Database
    redis: "Redis"
    live: Live
    caller: Caller
    vault: Vault
    accounts: Accounts
    store: files.Store
    spool: Spool
    intake: Intake
    http: aiohttp.ClientSession


def settle_memory() -> None:
    """What is loaded by now stays: keep the collector from walking through it again and again, and let it walk less often.

    Nearly all garbage here is freed by counting; a full collection over 100 MB of modules would stop every request for that long.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def give_back() -> None:
    """Give the system back what was freed: glibc keeps it for ever where something small lies behind it. Elsewhere: nothing."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


@asynccontextmanager
async def open_house(settings: Settings, role: str) -> AsyncIterator[House]:
    """Open all parts; whatever has been committed by the end is also published before they close."""
    name = f"{role}-{secrets.token_hex(4)}"
    db = Database(settings)
    redis = Redis.from_url(settings.redis_address)
    live, caller = Live(redis), Caller(redis, settings.redis_address)
    vault, spool = Vault(settings.key), Spool(settings.data / "spool", name)
    store = files.Store(settings.data / "files", files.Limits.of(settings))
    timeout = aiohttp.ClientTimeout(total=60, connect=10)
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=256, keepalive_timeout=30)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as http:
        private = await inward(settings.base_url)
        accounts = Accounts(db, vault, Transport(http=http, publish=live.publish), private=private)

        def on_commit(signals: Sequence[Signal]) -> None:
            live.give_out(signals)
            caller.give_out(signals)

        db.on_commit = on_commit
        try:
            yield House(
                name=name, settings=settings, db=db, redis=redis, live=live, caller=caller, vault=vault, accounts=accounts,
                store=store, spool=spool, intake=Intake(db, store, spool, settings.key), http=http,
            )  # fmt: skip
        finally:
            await accounts.close()
            await caller.close()
            await live.close()
            db.close()
            await redis.aclose()
