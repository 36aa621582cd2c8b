"""How to greet somebody: «Анна», «Анна Сергеевна» where that is sure, and nothing at all where it is not."""

from collections.abc import Sequence
from functools import lru_cache

from inbox.quality.names import check, clean
from inbox.quality.spelling import words
from inbox.quality.words import Word, known

_TITLES = frozenset({"mr", "mrs", "ms", "dr", "prof", "sir", "madam", "herr", "frau", "г-н", "г-жа", "господин", "госпожа", "др"})
_AND = frozenset({"и", "and", "und", "y", "&", "+"})


@lru_cache(maxsize=1_000)
def greeting(name: str) -> str:
    """What may be printed after "Hello, ": empty unless a name is known for sure."""
    fault = check(name)
    if fault is not None and not fault.after:
        return ""
    told = [each for each in words(clean(name)) if each.lower() not in _TITLES]
    if not told or len(told) > 4 or "&" in name or "+" in name or _AND.intersection(each.lower() for each in told):
        return ""
    what = [known(each) for each in told]
    chosen = _chosen(what)
    if chosen is None:
        return ""
    following = what[chosen + 1] if chosen + 1 < len(what) else Word()
    if _belongs(told[chosen], what[chosen], following):
        return f"{told[chosen]} {told[chosen + 1]}"
    return told[chosen]


def _chosen(what: Sequence[Word]) -> int | None:
    """Which word is the given name; None where that is not sure."""
    sure = [n for n, each in enumerate(what) if each.given and not each.surname]
    likely = sure or [n for n, each in enumerate(what) if each.given]
    if not likely or (not sure and (len(likely) > 1 or len(what) == 1)):
        return None
    chosen = likely[0]
    before = what[:chosen]
    # «Тётя Маша», «Салон Анна»: what stands before is no surname, so who knows who this is.
    return chosen if all(each.surname or each.patronymic or not each.common for each in before) else None


def _belongs(word: str, given: Word, patronymic: Word) -> bool:
    """A patronymic of the dictionary, of the same gender, in the alphabet in which people are addressed by it."""
    cyrillic = not word.isascii()
    return cyrillic and patronymic.patronymic and patronymic.gender != "" and patronymic.gender in given.gender
