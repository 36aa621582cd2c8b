"""What may stand in a field that the lead defined: each type checks and tidies a value, or says what is wrong with it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from inbox.refusals import Invalid

_LONGEST = 2000
_MOST = 100
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """A field by its definition. `parts`: of a repeating group. `choices`: of a choice, or what a list may hold."""

    name: str
    type: str
    title: str = ""
    choices: Sequence[str] = ()
    currency: str = ""
    parts: Sequence["Field"] = field(default_factory=tuple)


def check(wanted: Field, value: Any, where: str) -> Any:
    """The value as it is kept; None empties the field. Raises Invalid that names `where`, inside of groups the very place."""
    if value is None or value == "" or value == []:
        return None
    return _CHECKS[wanted.type](wanted, value, where)


def people(wanted: Sequence[Field], values: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Every contact that checked values point at, with the place of it."""
    found: list[tuple[str, int]] = []
    for each in wanted:
        value = values.get(each.name)
        if each.type == "person" and value is not None:
            found.append((each.name, value))
        if each.type == "group" and value:
            inside = [(f"{each.name}.{n}.{where}", who) for n, row in enumerate(value) for where, who in people(each.parts, row)]
            found += inside
    return found


def _text(wanted: Field, value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise Invalid(where, f"Write a text of at most {_LONGEST} characters")
    return value.strip()


def _number(wanted: Field, value: Any, where: str) -> int | float:
    if isinstance(value, str):
        amount = _decimal(value, where, "Write a number, like 12 or 3.5")
        value = int(amount) if amount == amount.to_integral_value() else float(amount)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e15 <= value <= 1e15:
        raise Invalid(where, "Write a number, like 12 or 3.5")
    return value


def _money(wanted: Field, value: Any, where: str) -> dict[str, str]:
    """{"amount": "12.50", "currency": "EUR"}; a bare amount is in the field's currency."""
    given = value if isinstance(value, Mapping) else {"amount": value}
    if unknown := sorted(set(given) - {"amount", "currency"}):
        raise Invalid(f"{where}.{unknown[0]}", "An amount of money has amount and currency")
    currency = given.get("currency") or wanted.currency
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise Invalid(f"{where}.currency", "Name the currency by its three letters, like EUR")
    amount = given.get("amount")
    if isinstance(amount, bool) or not isinstance(amount, int | float | str):
        raise Invalid(f"{where}.amount", "Write an amount, like 12.50")
    return {"amount": f"{_decimal(str(amount), f'{where}.amount', 'Write an amount, like 12.50'):.2f}", "currency": currency}


def _decimal(text: str, where: str, message: str) -> Decimal:
    try:
        found = Decimal(re.sub(r"\s", "", text).replace(",", "."))
    except InvalidOperation:
        raise Invalid(where, message) from None
    if not found.is_finite() or abs(found) > 10**15:
        raise Invalid(where, message)
    return found


def _date(wanted: Field, value: Any, where: str) -> str:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    raise Invalid(where, "Give a date as year-month-day, like 2026-11-22")


def _choice(wanted: Field, value: Any, where: str) -> str:
    if value not in wanted.choices:
        raise Invalid(where, f"Choose one of {', '.join(wanted.choices)}")
    return str(value)


def _list(wanted: Field, value: Any, where: str) -> list[str]:
    if not isinstance(value, list) or len(value) > _MOST:
        raise Invalid(where, f"Give a list of at most {_MOST} words")
    if wanted.choices:
        return list(dict.fromkeys(_choice(wanted, each, f"{where}.{n}") for n, each in enumerate(value)))
    return list(dict.fromkeys(text for n, each in enumerate(value) if (text := _text(wanted, each, f"{where}.{n}"))))


def _link(wanted: Field, value: Any, where: str) -> str:
    text = _text(wanted, value, where)
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid(where, "Give a whole address, like https://example.com")
    return text


def _person(wanted: Field, value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise Invalid(where, "Give the id of a contact")
    return value


def _boolean(wanted: Field, value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise Invalid(where, "Say true or false")
    return value


def _group(wanted: Field, value: Any, where: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(value) > _MOST:
        raise Invalid(where, f"Give a list of at most {_MOST} entries")
    rows = [_entry(wanted, each, f"{where}.{n}") for n, each in enumerate(value)]
    return [row for row in rows if row]


def _entry(wanted: Field, value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Invalid(where, f"An entry has {', '.join(part.name for part in wanted.parts)}")
    known = {part.name: part for part in wanted.parts}
    for name in value:
        if name not in known:
            raise Invalid(f"{where}.{name}", f"There is no such part; there are {', '.join(known)}")
    checked = {name: check(part, value.get(name), f"{where}.{name}") for name, part in known.items()}
    return {name: each for name, each in checked.items() if each is not None}


_CHECKS: Mapping[str, Callable[[Field, Any, str], Any]] = {
    "text": _text,
    "number": _number,
    "money": _money,
    "date": _date,
    "choice": _choice,
    "list": _list,
    "link": _link,
    "person": _person,
    "boolean": _boolean,
    "group": _group,
}
TYPES = tuple(_CHECKS)
"""Every type that a field can have."""
