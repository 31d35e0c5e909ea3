"""The jobs of one world that nobody has claimed, in order of (due, number). Both stores keep theirs here."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Collection
from datetime import datetime

from simulator.core.jobs import Job

STALE_AT_MOST = 10_000


class DueJobs:
    """A heap beside the jobs themselves: what it holds of a job that was put again, or dropped, is stale."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, str]] = []
        self._numbers = itertools.count()
        self._current: dict[str, int] = {}
        self._aside: dict[str, list[tuple[datetime, int, str]]] = {}  # by the open request that they wait for

    def renumber(self, key: str) -> int:
        """The job's new number: whatever was known of it is stale."""
        number = self._current[key] = next(self._numbers)
        return number

    def add(self, job: Job, number: int) -> None:
        """The job may be claimed from now on, unless it was renumbered or dropped since."""
        if self._current.get(job.key) == number:
            heapq.heappush(self._heap, (job.due, number, job.key))

    def drop(self, key: str) -> None:
        self._current.pop(key, None)
        if len(self._heap) > STALE_AT_MOST + 2 * len(self._current):
            self._heap = [place for place in self._heap if self._current.get(place[2]) == place[1]]
            heapq.heapify(self._heap)

    def first(self, held: Collection[str], job_of: Callable[[str], Job]) -> Job | None:
        self._let_back(held)
        place = self._next(held, job_of)
        return job_of(place[2]) if place is not None else None

    def claim(self, until: datetime, limit: int, held: Collection[str], job_of: Callable[[str], Job]) -> list[Job]:
        self._let_back(held)
        found: list[Job] = []
        while len(found) < limit:
            place = self._next(held, job_of)
            if place is None or place[0] > until:
                break
            heapq.heappop(self._heap)
            found.append(job_of(place[2]))
        return found

    def _next(self, held: Collection[str], job_of: Callable[[str], Job]) -> tuple[datetime, int, str] | None:
        """The first place, left where it is. What comes before it and is held is set aside: looking again is cheap."""
        while self._heap:
            place = self._heap[0]
            if self._current.get(place[2]) != place[1]:
                heapq.heappop(self._heap)
                continue
            request = job_of(place[2]).born_in
            if request not in held:
                return place
            self._aside.setdefault(request, []).append(heapq.heappop(self._heap))
        return None

    def _let_back(self, held: Collection[str]) -> None:
        """Requests that are over: their jobs are due like all others."""
        for request in [request for request in self._aside if request not in held]:
            for place in self._aside.pop(request):
                heapq.heappush(self._heap, place)
