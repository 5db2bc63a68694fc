"""How long jobs take that wait for each other, so many at once."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

Name = tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """One job: its name, how long it takes, its priority, and the jobs that have to end first."""

    name: Name
    seconds: float
    priority: int
    after: tuple[Name, ...] = ()


def wall_seconds(tasks: Sequence[Task], at_once: int) -> float:
    """When the last job ends, if a free place always takes the ready job of the highest priority, the longest first.

    What a job waits for and is not among ``tasks`` has ended before.
    """
    by_name = {task.name: task for task in tasks}
    missing = {task.name: sum(name in by_name for name in task.after) for task in tasks}
    followers: dict[Name, list[Task]] = {}
    for task in tasks:
        for name in task.after:
            followers.setdefault(name, []).append(task)
    ready = [_place(task) for task in tasks if not missing[task.name]]
    heapq.heapify(ready)
    running: list[tuple[float, Name]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < at_once:
            name = heapq.heappop(ready)[-1]
            heapq.heappush(running, (now + by_name[name].seconds, name))
        now, ended = heapq.heappop(running)
        for task in followers.get(ended, []):
            missing[task.name] -= 1
            if not missing[task.name]:
                heapq.heappush(ready, _place(task))
    return now


def _place(task: Task) -> tuple[int, float, Name]:
    """Its place among the ready ones."""
    return -task.priority, -task.seconds, task.name
