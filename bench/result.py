"""What was measured, as data: figures with all their rounds, kept as JSON so that two commits can be compared."""

from pathlib import Path
from statistics import median

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One thing measured several times; `floor` are the same rounds of the barest program, in the same order, if there is one."""

    name: str
    unit: str
    ours: list[float]
    floor: list[float] = []
    aim: float | None = None
    """The ratio to the floor that we want; without a floor, the value itself."""
    more_is_better: bool = True

    @property
    def median(self) -> float:
        return median(self.ours)

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios: what disturbs a round disturbs both of its halves."""
        pairs = [ours / floor for ours, floor in zip(self.ours, self.floor, strict=False) if floor]
        return median(pairs) if pairs else None

    @property
    def falls_short(self) -> bool:
        reached = self.ratio if self.floor else self.median
        if self.aim is None or reached is None:
            return False
        return reached < self.aim if self.more_is_better else reached > self.aim


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One lettered part on one database. `cpu`: microseconds of CPU per item, by process, one list a round."""

    letter: str
    title: str
    database: str
    figures: list[Figure]
    cpu: dict[str, list[float]] = {}
    item: str = ""
    notes: list[str] = []


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run and the machine it ran on."""

    commit: str
    machine: str
    rounds: int
    sections: list[Section]


def write(report: Report, path: Path) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))


def read(path: Path) -> Report:
    """Raises msgspec.ValidationError for a file that is no report."""
    return msgspec.json.decode(path.read_bytes(), type=Report)
