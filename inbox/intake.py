"""Stop 1: verify, keep the raw body, parse, store; then, and only then, the provider may be told that all is well."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from prometheus_client import Counter

from channels.base import BadPayload, Hook
from channels.events import JSON, Event
from inbox import files, receive
from inbox.accounts import Line
from inbox.db import Database, DatabaseDown
from inbox.receive import Arrival, Stored
from inbox.spool import Spool

log = structlog.get_logger()
RECEIVED = Counter("switchboard_hooks_received_total", "Authentic inbound deliveries", ["kind", "outcome"])


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes deliveries for one process."""

    db: Database
    store: files.Store
    spool: Spool
    secret: str = field(default="", repr=False)

    async def take(self, line: Line, hook: Hook, cursor: Mapping[str, JSON] | None = None) -> Stored | None:
        """Take an authentic hook. Returns when it is on disk: in the database, or (None) in the spool while that is down.

        Raises BadPayload for a body that cannot be read at all; it is kept nevertheless.
        """
        if line.connector.long_to_read:
            events, error, bad = await asyncio.to_thread(self._parse, line, hook)
        else:
            events, error, bad = self._parse(line, hook)
        if any(_has_content(event) for event in events):
            events = await asyncio.to_thread(files.put_contents, self.store, events)
        arrival = Arrival(
            channel_id=line.channel.id,
            identity=line.connector.identity,
            hook=hook,
            events=events,
            error=error,
            cursor=cursor,
            secret=self.secret,
        )
        stored = await self._store(line, arrival)
        RECEIVED.labels(line.channel.kind, "spooled" if stored is None else "failed" if error else "stored").inc()
        if bad is not None:
            raise bad
        return stored

    def _parse(self, line: Line, hook: Hook) -> tuple[list[Event], str, BadPayload | None]:
        """(events, what is wrong, the refusal to give). A connector that fails on a body is our bug: it waits for a replay."""
        try:
            return list(line.connector.parse(hook)), "", None
        except BadPayload as error:
            return [], error.reason, error
        except Exception as error:
            log.exception("a connector failed on a body", channel=line.channel.id, kind=line.channel.kind)
            return [], f"{type(error).__name__} in the connector", None

    async def _store(self, line: Line, arrival: Arrival) -> Stored | None:
        if not self.spool.behind():
            try:
                if not self.spool.give_time():
                    return await self._store_in_database(line, arrival)
                await self.db.run(lambda _: None)  # is it there again? Then who replays goes first
            except DatabaseDown:
                self.spool.fall_behind()
        await self.spool.kept(arrival.channel_id, arrival.hook, arrival.cursor)
        return None

    async def _store_in_database(self, line: Line, arrival: Arrival) -> Stored:
        try:
            return await self.db.batch(receive.store, arrival)
        except DatabaseDown:
            raise
        except Exception:
            log.exception("a delivery could not be stored whole", channel=line.channel.id, kind=line.channel.kind)
            return await self.db.run(receive.store_anyway, arrival)


def _has_content(event: Event) -> bool:
    message = getattr(event, "message", event)
    return any(file.content is not None for file in getattr(message, "attachments", ()))
