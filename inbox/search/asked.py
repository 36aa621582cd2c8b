"""Make a question of what somebody typed: all words must be there, the last may be unfinished, "quoted" ones stand together."""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime

from inbox.search.words import FRAGMENT, Word, clean, words

MOST = 12
"""Words of a question; more only make it slower."""
_PHRASE = re.compile(r"[\"«“]([^\"»”]+)[\"»”]")
_DIGITS = re.compile(r"(?<![^\W_])\+?\(?\d[\d\s().\-\u2010-\u2013]*\d(?![^\W_])")
BLOCK = 16_384
"""Ids of a stretch; what is indexed is named by them, so this is for ever."""
_FOREVER = 240
"""Months that a time without a beginning goes back."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stem, or with `begins` the beginning of one."""

    text: str
    begins: bool = False

    def fits(self, word: Word) -> bool:
        if self.begins:
            return word.stem.startswith(self.text) or word.written.startswith(self.text)
        return word.stem == self.text


def _there(part: Part, words: Set[str]) -> bool:
    return any(word.startswith(part.text) for word in words) if part.begins else part.text in words


Way = tuple[Part, ...]
"""Parts that must all be there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Every one of `terms` in at least one of its ways. `phrases`: stems that stand together. `digits`: marked inside numbers."""

    terms: tuple[tuple[Way, ...], ...]
    phrases: tuple[tuple[str, ...], ...] = ()
    digits: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    def fits(self, words: Set[str]) -> bool:
        """Whether a row that is indexed by these words is an answer, phrases aside."""
        return all(any(all(_there(part, words) for part in way) for way in term) for term in self.terms)

    @property
    def parts(self) -> list[Part]:
        return [part for term in self.terms for way in term for part in way]


def ask(typed: str, *, pieces: bool = False) -> Asked:
    """The question in what was typed, empty where there is nothing to search for. `pieces`: every word may be unfinished."""
    text = clean(typed)
    phrases = [tuple(word.stem for word in words(found[1])) for found in _PHRASE.finditer(text)]
    plain = _PHRASE.sub(" ", text)
    numbers = [digits for found in _DIGITS.finditer(plain) if len(digits := _only_digits(found[0])) >= FRAGMENT]
    rest = _DIGITS.sub(lambda found: " " if len(_only_digits(found[0])) >= FRAGMENT else found[0], plain)
    terms = [_number(found[0]) for found in _DIGITS.finditer(plain) if len(_only_digits(found[0])) >= FRAGMENT]
    terms += _words(rest, unfinished=plain == text and rest[-1:].isalnum(), pieces=pieces)
    terms += [((Part(stem),),) for phrase in phrases for stem in phrase]
    return Asked(terms=tuple(terms[:MOST]), phrases=tuple(p for p in phrases if len(p) > 1), digits=tuple(map(_core, numbers)))


def _words(text: str, *, unfinished: bool, pieces: bool) -> list[tuple[Way, ...]]:
    found = list(words(text))
    if pieces:
        return [_unfinished(word) for word in found]
    terms: list[tuple[Way, ...]] = [((Part(word.stem),),) for word in found]
    if found and unfinished and len(found[-1].written) > 1:
        terms[-1] = _unfinished(found[-1])
    return terms


def _unfinished(word: Word) -> tuple[Way, ...]:
    beginning = (Part(word.written, begins=True),)
    return (beginning,) if word.stem == word.written else (beginning, (Part(word.stem),))


def _number(written: str) -> tuple[Way, ...]:
    """However it is punctuated; or, where it is no single number in the text, all its pieces."""
    pieces = re.findall(r"\d+", written)
    joined = (Part(_core("".join(pieces)), begins=True),)
    return (joined,) if len(pieces) == 1 else (joined, tuple(Part(piece) for piece in pieces))


def _only_digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _core(digits: str) -> str:
    """Russians write 8 for +7: the rest is the same."""
    return digits[1:] if len(digits) == 11 and digits[0] in "78" else digits


def months(since: datetime | None, until: datetime | None, now: datetime) -> list[str]:
    """The months that a time touches, as they are indexed."""
    last = _month(min(until, now) if until else now) + (0 if until and until < now else 1)
    first = _month(since) if since else last - _FOREVER
    return [month(year_month // 12, year_month % 12 + 1) for year_month in range(max(first, last - _FOREVER), last + 1)]


def _month(at: datetime) -> int:
    at = at.astimezone(UTC)
    return at.year * 12 + at.month - 1


def month(year: int, number: int) -> str:
    return f"_m{year}{number:02d}"


def month_of(at: datetime) -> str:
    return month(at.year, at.month)


def channel(number: int) -> str:
    return f"_c{number}"


def block(number: int) -> str:
    """The ids that a message stands among: PostgreSQL's index of words knows no order, by these it is asked newest first."""
    return f"_b{number // BLOCK}"


def expression(asked: Asked, also: Sequence[Sequence[str]], *, lite: bool) -> str:
    """The question in the database's own language; of each list in `also` one word must be there."""
    terms = [*asked.terms, *(tuple((Part(word),) for word in each) for each in also)]
    both, either = (" AND ", " OR ") if lite else (" & ", " | ")
    return both.join("(" + either.join(_way(way, lite) for way in term) + ")" for term in terms)


def _way(way: Way, lite: bool) -> str:
    if lite:
        return "(" + " AND ".join(f'"{part.text}"' + "*" * part.begins for part in way) + ")"
    return "(" + " & ".join(f"'{part.text}'" + ":*" * part.begins for part in way) + ")"
