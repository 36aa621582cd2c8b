"""Find the conversation that a mail belongs to: our token in the address or subject, and the ids of the mails it answers."""

import hashlib
import re
from dataclasses import dataclass

from channels.mail.addresses import normal
from channels.mail.headers import Mail, field, fields, message_ids, text

_RECIPIENTS = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Forwarded-To", "Resent-To")
_MOST = 100
"""Ids of a chain that are looked at: a real thread has no more, a hostile one would."""
_SUBJECT_TOKEN = re.compile(r"\[#([A-Za-z0-9_-]{6,128})\]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a mail stands: its own id, the mails it answers (ours first), the mails before it, our token."""

    external_id: str
    answers: tuple[str, ...]
    references: tuple[str, ...]
    token: str | None


def place(mail: Mail, raw: bytes, address: str, envelope: str = "") -> Place:
    """`address` is our mailbox, `envelope` the address that the mail was delivered to, where known."""
    own = next(iter(message_ids(field(mail, "Message-ID"))), "")
    answered = [one for value in fields(mail, "In-Reply-To") for one in message_ids(value) if one != own]
    chain = [one for value in fields(mail, "References") for one in message_ids(value)]
    return Place(
        external_id=own or content_id(raw),
        answers=tuple(_ours_first(answered, address)[:_MOST]),
        references=tuple(one for one in dict.fromkeys(chain) if one != own)[-_MOST:],
        token=_in_addresses(mail, address, envelope) or subject_token(text(mail, "Subject")),
    )


def content_id(raw: bytes) -> str:
    """The id of a mail that has none. Trace headers are left out: the same mail fetched twice has the same id."""
    head, separator, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    kept = re.sub(rb"(?im)^(?:return-path|received|delivered-to|x-[\w-]+):.*(?:\n[ \t].*)*\n?", b"", head)
    return f"sha256-{hashlib.sha256(kept + separator + body).hexdigest()}"


def _ours_first(ids: list[str], address: str) -> list[str]:
    """In-Reply-To may hold several ids: the one that we wrote tells most."""
    domain = address.rpartition("@")[2]
    return sorted(dict.fromkeys(ids), key=lambda one: not (one.startswith("switchboard.") and one.endswith(f"@{domain}")))


def _in_addresses(mail: Mail, address: str, envelope: str) -> str | None:
    """The part after "+" as it was written: addresses are compared without case, tokens are not."""
    local, _, domain = normal(address).partition("@")
    pattern = re.compile(rf"(?<![\w.+-]){re.escape(local)}\+([^@\s<>\"]+)@{re.escape(domain)}(?!\.?[\w-])", re.IGNORECASE)
    found = [envelope, *(value for header in _RECIPIENTS for value in fields(mail, header))]
    return next((match[1] for one in found if (match := pattern.search(one))), None)


def subject_token(subject: str) -> str | None:
    """The token in a subject like "Re: Invoice [#Ab3xYz]"."""
    found = _SUBJECT_TOKEN.search(subject)
    return found[1] if found else None
