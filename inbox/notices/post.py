"""The installation's own mail: for what is written to those who work here. See docs/decisions/0033-notifications.md."""

from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

import aiohttp
import sqlalchemy as sa

from channels.mail.compose import Envelope
from channels.mail.dkim import Signer
from channels.mail.oauth import Client, Tokens
from channels.mail.server import Server
from channels.mail.settings import EmailSettings
from channels.mail.smtp import Outgoing
from inbox import accounts
from inbox import schema as t
from inbox.accounts import Vault
from inbox.settings import Settings

NAME = "Switchboard"
_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """A server that takes our mail, and the address it comes from."""

    address: str
    server: Server
    oauth: Client | None = None
    signer: Signer | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """A mail to somebody who works here. `number`: the same mail has the same one. `stop`: where a button ends such mails."""

    to: str
    subject: str
    text: str
    html: str
    number: str
    stop: str


def sender(connection: sa.Connection, settings: Settings, vault: Vault) -> Sender | None:
    """The server of the settings, else the oldest mail channel that can send; None where there is neither."""
    if settings.smtp_host:
        return _of_settings(settings)
    c = t.channels.c
    working = (c.kind == "email", c.removed_at.is_(None), c.state != "disabled")
    for number in connection.scalars(sa.select(c.id).where(*working).order_by(c.id)).all():
        found = accounts.load(connection, vault, number).settings
        if isinstance(found, EmailSettings) and found.smtp_host:
            return Sender(address=found.address, server=found.smtp(), oauth=found.oauth(), signer=found.signer())
    return None


def is_channel(connection: sa.Connection, address: str) -> bool:
    """Whether this is the address of a mail channel: what goes there comes in as a customer's."""
    c = t.channels.c
    rows = connection.execute(sa.select(c.settings).where(c.kind == "email", c.removed_at.is_(None)))
    return any(str(row.settings.get("address", "")).lower() == address.lower() for row in rows)


async def send(sender: Sender, mail: Mail, now: datetime, http: aiohttp.ClientSession) -> None:
    """Return when the server has taken the mail. Raises what `channels.mail.smtp.Outgoing.deliver` raises."""
    tokens = Tokens(sender.oauth, http) if sender.oauth else None
    outgoing = Outgoing(sender.server, _domain(sender), tokens)
    try:
        await outgoing.deliver(_envelope(sender, mail, now))
    finally:
        outgoing.close()


def _of_settings(settings: Settings) -> Sender:
    password = settings.smtp_password.get_secret_value()
    server = Server(
        kind="smtp", host=settings.smtp_host, port=settings.smtp_port, tls=settings.smtp_tls, user=settings.smtp_user,
        password=password, oauth=False,
    )  # fmt: skip
    address = settings.mail_from or (settings.smtp_user if "@" in settings.smtp_user else f"switchboard@{settings.smtp_host}")
    return Sender(address=address, server=server)


def _envelope(sender: Sender, mail: Mail, now: datetime) -> Envelope:
    message = EmailMessage(policy=_POLICY)
    message["From"] = formataddr((NAME, sender.address))
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.number}@{_domain(sender)}>"
    message["Auto-Submitted"] = "auto-generated"
    message["List-Unsubscribe"] = f"<{mail.stop}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    made = Envelope(sender=sender.address, recipient=mail.to, message_id=mail.number, content=message.as_bytes())
    return replace(made, content=sender.signer.sign(made.content)) if sender.signer else made


def _domain(sender: Sender) -> str:
    return sender.address.rpartition("@")[2]
