"""Whose rows a list shows: people of a segment, or found by what was typed. A few are named; very many are tested on the way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from inbox import segments
from inbox.search.sought import sought

Test = Callable[[sa.Connection, Sequence[int]], set[int]]
"""Which of these people belong."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Who:
    """`few`: only these (None: that many cannot be named). `tests`: and of these, whoever passes all."""

    few: list[int] | None = None
    tests: tuple[Test, ...] = ()

    def pick(self, connection: sa.Connection, ids: Sequence[int]) -> set[int]:
        """Which of these people pass."""
        left = set(ids)
        for test in self.tests:
            left = test(connection, sorted(left)) if left else left
        return left


def who(connection: sa.Connection, q: str, segment: tuple[int, datetime] | None, *, first: bool) -> Who:
    """`first`: for a first page; what took long to find out there is not tried again. Raises Invalid for an unknown segment."""
    typed = _typed(connection, q) if q else Who()
    if segment is None:
        return typed
    some = segments.few(connection, *segment, typed.few, gather=first)
    if some is None:
        return Who(few=typed.few, tests=(*typed.tests, segments.tested(connection, *segment)))
    return Who(few=sorted(typed.pick(connection, some), reverse=True))


def _typed(connection: sa.Connection, q: str) -> Who:
    found = sought(connection, q)
    few = found.few(connection)
    return Who(few=few) if few is not None else Who(tests=(found.among,))
