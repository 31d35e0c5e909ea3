"""`/_sim/metrics`: the tallies of all worlds together, or of one, as Prometheus reads them.

The families are made afresh for each answer; nothing is registered, and nothing is global.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING

from msgspec import Struct

from simulator.control.api import Call
from simulator.core.jobs import Job
from simulator.core.tally import LATENESS_BOUNDS, Labels, Lateness, Tally
from simulator.core.worlds import World

if TYPE_CHECKING:
    from prometheus_client.core import Metric

MEDIA = "text/plain; version=0.0.4"
PLACE = ("provider", "operation")


async def metrics(call: Call) -> str:
    """Labelled with the world only where one is asked for: worlds come and go, and a label each would pile up."""
    from prometheus_client import generate_latest

    return generate_latest(await _figures(call)).decode()


async def _figures(call: Call) -> Figures:
    name = call.query("world")
    worlds = [call.world] if name else call.simulation.worlds
    tally = Tally()
    if not name:
        tally.add(call.simulation.forgotten)
    for world in worlds:
        tally.add(world.tally)
    open_jobs = sum([await _open_jobs(world) for world in worlds], Counter[str]())
    return Figures(tally, open_jobs, len(worlds), {"world": name} if name else {})


async def _open_jobs(world: World) -> Counter[str]:
    return await world.run(lambda tx: Counter(job.work for job in tx.find(Job)))


class Figures(Struct, frozen=True):
    """A collector in the sense of prometheus_client. `common` are labels that every figure has."""

    tally: Tally
    open_jobs: Mapping[str, int]
    worlds: int
    common: Mapping[str, str]

    def collect(self) -> Iterator[Metric]:
        from prometheus_client import ProcessCollector

        tally = self.tally
        answered = (*PLACE, "outcome", "status")
        yield self._counter("requests", "Calls of the providers' APIs.", answered, _placed(tally.requests))
        yield self._counter("payments", "Payments decided.", (*PLACE, "state"), _placed(tally.payments))
        delivered = (*answered, "forged")
        yield self._counter("callbacks", "Deliveries of callbacks.", delivered, _placed(tally.callbacks))
        yield self._lateness()
        yield self._counter("journal_events", "Events of the journal.", ("kind",), tally.events)
        yield self._gauge("open_jobs", "Work that is still to come.", ("work",), self.open_jobs)
        yield self._gauge("worlds", "Worlds that are open.", (), {"": self.worlds})
        yield from ProcessCollector(registry=None).collect()

    def _counter(self, name: str, does: str, labels: Labels, counts: Mapping[Labels, int]) -> Metric:
        from prometheus_client.core import CounterMetricFamily

        family = CounterMetricFamily(f"pesabox_{name}", does, labels=(*self.common, *labels))
        for values, count in sorted(counts.items()):
            family.add_metric((*self.common.values(), *values), count)
        return family

    def _gauge(self, name: str, does: str, labels: Labels, counts: Mapping[str, int]) -> Metric:
        """By one label or by none."""
        from prometheus_client.core import GaugeMetricFamily

        family = GaugeMetricFamily(f"pesabox_{name}", does, labels=(*self.common, *labels))
        for value, count in sorted(counts.items()):
            family.add_metric((*self.common.values(), value)[: len(self.common) + len(labels)], count)
        return family

    def _lateness(self) -> Metric:
        from prometheus_client.core import HistogramMetricFamily

        does = "From when a delivery was due to when it left, in seconds."
        family = HistogramMetricFamily("pesabox_callback_lateness_seconds", does, labels=(*self.common, *PLACE))
        for operation, lateness in sorted(self.tally.lateness.items()):
            family.add_metric((*self.common.values(), *_place(operation)), _buckets(lateness), lateness.seconds)
        return family


def _placed(counts: Mapping[Labels, int]) -> dict[Labels, int]:
    """With the provider and its operation for the name of both."""
    return {(*_place(labels[0]), *labels[1:]): count for labels, count in counts.items()}


def _place(operation: str) -> Labels:
    provider, _, name = operation.partition(".")
    return provider, name


def _buckets(lateness: Lateness) -> list[tuple[str, float]]:
    """Cumulative, as Prometheus has them."""
    bounds = (*map(str, LATENESS_BOUNDS), "+Inf")
    return list(zip(bounds, accumulate(lateness.counts), strict=True))
