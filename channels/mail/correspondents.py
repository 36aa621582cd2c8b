"""Who wrote a mail, where an answer goes, and who else was on it."""

import hashlib
from dataclasses import dataclass

from channels.events import JSON, Identity, Person
from channels.mail import headers
from channels.mail.addresses import Mailbox, mailboxes, normal
from channels.mail.headers import Mail

_NOBODY = Mailbox(name="", address="")
_MOST = 50
"""Others of a mail that an answer goes to: whoever writes to more does not expect one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Correspondents:
    """`person` is the customer: with `echo`, where we wrote from another program, the one we wrote to."""

    person: Person
    address: str
    others: tuple[str, ...]
    echo: bool

    def context(self, subject: str, message_id: str) -> dict[str, JSON]:
        """What an answer needs to know of the mail."""
        return {"subject": subject, "message_id": message_id, "cc": list(self.others)}


def read(mail: Mail, ours: str, external_id: str) -> Correspondents:
    """`ours` is our mailbox, `external_id` the mail's id."""
    sender = _sender(mail, ours)
    address = _answer_to(mail, sender, ours)
    echo = _is_ours(sender.address, ours)
    if echo and (receivers := [one for one in mailboxes(mail, "To") if one.address and not _is_ours(one.address, ours)]):
        sender, address = receivers[0], receivers[0].address
    gone = {address, sender.address}
    listed = [one.address for header in ("To", "Cc") for one in mailboxes(mail, header)]
    others = [one for one in dict.fromkeys(listed) if "@" in one and one not in gone and not _is_ours(one, ours)]
    person = _person(mail, sender, external_id, echo=echo)
    return Correspondents(person=person, address=address, others=tuple(others) if len(others) <= _MOST else (), echo=echo)


def _sender(mail: Mail, ours: str) -> Mailbox:
    """Who wrote it: From, else Sender, Reply-To or the envelope. Web forms write from our address, the person is in Reply-To."""
    found = [one for header in ("From", "Sender", "Reply-To", "Return-Path") for one in mailboxes(mail, header)]
    first = next((one for one in found if one.address), found[0] if found else _NOBODY)
    if not _is_ours(first.address, ours):
        return first
    return next((one for one in mailboxes(mail, "Reply-To") if one.address and not _is_ours(one.address, ours)), first)


def _is_ours(address: str, ours: str) -> bool:
    """Whether it is our mailbox, with or without a plus part."""
    local, _, domain = normal(address).rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" == normal(ours)


def _person(mail: Mail, sender: Mailbox, external_id: str, *, echo: bool) -> Person:
    """The customer. Each mail without any address is a person of its own: strangers must not share one conversation."""
    forged = not echo and "dmarc=fail" in headers.field(mail, "Authentication-Results").lower()
    address = sender.address or f"unknown-{hashlib.sha256(external_id.encode()).hexdigest()[:16]}"
    verified = bool(sender.address) and not forged
    return Person(identities=(Identity(kind="email", address=address, verified=verified),), name=sender.name or None)


def _answer_to(mail: Mail, sender: Mailbox, ours: str) -> str:
    """Reply-To, where it names exactly one address and not ours; else the sender."""
    wanted = [one.address for one in mailboxes(mail, "Reply-To") if one.address]
    return wanted[0] if len(wanted) == 1 and not _is_ours(wanted[0], ours) else sender.address
