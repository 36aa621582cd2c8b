"""How many SMS a text becomes: each is paid for.

GSM 03.38's default alphabet packs 160 characters into one SMS and 153 into each of several; one character outside it
turns the whole text into UCS-2 with 70 and 67. A character of two units is never cut by the end of a segment.
"""

from collections.abc import Sequence

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
"""Sent as an escape and a second character: two units."""
_GSM = _BASIC | _EXTENDED


def segments(text: str) -> tuple[str, int, int]:
    """(encoding, how many SMS, how many units one of them holds): ("GSM-7", 2, 153)."""
    if _GSM.issuperset(text):
        return "GSM-7", *_packed([2 if c in _EXTENDED else 1 for c in text], single=160, several=153)
    return "UCS-2", *_packed([2 if ord(c) > 0xFFFF else 1 for c in text], single=70, several=67)


def _packed(units: Sequence[int], *, single: int, several: int) -> tuple[int, int]:
    if sum(units) <= single:
        return 1, single
    count, room = 1, several
    for unit in units:
        if unit > room:
            count, room = count + 1, several
        room -= unit
    return count, several
