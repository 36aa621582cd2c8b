"""Where a full inbox is asked from."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bench.rig import Rig


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What asks: a connection of ours, the raw driver, chance, and how much there is to find."""

    rig: Rig
    connection: sa.Connection
    bare: Callable[[str, dict[str, Any]], list[Any]]
    chance: random.Random
    count: int
    words: Sequence[str]

    @property
    def lite(self) -> bool:
        return self.rig.settings.sqlite
