"""CPU time of processes: the measure that a busy machine disturbs least."""

from collections.abc import Mapping

import psutil

Reading = dict[str, float]
"""Seconds of CPU, by the process's name."""


def read(pids: Mapping[str, int]) -> Reading:
    """What each process has used so far; PostgreSQL's with all its children, those that ended too."""
    return {name: sum(_own(each) for each in _family(name, pid)) for name, pid in pids.items()}


def each(before: Reading, after: Reading, count: int) -> dict[str, float]:
    """Microseconds per item, by process."""
    return {name: (after[name] - before[name]) / count * 1e6 for name in before}


def _family(name: str, pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *(process.children() if name == "postgresql" else [])]


def _own(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0  # its parent counts it from now on
    return float(times.user + times.system + getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0))
