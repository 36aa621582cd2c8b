"""Put an outgoing mail into its thread: the subject, the ids it answers, the address for answers, who else gets it."""

import re
from email.headerregistry import Address
from email.message import EmailMessage

from channels.base import OutgoingMessage, Refused
from channels.mail.headers import plain
from channels.mail.subjects import bare, is_answer

_LONGEST_CHAIN = 20
MOST_COPIES = 50
_SENDABLE = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*|\[[0-9A-Fa-f.:]+\])"
)


def subject(message: OutgoingMessage) -> str:
    """The thread's subject with "Re: " before it when it is an answer; a first mail without one is called by its first words."""
    given = encodable(plain(message.subject or str(message.extra.get("subject") or "")))
    if not given:
        return encodable(plain(message.text))[:60] or "(no subject)"
    return f"Re: {given}" if answered_id(message) and not is_answer(given) else given


def answered_id(message: OutgoingMessage) -> str:
    """The mail that this one answers: where none is named, the person's last one, if the subject is still the same."""
    if message.reply_to or message.bulk:
        return message.reply_to or ""
    last = str(message.extra.get("subject") or "")
    same = not message.subject or bare(message.subject) == bare(last)
    return str(message.extra.get("message_id") or "") if same else ""


def copies(message: OutgoingMessage, ours: str) -> list[str]:
    """Who else gets it: those named, else whoever was on the mail that a person answers. Raises Refused for a named nonsense."""
    if message.cc is not None:
        wanted = [ascii_address(one, "A copy is to go to what is no mail address (cc)") for one in message.cc]
    elif message.automatic or message.bulk or not answered_id(message):
        wanted = []
    else:
        wanted = [one for one in _known_copies(message) if _SENDABLE.fullmatch(one)]
    kept = {one.lower(): one for one in reversed(wanted) if one.lower() not in (ours.lower(), message.address.lower())}
    return list(reversed(kept.values()))[:MOST_COPIES]


def _known_copies(message: OutgoingMessage) -> list[str]:
    listed = message.extra.get("cc")
    return [str(one) for one in listed] if isinstance(listed, list) else []


def thread(mail: EmailMessage, message: OutgoingMessage, name: str, address: str, plus: bool) -> None:
    """Write In-Reply-To, References and Reply-To. `plus`: our server delivers `local+anything@domain` to us."""
    answered = answered_id(message)
    chain = [one for one in dict.fromkeys([*message.references, answered]) if _is_real(one)]
    if _is_real(answered):
        mail["In-Reply-To"] = f"<{answered}>"
    if chain:
        mail["References"] = " ".join(f"<{one}>" for one in [*chain[:1], *chain[1:][-_LONGEST_CHAIN:]])
    if message.token and plus:
        local, _, domain = address.rpartition("@")
        mail["Reply-To"] = person(name, f"{local}+{message.token}@{domain}")


def _is_real(identity: str) -> bool:
    """Whether it is an id that stood in a mail: not one that we made up for a mail without, and nothing that breaks a header."""
    return bool(identity) and not identity.startswith("sha256-") and not re.search(r"[\s<>]", identity)


def person(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(display_name=encodable(plain(name)), username=local, domain=domain)


def ascii_address(address: str, otherwise: str = "This is no mail address that a server would take") -> str:
    """The address as SMTP takes it everywhere: an international domain in its ASCII form. Raises Refused(`otherwise`)."""
    local, _, domain = address.strip().rpartition("@")
    try:
        ascii_form = f"{local}@{domain if domain.isascii() else domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise Refused(otherwise, code="address") from error
    if not _SENDABLE.fullmatch(ascii_form):
        raise Refused(otherwise, code="address")
    return ascii_form


def encodable(text: str) -> str:
    """Text without the halves of letters that JSON may carry and UTF-8 may not."""
    return text.encode("utf-8", "replace").decode("utf-8")
