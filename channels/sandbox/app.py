"""The sandbox: every provider's stand-in and the customers' phones behind one local address, for the demo and for journeys.

    async with Sandbox(port=8090) as sandbox:            # or start() and stop()
        sandbox.settings()                               # {"telegram": {"token": ..., "api_base": ...}, ...}: connect with these
        await sandbox.connect({"sms": "http://127.0.0.1:8080/hooks/3", ...})       # where each provider is to deliver
        await sandbox.write("anna", "telegram", Draft(text="Здравствуйте"))
        sandbox.live(seed=1)                             # the customers write by themselves

A web chat has no provider in between, so its webhook is only the way to find its /chat/<channel id>.
"""

import asyncio
import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from aiohttp import web

from channels.sandbox.api import phone_routes
from channels.sandbox.base import Bubble, Customer, Draft, Phones, StandIn
from channels.sandbox.life import Life
from channels.sandbox.people import people

STAND_INS = (
    "channels.sandbox.telegram:TelegramStandIn",
    "channels.sandbox.whatsapp:WhatsAppStandIn",
    "channels.sandbox.sms:TwilioStandIn",
    "channels.sandbox.email:MailStandIn",
    "channels.sandbox.webchat:WebchatStandIn",
)
HOST = "127.0.0.1"


class Sandbox:
    """All stand-ins, their customers, and the page that shows the phones. `port` 0 takes a free one; see `base_url`.

    `memory`: a folder that outlives it, so that the customers are the same people to us after a restart.
    """

    def __init__(self, port: int = 0, stand_ins: Sequence[str] = STAND_INS, memory: Path | None = None) -> None:
        self.port = port
        self.base_url = ""
        self.phones = Phones(people())
        self.stand_ins = {s.kind: s for s in (load(name)(self.phones) for name in stand_ins)}
        for stand_in in self.stand_ins.values():
            stand_in.memory = memory
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=1)
        self._life: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self.port).start()
        self.port = self._runner.addresses[0][1]
        self.base_url = f"http://{HOST}:{self.port}"
        for stand_in in self.stand_ins.values():
            await stand_in.start(f"{self.base_url}/{stand_in.kind}")

    async def stop(self) -> None:
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
        for stand_in in self.stand_ins.values():
            if stand_in.base_url:
                await stand_in.stop()
        await self._runner.cleanup()

    async def __aenter__(self) -> "Sandbox":
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    def settings(self) -> dict[str, dict[str, str]]:
        """By kind, the channel settings that connect to the stand-ins. After `start` only: they hold addresses."""
        return {kind: stand_in.settings() for kind, stand_in in self.stand_ins.items()}

    async def connect(self, webhooks: Mapping[str, str]) -> None:
        """Tell the stand-ins where to deliver, as one does on a provider's site. Raises LookupError for an unknown kind."""
        for kind in webhooks:
            if kind not in self.stand_ins:
                raise LookupError(f"There is no stand-in for {kind!r}; there are {', '.join(self.stand_ins)}")
        for kind, webhook in webhooks.items():
            self.stand_ins[kind].webhook = webhook

    def connected(self) -> dict[str, str]:
        """By kind, where each stand-in delivers now; empty where it does not."""
        return {kind: stand_in.webhook for kind, stand_in in self.stand_ins.items()}

    async def write(self, customer: str, channel: str, draft: Draft) -> Bubble:
        """The customer writes. LookupError: there is no such phone; OSError or aiohttp.ClientError: not delivered."""
        person = self.person(customer)
        if channel not in self.stand_ins or channel not in person.addresses:
            raise LookupError(f"{person.name} has no {channel}")
        return await self.stand_ins[channel].write(person, draft)

    async def read(self, customer: str) -> None:
        """The customer looks at every phone they have. Where the provider has no read receipts, only the phone knows."""
        person = self.person(customer)
        await asyncio.gather(*(self.stand_ins[c].read(person) for c in person.addresses if c in self.stand_ins))
        unread = [b for b in person.bubbles if not b.mine and b.state != "read"]
        for bubble in unread:
            bubble.state = "read"
        if unread:
            self.phones.changed(person)

    def person(self, customer: str) -> Customer:
        """Raises LookupError."""
        if customer not in self.phones.customers:
            raise LookupError(f"There is no customer {customer!r}")
        return self.phones.customers[customer]

    def live(self, *, seed: int = 1, pace: float = 1.0) -> None:
        """Let the customers write by themselves until `stop`. `pace` stretches the pauses; 0 leaves none."""
        life = Life(self.phones, self.write, self.read, seed=seed, pace=pace)
        self._life = asyncio.create_task(life.run())

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.add_routes(phone_routes(self))
        for kind, stand_in in self.stand_ins.items():
            app.add_subapp(f"/{kind}", stand_in.routes())
        return app


def load(name: str) -> type[StandIn]:
    """The class behind "module:Class"."""
    module, _, attribute = name.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    assert isinstance(found, type) and issubclass(found, StandIn), f"{name} is not a stand-in"
    return found
