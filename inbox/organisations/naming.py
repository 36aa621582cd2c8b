"""Names of organisations as they are compared: ООО «Ромашка», Ромашка and OOO Romashka LLC are one."""

import re
import unicodedata
from functools import lru_cache

from inbox.duplicates.spelling import spelled

_LEGAL = {
    "ооо", "оао", "зао", "пао", "нао", "ао", "ип", "чп", "нко", "ано", "гуп", "муп", "фгуп", "фгбу", "гбу", "мбу", "тоо",
    "тов", "чуп", "оду", "кфх", "пк", "тсж", "снт", "ooo", "oao", "zao", "pao", "ao", "ip", "tov", "too", "llc", "llp",
    "ltd", "limited", "inc", "incorporated", "corp", "corporation", "co", "company", "plc", "lp", "pllc", "gmbh", "mbh",
    "ag", "kg", "kgaa", "ohg", "ug", "se", "sa", "sas", "sarl", "sasu", "srl", "spa", "sl", "bv", "nv", "vof", "oy", "oyj",
    "ab", "as", "asa", "aps", "sro", "spol", "doo", "dooel", "kft", "zrt", "bt", "eood", "ood", "sia", "uab", "ou", "tbk",
    "sp", "zoo", "pty", "pvt", "pte", "kk", "фирма", "компания"
}  # fmt: skip
"""Words that say what form a company has, and tell no two apart."""
_PHRASES = (
    "общество с ограниченной ответственностью", "публичное акционерное общество", "закрытое акционерное общество",
    "открытое акционерное общество", "акционерное общество", "индивидуальный предприниматель", "sp z o o", "s r l", "s p a",
    "s a s", "s a r l", "g m b h", "l l c", "l t d", "i n c", "b v", "n v", "s a", "s l", "a s", "s r o", "d o o",
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
MOST = 200


@lru_cache(maxsize=20_000)
def sort_name(name: str) -> str:
    """The name by which it stands in a list: small letters, without quotes and the legal form. Never empty."""
    plain = unicodedata.normalize("NFKC", name).lower().replace("ё", "е")
    words = _WORD.findall(plain.replace("'", "").replace("’", ""))
    text = f" {' '.join(words)} "
    for phrase in _PHRASES:
        text = text.replace(f" {phrase} ", " ")
    bare = [word for word in text.split() if word not in _LEGAL]
    return " ".join(bare or words or [plain.strip()])[:MOST]


@lru_cache(maxsize=20_000)
def fold_name(name: str) -> str:
    """What the spellings of a name share, in whichever alphabet and order of letters' habits they are written."""
    return "".join(spelled(word) or word for word in sort_name(name).split())[:MOST]
