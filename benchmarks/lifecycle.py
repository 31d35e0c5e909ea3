"""A whole lifecycle: push, prompt answered, money moved, callback delivered and journalled.

Beside it a bare aiohttp server and client that make the same two exchanges.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from benchmarks.daraja import control, listed, push_request, token_of
from benchmarks.figure import Figure, Size
from benchmarks.generator import App, Load, played
from benchmarks.process import Failed, Process, running, simulator
from benchmarks.push import NO_TOKEN, SHOWN, Cost
from benchmarks.store import Store

WARM_UP, LIFECYCLES = 300, 3000
MOST = {"memory": 2.5}
LEAST = {"memory": 2000, "sqlite": 700}


async def measure(store: Store, size: Size) -> list[Figure]:
    sides: dict[str, tuple[Callable[[], list[str]], Callable[[str], str]]] = {
        "bare": (lambda: ["benchmarks.bare", "lifecycle"], lambda url: NO_TOKEN),
        "pesabox": (lambda: simulator(store.fresh(), "--latency", "0"), token_of),
    }
    runs: dict[str, list[Cost]] = {side: [] for side in sides}
    for _ in range(size.runs):
        for side, (command, authenticate) in sides.items():
            with running(*command()) as server:
                runs[side].append(await _run(server, authenticate(server.url), size))
                if side == "pesabox":
                    _check(server.url, size.of(WARM_UP) + size.of(LIFECYCLES))
    return list(_figures(store.name, runs))


async def _run(server: Process, token: str, size: Size) -> Cost:
    warm_up, lifecycles, app = size.of(WARM_UP), size.of(LIFECYCLES), App()
    async with await app.listen():
        asked = [push_request(number, token, app.url) for number in range(warm_up + lifecycles)]
        await played(Load(asked[:warm_up]), server.port)
        await app.complete(warm_up)
        before, began = server.cpu_seconds(), time.perf_counter()
        await played(Load(asked[warm_up:]), server.port)
        await app.complete(len(asked))
        seconds = time.perf_counter() - began
        return Cost((server.cpu_seconds() - before) / lifecycles * 1e6, lifecycles / seconds)


def _check(url: str, lifecycles: int) -> None:
    """All of it happened: `Failed` when money or the journal says otherwise."""
    told = sum(1 for event in listed(url, "/journal?kind=callback") if event.get("status") == 200)
    paid = sum(1 for payment in listed(url, "/payments") if payment["state"] == "succeeded")
    if not (told == paid == lifecycles and control(url, "/ledger/audit")["balanced"]):
        raise Failed(
            f"of {lifecycles} lifecycles {paid} moved money and {told} told so: {control(url, '/ledger/audit')}"
        )


def _figures(name: str, runs: dict[str, list[Cost]]) -> Iterator[Figure]:
    bare, ours = (min(cost.cpu_microseconds for cost in runs[side]) for side in ("bare", "pesabox"))
    yield Figure("bare aiohttp server and client: CPU per lifecycle", "", bare, "µs")
    yield Figure("lifecycle: CPU", name, ours, "µs")
    yield Figure(
        "lifecycle: CPU, times the bare server and client's", name, ours / max(bare, SHOWN), "", at_most=MOST.get(name)
    )
    yield Figure("lifecycles per second of one core's time", name, 1e6 / ours, "/s", at_least=LEAST[name])
    yield Figure("lifecycles per second", name, max(cost.per_second for cost in runs["pesabox"]), "/s")
