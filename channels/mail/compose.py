"""Write one outgoing message as a mail."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from channels.base import OutgoingFile, OutgoingMessage, Refused
from channels.mail.headers import plain
from channels.mail.readable import to_text

_ANSWERED = re.compile(r"^\s*(?:re|aw|sv|antw|odp|ответ|отв|на)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)
_LONGEST_CHAIN = 20
_SENDABLE = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*|\[[0-9A-Fa-f.:]+\])"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class From:
    """Who we are. `plus`: our server delivers `local+anything@domain` to us."""

    address: str
    name: str
    plus: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """What goes over the wire. `sender` is empty for automatic answers, so that no machine answers them."""

    sender: str
    recipient: str
    message_id: str
    content: bytes


def compose(message: OutgoingMessage, ours: From, now: datetime) -> Envelope:
    """The whole mail. The same message composed again has the same Message-ID, so a repetition is recognisable."""
    mail = EmailMessage(policy=SMTP)
    recipient = ascii_address(message.address)
    message_id = own_id(message, ours)
    mail["From"] = _person(ours.name, ours.address)
    mail["To"] = _person(message.name or "", recipient)
    mail["Subject"] = subject(message)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message_id}>"
    _thread(mail, message, ours)
    _manners(mail, message)
    _body(mail, message)
    sender = "" if message.automatic and not message.bulk else ours.address
    return Envelope(sender=sender, recipient=recipient, message_id=message_id, content=mail.as_bytes())


def own_id(message: OutgoingMessage, ours: From) -> str:
    """The Message-ID of ours, without brackets: unique because our message ids are, the digest keeps it unguessable enough."""
    digest = hashlib.sha256(f"{ours.address}\0{message.id}\0{message.address}".encode()).hexdigest()[:12]
    return f"switchboard.{re.sub(r'[^A-Za-z0-9_-]', '-', message.id)}.{digest}@{ours.address.rpartition('@')[2]}"


def ascii_address(address: str) -> str:
    """The address as SMTP takes it everywhere: an international domain in its ASCII form."""
    local, _, domain = address.strip().rpartition("@")
    try:
        ascii_form = f"{local}@{domain if domain.isascii() else domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise Refused("This is no mail address that a server would take", code="address") from error
    if not _SENDABLE.fullmatch(ascii_form):
        raise Refused("This is no mail address that a server would take", code="address")
    return ascii_form


def subject(message: OutgoingMessage) -> str:
    """The thread's subject with "Re: " before it when it is an answer; a first mail without one is called by its first words."""
    given = _encodable(plain(message.subject or str(message.extra.get("subject") or "")))
    if not given:
        return _encodable(plain(message.text))[:60] or "(no subject)"
    return f"Re: {given}" if _answered_id(message) and not _ANSWERED.match(given) else given


def _person(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(display_name=_encodable(plain(name)), username=local, domain=domain)


def _answered_id(message: OutgoingMessage) -> str:
    """The mail that this one answers: where none is named, the person's last one, if the subject is still the same."""
    if message.reply_to or message.bulk:
        return message.reply_to or ""
    last = str(message.extra.get("subject") or "")
    same = not message.subject or _bare(message.subject) == _bare(last)
    return str(message.extra.get("message_id") or "") if same else ""


def _bare(value: str) -> str:
    return _ANSWERED.sub("", plain(value)).strip().casefold()


def _thread(mail: EmailMessage, message: OutgoingMessage, ours: From) -> None:
    answered = _answered_id(message)
    chain = [one for one in dict.fromkeys([*message.references, answered]) if _is_real(one)]
    if _is_real(answered):
        mail["In-Reply-To"] = f"<{answered}>"
    if chain:
        mail["References"] = " ".join(f"<{one}>" for one in [*chain[:1], *chain[1:][-_LONGEST_CHAIN:]])
    if message.token and ours.plus:
        local, _, domain = ours.address.rpartition("@")
        mail["Reply-To"] = _person(ours.name, f"{local}+{message.token}@{domain}")


def _is_real(identity: str) -> bool:
    """Whether it is an id that stood in a mail: not one that we made up for a mail without, and nothing that breaks a header."""
    return bool(identity) and not identity.startswith("sha256-") and not re.search(r"[\s<>]", identity)


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
    text = _encodable(message.text or (to_text(message.html) if message.html else ""))
    mail.set_content(text if text.endswith("\n") else f"{text}\n")
    if message.html:
        mail.add_alternative(_encodable(message.html), subtype="html")
    _attach(mail, message.attachments)


def _encodable(text: str) -> str:
    """Text without the halves of letters that JSON may carry and UTF-8 may not."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _attach(mail: EmailMessage, files: Sequence[OutgoingFile]) -> None:
    for file in files:
        main, _, sub = file.mime.partition(";")[0].strip().partition("/")
        if not sub or main in ("multipart", "message", "text"):
            # As bytes: a mail server may rewrite text on its way.
            main, sub = "application", "octet-stream" if main != "text" else f"x-text-{sub}"
        main, sub = ("application", "octet-stream") if sub.startswith("x-text-") else (main, sub)
        mail.add_attachment(file.read(), maintype=main, subtype=sub, filename=plain(file.name) or "file")
