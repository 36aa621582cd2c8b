"""Cut a long text into parts, at the best place there is: paragraph, line, sentence, word, and only then inside a word.

A cut never falls inside what a reader sees as one character (an emoji of several code points, a letter with accents).
"""

import re
import unicodedata
from collections.abc import Sequence

_BOUNDARIES = tuple(
    re.compile(p) for p in (r"\n\s*\n\s*", r"\n\s*", r"(?<=[.!?…])[\"'»”)\]]*\s+|(?<=[。！？])[」』”）]*\s*", r"\s+")
)
"""From the best place to cut to the worst. What a boundary matches disappears, except for quotes and brackets before it."""

_JOINER = "\u200d"
_LINK = re.compile(r"https?://[!-~]+")


def split(text: str, limit: int) -> Sequence[str]:
    """`text` in parts of at most `limit` characters; only white space at the cuts is lost. `limit` < 1: no limit."""
    parts: list[str] = []
    rest = text.strip() if 0 < limit < len(text) else text
    while 0 < limit < len(rest):
        end = _cut(rest, limit)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*parts, rest] if rest or not parts else parts


def shorten(text: str, limit: int) -> str:
    """`text` within `limit` characters, with an ellipsis where something is gone."""
    if len(text) <= limit:
        return text
    return f"{text[: _grapheme_cut(text, limit - 1)].rstrip()}…" if limit > 1 else text[: max(limit, 0)]


def _cut(text: str, limit: int) -> int:
    """Where the first part ends: the last place of the best kind that leaves the part at least half full, else the last word."""
    window = text[: limit + 1]
    last = 0
    for boundary in _BOUNDARIES:
        ends = [_visible_end(m) for m in boundary.finditer(window)]
        last = max((end for end in ends if 0 < end <= limit), default=0)
        if last * 2 >= limit:
            break
    return last or _before_link(text, _grapheme_cut(text, limit))


def _before_link(text: str, place: int) -> int:
    """`place`, or the beginning of the link that it would cut in two, where that is not the beginning of the text."""
    inside = (link.start() for link in _LINK.finditer(text) if link.start() < place < link.end())
    return next(inside, place) or place


def _visible_end(match: re.Match[str]) -> int:
    return match.start() + len(match[0].rstrip())


def _grapheme_cut(text: str, limit: int) -> int:
    """The last place up to `limit` that is not inside a character; `limit` itself where one character is longer."""
    place = limit
    while place > 0 and _inside(text, place):
        place -= 1
    return place or limit


def _inside(text: str, place: int) -> bool:
    """Whether text[place] belongs to the character before it (Unicode annex 29, without Indic conjuncts)."""
    before, after = text[place - 1], text[place]
    if after.isascii() and before.isascii():
        return before == "\r" and after == "\n"
    if before == _JOINER or after == _JOINER or _extends(after):
        return True
    return _is_flag(after) and _flags_before(text, place) % 2 == 1


def _extends(char: str) -> bool:
    is_skin_tone, is_tag = 0x1F3FB <= ord(char) <= 0x1F3FF, 0xE0020 <= ord(char) <= 0xE007F
    is_later_jamo = 0x1160 <= ord(char) <= 0x11FF
    return is_skin_tone or is_tag or is_later_jamo or unicodedata.category(char).startswith("M")


def _is_flag(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF


def _flags_before(text: str, place: int) -> int:
    count = 0
    while count < place and _is_flag(text[place - 1 - count]):
        count += 1
    return count
