"""What has happened in a world, counted as it is committed: by place and outcome, whatever the journal still holds.

Plain numbers; `control/metrics.py` tells them to Prometheus.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from typing import TypeAlias

from simulator.core.journal import Event, EventKind
from simulator.core.payments import DECIDED

LATENESS_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds, the last but infinity
REFUSED_FROM = 400

Labels: TypeAlias = tuple[str, ...]


class Lateness:
    """How late something was, as a histogram: `counts` by the bound that was not passed, the last for all beyond."""

    def __init__(self) -> None:
        self.counts = [0] * (len(LATENESS_BOUNDS) + 1)
        self.seconds = 0.0

    def note(self, seconds: float) -> None:
        self.counts[bisect_left(LATENESS_BOUNDS, seconds)] += 1
        self.seconds += seconds

    def add(self, other: Lateness) -> None:
        self.counts = [ours + theirs for ours, theirs in zip(self.counts, other.counts, strict=True)]
        self.seconds += other.seconds


class Tally:
    """Counts of one world, or of several.

    `requests` by operation, outcome and status, `payments` by operation and final state, `callbacks` by operation,
    outcome, status and whether they were forged, `events` by kind; `lateness` of deliveries by operation.
    """

    def __init__(self) -> None:
        self.requests: Counter[Labels] = Counter()
        self.payments: Counter[Labels] = Counter()
        self.callbacks: Counter[Labels] = Counter()
        self.events: Counter[Labels] = Counter()
        self.lateness: dict[str, Lateness] = {}

    def count(self, events: Iterable[Event]) -> None:
        for event in events:
            self.events[(event.kind,)] += 1
            if event.kind is EventKind.REQUEST:
                self.requests[_of_request(event)] += 1
            elif event.kind is EventKind.CALLBACK:
                self.callbacks[_of_callback(event)] += 1
            elif event.kind is EventKind.PAYMENT and event.data["state"] in DECIDED:
                self.payments[str(event.data["operation"]), str(event.data["state"])] += 1

    def note_lateness(self, operation: str, seconds: float) -> None:
        """A delivery left so long after it was due."""
        self.lateness.setdefault(operation, Lateness()).note(max(0.0, seconds))

    def add(self, other: Tally) -> None:
        self.requests.update(other.requests)
        self.payments.update(other.payments)
        self.callbacks.update(other.callbacks)
        self.events.update(other.events)
        for operation, lateness in other.lateness.items():
            self.lateness.setdefault(operation, Lateness()).add(lateness)


def _of_request(event: Event) -> Labels:
    """`unanswered` is one that a fault rule let hang or cut off; a refusal may come with any status."""
    status = event.data["status"]
    assert isinstance(status, int)
    operation = str(event.data["operation"])
    if not status:
        return operation, "unanswered", ""
    return operation, "refused" if status >= REFUSED_FROM or "why" in event.data else "answered", str(status)


def _of_callback(event: Event) -> Labels:
    data = event.data
    is_forged = "true" if data.get("forged") else "false"
    return str(data["operation"]), str(data["outcome"]), str(data.get("status", "")), is_forged
