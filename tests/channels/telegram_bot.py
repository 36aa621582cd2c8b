"""A bot for tests: the connector over real sockets against the stand-in, and an inbox that keeps what is pulled."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from channels.base import Hook, OutgoingFile, OutgoingMessage, Transport
from channels.events import Event
from channels.sandbox.base import Customer, Phones, serve
from channels.sandbox.telegram import TelegramStandIn
from channels.telegram import TelegramConnector, TelegramSettings

ANNA, BORIS = "5001", "5002"
OLGA: dict[str, Any] = {"id": 6001, "is_bot": False, "first_name": "Olga", "last_name": "Orlova"}
"""The owner of a business account."""


@asynccontextmanager
async def provider() -> AsyncIterator[TelegramStandIn]:
    """Telegram, where Anna and Boris have opened the bot's chat."""
    names = {ANNA: "Anna Petrova", BORIS: "Boris Blok"}
    people = [Customer(id=number, name=name, language="ru", addresses={"telegram": number}) for number, name in names.items()]
    stand_in = TelegramStandIn(Phones(people))
    async with serve(stand_in):
        yield stand_in


@asynccontextmanager
async def connected(stand_in: TelegramStandIn, **settings: str) -> AsyncIterator[TelegramConnector]:
    """A connector of this bot that does not rest between its calls."""
    async with aiohttp.ClientSession() as http:
        connector = TelegramConnector(TelegramSettings(**{**stand_in.settings(), **settings}), Transport(http=http))
        connector.pause = 0.0
        yield connector


@pytest.fixture
async def stand_in() -> AsyncIterator[TelegramStandIn]:
    async with provider() as bot:
        yield bot


@pytest.fixture
async def connector(stand_in: TelegramStandIn) -> AsyncIterator[TelegramConnector]:
    async with connected(stand_in) as made:
        yield made


def message(text: str = "", **more: Any) -> OutgoingMessage:
    return OutgoingMessage(**{"id": "m1", "address": ANNA, "text": text, **more})


def file(kind: str, mime: str, name: str = "f", content: bytes = b"bytes", size: int = 5) -> OutgoingFile:
    return OutgoingFile(kind=kind, name=name, mime=mime, size=size, url="https://inbox.example/f", read=lambda: content)


class Inbox:
    """Keeps what `pull` gives, and stops it after a number of deliveries."""

    def __init__(self, connector: TelegramConnector) -> None:
        self.connector = connector
        self.events: list[Event] = []
        self.cursors: list[Mapping[str, Any]] = [{}]
        self.arrived = asyncio.Event()

    async def accept(self, delivery: Hook, cursor: Mapping[str, Any]) -> None:
        self.connector.verify(delivery)
        self.events += self.connector.parse(delivery)
        self.cursors.append(cursor)
        self.arrived.set()

    async def pull_until(self, count: int) -> None:
        """Go on from where the last pull stopped, until so many events are there in all."""
        task = asyncio.create_task(self.connector.pull(self.cursors[-1], self.accept))
        try:
            async with asyncio.timeout(10):
                while len(self.events) < count:
                    self.arrived.clear()
                    await self.arrived.wait()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
