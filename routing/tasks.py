"""By when a request must be answered, and what happens when it was not."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from routing.hours import Hours
from routing.rules import Priority

_GRACE = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class Targets:
    """Minutes of working time until an answer is due, by priority."""

    low: int = 480
    normal: int = 60
    high: int = 30
    urgent: int = 10

    def span(self, priority: Priority) -> timedelta:
        """The target of one priority."""
        minutes: int = getattr(self, priority)
        return timedelta(minutes=minutes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """Something due. `moves` counts how often it was moved for being late; `lead_id` leads the team."""

    id: int
    due: datetime
    manager_id: int | None = None
    team_id: int | None = None
    lead_id: int | None = None
    moves: int = 0
    done: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """Nothing to do; look again at `until`, or never (None): the task is done."""

    until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reassign:
    """Give it to somebody else of the team. Due again after `grace` of working time."""

    team_id: int | None
    not_to: frozenset[int]
    grace: timedelta = field(default=_GRACE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Escalate:
    """Tell the lead and make it theirs; without a lead, all owners. `reminder`: it is theirs already."""

    lead_id: int | None
    reason: Literal["late_twice", "nobody_took_it", "still_late"]
    grace: timedelta = field(default=_GRACE)

    @property
    def reminder(self) -> bool:
        """The lead has it and has not acted."""
        return self.reason == "still_late"


Step = Wait | Reassign | Escalate


def answer_due(priority: Priority, hours: Hours, now: datetime, targets: Targets | None = None) -> datetime:
    """The UTC instant by which a request that came `now` must be answered."""
    return hours.add_working(now, (targets or Targets()).span(priority))


def next_step(task: Task, now: datetime) -> Step:
    """What becomes of a task at this moment: first the team, then the lead, then the lead is reminded, each time later."""
    if task.done:
        return Wait(until=None)
    if now < task.due:
        return Wait(until=task.due)
    if task.manager_id is not None and task.manager_id == task.lead_id and task.moves:
        return Escalate(lead_id=task.lead_id, reason="still_late", grace=_GRACE * min(task.moves + 1, 16))
    if task.manager_id is None or task.moves:
        reason: Literal["late_twice", "nobody_took_it"] = "late_twice" if task.moves else "nobody_took_it"
        return Escalate(lead_id=task.lead_id, reason=reason, grace=_GRACE * min(task.moves + 1, 16))
    return Reassign(team_id=task.team_id, not_to=frozenset({task.manager_id}))
