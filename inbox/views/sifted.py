"""Pages of a list in which no index tells who belongs: stretches of it are looked at, each longer, as long as the time allows.

A page may be short, or empty, and still have a next one: it goes on where this one stopped.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

SECONDS = 0.08
"""What a page may cost."""
FIRST, LONGEST = 500, 8_000
"""Rows of a stretch."""
Take = Callable[[Any, int], Sequence[Any]]
"""The next so many rows behind a key (None: from the beginning)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sifted:
    """Rows that belong, and the key behind which the next page begins (None: there is none)."""

    rows: Sequence[Any]
    after: Any | None


def sift(
    take: Take, belonging: Callable[[Sequence[Any]], set[Any]], key: Callable[[Any], Any], after: Any | None, limit: int,
    clock: Callable[[], float] = time.monotonic,
) -> Sifted:  # fmt: skip
    """`belonging`: the keys of those rows that belong."""
    end, size, found = clock() + SECONDS, FIRST, list[Any]()
    while True:
        rows = take(after, size)
        keys = belonging(rows) if rows else set()
        found += [row for row in rows if key(row) in keys]
        if len(found) > limit:
            return Sifted(rows=found[:limit], after=key(found[limit - 1]))
        if len(rows) < size:
            return Sifted(rows=found, after=None)
        after, size = key(rows[-1]), min(size * 2, LONGEST)
        if clock() > end:
            return Sifted(rows=found, after=after)
