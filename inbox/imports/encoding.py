"""Guess how a file of text is written: its encoding, also those of Windows and older, and what divides its columns."""

import codecs
import csv
import re
from pathlib import Path

DELIMITERS = (",", ";", "\t", "|")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SINGLE = ("cp1251", "cp866", "koi8-r", "cp1252")
_FREQUENT = frozenset("оеаинтсрвл")
_WORD = re.compile(r"[^\W\d_]+")
_LOOK = 262_144
"""Bytes that are looked at to tell the old encodings apart."""


def encoding_of(path: Path) -> str:
    """The encoding of a file, by its mark, as UTF-8 if all of it is, else the old one whose words look most like words."""
    with path.open("rb") as file:
        head = file.read(_LOOK)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if _all_utf8(path):
        return "utf-8"
    return max(_SINGLE, key=lambda name: _likeness(head.decode(name, "replace"), name))


def _all_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _likeness(text: str, name: str) -> float:
    """How much the words with letters beyond ASCII look like ones that people write."""
    score = 0.0
    for word in _WORD.findall(text):
        foreign = [c for c in word if not c.isascii()]
        if foreign:
            score += _word(word, foreign)
    return score - 2 * sum(text.count(c) for c in "�\x98") + (0.1 if name == "cp1251" else 0)


def _word(word: str, foreign: list[str]) -> float:
    cyrillic = sum("а" <= c.lower() <= "я" or c in "ёЁ" for c in foreign)
    usual = word.islower() or word.isupper() or word.istitle()
    if cyrillic == len(word):
        return (2 if usual else -1) + sum(c.lower() in _FREQUENT for c in foreign) / len(foreign) + len(word) / 20
    if cyrillic:
        return -2  # letters of two scripts in one word
    latin = all("À" <= c <= "ÿ" for c in foreign) and len(foreign) < len(word)
    return 1.5 if latin and usual else -1


def delimiter_of(path: Path, encoding: str) -> str:
    """What divides the columns: the sign by which the first lines fall into the same number of parts, and the most."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        lines = [line for _, line in zip(range(30), file, strict=False)]
    return max(DELIMITERS, key=lambda sign: _evenness(lines, sign))


def _evenness(lines: list[str], sign: str) -> tuple[float, int]:
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=sign) if row]
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] < 2:
        return 0.0, 0
    return sum(width == widths[0] for width in widths) / len(widths), widths[0]
