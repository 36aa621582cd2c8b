"""People for (g): some are there twice, each in one of the ways in which that happens, and some only look like it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

SHARE = 20
"""Every so many-th person is a twin of another."""
SAME = (
    "other alphabet, swapped, a wrong digit",
    "8 for +7, a short name",
    "е for ё, a wrong digit",
    "a letter missing, a wrong digit",
    "dots of a mailbox",
    "a slip in a mail domain",
    "once by phone, once by mail",
)
APART = ("a namesake with another phone", "a family with one phone")
KINDS = (*SAME, *APART)
_FIRST = (
    ("Анна", "Anna", "Аня"), ("Ольга", "Olga", "Оля"), ("Иван", "Ivan", "Ваня"), ("Сергей", "Sergey", "Серёга"),
    ("Дмитрий", "Dmitry", "Дима"), ("Наталья", "Natalia", "Наташа"), ("Мария", "Maria", "Маша"), ("Павел", "Pavel", "Паша"),
    ("Пётр", "Petr", "Петя"), ("Алёна", "Alena", "Алена"), ("Семён", "Semen", "Семен"), ("Артём", "Artem", "Артем"),
)  # fmt: skip
_CYRILLIC = (
    "ба",
    "ро",
    "ми",
    "ко",
    "ва",
    "ле",
    "ну",
    "ги",
    "до",
    "за",
    "сё",
    "лу",
    "ты",
    "пе",
    "ри",
    "фо",
    "ка",
    "ме",
    "ну",
    "да",
)
_LATIN = ("ba", "ro", "mi", "ko", "va", "le", "nu", "gi", "do", "za", "se", "lu", "ty", "pe", "ri", "fo", "ka", "me", "nu", "da")


@dataclass(frozen=True, slots=True)
class Person:
    """The n-th: places in the tables above, and the eight digits after +79."""

    n: int
    first: int
    syllables: tuple[int, ...]
    digits: str

    @property
    def surname(self) -> str:
        return "".join(_CYRILLIC[each] for each in self.syllables).title()

    @property
    def name(self) -> str:
        return f"{_FIRST[self.first][0]} {self.surname}"


Row = tuple[str, str, str]
"""Name, kind and address."""


def people(count: int) -> Iterator[Row]:
    """First those who are themselves, then the twins of the first of them."""
    alone = count - count // SHARE
    for n in range(1, alone + 1):
        person = _person(n)
        mailed = KINDS[n % len(KINDS)] in ("dots of a mailbox", "a slip in a mail domain")
        yield (person.name, "email", f"{_box(person)}@gmail.com") if mailed else (person.name, "phone", f"+79{person.digits}")
    for n in range(1, count // SHARE + 1):
        yield _twin(_person(n), n % len(KINDS))


def _person(n: int) -> Person:
    chance = random.Random(n)
    syllables = tuple(chance.randrange(len(_CYRILLIC)) for _ in range(4))
    return Person(n, chance.randrange(len(_FIRST)), syllables, f"{n * 6_173_531 % 10**8:08}0")


def _box(person: Person) -> str:
    return f"{_FIRST[person.first][1]}.{_latin(person)}.{person.n}".lower()


def _latin(person: Person) -> str:
    return "".join(_LATIN[each] for each in person.syllables).title()


def _twin(person: Person, kind: int) -> Row:
    first, latin, short = _FIRST[person.first]
    digits, surname = person.digits, person.surname
    other = replace(person, first=(person.first + 5) % len(_FIRST))
    return (
        (f"{_latin(person)} {latin}", "phone", f"+79{digits[:-1]}1"),
        (f"{short} {surname}", "phone", f"89{digits}"),
        (person.name.replace("ё", "е"), "phone", f"+79{digits[:-1]}2"),
        (f"{first} {surname[:3]}{surname[4:]}", "phone", f"+79{digits[:-1]}3"),
        (first, "email", f"{_box(person).replace('.', '')}@gmail.com"),
        (first, "email", f"{_box(person)}@gmial.com"),
        (person.name, "email", f"{_box(person)}@example.com"),
        (person.name, "phone", f"+79{digits[-2::-1]}5"),
        (other.name, "phone", f"8 9{digits}"),
    )[kind]
