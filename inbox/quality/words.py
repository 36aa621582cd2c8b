"""What a word of a name can be: given name, patronymic, surname. Russian by pymorphy3's dictionary, English by a list."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

_CYRILLIC = re.compile(r"[а-яёіїєґў'’-]+", re.IGNORECASE)
_LATIN = re.compile(r"[a-zà-öø-ÿ'’-]+", re.IGNORECASE)
_PATRONYMIC = re.compile(r"(?:ович|евич|ьич|мич)$|(?:овна|евна|ична|инична)$")
_SURNAME = re.compile(
    r"(?:[оеё]в|[ыи]н|ск(?:ий|ой)|цкий|[оеё]ва|[ыи]на|ская|цкая|енко|[ую]к|чук|ян|янц|швили|дзе|ия|ич|ых|их|заде)$"
)
_SURNAME_ALIKE = frozenset({"smith", "jones", "davis", "wilson", "taylor", "martin", "lewis", "clark", "young", "king",
    "hill", "scott", "green", "baker", "nelson", "carter", "mitchell", "parker", "collins", "stewart", "morris", "rogers",
    "reed", "cook", "morgan", "bell", "murphy", "bailey", "cooper", "cox", "ward", "gray", "watson", "brooks", "wood",
    "price", "bennett", "hughes", "long", "foster", "west", "jordan", "reynolds", "hamilton", "graham", "wallace", "miller",
    "brown", "johnson", "williams", "anderson", "thompson", "robinson", "walker", "wright", "hall", "allen", "adams",
    "campbell", "evans", "turner", "phillips", "edwards", "harrison", "marshall", "mason", "hunter", "spencer", "austin",
    "grant", "warren", "washington", "jackson", "lincoln", "harris", "simpson", "ford", "dean", "lee", "kelly", "ross",
    "russell", "stanley", "webb"})  # fmt: skip
"""Family names first of all, whatever else English lists have them as."""
_GIVEN = frozenset({"liam", "mia", "ava", "aiden", "logan", "luca", "leo", "hans", "karl", "lars", "sven", "jan", "klaus",
    "heinz", "jürgen", "uwe", "anke", "heike", "greta", "lena", "lea", "emilia", "giulia", "marco", "luigi", "paolo",
    "chiara", "francesca", "giovanni", "josé", "jose", "juan", "carlos", "luis", "maria", "maría", "carmen", "pablo",
    "diego", "sofia", "sofía", "javier", "miguel", "joão", "pedro", "ana", "pierre", "jean", "marie", "claire", "luc",
    "rené", "zoe", "zoé", "chloé", "mohammed", "muhammad", "mohamed", "ahmed", "ali", "omar", "fatima", "aisha", "hassan",
    "hussein", "layla", "yusuf", "mehmet", "mustafa", "ayşe", "fatma", "emre", "priya", "raj", "arjun", "ravi", "sanjay",
    "anita", "wei", "ming", "yuki", "hiroshi", "aigerim", "nursultan", "tomasz", "piotr", "agnieszka", "katarzyna",
    "krzysztof", "jana", "pavel", "milan", "marek", "noah", "olivia", "ethan", "jacob", "isla", "freya", "finn", "björn",
    "ingrid", "astrid", "nils", "anders", "mikael"})  # fmt: skip
"""Frequent names of Europe and Asia that the English list lacks."""
_SEVERAL: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ei", ("ей", "еи")), ("ey", ("ей",)), ("ai", ("ай", "аи")), ("shch", ("щ",)), ("sch", ("щ", "ш")),
    ("iy", ("ий",)), ("ij", ("ий",)),
    ("yy", ("ый",)), ("zh", ("ж",)), ("kh", ("х",)),
    ("ts", ("ц", "тс")), ("ch", ("ч",)), ("sh", ("ш",)), ("yu", ("ю", "ью")), ("iu", ("ю", "иу")), ("ju", ("ю",)),
    ("ya", ("я", "ья")), ("ia", ("я", "ия", "ья")), ("ja", ("я",)), ("yo", ("ё", "ьё")), ("ye", ("е", "ье")),
    ("ie", ("ие", "ье")),
    ("ks", ("кс",)), ("x", ("кс",)), ("a", ("а",)), ("b", ("б",)), ("v", ("в",)), ("w", ("в",)), ("g", ("г",)), ("d", ("д",)),
    ("e", ("е", "э")), ("z", ("з",)), ("i", ("и",)), ("j", ("й", "ж")), ("k", ("к",)), ("l", ("л", "ль")), ("m", ("м",)),
    ("n", ("н",)), ("o", ("о",)), ("p", ("п",)), ("r", ("р", "рь")), ("s", ("с",)), ("t", ("т",)), ("u", ("у",)), ("f", ("ф",)),
    ("h", ("х",)), ("c", ("к", "ц")), ("y", ("й", "ы", "ий")), ("'", ("ь",)), ("’", ("ь",)),
)  # fmt: skip
"""Latin spellings of Russian sounds, the longest first."""
_MOST = 64


@dataclass(frozen=True, slots=True)
class Word:
    """What a word can be. `gender`: of the name or patronymic: m, f, or both. `common`: a word of the language besides."""

    given: bool = False
    patronymic: bool = False
    surname: bool = False
    common: bool = False
    gender: str = ""


@lru_cache(maxsize=1)
def _russian() -> Any:
    """The dictionary, read when an unknown word is looked at: 0.13 s and 16 MB that most processes never need. `Any`: untyped."""
    from pymorphy3.analyzer import MorphAnalyzer

    return MorphAnalyzer(lang="ru")  # type: ignore[no-untyped-call]


def asked() -> int:
    """How many words were looked up so far; while it does not grow, nobody needs the dictionary."""
    return known.cache_info().misses


def let_go() -> bool:
    """Forget the dictionary until the next unknown word; False: it was not there."""
    there = _russian.cache_info().currsize > 0
    _russian.cache_clear()
    return there


@lru_cache(maxsize=1)
def _english() -> frozenset[str]:
    from nicknames import name_triplets

    return frozenset({name for each in name_triplets() for name in (each.name1, each.name2)}) | _GIVEN


@lru_cache(maxsize=3_000)
def known(word: str) -> Word:
    """What this word can be in a name, however it is capitalised. A name with a hyphen is what its parts are."""
    plain = word.lower().replace("’", "'")
    if "-" in plain.strip("-"):
        return _joined([known(part) for part in plain.split("-") if part])
    if _CYRILLIC.fullmatch(plain):
        return _cyrillic(plain)
    return _latin(plain) if _LATIN.fullmatch(plain) else Word()


def _joined(parts: list[Word]) -> Word:
    return Word(
        given=all(each.given for each in parts), surname=any(each.surname for each in parts),
        common=all(each.common for each in parts), gender=parts[-1].gender,
    )  # fmt: skip


def _cyrillic(word: str) -> Word:
    if not _russian().word_is_known(word):
        return Word(patronymic=bool(_PATRONYMIC.search(word)), surname=bool(_SURNAME.search(word)) and len(word) > 3)
    weight = {"Name": 0.0, "Patr": 0.0, "Surn": 0.0, "": 0.0}
    genders: dict[str, set[str]] = {"Name": set(), "Patr": set()}
    for parse in _russian().parse(word):
        tag = parse.tag
        role = next((each for each in ("Name", "Patr", "Surn") if each in tag), "")
        if (role == "Name" and "sing" not in tag) or (role in ("Name", "") and "nomn" not in tag) or "Geox" in tag:
            continue
        weight[role] = max(weight[role], parse.score)
        if role in genders:
            genders[role] |= {"ms-f": {"m", "f"}, "masc": {"m"}, "femn": {"f"}}.get(tag.gender or "ms-f", {"m", "f"})
    given, patronymic = weight["Name"] > 0, weight["Patr"] > 0
    return Word(
        given=given, patronymic=patronymic, surname=weight["Surn"] > weight["Name"], common=weight[""] > 0,
        gender="".join(sorted(genders["Name" if given else "Patr"])),
    )  # fmt: skip


def _latin(word: str) -> Word:
    if word in _SURNAME_ALIKE:
        return Word(given=word in _english(), surname=True)
    if word in _english():
        return Word(given=True)
    found = [_cyrillic(each) for each in _readings(word) if _russian().word_is_known(each)]
    return Word(
        given=any(each.given for each in found), patronymic=any(each.patronymic for each in found),
        surname=any(each.surname for each in found),
    )  # fmt: skip


def _readings(word: str) -> Iterator[str]:
    """What a Latin word may be in Cyrillic letters, the plainest first."""
    parts: list[tuple[str, ...]] = []
    while word:
        found = next(((spelt, ways) for spelt, ways in _SEVERAL if word.startswith(spelt)), None)
        if found is None:
            return
        parts.append(found[1])
        word = word[len(found[0]) :]
    for n, reading in enumerate(product(*parts)):
        if n == _MOST:
            return
        yield "".join(reading)
