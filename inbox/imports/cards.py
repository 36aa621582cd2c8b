"""What a row of a file says of a person: cells by their columns, checked; what is wrong is named by column, in words."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import phonenumbers

from inbox import people
from inbox.card.zones import zones
from inbox.imports.columns import TARGETS
from inbox.refusals import Invalid

EXISTING = ("fill", "replace", "skip")
"""What happens to the card of somebody who is here already: gaps are filled, the file wins, or nothing."""
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SEPARATORS = re.compile(r"[;\n]|,(?!\d)")
NAME, FIELD, TAG = 200, 2_000, 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How an import reads and writes. `country`: of phones without a code; `verified`: the addresses were confirmed by the
    person, so that they join cards; `tags` are given to everybody in the file."""

    country: str = ""
    existing: str = "fill"
    verified: bool = False
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Options":
        return cls(**{**kept, "tags": tuple(kept.get("tags", ()))})


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A person as a row tells it."""

    name: str = ""
    number: str = ""
    language: str = ""
    timezone: str = ""
    manager: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    company: str = ""
    position: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def addresses(self) -> list[tuple[str, str]]:
        return [("phone", each) for each in self.phones] + [("email", each) for each in self.emails]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What is wrong with a cell. `column`: its index, None for the row as a whole."""

    column: int | None
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row of the file: its number (1 stands below the headings), its cells, and what they mean."""

    number: int
    cells: Sequence[str]
    card: Card
    troubles: tuple[Trouble, ...] = ()


def check_mapping(mapping: Mapping[str, str], width: int) -> None:
    """Raises Invalid for a column that is not there, or a target that does not exist."""
    for column, target in mapping.items():
        if not column.isdigit() or int(column) >= width:
            raise Invalid("mapping", f"The file has no column {column}")
        if target and target not in TARGETS and not (target.startswith("field:") and 0 < len(target) - 6 <= 100):
            raise Invalid("mapping", f"Nothing is called {target!r}: choose one of {', '.join(TARGETS)} or field:<name>")
    if not any(mapping.values()):
        raise Invalid("mapping", "Choose what at least one column holds")


def read(number: int, cells: Sequence[str], mapping: Mapping[str, str], options: Options) -> Row:
    """The person in a row. A cell that is wrong makes the whole row wrong: half a person would be looked for in vain."""
    if cells and cells[0].startswith("\0"):
        return Row(number=number, cells=[], card=Card(), troubles=(Trouble(column=None, message="This line cannot be read"),))
    told: dict[str, Any] = {"phones": [], "emails": [], "tags": list(options.tags), "fields": {}}
    troubles: list[Trouble] = []
    for column, target in mapping.items():
        text = cells[int(column)].strip() if int(column) < len(cells) else ""
        if target and text:
            try:
                _take(told, target, text, options)
            except Invalid as error:
                troubles.append(Trouble(column=int(column), message=error.message))
    card = _card(told)
    if not troubles and not (card.name or card.addresses or card.number):
        troubles.append(Trouble(column=None, message="There is neither a name nor a phone nor a mail address"))
    return Row(number=number, cells=cells, card=card, troubles=tuple(troubles))


def _take(told: dict[str, Any], target: str, text: str, options: Options) -> None:
    if target == "phone":
        told["phones"] += [_phone(each, options.country) for each in _several(text)]
    elif target == "email":
        told["emails"] += [people.address(each) for each in _several(text)]
    elif target == "tags":
        told["tags"] += [each[:TAG] for each in map(str.strip, re.split(r"[,;|\n]", text)) if each]
    elif target.startswith("field:"):
        told["fields"][target[6:]] = text[:FIELD]
    else:
        told[target] = _CHECKS.get(target, str)(text)


def _card(told: dict[str, Any]) -> Card:
    name = told.get("name") or " ".join(told[p] for p in ("first_name", "middle_name", "last_name") if told.get(p))
    company = " ".join(told.get("company", "").split())[:NAME]
    if not any(map(str.isalnum, company)):
        company = ""  # a dash, as people fill a cell that they may not leave empty
    position = " ".join(told.get("position", "").split())[:NAME]
    if position and not company:
        told["fields"].setdefault("position", position)
    return Card(
        company=company, position=position if company else "", name=" ".join(name.split())[:NAME],
        number=told.get("number", ""), language=told.get("language", ""),
        timezone=told.get("timezone", ""), manager=told.get("manager", ""), phones=tuple(dict.fromkeys(told["phones"])),
        emails=tuple(dict.fromkeys(told["emails"])), tags=tuple(dict.fromkeys(told["tags"])), fields=told["fields"],
    )  # fmt: skip


def _several(text: str) -> list[str]:
    return [each for each in map(str.strip, _SEPARATORS.split(text)) if each]


@lru_cache(4096)
def _phone(typed: str, country: str) -> str:
    try:
        number = phonenumbers.parse(typed, country or None)
    except phonenumbers.NumberParseException:
        wanted = "This is not a phone number" if country else "The country code is missing: choose the country of such numbers"
        raise Invalid("phone", wanted) from None
    if not phonenumbers.is_possible_number(number):
        raise Invalid("phone", "There is no such number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text) or len(text) > 35:
        raise Invalid("language", "This is not a language; they are named like ru or pt-BR")
    return text


@lru_cache(256)
def _timezone(text: str) -> str:
    if text not in zones():
        raise Invalid("timezone", "This is not a time zone; they are named like Europe/Berlin")
    return text


_CHECKS: Mapping[str, Callable[[str], str]] = {"language": _language, "timezone": _timezone, "number": str.upper}
