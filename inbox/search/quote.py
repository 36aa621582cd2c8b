"""Quote the place of a text that was found, cut into what was asked for and what was not."""

from dataclasses import dataclass

from inbox.search.asked import Asked
from inbox.search.words import clean, numbers, words

BEFORE, LENGTH = 50, 200
"""Characters of a quote before the first word that was found, and in all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """A piece of a quote. `hit`: it is what was asked for."""

    text: str
    hit: bool


def quote(text: str, asked: Asked) -> list[Quote]:
    """The first place of the text where something that was asked for stands; its beginning if there is none."""
    text = clean(text)
    hits = _hits(text, asked)
    start = _start(text, hits[0][0]) if hits else 0
    end = _end(text, start)
    pieces = [("…", False)] if start else []
    at = start
    for first, last in hits:
        if last > end or first < at:
            continue
        pieces += [(text[at:first], False), (text[first:last], True)]
        at = last
    pieces += [(text[at:end], False), ("…" if end < len(text) else "", False)]
    return [Quote(text=piece, hit=hit) for piece, hit in pieces if piece]


def together(text: str, asked: Asked) -> bool:
    """Whether the words of each phrase stand together in the text."""
    if not asked.phrases:
        return True
    stems = [word.stem for word in words(clean(text))]
    return all(any(tuple(stems[n : n + len(p)]) == p for n in range(len(stems))) for p in asked.phrases)


def _hits(text: str, asked: Asked) -> list[tuple[int, int]]:
    """Where the words stand, in order, none over another."""
    parts = asked.parts
    found = [(first, last) for first, last, digits in numbers(text) if any(each in digits for each in asked.digits)]
    found += [(word.start, word.end) for word in words(text) if any(part.fits(word) for part in parts)]
    kept: list[tuple[int, int]] = []
    for first, last in sorted(found, key=lambda each: (each[0], -each[1])):
        if not kept or first >= kept[-1][1]:
            kept.append((first, last))
    return kept


def _start(text: str, hit: int) -> int:
    """A little before the hit, at the beginning of a word."""
    if hit <= BEFORE:
        return 0
    space = text.find(" ", hit - BEFORE, hit)
    return space + 1 if space >= 0 else hit


def _end(text: str, start: int) -> int:
    if len(text) - start <= LENGTH:
        return len(text)
    space = text.rfind(" ", start + LENGTH // 2, start + LENGTH)
    return space if space >= 0 else start + LENGTH
