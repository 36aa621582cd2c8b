"""A mail provider on loopback: real SMTP and IMAP for the company's mailbox, and the customers' mail programs.

Mail to somebody the provider does not know comes back as a real delivery report; addresses in `refuses` are refused at once.
The IMAP server is our own: pymap, the kept one in Python, brings a dozen packages for what needs fifteen commands here.
"""

import itertools
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import ClassVar

from aiohttp import web

from channels.sandbox.base import Bubble, Customer, Draft, Fault, Phones, StandIn
from channels.sandbox.mail_provider import mime
from channels.sandbox.mail_provider.box import Box
from channels.sandbox.mail_provider.imap import ImapServer
from channels.sandbox.mail_provider.smtp import SmtpServer
from channels.sandbox.mail_provider.tokens import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, TokenService

HOST = "127.0.0.1"
ADDRESS = "support@shop.example"
PASSWORD = "sandbox-mail-password"  # noqa: S105 -- opens nothing but the stand-in


class MailStandIn(StandIn):
    """The provider of one company mailbox, and of every sandbox customer who has a mail address."""

    kind: ClassVar[str] = "email"

    def __init__(self, phones: Phones) -> None:
        super().__init__(phones)
        self.box = Box(validity=int(time.time()))  # a new mailbox at every start: what was numbered before is gone
        self.refuses: set[str] = set()
        self.tokens = TokenService()
        self.imap = ImapServer(self.box, ADDRESS, PASSWORD, self.tokens.knows)
        self.smtp = SmtpServer(ADDRESS, PASSWORD, self._take, self._next_fault, self.refuses, self.tokens.knows)
        self._numbers = itertools.count(1)
        self._reply_to: dict[str, str] = {}

    def settings(self) -> dict[str, str]:
        return {
            "address": ADDRESS,
            "name": "Shop",
            "smtp_host": HOST,
            "smtp_port": str(self.smtp.port),
            "imap_host": HOST,
            "imap_port": str(self.imap.port),
            "user": ADDRESS,
            "password": PASSWORD,
            "tls": "none",
            "plus": "true",
        }

    def oauth_settings(self) -> dict[str, str]:
        """What changes in `settings` for who signs in with tokens instead of the password."""
        return {
            "password": "",
            "oauth_token_url": f"{self.base_url}/token",
            "oauth_client_id": CLIENT_ID,
            "oauth_client_secret": CLIENT_SECRET,
            "oauth_refresh_token": REFRESH_TOKEN,
        }

    def routes(self) -> web.Application:
        return self.tokens.routes()

    async def start(self, base_url: str) -> None:
        await super().start(base_url)
        await self.smtp.start(HOST)
        await self.imap.start(HOST)

    async def stop(self) -> None:
        await self.smtp.stop()
        await self.imap.stop()
        await super().stop()

    async def write(self, customer: Customer, draft: Draft) -> Bubble:
        """A mail to the company. Without a subject of its own it answers our latest mail, if there is one."""
        now = datetime.now(UTC)
        answered = self._answered(customer, draft)
        to = self._reply_to.get(answered.id, ADDRESS) if answered else ADDRESS
        mail = mime.letter(customer, draft, to, self._new_id(customer.addresses[self.kind]), now, answered)
        shown = Bubble(
            id=str(mail["Message-ID"]).strip("<>"),
            channel=self.kind,
            mine=True,
            text=draft.text,
            subject=str(mail["Subject"]),
            files=draft.files,
            reply_to=answered.id if answered else None,
            at=now,
        )
        self.phones.show(customer, shown)
        self.deliver(mail.as_bytes(), sender=customer.addresses[self.kind])
        return shown

    def deliver(self, raw: bytes, sender: str = "") -> None:
        """Put a raw mail into the company's mailbox, with the line that the last server adds."""
        self.box.append(f"Return-Path: <{sender}>\r\n".encode() + raw)

    def _answered(self, customer: Customer, draft: Draft) -> Bubble | None:
        ours = [b for b in customer.bubbles if b.channel == self.kind and not b.mine]
        if draft.reply_to:
            return next((b for b in customer.bubbles if b.id == draft.reply_to), None)
        return ours[-1] if ours and not draft.subject else None

    def _new_id(self, address: str) -> str:
        return f"{datetime.now(UTC):%Y%m%d%H%M%S%f}.{next(self._numbers)}@{address.rpartition('@')[2]}"

    def _next_fault(self) -> Fault | None:
        return self.faults.popleft() if self.faults else None

    async def _take(self, sender: str, recipients: Sequence[str], raw: bytes, mail: EmailMessage) -> None:
        """A mail of ours was accepted: onto the customers' phones, back to us as a report, or into our own mailbox."""
        now = datetime.now(UTC)
        self.received.append({"sender": sender, "recipients": list(recipients), "raw": raw, "headers": dict(mail.items())})
        for recipient in recipients:
            self._hand_out(sender, recipient.lower(), raw, mail, now)

    def _hand_out(self, sender: str, recipient: str, raw: bytes, mail: EmailMessage, now: datetime) -> None:
        local, _, domain = recipient.partition("@")
        if f"{local.partition('+')[0]}@{domain}" == ADDRESS:
            self.deliver(raw, sender)
        elif customer := self._known(recipient):
            shown = mime.bubble(mail, now)
            self._reply_to[shown.id] = str(mail["Reply-To"] or ADDRESS)
            self.phones.show(customer, shown)
        elif sender:
            self.deliver(mime.not_delivered(mail, recipient, sender, self._new_id("sandbox.localhost"), now))

    def _known(self, recipient: str) -> Customer | None:
        everyone = self.phones.customers.values()
        return next((c for c in everyone if c.addresses.get(self.kind, "").lower() == recipient), None)
