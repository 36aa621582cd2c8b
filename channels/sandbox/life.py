"""The living demo: customers who write by themselves, first by the script, then now and then.

The same seed gives the same people, words and pauses; only what they press depends on what they were answered.
"""

import asyncio
import itertools
import logging
import re
import struct
import zlib
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random

import aiohttp

from channels.sandbox.base import Bubble, Customer, Draft, PhoneFile, Phones
from channels.sandbox.script import LATER, OPENING, Act, Line, Press, Say

_log = logging.getLogger(__name__)
_NUMBERED = re.compile(r"^\s*(\d{1,2})[.)]\s", re.MULTILINE)
_READING = (2.0, 6.0)
"""Seconds from seeing an answer to writing the next line."""
_LATER = (20.0, 70.0)
"""Seconds between the messages that follow the opening."""

Write = Callable[[str, str, Draft], Awaitable[Bubble]]
Read = Callable[[str], Awaitable[None]]


class Life:
    """One run. `pace` stretches every pause (0: none); `patience`: seconds that a customer waits for an answer."""

    def __init__(
        self, phones: Phones, write: Write, read: Read, *, seed: int = 1, pace: float = 1.0, patience: float = 12.0
    ) -> None:
        self.phones = phones
        self._write, self._read = write, read
        self._seed, self._pace, self._patience = seed, pace, patience

    async def run(self, later: int | None = None) -> None:
        """Play the opening, then `later` further messages (None: for ever)."""
        await self.opening()
        random = Random(f"{self._seed}:later")
        for _ in itertools.count() if later is None else range(later):
            # At least a breath, so that a run without pauses and without end leaves room for everything else.
            await asyncio.sleep(max(0.01, random.uniform(*_LATER) * self._pace))
            customer, channel, line = self._whim(random)
            await self._speak(customer, channel, line, random)

    async def opening(self) -> None:
        """The scripted minute; customers write side by side, each one in order."""
        await asyncio.gather(*(self._play(act) for act in OPENING if act.customer in self.phones.customers))

    async def _play(self, act: Act) -> None:
        random = Random(f"{self._seed}:{act.customer}:{act.channel}")
        customer = self.phones.customers[act.customer]
        await asyncio.sleep((act.after + random.uniform(0, 2)) * self._pace)
        heard = 0
        for number, line in enumerate(act.lines):
            if number:
                await self._wait(customer, partial(_answered, customer, act.channel, line, heard))
                await asyncio.sleep(random.uniform(*_READING) * self._pace)
            heard = len(_ours(customer, act.channel))
            if not await self._speak(customer, act.channel, line, random):
                return

    def _whim(self, random: Random) -> tuple[Customer, str, Line]:
        """Somebody who comes back, through one of their channels."""
        known = [c for c in self.phones.customers.values() if c.bubbles and not c.id.startswith("stranger")]
        customer = random.choice(known or list(self.phones.customers.values()))
        channel = random.choice(sorted(customer.addresses))
        picture = random.random() < 0.1 and channel != "sms"
        return customer, channel, Say(random.choice(LATER[customer.language]), picture=picture)

    async def _speak(self, customer: Customer, channel: str, line: Line, random: Random) -> bool:
        """Read what is there, then write; False when it could not be delivered."""
        draft = press(customer, channel, line) if isinstance(line, Press) else _draft(line, random)
        try:
            await self._read(customer.id)
            await self._write(customer.id, channel, draft)
        except (OSError, LookupError, aiohttp.ClientError, TimeoutError) as error:
            _log.warning("a sandbox customer's %s message was not delivered: %s", channel, type(error).__name__)
            return False
        return True

    async def _wait(self, customer: Customer, wanted: Callable[[], bool]) -> None:
        """Until `wanted` is true after a change of a phone, or patience ends."""
        ready = asyncio.Event()
        stop = self.phones.listen(lambda changed: ready.set() if changed is customer and wanted() else None)
        try:
            if not wanted():
                await asyncio.wait_for(ready.wait(), self._patience)
        except TimeoutError:
            return
        finally:
            stop()


def _ours(customer: Customer, channel: str) -> list[Bubble]:
    return [b for b in customer.bubbles if not b.mine and b.channel == channel]


def _answered(customer: Customer, channel: str, line: Line, heard: int) -> bool:
    """Whether there are more answers than were `heard`; for a press, one that can be pressed: a greeting may come first."""
    fresh = _ours(customer, channel)[heard:]
    return any(b.choices or _NUMBERED.search(b.text) for b in fresh) if isinstance(line, Press) else bool(fresh)


def press(customer: Customer, channel: str, line: Press) -> Draft:
    """The button of the newest message of ours that has any, its number where buttons are numbered, else the words."""
    for bubble in reversed(_ours(customer, channel)):
        if bubble.choices:
            choice, title = bubble.choices[line.place % len(bubble.choices)]
            return Draft(text=title, choice=choice, reply_to=bubble.id)
        if numbers := _NUMBERED.findall(bubble.text):
            return Draft(text=numbers[line.place % len(numbers)])
    return Draft(text=line.words)


def _draft(line: Say, random: Random) -> Draft:
    files = [PhoneFile(kind="image", name="photo.png", mime="image/png", content=picture(random))] if line.picture else []
    return Draft(text=line.text, subject=line.subject, files=files)


def picture(random: Random, width: int = 240, height: int = 160) -> bytes:
    """A PNG of two colours running into each other: something to look at without shipping photographs."""
    start, end = ([random.randrange(40, 230) for _ in range(3)] for _ in range(2))
    rows = bytearray()
    for y in range(height):
        rows += b"\x00" + b"".join(
            bytes(a + (b - a) * (x + y) // (width + height) for a, b in zip(start, end, strict=True)) for x in range(width)
        )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
