"""Reading a mailbox against a real IMAP server: skipped where Dovecot is not installed (Debian: dovecot-imapd)."""

import asyncio
from collections.abc import Mapping

import aiohttp
import pytest

from channels.base import Hook, Misconfigured, Transport
from channels.email import EmailConnector, EmailSettings
from channels.events import JSON, InboundMessage
from tests.channels import dovecot

pytestmark = pytest.mark.skipif(not dovecot.PROGRAM, reason="Dovecot is not installed")


class Inbox:
    """Keeps what `accept` gets, and lets a test wait for it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.cursor: Mapping[str, JSON] = {}
        self._changed = asyncio.Event()
        self.connector: EmailConnector

    async def accept(self, hook: Hook, cursor: Mapping[str, JSON]) -> None:
        self.cursor = cursor
        self.texts += [event.text for event in self.connector.parse(hook) if isinstance(event, InboundMessage)]
        self._changed.set()

    async def pull(self, count: int) -> None:
        """Run `pull` until there are so many mails in all."""
        task = asyncio.create_task(self.connector.pull(self.cursor, self.accept))
        try:
            async with asyncio.timeout(60):
                while (len(self.texts) < count or not self.cursor) and not task.done():
                    news = asyncio.ensure_future(self._changed.wait())
                    await asyncio.wait({task, news}, return_when=asyncio.FIRST_COMPLETED)
                    news.cancel()
                    self._changed.clear()
                if task.done():
                    task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _letter(text: str) -> bytes:
    return f"From: ann@example.com\nMessage-ID: <{text}@example.com>\nSubject: s\n\n{text}\n".encode()


def _connector(port: int, http: aiohttp.ClientSession, **changes: str) -> EmailConnector:
    given = {
        "address": dovecot.USER,
        "imap_host": "127.0.0.1",
        "imap_port": str(port),
        "password": dovecot.PASSWORD,
        "tls": "none",
    }
    return EmailConnector(EmailSettings.model_validate(given | changes), Transport(http=http))


async def test_a_real_mailbox_is_read_without_loss() -> None:
    with dovecot.server() as server:
        async with aiohttp.ClientSession() as http:
            inbox = Inbox()
            inbox.connector = _connector(server.port, http)
            assert (await inbox.connector.connect("")).address == dovecot.USER
            server.deliver(_letter("old"), "1.old")
            await inbox.pull(0)
            server.deliver(_letter("away"), "2.away")
            await inbox.pull(1)
            assert inbox.texts == ["away"]


async def test_a_real_mailbox_wakes_us() -> None:
    with dovecot.server() as server:
        async with aiohttp.ClientSession() as http:
            inbox = Inbox()
            inbox.connector = _connector(server.port, http, history="true")
            server.deliver(_letter("first"), "1.first")
            waiting = asyncio.create_task(inbox.pull(2))
            while not inbox.texts and not waiting.done():
                await asyncio.sleep(0.01)
            server.deliver(_letter("second"), "2.second")
            await waiting
            assert inbox.texts == ["first", "second"]


async def test_a_real_server_refuses_a_wrong_password() -> None:
    with dovecot.server() as server:
        async with aiohttp.ClientSession() as http:
            with pytest.raises(Misconfigured, match="user name or password"):
                await _connector(server.port, http, password="wrong").connect("")
