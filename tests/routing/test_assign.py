# ruff: noqa: E501  a case is a row
"""Who takes a request: the responsible first, else the least loaded; a burst is spread, nobody is overloaded, nobody is forgotten."""

import timeit
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.assign import Assignment, Desk, Manager, Request, assign, assign_all, drain

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SALES, SUPPORT = 1, 2
TEAM = frozenset({SALES})

ANNA = Manager(id=1, teams=TEAM, load=3)
BORIS = Manager(id=2, teams=TEAM, load=1)
VERA = Manager(id=3, teams=frozenset({SALES, SUPPORT}), load=1)
ALL = [ANNA, BORIS, VERA]
REQUEST = Request(id=7, since=NOW, team_id=SALES)
ANNAS = replace(REQUEST, responsible_id=1)


def given_to(manager: int | None, reason: str, team: int | None = SALES, waits_for: int | None = None) -> Assignment:
    return Assignment(request_id=7, manager_id=manager, team_id=team, reason=reason, waits_for=waits_for)  # type: ignore[arg-type]


CASES: list[tuple[str, Request, list[Manager], Assignment]] = [
    ("the responsible, however busy", ANNAS, ALL, given_to(1, "responsible")),
    ("the responsible of another team", replace(ANNAS, team_id=SUPPORT), ALL, given_to(1, "responsible", SUPPORT)),
    ("the responsible is away", ANNAS, [replace(ANNA, available=False), BORIS], given_to(2, "responsible_away")),
    ("the responsible is full", ANNAS, [replace(ANNA, load=10), BORIS], given_to(2, "responsible_away")),
    ("the responsible is waited for", replace(ANNAS, when_away="wait"), [replace(ANNA, available=False), BORIS], given_to(None, "waits_for_responsible", waits_for=1)),
    ("the responsible has left", replace(ANNAS, when_away="wait"), [BORIS], given_to(2, "responsible_gone")),
    ("the responsible let it lie", replace(ANNAS, not_to=frozenset({1})), ALL, given_to(2, "least_loaded")),
    ("the least loaded", REQUEST, [ANNA, BORIS], given_to(2, "least_loaded")),
    ("a tie: who was assigned longest ago", REQUEST, [replace(BORIS, last_assigned=NOW), replace(VERA, last_assigned=NOW - timedelta(minutes=1))], given_to(3, "least_loaded")),
    ("a tie: who was never assigned", REQUEST, [replace(BORIS, last_assigned=NOW), VERA], given_to(3, "least_loaded")),
    ("a tie: the lower number", REQUEST, [VERA, BORIS], given_to(2, "least_loaded")),
    ("only of the team", replace(REQUEST, team_id=SUPPORT), [ANNA, BORIS, replace(VERA, load=9)], given_to(3, "least_loaded", SUPPORT)),
    ("without a team, anybody", replace(REQUEST, team_id=None), [ANNA, replace(VERA, teams=frozenset())], given_to(3, "least_loaded", None)),
    ("all away", REQUEST, [replace(each, available=False) for each in ALL], given_to(None, "nobody_free")),
    ("all full", REQUEST, [replace(each, capacity=each.load) for each in ALL], given_to(None, "nobody_free")),
    ("an empty team", replace(REQUEST, team_id=9), ALL, given_to(None, "nobody_free", 9)),
    ("all let it lie", replace(REQUEST, not_to=frozenset({1, 2, 3})), ALL, given_to(None, "nobody_free")),
    ("nobody works here", REQUEST, [], given_to(None, "nobody_free")),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "managers", "expected"), [each[1:] for each in CASES], ids=[each[0] for each in CASES])
def test_one_request(request_: Request, managers: list[Manager], expected: Assignment) -> None:
    assert assign(request_, managers) == expected


def test_who_let_it_lie_can_still_take_the_next_one() -> None:
    desk = Desk([BORIS])
    assert desk.take(replace(REQUEST, not_to=frozenset({2}))).manager_id is None
    assert desk.take(REQUEST).manager_id == 2


def test_the_queue_is_drained_oldest_first_as_far_as_there_is_room() -> None:
    queue = [replace(REQUEST, id=each, since=NOW - timedelta(minutes=each)) for each in range(5)]
    waiting = replace(ANNAS, id=9, when_away="wait", since=NOW - timedelta(days=1))
    managers = [replace(ANNA, available=False), replace(BORIS, load=0, capacity=2), replace(VERA, load=0, capacity=1)]
    assert drain([*queue, waiting], managers) == [(4, 2), (3, 3), (2, 2)]


