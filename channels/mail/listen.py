"""Take mail that other servers push to us, by SMTP or LMTP on one port. A mail is confirmed only when it is safely stored."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from channels.base import Misconfigured

LARGEST = 25 * 1024 * 1024
Store = Callable[[bytes, str], Awaitable[None]]
"""(raw mail, address it came for): returns when the mail is on disk."""

_log = structlog.get_logger(__name__)


class _Protocol(SMTP):
    """SMTP that also understands LMTP's greeting, and then answers once for every recipient (RFC 2033)."""

    lmtp = False

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:
        self.lmtp = True
        await super().smtp_EHLO(arg)


class _Handler:
    """What the protocol asks us."""

    def __init__(self, address: str, store: Store) -> None:
        self._domain = address.rpartition("@")[2].lower()
        self._store = store

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """We are no relay: only mail for our own domain is taken."""
        if address.rpartition("@")[2].lower() != self._domain:
            return "550 5.7.1 Relaying is not allowed"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await self._answer(envelope)
        count = len(envelope.rcpt_tos) if isinstance(server, _Protocol) and server.lmtp else 1
        return "\r\n".join([answer] * count)

    async def _answer(self, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        sender = (envelope.mail_from or "").strip("<>")  # the library calls the empty sender "<>"
        traced = f"Return-Path: <{sender}>\r\n".encode("utf-8", "replace") + content
        try:
            await self._store(traced, _best(envelope.rcpt_tos))
        except Exception as error:  # whatever went wrong, the other server still has the mail and tries again
            _log.error("pushed_mail_not_stored", error=type(error).__name__)
            return "451 4.3.0 Not stored, try again later"
        return "250 2.0.0 Stored"


def _best(recipients: list[str]) -> str:
    """Of several recipients, the one with our token in it."""
    return next((one for one in recipients if "+" in one), recipients[0])


async def listen(host: str, port: int, address: str, store: Store) -> None:
    """Listen until cancelled. Raises Misconfigured where the port cannot be opened."""
    loop = asyncio.get_running_loop()
    domain = address.rpartition("@")[2]

    def protocol() -> _Protocol:
        handler = _Handler(address, store)
        return _Protocol(handler, hostname=domain, ident="Switchboard", data_size_limit=LARGEST, enable_SMTPUTF8=True, loop=loop)

    try:
        server = await loop.create_server(protocol, host, port)
    except OSError as error:
        raise Misconfigured(
            f"The port {port} for pushed mail cannot be opened: {error.strerror or error}", code="listen"
        ) from error
    async with server:
        await server.serve_forever()
