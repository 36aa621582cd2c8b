"""What a stand-in for a provider is, and the phones of the customers who live behind it.

A stand-in speaks the provider's side over real sockets on loopback. It checks what it is sent as the provider would
(authorisation, required fields, limits) and answers in the provider's words; what customers write it delivers as the
provider would (signed webhooks, polled updates, mail). It shares no code with the connector it stands against.
"""

import abc
import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import aiohttp
from aiohttp import web


@dataclass(kw_only=True, slots=True)
class PhoneFile:
    """A file on a customer's phone."""

    kind: str
    name: str
    mime: str
    content: bytes = field(repr=False)


@dataclass(kw_only=True, slots=True)
class Bubble:
    """One message as the customer sees it. `mine`: the customer wrote it. `choices`: (id, title) of the buttons under it."""

    id: str
    channel: str
    mine: bool
    text: str = ""
    subject: str | None = None
    html: str | None = None
    files: Sequence[PhoneFile] = ()
    choices: Sequence[tuple[str, str]] = ()
    reply_to: str | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    state: str = "delivered"
    """sent (on its way), delivered (on the phone), read (seen)."""
    reaction: str = ""


@dataclass(kw_only=True, slots=True)
class Customer:
    """A sandbox person and the addresses they have, by channel kind ({"telegram": "1001", "sms": "+7999..."})."""

    id: str
    name: str
    language: str
    addresses: Mapping[str, str]
    bubbles: list[Bubble] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What a customer is about to send. `choice`: id of the button pressed, with its title in `text`. `html`: of a mail."""

    text: str = ""
    subject: str | None = None
    html: str | None = None
    files: Sequence[PhoneFile] = ()
    choice: str | None = None
    reply_to: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """How the provider misbehaves on the next calls that send a message.

    `kind`: status (answer `status`, with `retry_after` where given), hang (never answer), drop (take the message, then
    close the connection without an answer).
    """

    kind: str
    status: int = 500
    retry_after: float | None = None


class Phones:
    """Every sandbox customer with their bubbles; tells listeners when a phone changes."""

    def __init__(self, customers: Sequence[Customer] = ()) -> None:
        self.customers = {c.id: c for c in customers}
        self._listeners: set[Callable[[Customer], None]] = set()
        self._numbers = itertools.count(1)

    def listen(self, listener: Callable[[Customer], None]) -> Callable[[], None]:
        """Call `listener` with each customer whose phone changes; returns the function that ends it."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def owner(self, channel: str, address: str) -> Customer:
        """The customer with this address; a stranger gets a phone of their own, so that nothing sent is invisible."""
        for customer in self.customers.values():
            if customer.addresses.get(channel) == address:
                return customer
        number = next(self._numbers)
        customer = Customer(id=f"stranger-{number}", name=address, language="en", addresses={channel: address})
        self.customers[customer.id] = customer
        return customer

    def show(self, customer: Customer, bubble: Bubble) -> None:
        """Put a bubble on the phone."""
        customer.bubbles.append(bubble)
        self.changed(customer)

    def changed(self, customer: Customer) -> None:
        for listener in tuple(self._listeners):
            listener(customer)


class StandIn(abc.ABC):
    """One provider. The sandbox mounts `routes()` under `/<kind>` of its own address and calls `start` with that base address."""

    kind: ClassVar[str]
    """The channel kind it stands behind: telegram, whatsapp, sms, email, webchat."""

    def __init__(self, phones: Phones) -> None:
        self.phones = phones
        self.faults: deque[Fault] = deque()
        """Taken one per message-sending call, oldest first."""
        self.received: deque[Mapping[str, object]] = deque(maxlen=100_000)
        """Every message-sending call that was accepted, as received (parsed JSON or form), newest last."""
        self.statuses = True
        """Whether delivery statuses are reported by themselves (sent, delivered); `read` waits for the customer."""
        self.base_url = ""
        self.webhook = ""
        """Where customers' messages are delivered: given by the provider's own means (setWebhook) or by the sandbox."""
        self.memory: Path | None = None
        """A folder for what the provider or the customers' devices would still know after a restart; None: all is forgotten."""
        self._tasks: set[asyncio.Task[None]] = set()
        self.http: aiohttp.ClientSession

    @abc.abstractmethod
    def settings(self) -> dict[str, str]:
        """The channel settings that connect to this stand-in, as for `switchboard channel add KIND --set key=value`."""

    @abc.abstractmethod
    def routes(self) -> web.Application:
        """The provider's HTTP API (an empty application where it has none)."""

    @abc.abstractmethod
    async def write(self, customer: Customer, draft: Draft) -> Bubble:
        """The customer sends a message: show it on the phone and deliver it to us as the provider would."""

    async def read(self, customer: Customer) -> None:
        """The customer looks at the phone: mark our bubbles read and report it where the provider does."""

    async def start(self, base_url: str) -> None:
        """Begin: `base_url` is where `routes()` is reachable, without a trailing slash. Open sockets of one's own here."""
        self.base_url = base_url
        self.http = aiohttp.ClientSession()

    async def stop(self) -> None:
        """End background work and let go of sockets."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.http.close()

    def later(self, job: "asyncio.Future[None] | asyncio.Task[None]") -> None:
        """Keep a background task alive until it is done or the stand-in stops."""
        task = asyncio.ensure_future(job)
        self._tasks.add(task)  # type: ignore[arg-type]
        task.add_done_callback(self._tasks.discard)

    def sent_to(self, address: str) -> list[Bubble]:
        """Our bubbles on the phone with this address, oldest first (for tests)."""
        return [b for b in self.phones.owner(self.kind, address).bubbles if not b.mine and b.channel == self.kind]

    async def meet_fault(self) -> web.Response | None:
        """Act out the next fault: returns the answer to give, or None to go on. `drop` is the caller's (see `drops`)."""
        if not self.faults or self.faults[0].kind == "drop":
            return None
        fault = self.faults.popleft()
        if fault.kind == "hang":
            await asyncio.sleep(3600)
        headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
        return self.refuse(fault, headers)

    def refuse(self, fault: Fault, headers: Mapping[str, str]) -> web.Response:
        """A `status` fault in the provider's words; override to give the provider's error body."""
        return web.json_response({"error": {"code": fault.status}}, status=fault.status, headers=dict(headers))

    def drops(self, request: web.Request) -> bool:
        """Whether the connection must now be closed without an answer, after the message was taken; closes it."""
        if not self.faults or self.faults[0].kind != "drop":
            return False
        self.faults.popleft()
        if request.transport is not None:
            request.transport.abort()
        return True


@asynccontextmanager
async def serve(stand_in: StandIn) -> AsyncIterator[StandIn]:
    """Run one stand-in alone on a free loopback port (for tests)."""
    root = web.Application()
    root.add_subapp(f"/{stand_in.kind}", stand_in.routes())
    runner = web.AppRunner(root, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    await stand_in.start(f"http://{host}:{port}/{stand_in.kind}")
    try:
        yield stand_in
    finally:
        await stand_in.stop()
        await runner.cleanup()
