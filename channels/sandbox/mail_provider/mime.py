"""Mails as the customers' programs and the provider's mailer daemon write them, and how a phone shows ours."""

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from email.utils import format_datetime

from channels.sandbox.base import Bubble, Customer, Draft, PhoneFile

_DAYS = ("пн", "вт", "ср", "чт", "пт", "сб", "вс")
_MONTHS = ("янв.", "февр.", "мар.", "апр.", "мая", "июн.", "июл.", "авг.", "сент.", "окт.", "нояб.", "дек.")


def person(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(display_name=name, username=local, domain=domain)


def letter(customer: Customer, draft: Draft, to: str, message_id: str, now: datetime, answered: Bubble | None) -> EmailMessage:
    """A customer's mail; an answer carries the thread's headers and the quoted original below, as mail programs do."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = person(customer.name, customer.addresses["email"])
    mail["To"] = to
    mail["Subject"] = draft.subject or _subject(draft, answered)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message_id}>"
    text = draft.text
    if answered is not None:
        mail["In-Reply-To"] = mail["References"] = f"<{answered.id}>"
        text = f"{text}\n\n{_quote(customer, to, answered)}"
    mail.set_content(f"{text}\n")
    if draft.html:
        mail.add_alternative(draft.html, subtype="html")
    for file in draft.files:
        main, _, sub = file.mime.partition("/")
        if main in ("text", "message", "multipart") or not sub:
            main, sub = "application", "octet-stream"
        mail.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
    return mail


def _subject(draft: Draft, answered: Bubble | None) -> str:
    if answered is None:
        return " ".join(draft.text.split())[:40] or "(no subject)"
    subject = answered.subject or ""
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def _quote(customer: Customer, to: str, answered: Bubble) -> str:
    at = answered.at
    if customer.language == "ru":
        day = f"{_DAYS[at.weekday()]}, {at.day} {_MONTHS[at.month - 1]} {at.year} г. в {at:%H:%M}"
        head = f"{day}, <{to}>:"
    else:
        head = f"On {at:%a, %d %b %Y at %H:%M}, <{to}> wrote:"
    return "\n".join([head, "", *(f"> {line}".rstrip() for line in answered.text.splitlines())])


def bubble(mail: EmailMessage, now: datetime) -> Bubble:
    """Our mail as the customer's phone shows it."""
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    return Bubble(
        id=str(mail["Message-ID"]).strip("<>"),
        channel="email",
        mine=False,
        text=_lines(text.get_content()) if text else "",
        html=_lines(html.get_content()) if html else None,
        subject=str(mail["Subject"] or ""),
        files=_files(mail),
        reply_to=str(mail["In-Reply-To"]).strip("<>") if mail["In-Reply-To"] else None,
        at=now,
    )


def _lines(content: object) -> str:
    return str(content).replace("\r\n", "\n").rstrip("\n")


def _files(mail: EmailMessage) -> Sequence[PhoneFile]:
    found = []
    for part in mail.iter_attachments():
        content = part.get_payload(decode=True)
        main = part.get_content_maintype()
        found.append(
            PhoneFile(
                kind=main if main in ("image", "audio", "video") else "file",
                name=part.get_filename() or "",
                mime=part.get_content_type(),
                content=content if isinstance(content, bytes) else b"",
            )
        )
    return found


def not_delivered(mail: EmailMessage, recipient: str, sender: str, message_id: str, now: datetime) -> bytes:
    """The report of RFC 3464 that a mailer daemon sends back when nobody has the address."""
    domain = recipient.rpartition("@")[2]
    report = MIMEMultipart("report", policy=SMTP)
    report.set_param("report-type", "delivery-status")
    report["Return-Path"] = "<>"
    report["From"] = "Mail Delivery System <MAILER-DAEMON@sandbox.localhost>"
    report["To"] = sender
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Date"] = format_datetime(now)
    report["Message-ID"] = f"<{message_id}>"
    report["Auto-Submitted"] = "auto-replied"
    words = f"This is the mail system at sandbox.localhost.\n\n<{recipient}>: host mx.{domain} said: 550 5.1.1 User unknown\n"
    report.attach(MIMEText(words, "plain", "us-ascii", policy=SMTP))
    report.attach(_status(recipient, domain))
    report.attach(MIMEMessage(mail, policy=SMTP))
    return report.as_bytes(policy=SMTP)


def _status(recipient: str, domain: str) -> MIMEBase:
    whole, one = EmailMessage(), EmailMessage()
    whole["Reporting-MTA"] = "dns; sandbox.localhost"
    one["Final-Recipient"] = f"rfc822; {recipient}"
    one["Action"] = "failed"
    one["Status"] = "5.1.1"
    one["Remote-MTA"] = f"dns; mx.{domain}"
    one["Diagnostic-Code"] = "smtp; 550 5.1.1 User unknown"
    part = MIMEBase("message", "delivery-status", policy=SMTP)
    part.set_payload([whole, one])
    return part
