"""What is wrong with a name, and how it should read: pictures, capitals, mixed alphabets, swapped words, names that are none."""

import re
from collections.abc import Sequence
from functools import lru_cache

from inbox.quality.findings import Fault
from inbox.quality.spelling import SMALL, one_alphabet, plain, script, shouted, titled, whispered, words
from inbox.quality.words import known

_NOBODY = frozenset({"тест", "test", "testing", "тестовый", "тестовая", "tester", "тестер", "demo", "демо", "проба",
    "пробный", "noname", "no name", "none", "null", "nil", "na", "n a", "nan", "undefined", "unknown", "anonymous",
    "anonym", "nobody", "name", "first name", "last name", "user", "guest", "client", "customer", "new customer",
    "new client", "contact", "имя", "фамилия", "фио", "нет", "нет имени", "без имени", "безымянный", "неизвестно",
    "неизвестный", "неизвестная", "аноним", "гость", "клиент", "новый клиент", "покупатель", "пользователь", "контакт",
    "xxx", "ххх", "foo", "bar", "foobar", "lorem ipsum", "asdf", "qwerty", "йцукен", "фыва", "абв", "abc", "абвгд", "абра",
    "blabla", "бла бла", "бла", "мистер икс", "x", "john doe", "jane doe", "вася пупкин", "some name", "your name",
    "ваше имя", "telegram user", "whatsapp user", "deleted account", "удалённый аккаунт", "удаленный аккаунт"})  # fmt: skip
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")
_COMPANY = frozenset({"ооо", "оао", "зао", "пао", "нао", "ао", "ип", "тоо", "чп", "фгуп", "муп", "гбоу", "мбоу", "снт",
    "тсж", "нко", "ано", "llc", "ltd", "inc", "corp", "gmbh", "ag", "kg", "ug", "sarl", "sas", "bv", "oy", "ab", "plc",
    "llp", "sro", "ou", "oü", "sia", "uab", "jsc", "co", "company", "group", "official", "shop", "store", "studio", "salon",
    "agency", "service", "services", "support", "team", "bot", "club", "school", "bank", "clinic", "hotel", "cafe",
    "restaurant", "компания", "фирма", "группа", "магазин", "салон", "студия", "агентство", "служба", "поддержка",
    "доставка", "бот", "клуб", "школа", "банк", "клиника", "отель", "кафе", "ресторан", "сервис", "автосервис", "аптека",
    "завод", "интернет-магазин", "администратор", "менеджер", "админ", "ателье"})  # fmt: skip
_BOT = re.compile(r"[a-zа-я_]+(?:_bot|bot|_бот|бот)", re.IGNORECASE)
_ADDRESS = re.compile(r"\S+@\S+\.\S+|@\w{3,}|https?://\S+|www\.\S+|t\.me/\S+", re.IGNORECASE)
_DIGITS = re.compile(r"\d")
_PHONE = re.compile(r"[+\d\s().–-]+")
_BREAK = re.compile(r"\s*[|/•·¦]\s*|\s+[–—-]\s+")
_COMMA = re.compile(r"([^,]+),\s*([^,]+)")
_TAIL = re.compile(r"[\d_.,;:!?\s]+$")
_HEAD = re.compile(r"^[\d_.,;:!?\s-]+")


@lru_cache(maxsize=1_000)
def check(name: str) -> Fault | None:
    """What is wrong with a name; None: nothing, or there is none. `kind` tells one of several faults, `after` mends them all."""
    if not name.strip():
        return None
    if not_a_name := _nobody(name):
        return not_a_name
    faults: list[str] = []
    after = name
    for kind, mend in _MENDS:
        mended = mend(after)
        if mended != after:
            faults.append(kind)
            after = mended
    if not faults:
        return None
    return _nobody(after) or Fault(kind=faults[-1] if faults[-1] == "name_swapped" else faults[0], after=after)


def clean(name: str) -> str:
    """The name as it should read; empty for what is no name of a person."""
    fault = check(name)
    if fault is None:
        return " ".join(name.split())
    return fault.after or ""


