"""How often one browser, and one address, may call: a bucket each that refills; who empties theirs is told how long to wait."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

REMEMBERED = 50_000
"""Buckets kept; the one that was not used for longest goes first."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` calls at once, and `each_second` more for every second that passes."""

    burst: float
    each_second: float


@dataclass(slots=True)
class _Bucket:
    left: float
    at: datetime


@dataclass(slots=True)
class Pace:
    """The buckets of one process. With several behind one address everybody may do that many times as much."""

    clock: Callable[[], datetime]
    _buckets: "OrderedDict[tuple[str, Any], _Bucket]" = field(default_factory=OrderedDict)

    def take(self, name: str, who: Any, rate: Rate, cost: float = 1.0) -> float:
        """0 if `who` may, else the seconds until they may. What costs more than the bucket holds waits for a full one."""
        now, cost = self.clock(), min(cost, rate.burst)
        bucket = self._buckets.pop((name, who), None) or _Bucket(rate.burst, now)
        self._buckets[name, who] = bucket
        passed = max(0.0, (now - bucket.at).total_seconds())
        bucket.left, bucket.at = min(rate.burst, bucket.left + passed * rate.each_second), now
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        if bucket.left < cost:
            return (cost - bucket.left) / rate.each_second
        bucket.left -= cost
        return 0.0
