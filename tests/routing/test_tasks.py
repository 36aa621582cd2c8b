# ruff: noqa: E501  a case is a row
"""By when an answer is due, and where a task goes when it is late: it never stays where nobody looks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.hours import Hours, parse_week
from routing.rules import Priority
from routing.tasks import Escalate, Reassign, Step, Targets, Task, Wait, answer_due, next_step

HOURS = Hours(week=parse_week("mon-fri 09:00-18:00"))
MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("priority", "now", "expected"),
    [
        ("urgent", MONDAY, MONDAY + 10 * MINUTE),
        ("high", MONDAY, MONDAY + 30 * MINUTE),
        ("normal", MONDAY, MONDAY + 60 * MINUTE),
        ("low", MONDAY, datetime(2026, 11, 24, 11, tzinfo=UTC)),
        ("normal", datetime(2026, 11, 22, 3, tzinfo=UTC), datetime(2026, 11, 23, 10, tzinfo=UTC)),
    ],
)
def test_an_answer_is_due_in_working_time(priority: Priority, now: datetime, expected: datetime) -> None:
    assert answer_due(priority, HOURS, now) == expected


def test_a_team_has_targets_of_its_own() -> None:
    assert answer_due("normal", HOURS, MONDAY, Targets(normal=5)) == MONDAY + 5 * MINUTE


TASK = Task(id=1, due=MONDAY, manager_id=5, team_id=2, lead_id=9)
CASES: list[tuple[str, Task, timedelta, Step]] = [
    ("not late", TASK, -MINUTE, Wait(until=MONDAY)),
    ("done", replace(TASK, done=True), MINUTE, Wait(until=None)),
    ("late at the minute", TASK, timedelta(), Reassign(team_id=2, not_to=frozenset({5}))),
    ("late: to the team", TASK, MINUTE, Reassign(team_id=2, not_to=frozenset({5}))),
    ("late in the queue: to the lead", replace(TASK, manager_id=None), MINUTE, Escalate(lead_id=9, reason="nobody_took_it")),
    ("late again: to the lead", replace(TASK, moves=1), MINUTE, Escalate(lead_id=9, reason="late_twice", grace=30 * MINUTE)),
    ("late with the lead: a reminder", replace(TASK, manager_id=9, moves=2), MINUTE, Escalate(lead_id=9, reason="still_late", grace=45 * MINUTE)),
    ("the lead's own, late for the first time", replace(TASK, manager_id=9), MINUTE, Reassign(team_id=2, not_to=frozenset({9}))),
    ("a team without a lead", replace(TASK, lead_id=None, moves=1), MINUTE, Escalate(lead_id=None, reason="late_twice", grace=30 * MINUTE)),
]  # fmt: skip


@pytest.mark.parametrize(("task", "after", "expected"), [each[1:] for each in CASES], ids=[each[0] for each in CASES])
def test_the_next_step(task: Task, after: timedelta, expected: Step) -> None:
    assert next_step(task, MONDAY + after) == expected


@given(
    manager=st.none() | st.integers(1, 3),
    lead=st.none() | st.integers(1, 3),
    moves=st.integers(0, 40),
    late=st.integers(0, 10**6),
)
def test_what_is_late_always_moves_and_comes_back(manager: int | None, lead: int | None, moves: int, late: int) -> None:
    step = next_step(replace(TASK, manager_id=manager, lead_id=lead, moves=moves), MONDAY + late * MINUTE)
    assert not isinstance(step, Wait)
    assert timedelta() < step.grace <= timedelta(hours=4)
    assert isinstance(step, Escalate) or manager in step.not_to
    assert not (isinstance(step, Escalate) and step.reminder) or lead == manager
