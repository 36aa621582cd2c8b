"""Who takes a request: the contact's responsible manager, else the least loaded, else the team's queue."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush
from typing import Literal

from routing.rules import WhenAway

Reason = Literal["responsible", "least_loaded", "responsible_away", "responsible_gone", "waits_for_responsible", "nobody_free"]
"""responsible_away, responsible_gone: given to the least loaded, because the responsible cannot take it now or has left."""

_Key = tuple[int, datetime, int, int]
"""(load, last assigned, turn in this pass, id): the smallest is next."""

_NEVER = datetime.min.replace(tzinfo=UTC)
_IN_THIS_PASS = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Manager:
    """A person who answers. `load` counts open conversations; `available`: at work and taking requests, as the caller knows."""

    id: int
    teams: frozenset[int] = frozenset()
    available: bool = True
    load: int = 0
    capacity: int = 10
    last_assigned: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A conversation that needs a manager. Without `team_id` anybody may take it. `not_to`: who let it lie already."""

    id: int
    since: datetime
    team_id: int | None = None
    responsible_id: int | None = None
    when_away: WhenAway = "reassign"
    not_to: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """The decision. Without `manager_id` the request is in the queue of `team_id`, for `waits_for` alone if that is set.

    It never changes who is responsible for the contact.
    """

    request_id: int
    manager_id: int | None
    team_id: int | None
    reason: Reason
    waits_for: int | None = None


class Desk:
    """The managers during one pass. Every pick counts at once, so that a burst is spread and nobody goes over capacity."""

    def __init__(self, managers: Iterable[Manager]) -> None:
        self._managers = {manager.id: manager for manager in managers}
        self._keys: dict[int, _Key] = {
            id_: (each.load, each.last_assigned or _NEVER, 0, id_)
            for id_, each in self._managers.items()
            if each.available and each.load < each.capacity
        }
        self._heaps: dict[int | None, list[_Key]] = {}
        self._turn = 0

    def take(self, request: Request) -> Assignment:
        """Decide for one request and remember the pick."""
        responsible = request.responsible_id
        if responsible is None or responsible in request.not_to:
            return self._least_loaded(request, "least_loaded")
        if responsible in self._keys:
            return self._give(request, responsible, "responsible")
        if responsible not in self._managers:
            return self._least_loaded(request, "responsible_gone")
        if request.when_away == "wait":
            return _queued(request, "waits_for_responsible", responsible)
        return self._least_loaded(request, "responsible_away")

    def _least_loaded(self, request: Request, reason: Reason) -> Assignment:
        heap = self._heap(request.team_id)
        aside: list[_Key] = []
        chosen: int | None = None
        while heap and chosen is None:
            key = heap[0]
            if self._keys.get(key[3]) != key:
                heappop(heap)
            elif key[3] in request.not_to:
                aside.append(heappop(heap))
            else:
                chosen = key[3]
        for key in aside:
            heappush(heap, key)
        return _queued(request, "nobody_free") if chosen is None else self._give(request, chosen, reason)

    def _heap(self, team_id: int | None) -> list[_Key]:
        heap = self._heaps.get(team_id)
        if heap is None:
            heap = [key for id_, key in self._keys.items() if team_id is None or team_id in self._managers[id_].teams]
            heapify(heap)
            self._heaps[team_id] = heap
        return heap

    def _give(self, request: Request, manager_id: int, reason: Reason) -> Assignment:
        self._turn += 1
        load = self._keys[manager_id][0] + 1
        manager = self._managers[manager_id]
        if load >= manager.capacity:
            del self._keys[manager_id]
        else:
            key = self._keys[manager_id] = (load, _IN_THIS_PASS, self._turn, manager_id)
            for team_id, heap in self._heaps.items():
                if team_id is None or team_id in manager.teams:
                    heappush(heap, key)
        return Assignment(request_id=request.id, manager_id=manager_id, team_id=request.team_id, reason=reason)


def assign(request: Request, managers: Iterable[Manager]) -> Assignment:
    """Decide for one request. For several use one `Desk`, which is both fair and cheaper."""
    return Desk(managers).take(request)


def assign_all(requests: Iterable[Request], managers: Iterable[Manager]) -> list[Assignment]:
    """Decide for a burst, in the order given."""
    desk = Desk(managers)
    return [desk.take(request) for request in requests]


def drain(queue: Sequence[Request], managers: Iterable[Manager]) -> list[tuple[int, int]]:
    """(conversation, manager) for all that can leave the queue now, oldest first. What waits for its responsible stays."""
    desk = Desk(managers)
    decided = (desk.take(request) for request in sorted(queue, key=lambda each: (each.since, each.id)))
    return [(each.request_id, each.manager_id) for each in decided if each.manager_id is not None]


def _queued(request: Request, reason: Reason, waits_for: int | None = None) -> Assignment:
    return Assignment(request_id=request.id, manager_id=None, team_id=request.team_id, reason=reason, waits_for=waits_for)
