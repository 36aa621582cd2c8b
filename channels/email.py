"""E-mail: mails read from a mailbox or pushed to us become messages, our messages go out by SMTP in the same thread."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from channels.base import (
    Accept,
    Account,
    BadSignature,
    Capabilities,
    ChannelError,
    Check,
    Connector,
    Hook,
    Misconfigured,
    OutgoingMessage,
    Sent,
    Settings,
    Transport,
)
from channels.events import JSON, Event, Notice
from channels.mail import parse
from channels.mail.compose import Envelope, From, compose
from channels.mail.imap import Mailbox
from channels.mail.oauth import Tokens
from channels.mail.reading import Reading
from channels.mail.settings import EmailSettings
from channels.mail.smtp import CHECK_SECONDS, Outgoing

__all__ = ["EmailConnector", "EmailSettings"]


class EmailConnector(Connector):
    """One mailbox."""

    kind = "email"
    title = "E-mail"
    identity = "email"
    long_to_read = True
    settings_type = EmailSettings
    can = Capabilities(
        text_limit=200_000,
        caption_limit=200_000,
        media=frozenset({"image", "audio", "voice", "video", "file"}),
        media_limit=18 * 1024 * 1024,  # in base64 this is the 25 MB that most servers take
        attachments=20,
        html=True,
        subject=True,
        replies=True,
        receipts=frozenset({"failed"}),
        rate=10.0,
    )

    def __init__(self, settings: Settings, transport: Transport) -> None:
        assert isinstance(settings, EmailSettings)
        self._settings = settings
        self._outgoing: Outgoing | None = None
        client = settings.oauth()
        self._tokens = Tokens(client, transport.http) if client else None
        self._signer = settings.signer()

    def verify(self, hook: Hook) -> None:
        """Mail comes only by `pull`; nobody can prove over HTTP that a mail was delivered to us."""
        if hook.method != "MAIL":
            raise BadSignature("Mail is not taken over HTTP", missing=True)

    def parse(self, hook: Hook) -> Sequence[Event]:
        if "mailbox" in hook.headers:
            return [Notice(kind="mailbox", text=hook.headers["mailbox"], error="unreadable" in hook.headers)]
        envelope = hook.url.removeprefix("mail:")
        return parse.events(hook.body, address=self._settings.address, envelope=envelope, received_at=hook.received_at)

    async def send(self, message: OutgoingMessage) -> Sent:
        settings = self._settings
        if not settings.smtp_host:
            raise Misconfigured("This channel has no SMTP server to send with", code="smtp_host")
        ours = From(address=settings.address, name=settings.name, plus=settings.plus)
        # In a thread: attachments are read from disk and encoded.
        envelope = await asyncio.to_thread(self._write, message, ours)
        await self._smtp().deliver(envelope)
        return Sent(external_ids=(envelope.message_id,))

    def _write(self, message: OutgoingMessage, ours: From) -> Envelope:
        envelope = compose(message, ours, datetime.now(UTC))
        return replace(envelope, content=self._signer.sign(envelope.content)) if self._signer else envelope

    @property
    def pulls(self) -> bool:
        return bool(self._settings.imap_host or self._settings.listen)

    async def pull(self, cursor: Mapping[str, JSON], accept: Accept) -> None:
        """Read the mailbox and listen on the port, whichever of them is set, until one fails or we are cancelled."""
        reading = Reading(self._settings, self._tokens, cursor, accept)
        jobs = [asyncio.ensure_future(job) for job in reading.jobs()]
        if not jobs:
            return
        try:
            done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
        for job in done:
            job.result()

    async def connect(self, webhook: str) -> Account:
        """Log in wherever the settings say. Raises Misconfigured or Retry with the reason in words."""
        settings = self._settings
        if settings.smtp_host:
            await self._smtp().check(settings.address)
        idles = await self._check_mailbox() if settings.imap_host else True
        return Account(name=settings.name or settings.address, address=settings.address, notes=tuple(self._notes(idles)))

    async def checks(self, webhook: str) -> Sequence[Check]:
        """The servers one by one, and what works but not as it should."""
        settings = self._settings
        found, idles = [], True
        if settings.smtp_host:
            found.append(await _looked_at("SMTP", self._smtp().check(settings.address)))
        if settings.imap_host:
            try:
                idles = await self._check_mailbox()
                found.append(Check(name="IMAP"))
            except ChannelError as error:
                found.append(_failed("IMAP", error))
        return [*found, *(Check(name="settings", state="warning", text=note) for note in self._notes(idles))]

    async def close(self) -> None:
        if self._outgoing:
            self._outgoing.close()

    def _smtp(self) -> Outgoing:
        """Made when first needed: its semaphore belongs to the running loop."""
        if self._outgoing is None:
            self._outgoing = Outgoing(self._settings.smtp(), self._settings.address.rpartition("@")[2], self._tokens)
        return self._outgoing

    async def _check_mailbox(self) -> bool:
        mailbox = Mailbox(replace(self._settings.imap(), timeout=CHECK_SECONDS), self._tokens)
        try:
            await mailbox.open()
            return mailbox.idles
        finally:
            await mailbox.close()

    def _notes(self, idles: bool) -> list[str]:
        settings = self._settings
        notes = [] if settings.smtp_host else ["No SMTP server is set: this channel cannot send"]
        if not self.pulls:
            notes.append("No IMAP server and no port is set: this channel cannot receive")
        if not idles:
            notes.append("The mailbox does not announce new mail: it is looked at every 30 seconds")
        secret = settings.password.get_secret_value() or settings.oauth_token_url
        if secret and any(server.tls == "none" for server in (settings.smtp(), settings.imap()) if server.host):
            notes.append("The password travels without encryption")
        return notes


async def _looked_at(name: str, look: Awaitable[None]) -> Check:
    try:
        await look
    except ChannelError as error:
        return _failed(name, error)
    return Check(name=name)


def _failed(name: str, error: ChannelError) -> Check:
    """What is wrong, and the setting to mend."""
    where = error.field if isinstance(error, Misconfigured) else ""
    return Check.failed(name, error, f"Correct {where}" if where else "Compare the settings with what the mail provider tells")
