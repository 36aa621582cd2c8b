"""Twilio's Smart Encoding: typographic characters and the plain ones that stand for them, so that a text stays in GSM-7.

What Twilio replaces: https://www.twilio.com/docs/messaging/services#smart-encoding
"""

import unicodedata
from collections.abc import Iterator, Mapping

_GROUPS = {
    '"': "«»“”„‟ʺˮ❝❞〝〞",
    "'": "‘’‛ʻˈʼʽʹ´ˊ`ˋ❛❜‗\u0313\u0314\ufe10\ufe11",
    "-": "—–―‐⁃•⎼⎽",
    "/": "÷⁄∕⧸\u0337\u0338",
    "\\": "⧹⧵\u20e5",
    "|": "∣⎸⎹⏐⎜⎟\u20d2\u20d3",
    ",": "‚、､\u0326\ufe51",
    ".": "。｡",
    "(": "❨❪⟮⦅",
    ")": "❩❫⟯⦆",
    "{": "❴",
    "}": "❵",
    "*": "⁎∗⊛✢✣✤✥✱✲✳✺✻✼✽❃❉❊❋⧆",
    "+": "˖",
    ":": "ː˸⦂꞉\ufe13",
    ";": "⁏\ufe14",
    "=": "꞊\u0347",
    "<": "›",
    ">": "‹",
    "!": "ǃ\ufe15",
    "?": "\ufe16",
    "_": "\u0332",
    "^": "ˆ\u0302\u1dcd",
    "~": "˜˷∼\u0303\u0330\u0334",
    "!!": "‼",
    "...": "…",
    "1/4": "¼",
    "1/2": "½",
    "3/4": "¾",
    " ": "\u2001\u2028\u2029",
    "  ": "\u00a0\u2000\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\u0080\u008d\u0090\u009b\u009f",
    "       ": "\t",
    "": "\u200b\u2060\ufeff\x00\x03\x04\x10\x11\x12\x13\x14\x17\x19",
}
"""What stands for them: those characters. (Twilio turns the single angle quotes around.)"""
_SMALL_CAPITALS = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘ\0ʀꜱᴛᴜᴠᴡ\0ʏᴢ"
"""A to Z, where there is one."""


def _wide() -> Iterator[tuple[str, str]]:
    """Full-width and small forms of ASCII signs, digits and capitals."""
    for code in (*range(0xFF01, 0xFF5F), *range(0xFE50, 0xFE6C)):
        plain = unicodedata.normalize("NFKC", chr(code))
        if len(plain) == 1 and plain.isascii() and not plain.islower() and plain != "`":
            yield chr(code), plain


_REPLACED: Mapping[int, str] = {
    **{ord(c): plain for c, plain in _wide()},
    **{ord(c): chr(65 + n) for n, c in enumerate(_SMALL_CAPITALS) if c != "\0"},
    **{ord(c): plain for plain, those in _GROUPS.items() for c in those},
}


def plainer(text: str) -> str:
    """The text as Twilio sends it with SmartEncoded."""
    return text.translate(_REPLACED)
