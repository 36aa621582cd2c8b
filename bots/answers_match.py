"""Which of the offered choices an answer means: a button, a title, a number, an id, or the words the writer listed."""

from collections.abc import Iterable
from dataclasses import dataclass

from bots.words import mentions, plain


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """A choice as it was shown. `titles` in all the flow's languages, since people switch."""

    id: str
    titles: tuple[str, ...]
    words: tuple[str, ...] = ()


class Matcher:
    """The choices of one question, made ready to compare with. Position counts from 1, as it is shown."""

    def __init__(self, options: Iterable[Option]) -> None:
        self._options = tuple(options)
        self._ids = {option.id: index for index, option in enumerate(self._options)}
        self._said: dict[str, int] = {}
        for said in (self._titles, self._numbers, self._plain_ids):
            for text, index in said():
                self._said.setdefault(text, index)

    def find(self, text: str, choice: str | None = None) -> int | None:
        """The index of the choice that is meant, None if none or more than one could be."""
        if choice is not None and choice in self._ids:
            return self._ids[choice]
        index = self._said.get(plain(text))
        return self._by_words(text) if index is None else index

    def _by_words(self, text: str) -> int | None:
        found = [index for index, option in enumerate(self._options) if option.words and mentions(text, option.words)]
        return found[0] if len(found) == 1 else None

    def _titles(self) -> Iterable[tuple[str, int]]:
        """Titles that only punctuation tells apart, like + and -, are not compared by words."""
        for index, option in enumerate(self._options):
            yield from ((plain(title), index) for title in option.titles if plain(title))

    def _numbers(self) -> Iterable[tuple[str, int]]:
        for index in range(len(self._options)):
            number = str(index + 1)
            yield from (
                (f"{before}{number}", index)
                for before in ("", "no", "no ", "n ", "номер ", "вариант ", "пункт ", "number ", "option ")
            )

    def _plain_ids(self) -> Iterable[tuple[str, int]]:
        yield from ((plain(option.id), index) for index, option in enumerate(self._options) if plain(option.id))
