"""Invented messages: words that are used often and rarely as in a language, and a phone in some."""

import itertools
import random
from collections.abc import Iterator, Sequence

WORDS = 20_000
_LEMMAS = """
заказ доставка оплата возврат деньги товар размер цена скидка адрес время вопрос ответ письмо номер магазин
order delivery payment refund money size price question answer letter number shop problem thank
"""
_SYLLABLES = """
ба ве гло до жи зна ка ле мо на при по ра се та ту фа хо це чу ша вер ство лен ник тор
"""


def vocabulary() -> list[str]:
    """The words, the most used first."""
    chance = random.Random(7)
    syllables = _SYLLABLES.split()
    made = {"".join(chance.choices(syllables, k=chance.randint(2, 4))) for _ in range(WORDS * 2)}
    return [*_LEMMAS.split(), *sorted(made)][:WORDS]


def texts(words: Sequence[str]) -> Iterator[str]:
    """Messages without end."""
    chance = random.Random(11)
    weights = [*itertools.accumulate(1 / (rank + 8) for rank in range(len(words)))]
    for number in itertools.count():
        text = " ".join(chance.choices(words, cum_weights=weights, k=chance.randint(4, 24)))
        yield f"{text} {phone(number)}" if number % 50 == 0 else text


def phone(number: int) -> str:
    """As people write it."""
    return f"+7 9{number % 90 + 10} {number % 900 + 100}-{number % 89 + 10}-67"
