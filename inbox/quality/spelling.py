"""How a name or a place is written: its plain letters, its alphabet, its capitals."""

import re
import unicodedata
from functools import lru_cache

_LOOKALIKE = ("ABCEHKMOPTXaceopxyёk", "АВСЕНКМОРТХасеорхуёк")
_TO_CYRILLIC = str.maketrans(*_LOOKALIKE)
_TO_LATIN = str.maketrans(_LOOKALIKE[1], _LOOKALIKE[0])
_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ-][^\W\d_]+)*")
SMALL = frozenset({"van", "von", "der", "den", "de", "da", "do", "dos", "del", "della", "di", "du", "la", "le", "bin",
    "ibn", "al", "el", "ter", "фон", "ван", "дер", "де", "да", "ди", "ибн", "бен", "аль", "оглы", "кызы", "угли", "улы",
    "кизи", "заде", "y", "и", "und", "and", "of", "the", "на", "upon", "am", "an", "sur", "под"})  # fmt: skip
"""Words that stay small inside a name."""


def words(text: str) -> list[str]:
    """The words of a text as they are written, each with its hyphens and apostrophes."""
    return _WORD.findall(text)


def plain(text: str) -> str:
    """Without pictures, fancy letters and invisible signs, with single blanks. NFKC makes 𝓐𝓷𝓷𝓪 what it stands for."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text))
    kept = "".join(" " if _is_sign(each) else each for each in folded)
    return " ".join(kept.split())


@lru_cache(maxsize=4096)
def _is_sign(each: str) -> bool:
    return unicodedata.category(each) in {"So", "Sk", "Cs", "Co", "Cf", "Cc", "Cn", "Sm", "Me"} or each in '️★☆*~^`«»“”"•·_♥'


def script(word: str) -> str:
    """cyrillic, latin, mixed, or other."""
    found = {_script_of(each) for each in word if each.isalpha()}
    if found == {"cyrillic", "latin"}:
        return "mixed"
    return found.pop() if len(found) == 1 else "other"


@lru_cache(maxsize=4096)
def _script_of(letter: str) -> str:
    name = unicodedata.name(letter, "")
    return "cyrillic" if name.startswith("CYRILLIC") else "latin" if name.startswith("LATIN") else "other"


def one_alphabet(word: str) -> str | None:
    """A word whose letters of the other alphabet only look like ours, in one alphabet; None where they do not."""
    cyrillic, latin = word.translate(_TO_CYRILLIC), word.translate(_TO_LATIN)
    fits = [each for each, wanted in ((cyrillic, "cyrillic"), (latin, "latin")) if script(each) == wanted]
    if len(fits) == 2:  # all letters are alike in both: what most of them are
        russian = sum(_script_of(each) == "cyrillic" for each in word if each.isalpha())
        return fits[0] if russian * 2 >= len(word) else fits[1]
    return fits[0] if fits else None


def titled(text: str) -> str:
    """Each word with a capital, small words inside left small."""
    done, first = [], True
    for word in text.split(" "):
        small = word.lower()
        done.append(small if not first and small in SMALL else _capital(small))
        first = False
    return " ".join(done)


def _capital(word: str) -> str:
    parts = re.split(r"([-'’])", word)
    for n, part in enumerate(parts):
        inside = n > 0 and parts[n - 1] in "'’" and n == len(parts) - 1 and len(part) < 3
        if part and not inside and not (part in SMALL and 0 < n < len(parts) - 1):
            parts[n] = part[0].upper() + part[1:]
    return "".join(parts)


def shouted(word: str) -> bool:
    """IN CAPS, and no initial."""
    return sum(each.isalpha() for each in word) > 1 and word.isupper()


def whispered(word: str) -> bool:
    """In small letters only, of a script that has capitals."""
    return word.islower() and word.lower() not in SMALL
