"""Write one outgoing message as a mail."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from channels.base import OutgoingFile, OutgoingMessage
from channels.mail.answering import ascii_address, copies, encodable, person, subject, thread
from channels.mail.headers import plain
from channels.mail.readable import to_text

_POLICY = SMTP.clone(cte_type="7bit")
"""Only ASCII on the wire: a server that rewrites 8-bit text on its way would break the signature."""


@dataclass(frozen=True, kw_only=True, slots=True)
class From:
    """Who we are. `plus`: our server delivers `local+anything@domain` to us."""

    address: str
    name: str
    plus: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """What goes over the wire. `sender` is empty for automatic answers, so that no machine answers them.

    `copies` get it too; where `copies_named`, a person asked for each of them, so one that is refused stops the mail.
    """

    sender: str
    recipient: str
    message_id: str
    content: bytes
    copies: Sequence[str] = ()
    copies_named: bool = False


def compose(message: OutgoingMessage, ours: From, now: datetime) -> Envelope:
    """The whole mail. The same message composed again has the same Message-ID, so a repetition is recognisable."""
    mail = EmailMessage(policy=_POLICY)
    recipient = ascii_address(message.address)
    others = copies(message, ours.address)
    message_id = own_id(message, ours)
    mail["From"] = person(ours.name, ours.address)
    mail["To"] = person(message.name or "", recipient)
    if others:
        mail["Cc"] = [person("", one) for one in others]
    mail["Subject"] = subject(message)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message_id}>"
    thread(mail, message, ours.name, ours.address, ours.plus)
    _manners(mail, message)
    _body(mail, message)
    return Envelope(
        sender="" if message.automatic and not message.bulk else ours.address,
        recipient=recipient,
        message_id=message_id,
        content=mail.as_bytes(),
        copies=others,
        copies_named=message.cc is not None,
    )


def own_id(message: OutgoingMessage, ours: From) -> str:
    """The Message-ID of ours, without brackets: unique because our message ids are, the digest keeps it unguessable enough."""
    digest = hashlib.sha256(f"{ours.address}\0{message.id}\0{message.address}".encode()).hexdigest()[:12]
    return f"switchboard.{re.sub(r'[^A-Za-z0-9_-]', '-', message.id)}.{digest}@{ours.address.rpartition('@')[2]}"


def _manners(mail: EmailMessage, message: OutgoingMessage) -> None:
    """What machines must say of themselves: RFC 3834, and for broadcasts RFC 8058."""
    if message.automatic or message.bulk:
        mail["Auto-Submitted"] = "auto-generated" if message.bulk else "auto-replied"
        mail["X-Auto-Response-Suppress"] = "All"
    if message.bulk:
        mail["Precedence"] = "bulk"
        if message.unsubscribe_url:
            mail["List-Unsubscribe"] = f"<{plain(message.unsubscribe_url)}>"
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _body(mail: EmailMessage, message: OutgoingMessage) -> None:
    text = encodable(message.text or (to_text(message.html) if message.html else ""))
    mail.set_content(text if text.endswith("\n") else f"{text}\n")
    if message.html:
        mail.add_alternative(encodable(message.html), subtype="html")
    _attach(mail, message.attachments)


def _attach(mail: EmailMessage, files: Sequence[OutgoingFile]) -> None:
    for file in files:
        main, _, sub = file.mime.partition(";")[0].strip().partition("/")
        if not sub or main in ("multipart", "message", "text"):
            # As bytes: a mail server may rewrite text on its way.
            main, sub = "application", "octet-stream" if main != "text" else f"x-text-{sub}"
        main, sub = ("application", "octet-stream") if sub.startswith("x-text-") else (main, sub)
        mail.add_attachment(file.read(), maintype=main, subtype=sub, filename=plain(file.name) or "file")
