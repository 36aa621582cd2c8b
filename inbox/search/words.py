"""Make words of a text: one form for all forms of a Russian or English word, ё as е, numbers however they are punctuated."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

MOST = 50_000
"""Characters of a text that are read."""
LONGEST = 40
"""Characters of a word; what is longer is no word that somebody types."""
FRAGMENT = 4
"""Digits by which a number is found from within."""

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\+?\d(?:[\s().\-\u2010-\u2013]{0,3}\d){4,19}(?![^\W_])")
_RUSSIAN, _ENGLISH = snowballstemmer.stemmer("russian"), snowballstemmer.stemmer("english")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: where it stands, how it is written (folded), and its stem."""

    start: int
    end: int
    written: str
    stem: str


def clean(text: str) -> str:
    """The text as it is read and quoted: composed letters, no NUL."""
    return unicodedata.normalize("NFC", text[:MOST])


def words(text: str) -> Iterator[Word]:
    """The words of a clean text, in order."""
    for found in _WORD.finditer(text):
        written, stem = _as_it_is(found[0]) if found[0].isdecimal() and found[0].isascii() else _forms(found[0])
        yield Word(found.start(), found.end(), written, stem)


def numbers(text: str) -> Iterator[tuple[int, int, str]]:
    """Numbers of five digits and more, as phones and orders are written: (start, end, digits)."""
    for found in _NUMBER.finditer(text):
        yield found.start(), found.end(), "".join(c for c in found[0] if c.isdecimal())


def to_index(*texts: str) -> set[str]:
    """All words by which a row is to be found."""
    found: set[str] = set()
    for text in map(clean, texts):
        found.update(word.stem for word in words(text))
        for _, _, digits in numbers(text):
            found.update(endings(digits, FRAGMENT))
    return found


def endings(word: str, least: int) -> list[str]:
    """With a search for beginnings, these find the word from anywhere within."""
    return [word[n:] for n in range(len(word) - least + 1)]


def _as_it_is(number: str) -> tuple[str, str]:
    """Numbers have no forms, and hardly one comes twice: to remember them filled the memory."""
    return number[:LONGEST], number[:LONGEST]


@lru_cache(8_192)
def _forms(word: str) -> tuple[str, str]:
    written = _fold(word)[:LONGEST]
    return written, _stem(written)


def _fold(word: str) -> str:
    low = word.lower().replace("ё", "е")
    if low.isascii() or _cyrillic(low):
        return low
    bare = unicodedata.normalize("NFKD", low.casefold())
    return "".join(c for c in bare if c.isalnum()) or low


def _cyrillic(word: str) -> bool:
    return "\u0400" <= word[0] <= "\u052f"


def _stem(word: str) -> str:
    if len(word) < 3 or not word.isalpha():
        return word
    if word.isascii():
        return str(_ENGLISH.stemWord(word))
    return str(_RUSSIAN.stemWord(word)) if _cyrillic(word) else word
