"""STK push: CPU per request and requests per second, beside a bare aiohttp handler's.

Nobody answers the prompts meanwhile: what is measured is validation, payment, prompt, jobs and journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.daraja import push_request, token_of
from benchmarks.figure import Figure, Size
from benchmarks.generator import Load, played
from benchmarks.process import Process, running, simulator
from benchmarks.store import Store

WARM_UP, REQUESTS = 300, 4000
MOST = {"memory": 2.9}
NO_TOKEN = "none"
URL = "http://127.0.0.1:9/callback"
SHOWN = 1.0  # microsecond: what counts where a run is so short that the operating system's clock shows none of it


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run: what each request took of the server's CPU, and how many were answered a second."""

    cpu_microseconds: float
    per_second: float


async def measure(store: Store, size: Size) -> list[Figure]:
    sides: dict[str, tuple[Callable[[], list[str]], Callable[[str], str]]] = {
        "bare": (lambda: ["benchmarks.bare", "push"], lambda url: NO_TOKEN),
        # So slow are the phones that none of them answers while this runs.
        "pesabox": (lambda: simulator(store.fresh(), "--latency", "1000"), token_of),
    }
    runs: dict[str, list[Cost]] = {side: [] for side in sides}
    for _ in range(size.runs):
        for side, (command, authenticate) in sides.items():
            with running(*command()) as server:
                runs[side].append(await _run(server, authenticate(server.url), size))
    return list(_figures(store.name, runs))


async def _run(server: Process, token: str, size: Size) -> Cost:
    warm_up, requests = size.of(WARM_UP), size.of(REQUESTS)
    asked = [push_request(number, token, URL) for number in range(warm_up + requests)]
    await played(Load(asked[:warm_up]), server.port)
    before = server.cpu_seconds()
    seconds = await played(Load(asked[warm_up:]), server.port)
    return Cost((server.cpu_seconds() - before) / requests * 1e6, requests / seconds)


def _figures(name: str, runs: dict[str, list[Cost]]) -> Iterator[Figure]:
    bare, ours = (min(cost.cpu_microseconds for cost in runs[side]) for side in ("bare", "pesabox"))
    yield Figure("bare aiohttp handler: CPU per request", "", bare, "µs")
    yield Figure("STK push: CPU per request", name, ours, "µs")
    yield Figure("STK push: CPU, times the bare handler's", name, ours / max(bare, SHOWN), "", at_most=MOST.get(name))
    yield Figure("STK push: requests per second", name, max(cost.per_second for cost in runs["pesabox"]), "/s")
