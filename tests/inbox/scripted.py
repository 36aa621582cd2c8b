"""A channel whose provider does what a test says: every call to it is kept, and answered from a script."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
import sqlalchemy as sa

from channels.base import Capabilities, Connector, Hook, OutgoingMessage, Sent, Settings, Transport
from channels.events import Event
from inbox import files
from inbox import schema as t
from inbox.accounts import Accounts, Line, Vault
from inbox.db import Database
from inbox.deliver import Deliverer
from inbox.delivery import outbox
from inbox.delivery.outgoing import Draft, queue_message
from tests.inbox import rows

Act = BaseException | float | Sent | None
"""What the provider does: raise, take its time (seconds), answer this, or (None) simply take it."""


class Scripted(Connector):
    """The connector. `acts` are used up call by call, by address where one is named, then by everybody."""

    kind = "sms"
    title = "Scripted"
    identity = "phone"
    can = Capabilities(text_limit=20, receipts=frozenset({"delivered"}), rate=0)
    settings_type = Settings

    def __init__(self) -> None:
        self.calls: list[OutgoingMessage] = []
        self.acts: dict[str, deque[Act]] = defaultdict(deque)
        self.at_once = 0
        self.most_at_once = 0

    def will(self, *acts: Act, to: str = "") -> None:
        self.acts[to].extend(acts)

    @property
    def texts(self) -> list[str]:
        return [call.text for call in self.calls]

    def verify(self, hook: Hook) -> None: ...

    def parse(self, hook: Hook) -> Sequence[Event]:
        return []

    async def send(self, message: OutgoingMessage) -> Sent:
        self.calls.append(message)
        acts = self.acts[message.address] or self.acts[""]
        act = acts.popleft() if acts else None
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(act if isinstance(act, float) else 0)
        finally:
            self.at_once -= 1
        if isinstance(act, BaseException):
            raise act
        return act if isinstance(act, Sent) else Sent(external_ids=[f"ext-{message.id}"])


class ScriptedAccounts(Accounts):
    """Channels from the database, connectors from the test."""

    FRESH = 0.0

    def __init__(self, db: Database, vault: Vault, http: aiohttp.ClientSession) -> None:
        super().__init__(db, vault, Transport(http=http))
        self.scripted: dict[int, Scripted] = {}

    async def lines(self) -> Mapping[int, Line]:
        return {n: Line(line.channel, self.scripted[n]) for n, line in (await super().lines()).items() if n in self.scripted}


@dataclass
class Post:
    """A delivery office with scripted channels."""

    db: Database
    vault: Vault
    accounts: ScriptedAccounts
    now: datetime
    conversations: dict[tuple[int, str], int] = field(default_factory=dict)

    def deliverer(self, name: str = "worker-1") -> Deliverer:
        loader = outbox.Loader(self.db.settings, files.Store(self.db.settings.data / "files"))
        return Deliverer(self.db, self.accounts, loader, name)

    async def channel(self) -> tuple[int, Scripted]:
        """A channel and its connector."""
        number = await self.db.run(rows.add_channel, self.vault, self.now)
        self.accounts.scripted[number] = Scripted()
        return number, self.accounts.scripted[number]

    async def say(self, channel: int, text: str, to: str = "+4930901820", **more: Any) -> int:
        """Queue a message to somebody; its id."""
        if (channel, to) not in self.conversations:
            key = f"{channel} {to}"
            heard = await self.db.run(lambda c: rows.hear(c, self.now, channel, "Hello", address=to, name=None, number=key))
            self.conversations[channel, to] = heard
        draft = Draft(
            conversation_id=self.conversations[channel, to], author_kind="manager", text=text, channel_id=channel, **more
        )
        return await self.db.run(queue_message, self.now, draft)

    async def drain(self) -> int:
        return await self.deliverer().drain()

    async def row(self, message_id: int) -> Any:
        return await self.db.read(lambda c: c.execute(sa.select(t.messages).where(t.messages.c.id == message_id)).one())

    async def states(self, *message_ids: int) -> list[str]:
        return [(await self.row(message_id)).state for message_id in message_ids]

    async def reach(self, channel: int, address: str = "+4930901820") -> Any:
        r = t.reaches.c
        return await self.db.read(
            lambda c: c.execute(sa.select(t.reaches).where(r.channel_id == channel, r.address == address)).one()
        )

    async def channel_row(self, channel: int) -> Any:
        return await self.db.read(lambda c: c.execute(sa.select(t.channels).where(t.channels.c.id == channel)).one())

    async def later(self, *message_ids: int) -> None:
        """The pause of these messages, and of their channels, is over."""

        def end(connection: sa.Connection) -> None:
            connection.execute(sa.update(t.messages).where(t.messages.c.id.in_(message_ids)).values(try_at=None))
            connection.execute(sa.update(t.channels).values(paused_until=None))

        await self.db.run(end)
