"""What is past: all that a request, or a phone, brought about, once its jobs are done. Only the last of it is kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator


class Past:
    """Counts the open jobs by the correlation that they were born in. A job without one concerns nobody here."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._open: dict[str, int] = {}
        self._past: OrderedDict[str, None] = OrderedDict()  # the one that ended first is the first

    def job_added(self, correlation: str) -> None:
        if correlation:
            self._open[correlation] = self._open.get(correlation, 0) + 1
            self._past.pop(correlation, None)

    def job_gone(self, correlation: str) -> None:
        if not correlation:
            return
        left = self._open.pop(correlation) - 1
        if left:
            self._open[correlation] = left
        else:
            self._past[correlation] = None

    def overdue(self) -> Iterator[str]:
        """Those that are one too many, and from now on forgotten."""
        while len(self._past) > self._kept:
            yield self._past.popitem(last=False)[0]