def test_what_waited_for_its_responsible_goes_to_them_when_they_are_back() -> None:
    assert drain([replace(ANNAS, when_away="wait")], ALL) == [(7, 1)]


managers = st.lists(
    st.builds(
        Manager,
        id=st.integers(1, 30),
        teams=st.frozensets(st.integers(1, 3)),
        available=st.booleans(),
        load=st.integers(0, 12),
        capacity=st.integers(0, 10),
        last_assigned=st.none() | st.integers(0, 999).map(lambda minutes: NOW - timedelta(minutes=minutes)),
    ),
    max_size=12,
    unique_by=lambda each: each.id,
)
requests = st.lists(
    st.builds(
        Request,
        id=st.integers(),
        since=st.integers(0, 999).map(lambda minutes: NOW - timedelta(minutes=minutes)),
        team_id=st.none() | st.integers(1, 3),
        responsible_id=st.none() | st.integers(1, 30),
        when_away=st.sampled_from(["wait", "reassign"]),
        not_to=st.frozensets(st.integers(1, 30), max_size=3),
    ),
    max_size=40,
    unique_by=lambda each: each.id,
)


@given(managers=managers, requests=requests)
def test_nobody_is_over_capacity_and_nobody_idles_while_somebody_waits(managers: list[Manager], requests: list[Request]) -> None:
    decisions = assign_all(requests, managers)
    taken = Counter(each.manager_id for each in decisions)
    load = {each.id: each.load + taken[each.id] for each in managers}
    for manager in managers:
        assert taken[manager.id] == 0 or (manager.available and load[manager.id] <= manager.capacity)
    free = [each for each in managers if each.available and load[each.id] < each.capacity]
    for request, decision in zip(requests, decisions, strict=True):
        assert (decision.request_id, decision.team_id) == (request.id, request.team_id)
        if decision.reason == "nobody_free":
            assert not [each for each in free if each.id not in request.not_to and request.team_id in (None, *each.teams)]


@given(managers=managers, requests=requests)
def test_each_pick_is_the_one_that_looking_at_everybody_would_make(managers: list[Manager], requests: list[Request]) -> None:
    """The heap against the plain rule, written down again without one."""
    desk = Desk(managers)
    load = {each.id: each.load for each in managers}
    stamp: dict[int, tuple[float, int]] = {
        each.id: (each.last_assigned.timestamp() if each.last_assigned else float("-inf"), 0) for each in managers
    }
    for turn, request in enumerate(requests, 1):
        able = [each for each in managers if each.available and load[each.id] < each.capacity]
        decision = desk.take(request)
        if decision.reason in ("least_loaded", "responsible_away", "responsible_gone"):
            team = [each.id for each in able if each.id not in request.not_to and request.team_id in (None, *each.teams)]
            assert decision.manager_id == min(team, key=lambda id_: (load[id_], stamp[id_], id_))
        if decision.manager_id is not None:
            load[decision.manager_id] += 1
            stamp[decision.manager_id] = (float("inf"), turn)


@given(size=st.integers(1, 8), burst=st.integers(0, 60))
def test_a_burst_is_spread_evenly(size: int, burst: int) -> None:
    team = [Manager(id=each, teams=TEAM, capacity=100) for each in range(size)]
    taken = Counter(each.manager_id for each in assign_all([replace(REQUEST, id=each) for each in range(burst)], team))
    counts = [taken[each.id] for each in team]
    assert sum(counts) == burst
    assert max(counts) - min(counts) <= 1


@given(managers=managers, requests=requests)
def test_draining_keeps_the_order_and_changes_nothing_else(managers: list[Manager], requests: list[Request]) -> None:
    left = [each for each, _ in drain(requests, managers)]
    since = {each.id: (each.since, each.id) for each in requests}
    assert left == sorted(left, key=lambda id_: since[id_])


def test_a_pick_is_cheap() -> None:
    """The promise is 10 microseconds with 50 managers; the limit only catches looking at all of them, all over, for each."""
    team = [Manager(id=each, teams=TEAM, capacity=10_000) for each in range(50)]
    burst = [replace(REQUEST, id=each) for each in range(1000)]
    assert min(timeit.repeat(lambda: assign_all(burst, team), number=1, repeat=5)) / 1000 < 100e-6
