"""Spell a name one way, whichever alphabet and habit it was written in, so that Юлия, Julia and Yulia can be compared."""

import re
import unicodedata
from functools import lru_cache

_LETTERS = str.maketrans({
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i", "й": "i", "к": "k",
    "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h", "ц": "c",
    "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ы": "i", "ь": "", "э": "e", "ю": "iu", "я": "ia", "і": "i", "ї": "i", "є": "e",
    "ґ": "g", "ў": "u", "ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ı": "i",
})  # fmt: skip
_HABITS = (
    ("shch", "sh"), ("sch", "sh"), ("tch", "ch"), ("kh", "h"), ("zh", "j"), ("ph", "f"), ("th", "t"), ("ck", "k"), ("x", "ks"),
    ("yo", "e"), ("jo", "e"), ("io", "e"), ("ye", "e"), ("je", "e"), ("ie", "e"), ("yu", "iu"), ("ju", "iu"), ("ya", "ia"),
    ("ja", "ia"), ("ts", "c"), ("tz", "c"), ("w", "v"), ("y", "i"), ("j", "i"), ("q", "k"),
)  # fmt: skip
"""Spellings of one sound, in the order in which they are replaced: what passports, banks and people write."""
_WORD = re.compile(r"[^\W\d_]+")
_TWICE = re.compile(r"(.)\1+")
_SHORT = {
    "ania": "anna", "aniuta": "anna", "sasha": "aleksandr", "shura": "aleksandr", "alesha": "aleksei", "lesha": "aleksei",
    "dima": "dmitri", "mitia": "dmitri", "vania": "ivan", "kolia": "nikolai", "misha": "mihail", "serega": "sergei",
    "seriozha": "sergei", "sereja": "sergei", "pasha": "pavel", "petia": "petr", "vova": "vladimir", "volodia": "vladimir",
    "katia": "ekaterina", "lena": "elena", "masha": "mariia", "natasha": "natalia", "olia": "olga", "sveta": "svetlana",
    "tania": "tatiana", "iulia": "iulia", "ira": "irina", "nastia": "anastasia", "dasha": "daria", "liuda": "liudmila",
    "jenia": "evgeni", "zhenia": "evgeni", "kostia": "konstantin", "andriusha": "andrei", "tolia": "anatoli", "igoriok": "igor",
    "bob": "robert", "bill": "viliam", "mike": "mihael", "kate": "katerine", "liz": "elisabet", "tom": "tomas",
    "alex": "aleksandr",
}  # fmt: skip
"""Short forms that people use for themselves, by the name that they stand for, in our spelling."""


@lru_cache(maxsize=5_000)
def spelled(word: str) -> str:
    """One word of a name in plain Latin letters, one letter a sound."""
    bare = word.lower().translate(_LETTERS)
    if not bare.isascii():
        bare = "".join(c for c in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(c))
    for habit, plain in _HABITS:
        bare = bare.replace(habit, plain)
    bare = _TWICE.sub(r"\1", bare)
    return _ENDING.sub("i", bare)


_ENDING = re.compile(r"(?:ii|ei)$")
"""Юрий, Yuriy, Yuri; Сергей, Sergey, Sergei, Sergi."""


def name_words(name: str) -> tuple[str, ...]:
    """The words of a name as they were written, emoji, digits and signs left out."""
    return tuple(_WORD.findall(unicodedata.normalize("NFC", name)))


@lru_cache(maxsize=2_000)
def plain_name(name: str) -> tuple[str, ...]:
    """The words of a name, each spelled our way, single letters left out unless there is nothing else."""
    words = tuple(each for each in map(spelled, name_words(name)) if each)
    return tuple(each for each in words if len(each) > 1) or words


def full_form(word: str) -> str:
    """The name that a short form stands for."""
    return _FULL.get(word, word)


_FULL = {spelled(short): spelled(long) for short, long in _SHORT.items()}
