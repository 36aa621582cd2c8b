"""How texts are compared: case, ё, punctuation and emoji do not matter; patterns of words that a marketer can read."""

import re
import unicodedata
from collections.abc import Iterable
from fnmatch import translate
from functools import lru_cache

_NOT_WORD = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """Lower case, ё as е, compatible forms as one; punctuation stays."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
    return text.lower()


def plain(text: str) -> str:
    """Only the words, with single spaces between them."""
    return _NOT_WORD.sub(" ", fold(text)).strip()


@lru_cache(maxsize=1024)
def phrases(keywords: tuple[str, ...]) -> re.Pattern[str]:
    """Finds any of these words or phrases in a folded text; `*` at the end of one stands for any ending of its last word.

    A keyword without any word in it finds nothing.
    """
    words = [_phrase(each) for each in keywords if plain(each)]
    return re.compile(r"(?<!\w)(?:" + "|".join(words) + r")(?!\w)" if words else r"(?!)")


def _phrase(keyword: str) -> str:
    folded = fold(keyword).strip()
    words = r"[\W_]+".join(re.escape(word) for word in plain(folded).split())
    return words + r"\w*" if folded.endswith("*") else words


def mentions(text: str, keywords: Iterable[str]) -> bool:
    """Whether the text has one of the keywords as whole words."""
    wanted = tuple(keywords)
    return bool(wanted) and phrases(wanted).search(fold(text)) is not None


@lru_cache(maxsize=1024)
def wildcard(pattern: str) -> re.Pattern[str]:
    """Matches a whole folded text; `*` is any text, `?` any one character. Takes linear time whatever the text."""
    return re.compile(translate(fold(pattern).replace("[", "[[]")))
