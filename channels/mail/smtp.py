"""Hand mails to an SMTP server over few connections that are used again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosmtplib
from aiosmtplib import errors

from channels.base import Retry, Unknown
from channels.mail.compose import Envelope
from channels.mail.oauth import Tokens
from channels.mail.refusals import code_of, content_refused, copy_refused, not_connected, recipient_refused, sender_refused
from channels.mail.server import Server

CONNECTIONS = 2
IDLE_SECONDS = 20.0
MAILS_A_CONNECTION = 100
"""Many servers close a connection after so many."""
CHECK_SECONDS = 15.0


class Outgoing:
    """A small pool of connections to one server. `tokens`: what opens it instead of a password."""

    def __init__(self, server: Server, hostname: str, tokens: Tokens | None = None) -> None:
        self._server = server
        self._hostname = hostname
        self._tokens = tokens
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[tuple[aiosmtplib.SMTP, int]] = []
        self._closing: asyncio.TimerHandle | None = None

    async def deliver(self, envelope: Envelope) -> None:
        """Return when the server has taken the mail; raises Retry, Refused, Blocked, Misconfigured or Unknown."""
        async with self._connection() as client:
            await self._offer(client, envelope)
            await _transfer(client, envelope)

    async def check(self, sender: str) -> None:
        """Log in, name `sender` as the sender, and go; raises Misconfigured or Retry."""
        client = await self._open(CHECK_SECONDS)
        try:
            await client.mail(sender)
        except errors.SMTPSenderRefused as error:
            raise sender_refused(error) from error
        except (errors.SMTPException, OSError) as error:
            raise not_connected(error, self._server) from error
        finally:
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
        return await self._open(self._server.timeout), 0

    def _put_back(self, client: aiosmtplib.SMTP, used: int) -> None:
        if used >= MAILS_A_CONNECTION or not client.is_connected:
            client.close()
            return
        self._idle.append((client, used))
        if self._closing:
            self._closing.cancel()
        self._closing = asyncio.get_running_loop().call_later(IDLE_SECONDS, self.close)

    async def _open(self, timeout: float) -> aiosmtplib.SMTP:
        """A new session. A token that the server takes no more is fetched anew, once."""
        try:
            return await self._log_in(timeout)
        except errors.SMTPAuthenticationError as error:
            if self._tokens is None:
                raise not_connected(error, self._server) from error
            self._tokens.forget()
        except (errors.SMTPException, OSError, ValueError) as error:
            raise not_connected(error, self._server) from error
        try:
            return await self._log_in(timeout)
        except (errors.SMTPException, OSError, ValueError) as error:
            raise not_connected(error, self._server) from error

    async def _log_in(self, timeout: float) -> aiosmtplib.SMTP:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=None if self._tokens else server.password or None,
            oauth_token_generator=self._tokens.get if self._tokens else None,
            use_tls=server.tls == "ssl",
            start_tls=server.tls == "starttls",
            timeout=timeout,
            local_hostname=self._hostname,
        )
        try:
            await client.connect()
            return client
        except BaseException:
            client.close()
            raise

    async def _offer(self, client: aiosmtplib.SMTP, envelope: Envelope) -> None:
        """Name the sender and the recipients. Whatever breaks here, the server has not taken the mail."""
        try:
            options = [f"SIZE={len(envelope.content)}"] if client.supports_extension("size") else []
            await _name_sender(client, envelope, options, self._server)
            await client.rcpt(envelope.recipient)
            await _name_copies(client, envelope)
        except errors.SMTPSenderRefused as error:
            raise sender_refused(error) from error
        except errors.SMTPRecipientRefused as error:
            raise recipient_refused(error) from error
        except (errors.SMTPException, OSError) as error:
            raise Retry("The mail server closed the connection", code=code_of(error)) from error


async def _name_sender(client: aiosmtplib.SMTP, envelope: Envelope, options: list[str], server: Server) -> None:
    """Servers for submission often refuse an empty sender; our own name is then better than no answer at all."""
    try:
        await client.mail(envelope.sender, options=options)
    except errors.SMTPSenderRefused as error:
        if envelope.sender or error.code < 500 or "@" not in server.user:
            raise
        await client.mail(server.user, options=options)


async def _name_copies(client: aiosmtplib.SMTP, envelope: Envelope) -> None:
    """A dead address among those who only were on the earlier mail does not keep the answer from the others."""
    for address in envelope.copies:
        try:
            await client.rcpt(address)
        except errors.SMTPRecipientRefused as error:
            if envelope.copies_named or error.code < 500:
                raise copy_refused(error, address) from error


async def _transfer(client: aiosmtplib.SMTP, envelope: Envelope) -> None:
    """Send the content. A connection that breaks now leaves open whether the mail was taken."""
    try:
        await client.data(envelope.content)
    except errors.SMTPDataError as error:
        raise content_refused(error) from error
    except (errors.SMTPException, OSError) as error:
        raise Unknown("The connection broke before the mail server confirmed", code="broken") from error
