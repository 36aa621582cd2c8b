"""What is wrong with a city: «г. Москва», «СПб», "MOSCOW", «санкт петербург»."""

import re
from functools import lru_cache

from inbox.quality.findings import Fault
from inbox.quality.names import placeholder
from inbox.quality.spelling import SMALL, plain, shouted, titled, words

_SHORT = {"спб": "Санкт-Петербург", "с-пб": "Санкт-Петербург", "с-петербург": "Санкт-Петербург",
    "с.-петербург": "Санкт-Петербург", "с петербург": "Санкт-Петербург", "санкт петербург": "Санкт-Петербург",
    "питер": "Санкт-Петербург", "петербург": "Санкт-Петербург", "мск": "Москва", "екб": "Екатеринбург",
    "нск": "Новосибирск", "новосиб": "Новосибирск", "нн": "Нижний Новгород", "н новгород": "Нижний Новгород",
    "н.новгород": "Нижний Новгород", "н. новгород": "Нижний Новгород", "крд": "Краснодар",
    "ростов на дону": "Ростов-на-Дону", "рнд": "Ростов-на-Дону", "комсомольск на амуре": "Комсомольск-на-Амуре",
    "набережные челны": "Набережные Челны", "наб. челны": "Набережные Челны", "йошкар ола": "Йошкар-Ола",
    "улан удэ": "Улан-Удэ", "нью йорк": "Нью-Йорк", "алма ата": "Алматы", "алма-ата": "Алматы",
    "орехово зуево": "Орехово-Зуево", "spb": "Saint Petersburg", "st petersburg": "Saint Petersburg",
    "st. petersburg": "Saint Petersburg", "msk": "Moscow", "nyc": "New York", "newyork": "New York"}  # fmt: skip
"""Short and loose forms that mean one city."""
_BEFORE = re.compile(r"^(?:город\s+|гор\.\s*|г\.\s*|г\s+|city of\s+)(?=[^\W\d_])", re.IGNORECASE)
_AFTER = re.compile(r"\s+(?:г\.?|город|city)$", re.IGNORECASE)


@lru_cache(maxsize=1_000)
def check(city: str) -> Fault | None:
    """What is wrong with a city as it was typed; None where there is none, or nothing is wrong."""
    if not city.strip():
        return None
    text = plain(city)
    if len(text) < 2 or placeholder(text):
        return Fault(kind="city_placeholder", after="")
    mended = _mended(text)
    return Fault(kind="city_spelling", after=mended) if mended != city else None


def _mended(text: str) -> str:
    bare = _AFTER.sub("", _BEFORE.sub("", text)).strip(" .,;") or text
    folded = bare.lower().replace("ё", "е")
    if folded in _SHORT:
        return _SHORT[folded]
    found = [word for word in words(bare) if word.lower() not in SMALL]
    if found and len(found) < 5 and (all(map(str.islower, found)) or (all(map(shouted, found)) and len(bare) > 3)):
        return titled(bare)
    return bare
