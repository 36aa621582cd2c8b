"""The provider's SMTP server: takes our mail after a login, checks it as providers do, and hands it on."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from channels.sandbox.base import Fault

LARGEST = 25 * 1024 * 1024
NEEDED = ("From", "To", "Date", "Message-ID")
# What faults of HTTP are called in SMTP; codes that SMTP has itself are given as they are.
_FAULTS = {429: "450 4.7.1 Too many messages, slow down", 403: "554 5.7.1 Refused by policy", 404: "550 5.1.1 User unknown"}
_OWN_CODES = {421, 450, 451, 452, 550, 551, 552, 553, 554}


class SmtpServer:
    """`take` gets every accepted mail: (envelope sender, recipients, raw bytes, parsed mail)."""

    def __init__(
        self,
        user: str,
        password: str,
        take: Callable[[str, list[str], bytes, EmailMessage], Awaitable[None]],
        next_fault: Callable[[], Fault | None],
        refuses: set[str],
        knows: Callable[[bytes, str], bool],
    ) -> None:
        self.knows = knows
        self.user = user
        self.password = password
        self.take = take
        self.next_fault = next_fault
        self.refuses = refuses
        self.port = 0
        self.connections = 0
        """How many connections were opened so far: a client that keeps them opens few."""
        self._server: asyncio.Server
        self._open: set[SMTP] = set()

    async def start(self, host: str) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def _protocol(self) -> SMTP:
        self.connections += 1
        protocol = SMTP(
            _Handler(self),
            hostname="sandbox.localhost",
            ident="Sandbox mail",
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=self._authenticate,
            loop=asyncio.get_running_loop(),
        )
        self._open.add(protocol)
        return protocol

    def _authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        known = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == (self.user, self.password)
        return AuthResult(success=known, handled=False)

    async def stop(self) -> None:
        """Close the port and cut all connections, as an outage does."""
        self._server.close()
        for protocol in self._open:
            _cut(protocol)
        self._open.clear()
        await self._server.wait_closed()


class _Handler:
    """What the protocol asks at each step."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        """Who is refused hears why in a challenge first, as Google's and Microsoft's servers do it."""
        if len(args) == 2 and self._server.knows(base64.b64decode(args[1]), self._server.user):
            return AuthResult(success=True)
        await server.challenge_auth('{"status":"401","schemes":"Bearer"}')
        return AuthResult(success=False, handled=False)

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        if address != "<>" and address.lower() != self._server.user.lower():
            return "553 5.7.1 Sender address rejected: not owned by user"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if address.lower() in self._server.refuses:
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self._server.next_fault()
        if fault is not None and fault.kind == "hang":
            await asyncio.sleep(3600)
        if fault is not None and fault.kind == "status":
            return _words(fault.status)
        answer = await self._take(envelope)
        if fault is not None and fault.kind == "drop":
            _cut(server)
        return answer

    async def _take(self, envelope: Envelope) -> str:
        raw = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        mail = message_from_bytes(raw, _class=EmailMessage, policy=default)
        missing = [name for name in NEEDED if not mail[name]]
        if missing:
            return f"550 5.6.0 The mail has no {', '.join(missing)}"
        await self._server.take((envelope.mail_from or "").strip("<>"), envelope.rcpt_tos, raw, mail)
        return "250 2.0.0 Taken"


def _cut(protocol: SMTP) -> None:
    if isinstance(protocol.transport, asyncio.Transport):
        protocol.transport.abort()


def _words(status: int) -> str:
    if status in _OWN_CODES:
        return f"{status} {'4' if status < 500 else '5'}.3.0 As the sandbox was told"
    return _FAULTS.get(status, "451 4.3.0 Trouble at our end" if status >= 500 else "554 5.7.1 Refused")
