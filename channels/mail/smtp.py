"""Hand mails to an SMTP server over few connections that are used again, and say in our words why one was not taken."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib import errors

from channels.base import Blocked, ChannelError, Misconfigured, Refused, Retry, Unknown
from channels.mail.compose import Envelope
from channels.mail.verdict import code_in, is_hard

CONNECTIONS = 2
IDLE_SECONDS = 20.0
MAILS_A_CONNECTION = 100
"""Many servers close a connection after so many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """Where a mail server listens and who we are to it. `tls`: none, starttls or ssl."""

    host: str
    port: int
    tls: str
    user: str
    password: str
    timeout: float = 60.0


class Outgoing:
    """A small pool of connections to one server."""

    def __init__(self, server: Server, hostname: str) -> None:
        self._server = server
        self._hostname = hostname
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[tuple[aiosmtplib.SMTP, int]] = []
        self._closing: asyncio.TimerHandle | None = None

    async def deliver(self, envelope: Envelope) -> None:
        """Return when the server has taken the mail; raises Retry, Refused, Blocked, Misconfigured or Unknown."""
        async with self._connection() as client:
            await self._offer(client, envelope)
            await _transfer(client, envelope)

    async def check(self) -> None:
        """Log in and out again; raises Misconfigured or Retry."""
        client = await self._open()
        client.close()

    def close(self) -> None:
        """Let go of all idle connections."""
        if self._closing:
            self._closing.cancel()
        for client, _ in self._idle:
            client.close()
        self._idle.clear()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection that answers. One whose mail failed half-way is not used again, since nobody knows its state."""
        async with self._places:
            client, used = await self._ready()
            try:
                yield client
            except BaseException:
                client.close()
                raise
            self._put_back(client, used + 1)

    async def _ready(self) -> tuple[aiosmtplib.SMTP, int]:
        """An idle connection that is still alive, or a new one."""
        while self._idle:
            client, used = self._idle.pop()
            try:
                await client.rset(timeout=10)
                return client, used
            except (errors.SMTPException, OSError):
                client.close()
        return await self._open(), 0

    def _put_back(self, client: aiosmtplib.SMTP, used: int) -> None:
        if used >= MAILS_A_CONNECTION or not client.is_connected:
            client.close()
            return
        self._idle.append((client, used))
        if self._closing:
            self._closing.cancel()
        self._closing = asyncio.get_running_loop().call_later(IDLE_SECONDS, self.close)

    async def _open(self) -> aiosmtplib.SMTP:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.tls == "ssl",
            start_tls=server.tls == "starttls",
            timeout=server.timeout,
            local_hostname=self._hostname,
        )
        try:
            await client.connect()
            return client
        except (errors.SMTPException, OSError, ValueError) as error:
            client.close()
            raise _not_connected(error) from error

    async def _offer(self, client: aiosmtplib.SMTP, envelope: Envelope) -> None:
        """Name the sender and the recipient. Whatever breaks here, the server has not taken the mail."""
        try:
            options = [f"SIZE={len(envelope.content)}"] if client.supports_extension("size") else []
            await _name_sender(client, envelope, options, self._server)
            await client.rcpt(envelope.recipient)
        except errors.SMTPSenderRefused as error:
            raise _sender_refused(error) from error
        except errors.SMTPRecipientRefused as error:
            raise _recipient_refused(error) from error
        except (errors.SMTPException, OSError) as error:
            raise Retry("The mail server closed the connection", code=_code(error)) from error


async def _name_sender(client: aiosmtplib.SMTP, envelope: Envelope, options: list[str], server: Server) -> None:
    """Servers for submission often refuse an empty sender; our own name is then better than no answer at all."""
    try:
        await client.mail(envelope.sender, options=options)
    except errors.SMTPSenderRefused as error:
        if envelope.sender or error.code < 500 or "@" not in server.user:
            raise
        await client.mail(server.user, options=options)


async def _transfer(client: aiosmtplib.SMTP, envelope: Envelope) -> None:
    """Send the content. A connection that breaks now leaves open whether the mail was taken."""
    try:
        await client.data(envelope.content)
    except errors.SMTPDataError as error:
        raise _content_refused(error) from error
    except (errors.SMTPException, OSError) as error:
        raise Unknown("The connection broke before the mail server confirmed", code="broken") from error


def _code(error: BaseException) -> str:
    if isinstance(error, errors.SMTPResponseException):
        return code_in(error.message) or str(error.code)
    return "connect"


def _words(error: errors.SMTPResponseException) -> str:
    return f"{error.code} {' '.join(error.message.split())}"[:500]


def _not_connected(error: Exception) -> ChannelError:
    if isinstance(error, errors.SMTPAuthenticationError):
        if 400 <= error.code < 500:
            return Retry(f"The mail server cannot check the password now: {_words(error)}", code=_code(error))
        return Misconfigured(f"The mail server refuses the user name or password: {_words(error)}", code=_code(error))
    if isinstance(error, errors.SMTPNotSupported | ValueError):
        return Misconfigured(f"The mail server does not offer what the settings ask for: {error}", code="unsupported")
    if isinstance(error, errors.SMTPResponseException) and error.code >= 500:
        return Misconfigured(f"The mail server refuses us: {_words(error)}", code=_code(error))
    if isinstance(error, ssl.SSLCertVerificationError) or isinstance(error.__cause__, ssl.SSLCertVerificationError):
        return Misconfigured("The mail server's certificate is not valid for its name", code="certificate")
    if type(error) is errors.SMTPException:
        return Misconfigured(f"The mail server does not offer what the settings ask for: {error}", code="unsupported")
    return Retry("The mail server cannot be reached", code=_code(error))


def _sender_refused(error: errors.SMTPSenderRefused) -> ChannelError:
    if error.code < 500:
        return Retry(f"The mail server asks to try later: {_words(error)}", code=_code(error))
    if error.code == 552:
        return Refused(f"The mail is too large for the mail server: {_words(error)}", code=_code(error))
    return Misconfigured(f"The mail server does not let us send from this address: {_words(error)}", code=_code(error))


def _recipient_refused(error: errors.SMTPRecipientRefused) -> ChannelError:
    if error.code < 500:
        return Retry(f"The mail server asks to try later: {_words(error)}", code=_code(error))
    if error.code in (530, 535) or "relay" in error.message.lower():
        return Misconfigured(f"The mail server does not forward mail for us: {_words(error)}", code=_code(error))
    kind = Blocked if is_hard(code_in(error.message), error.message) else Refused
    return kind(f"The address was refused: {_words(error)}", code=_code(error))


def _content_refused(error: errors.SMTPDataError) -> ChannelError:
    if error.code < 500:
        return Retry(f"The mail server asks to try later: {_words(error)}", code=_code(error))
    kind = Blocked if is_hard(code_in(error.message), error.message) else Refused
    return kind(f"The mail was refused: {_words(error)}", code=_code(error))
