"""A start: from the process's beginning to a token and a push answered."""

from __future__ import annotations

import time

from benchmarks.daraja import push_request, token_of
from benchmarks.figure import Figure, Size
from benchmarks.generator import Load, played
from benchmarks.process import running, simulator
from benchmarks.push import URL
from benchmarks.store import Store


async def measure(store: Store, size: Size) -> list[Figure]:
    seconds = min([await _run(store.fresh()) for _ in range(size.runs)])
    return [Figure("process start to first token and push", store.name, seconds, "s", at_most=0.6)]


async def _run(store: str) -> float:
    began = time.perf_counter()
    with running(*simulator(store)) as server:
        await played(Load([push_request(0, token_of(server.url), URL)]), server.port, connections=1)
        return time.perf_counter() - began