def _nobody(name: str) -> Fault | None:
    """What is no person's name at all."""
    text = plain(name).strip(" .,;:!?-–—()[]{}/\\|+=#")
    if _ADDRESS.fullmatch(name.strip()) or (_PHONE.fullmatch(name.strip()) and len(_DIGITS.findall(name)) > 5):
        return Fault(kind="name_address", after="")
    if placeholder(text):
        return Fault(kind="name_placeholder", after="")
    bare = [each.lower() for each in words(text)]
    if _COMPANY.intersection(bare) or _BOT.fullmatch(text):
        return _beside_a_person(name) or Fault(kind="name_company", after=None)
    return None


def placeholder(text: str) -> bool:
    """Whether somebody wrote anything only to write something: тест, 123, asdf, аааа, -."""
    letters = [each for each in text.lower() if each.isalpha()]
    bare = " ".join(re.sub(r"[\W\d_]+", " ", text.lower()).split())
    if not letters or bare in _NOBODY:
        return True
    joined = "".join(letters)
    if len(joined) > 2 and len(set(joined)) == 1:
        return True
    return len(joined) > 3 and any(joined in row or joined in row[::-1] for row in _ROWS)


def _beside_a_person(name: str) -> Fault | None:
    """«Анна | Салон красоты»: the part that is a person."""
    first = _parts(name)[0]
    if first != plain(name) and _person(first) and not _COMPANY.intersection(each.lower() for each in words(first)):
        return Fault(kind="name_signs", after=first)
    return None


def _person(text: str) -> bool:
    return any(known(word).given for word in words(text))


def _without_signs(name: str) -> str:
    parts = _parts(name)
    text = " ".join(parts) if len(parts) == 1 else plain(name)
    if len(parts) > 1 and _person(parts[0]) and not _person(" ".join(parts[1:])):
        text = parts[0]
    bare = _HEAD.sub("", _TAIL.sub("", text))
    mended = bare if bare and (bare != text) and _person(bare) and not _initials(text) else text
    return mended if mended and (mended != " ".join(name.split()) or name != name.strip() or "  " in name) else name


def _parts(name: str) -> list[str]:
    """What stands before, between and behind the strokes with which people set a trade beside their name."""
    return [part for part in map(plain, _BREAK.split(name)) if part] or [""]


def _initials(text: str) -> bool:
    """«Анна И.»: the dot belongs to it."""
    return bool(re.search(r"\b[^\W\d_]\.$", text))


def _one_alphabet(name: str) -> str:
    mended = name
    for word in words(name):
        if script(word) == "mixed" and (other := one_alphabet(word)):
            mended = mended.replace(word, other)
    return mended


def _capitals(name: str) -> str:
    found = [word for word in words(name) if word.lower() not in SMALL or shouted(word)]
    loud = [word for word in found if shouted(word)]
    quiet = [word for word in found if whispered(word)]
    if not loud and not quiet:
        return name
    if len(found) > 4 or any(script(word) == "other" for word in found):
        return name
    if len(loud) == len(found) and (len(found) > 1 or len(found[0]) > 3 or known(found[0]).given):
        return titled(name)
    if len(quiet) == len(found):
        return titled(name)
    # Some words only: those of which we know that they are names, so that МТС and a nickname stay.
    for word in (*loud, *quiet):
        what = known(word)
        if what.given or what.patronymic or (what.surname and (word in loud or not what.common)):
            name = re.sub(rf"\b{re.escape(word)}\b", titled(word), name)
    return name


def _right_way_round(name: str) -> str:
    if found := _COMMA.fullmatch(name):
        family, own = words(found[1]), words(found[2])
        if len(family) == 1 and own and known(own[0]).given and (known(family[0]).surname or not known(family[0]).given):
            return f"{found[2].strip()} {found[1].strip()}"
    parts = name.split(" ")
    return " ".join(_reordered(parts)) if len(parts) in (2, 3) else name


def _reordered(parts: Sequence[str]) -> Sequence[str]:
    """«Иванова Анна» and «Сергеевна Анна» the other way round. Surname, name and patronymic in the order of documents stay."""
    what = [known(part) for part in parts]
    first, last = what[0], what[-1]
    if len(parts) == 2 and first.surname and not first.given and last.given and not last.surname:
        return [parts[1], parts[0]]
    if len(parts) == 2 and first.patronymic and not first.given and last.given and not last.patronymic:
        return [parts[1], parts[0]]
    return parts


_MENDS = (
    ("name_signs", _without_signs),
    ("name_alphabets", _one_alphabet),
    ("name_case", _capitals),
    ("name_swapped", _right_way_round),
)
