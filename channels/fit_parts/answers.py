"""Which of the choices an answer means, when buttons became a numbered list and the customer typed."""

import re
import unicodedata
from collections.abc import Callable, Sequence

from channels.base import Choice

_NUMBER = re.compile(r"[\W_]*(\d{1,3})[\W_]*")
_NUMBERED = re.compile(r"[\W_]*(\d{1,3})[\W_]+(\w.*)", re.DOTALL)


_SPOKEN = (
    "one first один одна одно первый первая первое первую",
    "two second два две второй вторая второе вторую",
    "three third три третий третья третье третью",
    "four fourth четыре четвертый четвертая четвертое четвертую",
    "five fifth пять пятый пятая пятое пятую",
    "six sixth шесть шестой шестая шестое шестую",
    "seven seventh семь седьмой седьмая седьмое седьмую",
    "eight eighth восемь восьмой восьмая восьмое восьмую",
    "nine ninth девять девятый девятая девятое девятую",
    "ten tenth десять десятый десятая десятое десятую",
)
_SAID = {word: number for number, words in enumerate(_SPOKEN, 1) for word in words.split()}
"""Numbers as people say them in English and Russian (with е for ё)."""


def understand(text: str, choices: Sequence[Choice]) -> Choice | None:
    """The one choice that `text` means, else None: by id, whole title, number in the list, beginning of one title only.

    A title counts before a number, so that of "5, 4, 3" the answer "5" is the title and not the fifth. Letter case,
    spaces, punctuation, full-width forms and ё/е make no difference.
    """
    stripped = text.strip()
    if not stripped:
        return None
    readings: tuple[Callable[[], Sequence[Choice]], ...] = (
        lambda: [c for c in choices if c.id == stripped],
        lambda: [c for c in choices if _key(c.title) == _key(stripped)],
        lambda: _by_number(stripped, choices),
        lambda: [c for c in choices if _key(c.title).startswith(_key(stripped))],
    )
    for reading in readings:
        found = reading()
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _by_number(text: str, choices: Sequence[Choice]) -> Sequence[Choice]:
    """By "2", "2.", "№ 2", "two", "второй" or the copied line "2. No"."""
    if (said := _SAID.get(_key(text))) is not None:
        return _at(said, choices)
    plain = unicodedata.normalize("NFKC", text.replace("№", "#"))
    if match := _NUMBER.fullmatch(plain):
        return _at(int(match[1]), choices)
    if match := _NUMBERED.fullmatch(plain):
        return [c for c in _at(int(match[1]), choices) if _key(c.title) == _key(match[2])]
    return []


def _at(number: int, choices: Sequence[Choice]) -> Sequence[Choice]:
    return choices[number - 1 : number] if number > 0 else []


def _key(text: str) -> str:
    """What is compared: letters and digits only, or the text itself where it has none (a title that is an emoji)."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
    return "".join(c for c in folded if c.isalnum()) or folded.strip()
