"""Turn the raw bytes of a mail into an event. Never fails: whatever can be read of a mail is shown."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from channels.events import ConsentChanged, Event, Identity, InboundMessage, Person
from channels.mail import addresses, automatic, bounces, headers, html, parts, readable, replies, thread
from channels.mail.addresses import Mailbox, normal
from channels.mail.headers import Mail

_NOBODY = Mailbox(name="", address="")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Texts:
    """The mail's words: all of them, and for display the new ones, the old ones and the HTML."""

    whole: str
    reply: replies.Reply
    html: str | None


def events(raw: bytes, *, address: str, envelope: str, received_at: datetime) -> Sequence[Event]:
    """The mail as a message, and for a spam complaint the stop that it means. `address` is our own mailbox."""
    mail = parts.read(raw)
    content = parts.content(mail)
    message = _message(mail, content, raw, address, envelope, received_at)
    complainant = bounces.complaint(mail, content)
    if not complainant:
        return [message]
    person = Person(identities=(Identity(kind="email", address=complainant, verified=False),))
    return [
        message,
        ConsentChanged(sender=person, address=complainant, stopped=True, at=message.at, source="complaint", marketing_only=True),
    ]


def _message(
    mail: Mail, content: parts.Content, raw: bytes, address: str, envelope: str, received_at: datetime
) -> InboundMessage:
    texts = _texts(content)
    place = thread.place(mail, raw, address, envelope)
    sender = _sender(mail, address)
    bounce = bounces.bounce(mail, content, texts.whole)
    return InboundMessage(
        external_id=place.external_id,
        sender=_person(mail, sender, place.external_id),
        address=_answer_to(mail, sender, address),
        at=_written_at(mail, received_at),
        text=texts.reply.text,
        html=texts.html,
        subject=headers.text(mail, "Subject") or None,
        attachments=tuple(content.files),
        reply_to=place.reply_to,
        references=place.references,
        token=place.token,
        auto_reply=bounce is None and (automatic.is_automatic(mail) or _is_report(content)),
        bounce=bounce,
        echo=_is_ours(sender.address, address),
        data=_data(mail, texts),
        reply_context={"subject": headers.text(mail, "Subject"), "message_id": place.external_id},
    )


def _texts(content: parts.Content) -> _Texts:
    plain = "\n".join(content.texts).replace("\r\n", "\n").replace("\x00", "").replace(readable.QUOTE, "")
    rich = "\n".join(content.htmls)
    read = plain if plain.strip() else readable.to_text(rich)
    reply = replies.split(read)
    return _Texts(whole=read.replace(readable.QUOTE, ""), reply=reply, html=html.sanitise(rich) if rich.strip() else None)


def _is_report(content: parts.Content) -> bool:
    return any(kind in ("message/feedback-report", "message/disposition-notification") for kind, _ in content.reports)


def _sender(mail: Mail, ours: str) -> Mailbox:
    """Who wrote it: From, else Sender, Reply-To or the envelope. Web forms write from our address, the person is in Reply-To."""
    found = [one for header in ("From", "Sender", "Reply-To", "Return-Path") for one in addresses.mailboxes(mail, header)]
    first = next((one for one in found if one.address), found[0] if found else _NOBODY)
    if not _is_ours(first.address, ours):
        return first
    return next((one for one in addresses.mailboxes(mail, "Reply-To") if one.address and not _is_ours(one.address, ours)), first)


def _is_ours(address: str, ours: str) -> bool:
    """Whether it is our mailbox, with or without a plus part."""
    local, _, domain = normal(address).rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" == normal(ours)


def _person(mail: Mail, sender: Mailbox, external_id: str) -> Person:
    """The sender. Each mail without any address is a person of its own: strangers must not share one conversation."""
    forged = "dmarc=fail" in headers.field(mail, "Authentication-Results").lower()
    address = sender.address or f"unknown-{hashlib.sha256(external_id.encode()).hexdigest()[:16]}"
    verified = bool(sender.address) and not forged
    return Person(identities=(Identity(kind="email", address=address, verified=verified),), name=sender.name or None)


def _answer_to(mail: Mail, sender: Mailbox, ours: str) -> str:
    """Reply-To, where it names exactly one address and not ours; else the sender."""
    wanted = [one.address for one in addresses.mailboxes(mail, "Reply-To") if one.address]
    return wanted[0] if len(wanted) == 1 and not _is_ours(wanted[0], ours) else sender.address


def _written_at(mail: Mail, received_at: datetime) -> datetime:
    """The Date header, unless the sender's clock is in the future: such a mail would stand on top for ever."""
    written = headers.date(mail)
    return written if written and written <= received_at + timedelta(hours=1) else received_at


def _data(mail: Mail, texts: _Texts) -> dict[str, object]:
    listed = {name.lower(): [str(one) for one in addresses.mailboxes(mail, name)] for name in ("To", "Cc")}
    found: dict[str, object] = {name: people for name, people in listed.items() if people}
    if texts.reply.quoted:
        found["quoted"] = texts.reply.quoted
    return found
