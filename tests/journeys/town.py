"""The providers' stand-ins around one installation, every channel connected, and customers who move to town."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtplib import SMTP, SMTPException

from channels.sandbox.app import Sandbox
from channels.sandbox.base import Bubble, Customer, Draft
from channels.sandbox.email import ADDRESS, MailStandIn
from channels.sandbox.life import press
from channels.sandbox.script import Press
from tests.journeys.system import Json, System, free_port, installation, wait_until

NAMES = {"ru": "Анна Кузнецова", "en": "Emma Clarke"}
_numbers = itertools.count(1)


class PushingMail(MailStandIn):
    """A provider that pushes the company's mail to a port of ours instead of keeping it in a mailbox."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.listen = free_port()

    def settings(self) -> dict[str, str]:
        kept = {name: value for name, value in super().settings().items() if not name.startswith("imap")}
        return kept | {"listen": str(self.listen)}

    def deliver(self, raw: bytes, sender: str = "") -> None:
        self.later(asyncio.ensure_future(self._push(raw, sender)))

    async def _push(self, raw: bytes, sender: str) -> None:
        """Again until it is taken, as a mail server does."""
        while True:
            try:
                async with SMTP(hostname="127.0.0.1", port=self.listen, timeout=20) as client:
                    await client.sendmail(sender, [ADDRESS], raw)
                    return
            except SMTPException:
                await asyncio.sleep(0.2)


@dataclass(frozen=True)
class Way:
    """One connected channel and what can be expected of it."""

    label: str
    kind: str
    receipts: str
    buttons: bool = True
    quotes: bool = True
    names: bool = True
    second: bool = False
    """Behind the second set of stand-ins: a kind that is connected twice."""


WAYS = (
    Way("telegram by webhook", "telegram", "sent"),
    Way("telegram by polling", "telegram", "sent", second=True),
    Way("whatsapp", "whatsapp", "read"),
    Way("sms", "sms", "delivered", buttons=False, quotes=False, names=False),
    Way("email by IMAP", "email", "sent", buttons=False),
    Way("email pushed", "email", "sent", buttons=False, second=True),
    Way("webchat", "webchat", "read"),
)


@dataclass
class Town:
    """A running installation with all channels."""

    system: System
    first: Sandbox
    second: Sandbox
    channels: dict[str, int] = field(default_factory=dict)
    """By way."""

    def sandbox(self, way: Way) -> Sandbox:
        return self.second if way.second else self.first

    def newcomer(self, *ways: Way, language: str = "ru", phone: str = "") -> "Visitor":
        """Somebody with an address on each of these ways, whom nobody has met."""
        number = next(_numbers)
        phone = phone or f"7900100{number:04d}"
        addresses = {"telegram": f"72{number:04d}", "whatsapp": phone, "sms": f"+{phone}", "email": f"c{number}@example.org"}
        mine = {way.kind: {**addresses, "webchat": ""}[way.kind] for way in ways}
        customer = Customer(id=f"newcomer-{number}", name=NAMES[language], language=language, addresses=mine)
        for sandbox in (self.first, self.second):
            sandbox.phones.customers[customer.id] = customer
        return Visitor(self, customer, ways[0])


@dataclass
class Visitor:
    """A customer on one way."""

    town: Town
    customer: Customer
    way: Way

    async def write(self, text: str = "", **more: object) -> Bubble:
        return await self.send(Draft(text=text, **more))  # type: ignore[arg-type]

    async def send(self, draft: Draft) -> Bubble:
        return await self.town.sandbox(self.way).write(self.customer.id, self.way.kind, draft)

    async def press(self, place: int, words: str) -> Bubble:
        """Press the button at this place, or write its number where there are none."""
        return await self.send(press(self.customer, self.way.kind, Press(place, words)))

    async def look(self) -> None:
        await self.town.sandbox(self.way).read(self.customer.id)

    def seen(self, words: str) -> list[Bubble]:
        """Bubbles of ours with these words."""
        return [b for b in self.customer.bubbles if not b.mine and words in b.text]

    async def sees(self, words: str) -> Bubble:
        return (await wait_until(lambda: self.seen(words), what=f"the phone shows {words!r}"))[0]

    async def conversation(self) -> Json:
        """The conversation that holds this customer's first message on the way."""
        channel = self.town.channels[self.way.label]
        return await wait_until(lambda: self._conversation(channel), what=f"the conversation by {self.way.label}")

    async def _conversation(self, channel: int) -> Json | None:
        mine = {b.id for b in self.customer.bubbles if b.mine}
        for item in await self.town.system.api.every(f"/conversations?status=any&channel={channel}"):
            messages = await self.town.system.api.messages(item["id"])
            if any(m["direction"] == "in" and m["external_id"] in mine for m in messages):
                return item
        return None


@asynccontextmanager
async def town(folder: Path, database_url: str, ways: tuple[Way, ...] = WAYS) -> AsyncIterator[Town]:
    """Everything started and connected, as an administrator does it."""
    others = tuple(name for name in _SECOND if any(w.second for w in ways))
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(Sandbox())
        second = await stack.enter_async_context(Sandbox(stand_ins=others))
        system = await stack.enter_async_context(installation(folder, database_url))
        system.start()
        await system.ready()
        found = Town(system, first, second)
        made = await system.add_channels(*((way.kind, way.label, _settings(found, way)) for way in ways))
        for way, (channel, webhook) in zip(ways, made, strict=True):
            found.channels[way.label] = channel
            if way.kind != "telegram":
                await found.sandbox(way).connect({way.kind: webhook})
        yield found


def _settings(found: Town, way: Way) -> dict[str, str]:
    settings = dict(found.sandbox(way).settings()[way.kind])
    return settings | {"mode": "webhook"} if way.kind == "telegram" and not way.second else settings


_SECOND = ("channels.sandbox.telegram:TelegramStandIn", "tests.journeys.town:PushingMail")
