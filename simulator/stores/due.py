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
        found, passed_over = self._pop(None, 1, held, job_of)
        self._put_back([*found, *passed_over])
        return job_of(found[0][2]) if found else None

    def claim(self, until: datetime, limit: int, held: Collection[str], job_of: Callable[[str], Job]) -> list[Job]:
        found, passed_over = self._pop(until, limit, held, job_of)
        self._put_back(passed_over)
        return [job_of(key) for _, _, key in found]

    def _pop(
        self, until: datetime | None, limit: int, held: Collection[str], job_of: Callable[[str], Job]
    ) -> tuple[list[tuple[datetime, int, str]], list[tuple[datetime, int, str]]]:
        """So many that are due by then, and those that were passed over because their request is open."""
        found: list[tuple[datetime, int, str]] = []
        passed_over: list[tuple[datetime, int, str]] = []
        while self._heap and len(found) < limit and (until is None or self._heap[0][0] <= until):
            place = heapq.heappop(self._heap)
            if self._current.get(place[2]) == place[1]:
                (passed_over if job_of(place[2]).born_in in held else found).append(place)
        return found, passed_over

    def _put_back(self, places: list[tuple[datetime, int, str]]) -> None:
        for place in places:
            heapq.heappush(self._heap, place)
