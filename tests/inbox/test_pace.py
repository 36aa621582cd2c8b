"""How often somebody may call, and who somebody is."""

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import make_mocked_request

from inbox.web import pace
from inbox.web.callers import address
from inbox.web.pace import Pace, Rate

RATE = Rate(burst=3, each_second=0.5)


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 22, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.mark.parametrize(
    ("label", "costs", "then", "waits"),
    [
        ("a burst is free", [1, 1, 1], 0, 2.0),
        ("a part of what one more costs is there", [1, 1, 1], 1, 1.0),
        ("enough has come back", [1, 1, 1], 2, 0.0),
        ("never more than the burst comes back", [3], 3600, 0.0),
        ("what costs more than all waits for all", [9], 0, 2.0),
        ("a clock that goes back takes nothing away", [1], -60, 0.0),
    ],
)
def test_a_bucket_refills(label: str, costs: list[float], then: float, waits: float) -> None:
    clock = Clock()
    buckets = Pace(clock)
    assert all(buckets.take("x", "anna", RATE, cost) == 0 for cost in costs)
    clock.time += timedelta(seconds=then)
    assert buckets.take("x", "anna", RATE) == waits
    assert buckets.take("x", "boris", RATE) == 0 and buckets.take("y", "anna", RATE) == 0


def test_who_is_refused_pays_nothing() -> None:
    clock = Clock()
    buckets = Pace(clock)
    buckets.take("x", "anna", RATE, 3)
    assert [buckets.take("x", "anna", RATE) for _ in range(3)] == [2.0, 2.0, 2.0]


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "REMEMBERED", 2)
    buckets = Pace(Clock())
    for who in ("anna", "boris", "anna", "clara"):
        buckets.take("x", who, RATE, 1)
    assert [who for _, who in buckets._buckets] == ["anna", "clara"]


@pytest.mark.parametrize(
    ("label", "connection", "forwarded", "expected"),
    [
        ("straight from outside", "93.184.216.34", "", "93.184.216.34"),
        ("from outside, and lying", "93.184.216.34", "1.1.1.1", "93.184.216.34"),
        ("through our proxy", "127.0.0.1", "93.184.216.34", "93.184.216.34"),
        ("through our proxy, and lying", "10.0.0.2", "1.1.1.1, 93.184.216.34", "93.184.216.34"),
        ("through two of ours", "127.0.0.1", "93.184.216.34, 10.0.0.7", "93.184.216.34"),
        ("of the newer kind", "::1", "2a00:1450:4010:c0f::64", "2a00:1450:4010:c0f::64"),
        ("a proxy that names nobody", "127.0.0.1", "", None),
        ("a proxy that names nonsense", "127.0.0.1", "unknown, ", None),
        ("a program on this machine", "127.0.0.1", "127.0.0.1", None),
        ("a socket without addresses", None, "", None),
    ],
)
def test_the_address_of_a_caller(label: str, connection: str | None, forwarded: str, expected: str | None) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("GET", "/", headers=headers)
    assert address(request.clone(remote=connection) if connection else request) == expected
