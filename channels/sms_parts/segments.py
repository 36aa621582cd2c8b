"""How many SMS a text becomes: each is paid for.

GSM 03.38's default alphabet packs 160 characters into one SMS and 153 into each of several; one character outside it
turns the whole text into UCS-2 with 70 and 67. A character of two units is never cut by the end of a segment.
https://www.twilio.com/docs/glossary/what-sms-character-limit
"""

from collections.abc import Sequence

from channels.base import Segments
from channels.sms_parts.smart import plainer

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
"""Sent as an escape and a second character: two units."""
_GSM = _BASIC | _EXTENDED


def count(text: str, *, smart: bool = False) -> Segments:
    """What Twilio makes of this text. `smart`: it may replace typographic characters where that spares segments."""
    if _GSM.issuperset(text):
        return _packed("GSM-7", [2 if c in _EXTENDED else 1 for c in text], single=160, several=153)
    if smart and spares(text):
        return count(plainer(text))
    return _packed("UCS-2", [2 if ord(c) > 0xFFFF else 1 for c in text], single=70, several=67)


def spares(text: str) -> bool:
    """Whether replacing typographic characters makes the text cheaper. Where one letter needs UCS-2 anyway, it only spoils it."""
    return not _GSM.issuperset(text) and _GSM.issuperset(plainer(text)) and count(plainer(text)).count < count(text).count


def _packed(encoding: str, units: Sequence[int], *, single: int, several: int) -> Segments:
    used = sum(units)
    if used <= single:
        return Segments(encoding=encoding, characters=used, count=1 if used else 0, left=single - used)
    pieces, room = 1, several
    for unit in units:
        if unit > room:
            pieces, room = pieces + 1, several
        room -= unit
    return Segments(encoding=encoding, characters=used, count=pieces, left=room)
