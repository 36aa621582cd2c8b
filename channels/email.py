"""E-mail: mails read from a mailbox or pushed to us become messages, our messages go out by SMTP in the same thread."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from channels.base import (
    Accept,
    Account,
    BadSignature,
    Capabilities,
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
from channels.mail.compose import From, compose
from channels.mail.imap import Cursor, Mailbox
from channels.mail.listen import listen
from channels.mail.smtp import Outgoing, Server

_Port = Annotated[int, Field(ge=1, le=65535)]
_MaybePort = Annotated[_Port | None, BeforeValidator(lambda value: None if value == "" else value)]
_IMPLICIT_TLS, _UPGRADED_TLS = {465, 993}, {25, 587, 143}


class EmailSettings(Settings):
    """One mailbox of the company."""

    address: str = Field(
        title="Address", description="The mail address that customers write to", pattern=r"^[^@\s<>\"]+@[^@\s<>\"]+$"
    )
    name: str = Field(default="", title="Name", description="The sender's name that customers see")
    smtp_host: str = Field(default="", title="SMTP server", description="Where mail goes out; empty: this channel cannot send")
    smtp_port: _MaybePort = Field(default=None, title="SMTP port")
    imap_host: str = Field(default="", title="IMAP server", description="Where mail is read; empty: it is pushed to us")
    imap_port: _MaybePort = Field(default=None, title="IMAP port")
    user: str = Field(default="", title="User", description="Empty: the address")
    password: SecretStr = Field(default=SecretStr(""), title="Password")
    tls: Literal["none", "starttls", "ssl"] = Field(
        default="ssl", title="Encryption", description="On the well-known ports the port decides between starttls and ssl"
    )
    listen: _MaybePort = Field(default=None, title="Port for pushed mail", description="Takes SMTP and LMTP for our domain")
    listen_host: str = Field(default="127.0.0.1", title="Host for pushed mail", description="0.0.0.0: from other machines too")
    plus: bool = Field(
        default=False, title="Plus addresses", description="Our server delivers name+anything@domain to this mailbox"
    )
    history: bool = Field(default=False, title="Import old mail", description="Read all mail that is already in the mailbox")

    @model_validator(mode="after")
    def _does_something(self) -> "EmailSettings":
        if not (self.smtp_host or self.imap_host or self.listen):
            raise ValueError(
                "smtp_host, imap_host or listen is needed: with none of them the channel can neither send nor receive"
            )
        return self

    def server(self, host: str, port: int | None, standard: tuple[int, int, int]) -> Server:
        """One of our two servers. `standard`: its ports for none, starttls and ssl."""
        chosen = port or standard[("none", "starttls", "ssl").index(self.tls)]
        tls: str = self.tls
        if tls != "none" and chosen in _IMPLICIT_TLS | _UPGRADED_TLS:
            tls = "ssl" if chosen in _IMPLICIT_TLS else "starttls"
        password = self.password.get_secret_value()
        return Server(host=host, port=chosen, tls=tls, user=(self.user or self.address) if password else "", password=password)


class EmailConnector(Connector):
    """One mailbox."""

    kind = "email"
    title = "E-mail"
    identity = "email"
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
        envelope = await asyncio.to_thread(compose, message, ours, datetime.now(UTC))
        await self._smtp().deliver(envelope)
        return Sent(external_ids=(envelope.message_id,))

    @property
    def pulls(self) -> bool:
        return bool(self._settings.imap_host or self._settings.listen)

    async def pull(self, cursor: Mapping[str, JSON], accept: Accept) -> None:
        """Read the mailbox and listen on the port, whichever of them is set, until one fails or we are cancelled."""
        reading = _Reading(self._settings, cursor, accept)
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
            await self._smtp().check()
        idles = await self._check_mailbox() if settings.imap_host else True
        return Account(name=settings.name or settings.address, address=settings.address, notes=tuple(self._notes(idles)))

    async def close(self) -> None:
        if self._outgoing:
            self._outgoing.close()

    def _smtp(self) -> Outgoing:
        """Made when first needed: its semaphore belongs to the running loop."""
        if self._outgoing is None:
            settings = self._settings
            server = settings.server(settings.smtp_host, settings.smtp_port, (25, 587, 465))
            self._outgoing = Outgoing(server, settings.address.rpartition("@")[2])
        return self._outgoing

    async def _check_mailbox(self) -> bool:
        mailbox = _mailbox(self._settings)
        try:
            await mailbox.run(mailbox.open)
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
        if settings.tls == "none" and settings.password.get_secret_value():
            notes.append("The password travels without encryption")
        return notes


def _mailbox(settings: EmailSettings) -> Mailbox:
    return Mailbox(settings.server(settings.imap_host, settings.imap_port, (143, 143, 993)))


class _Reading:
    """One run of `pull`: the mailbox and the port share the cursor, so that neither stores an old one over the other's."""

    def __init__(self, settings: EmailSettings, cursor: Mapping[str, JSON], accept: Accept) -> None:
        self._settings = settings
        self._stored = dict(cursor)
        self._accept = accept

    def jobs(self) -> list[Coroutine[None, None, None]]:
        settings = self._settings
        jobs: list[Coroutine[None, None, None]] = [self._read()] if settings.imap_host else []
        if settings.listen:
            jobs.append(listen(settings.listen_host, settings.listen, settings.address, self._pushed))
        return jobs

    async def _read(self) -> None:
        mailbox = _mailbox(self._settings)
        try:
            state = await mailbox.run(mailbox.open)
            place = Cursor.read(self._stored)
            if place is None:
                place = Cursor.first(state, self._settings.history, datetime.now(UTC))
                # Stored at once: otherwise mail that comes before the first one is read would be lost by a restart.
                await self._keep(b"", {"mailbox": "Opened"}, place)
            place = place.on(state)
            while True:
                place = await self._catch_up(mailbox, place)
                await mailbox.run(mailbox.wait)
        finally:
            await mailbox.close()

    async def _catch_up(self, mailbox: Mailbox, place: Cursor) -> Cursor:
        since = place.since if place.uid == 0 else None
        for uid in await mailbox.run(mailbox.above, place.uid, since):
            place = place.at(uid)
            try:
                raw = await mailbox.run(mailbox.fetch, uid)
            except LookupError as error:
                await self._keep(b"", {"mailbox": f"{error} (UID {uid})", "unreadable": "yes"}, place)
                continue
            if raw is not None:
                await self._keep(raw, {}, place)
        return place

    async def _keep(self, raw: bytes, headers: Mapping[str, str], place: Cursor) -> None:
        await self._accept(self._hook(raw, self._settings.address, headers), place.stored())
        self._stored = place.stored()

    async def _pushed(self, raw: bytes, recipient: str) -> None:
        await self._accept(self._hook(raw, recipient, {}), self._stored)

    def _hook(self, raw: bytes, recipient: str, headers: Mapping[str, str]) -> Hook:
        return Hook(method="MAIL", url=f"mail:{recipient}", headers=headers, body=raw, received_at=datetime.now(UTC))
