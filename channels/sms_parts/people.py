"""Who stands behind one of Twilio's addresses: +E.164, whatsapp:+E.164, whatsapp:CC.business-scoped-id, messenger:id ..."""

import re
from collections.abc import Mapping

from channels.events import Identity, Person

_SCOPED = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}")
"""WhatsApp's business-scoped user id: the country, a dot, letters and digits."""
_BY_PHONE = frozenset({"whatsapp", "rcs"})
_HIDDEN = frozenset(
    {
        "anonymous", "266696687",
        "blocked", "2562533",
        "private", "7748283",
        "restricted", "7378742883",
        "unavailable", "86282452253",
        "unknown", "8656696",
    }
)  # fmt: skip
"""Words, and how they are typed on a telephone's keys."""


def identity(address: str) -> Identity:
    """The identity that an address stands for; the prefix of a channel that goes by phone numbers is dropped."""
    prefix, colon, rest = address.partition(":")
    if not colon:
        return Identity(kind="phone", address=address)
    if prefix == "whatsapp" and _SCOPED.fullmatch(rest):
        return Identity(kind="whatsapp", address=rest)
    if prefix in _BY_PHONE:
        return Identity(kind="phone", address=f"+{rest}" if rest.isdigit() else rest)
    return Identity(kind=prefix, address=rest)


def person(address: str, name: str | None, form: Mapping[str, str]) -> Person:
    """The customer, with WhatsApp's own id as a second identity where Twilio passes it on (ExternalUserId)."""
    found = [identity(address)]
    scoped = form.get("ExternalUserId", "").removeprefix("whatsapp:")
    if _SCOPED.fullmatch(scoped) and scoped != found[0].address:
        found.append(Identity(kind="whatsapp", address=scoped))
    return Person(identities=found, name=name or None)


def hidden(address: str) -> bool:
    """Whether a caller hides their number: Twilio gives a word, or the word typed on a telephone's keys.

    https://www.twilio.com/docs/voice/api/call-resource
    """
    return address.lower().lstrip("+") in _HIDDEN
