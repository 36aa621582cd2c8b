"""The conditions of a fork, made ready once: case, ё and the kind of a number do not matter."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from bots.flow import Case
from bots.words import fold, mentions, wildcard

Condition = Callable[[Any], bool]
"""Takes what the fork looks at (`Any`: a variable, a field, a set of tags) and says yes or no."""

_LONGEST = 4096
_NUMBER = re.compile(r"[-+]?[0-9]{1,18}(?:[.,][0-9]{1,9})?")


def compile_case(case: Case) -> Condition:
    """All conditions of the case together."""
    parts = list(_conditions(case))
    return parts[0] if len(parts) == 1 else lambda value: all(part(value) for part in parts)


def _conditions(case: Case) -> list[Condition]:
    found: list[Condition] = []
    if case.eq is not None:
        found.append(_among((case.eq,)))
    if case.ne is not None:
        same = _among((case.ne,))
        found.append(lambda value: not same(value))
    if case.in_ is not None:
        found.append(_among(case.in_))
    return found + _texts(case) + _orders(case)


def _texts(case: Case) -> list[Condition]:
    found: list[Condition] = []
    if case.has is not None:
        found.append(_among((case.has,)))
    if case.matches is not None:
        pattern = wildcard(case.matches)
        found.append(lambda value: pattern.match(fold(_text(value)[:_LONGEST])) is not None)
    if case.words is not None:
        keywords = case.words
        found.append(lambda value: mentions(_text(value)[:_LONGEST], keywords))
    if case.exists is not None:
        wanted = case.exists
        found.append(lambda value: (value not in (None, "", frozenset())) is wanted)
    return found


def _among(wanted: tuple[Any, ...]) -> Condition:
    """`Any` of them is equal; for tags: is one of them."""
    keys = frozenset(map(_key, wanted))
    return lambda value: not keys.isdisjoint(map(_key, value)) if isinstance(value, frozenset) else _key(value) in keys


def _key(value: Any) -> str | float:
    """What two equal values have in common: 5, 5.0 and "5" are one, so are true and "true"."""
    if isinstance(value, bool):
        return str(value).lower()
    number = _number(value)
    return fold(_text(value)).strip() if number is None else number


def _orders(case: Case) -> list[Condition]:
    found: list[Condition] = []
    for limit, holds in (
        (case.gt, lambda order: order > 0),
        (case.ge, lambda order: order >= 0),
        (case.lt, lambda order: order < 0),
        (case.le, lambda order: order <= 0),
    ):
        if limit is not None:
            found.append(_ordered(limit, holds))
    return found


def _ordered(limit: Any, holds: Callable[[float], bool]) -> Condition:
    bound, day = _number(limit), _ordinal(limit)

    def compare(value: Any) -> bool:
        mine = _number(value) if bound is not None else _ordinal(value)
        other = bound if bound is not None else day
        return mine is not None and other is not None and holds(mine - other)

    return compare


def _number(value: Any) -> float | None:
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value.replace(",", "."))
    return None


def _ordinal(value: Any) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        return float(date.fromisoformat(value).toordinal())
    except ValueError:
        return None


def _text(value: Any) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return "" if value is None else str(value)
