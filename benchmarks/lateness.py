"""How late callbacks arrive at 200 a second: after the moment that the phone's thinking and the latency make due."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime

from benchmarks.daraja import control, listed, payer, push_request, token_of
from benchmarks.figure import Figure, Size
from benchmarks.generator import App, PacedLoad, played
from benchmarks.process import running, simulator
from benchmarks.store import Store

PER_SECOND, CALLBACKS, WARM_UP = 200, 1000, 200
LATENCY = 0.1
_CHECKOUT = re.compile(rb'"CheckoutRequestID": ?"([^"]+)"')


async def measure(store: Store, size: Size) -> list[Figure]:
    runs = [await _run(store.fresh(), size.of(WARM_UP), size.of(CALLBACKS)) for _ in range(size.runs)]
    middle, nearly_all = (min(figures) for figures in zip(*runs, strict=True))
    about = f"callback lateness at {PER_SECOND}/s"
    return [
        Figure(f"{about}, p50", store.name, middle, "ms"),
        Figure(f"{about}, p99", store.name, nearly_all, "ms", at_most=5),
    ]


async def _run(store: str, warm_up: int, callbacks: int) -> tuple[float, float]:
    """Milliseconds: the median, and what 99 of 100 stay below."""
    with running(*simulator(store, "--latency", str(LATENCY))) as server:
        token, app = token_of(server.url), App()
        async with await app.listen():
            asked = [push_request(number, token, app.url) for number in range(warm_up + callbacks)]
            await played(PacedLoad(asked, per_second=PER_SECOND), server.port)
            await app.complete(len(asked))
        due = dict(_due(server.url))
    late = sorted((arrival.at - due[_reference(arrival.message)]) * 1000 for arrival in app.arrivals[warm_up:])
    return late[len(late) // 2], late[len(late) * 99 // 100]


def _due(url: str) -> Iterator[tuple[str, float]]:
    """By CheckoutRequestID, when its callback is due: seconds since the epoch."""
    thinks = control(url, f"/subscribers/{payer(0)}")["thinks_seconds"]
    wait = control(url, "/providers/daraja")["latency"]["stk_push.callback"] * LATENCY
    for payment in listed(url, "/payments"):
        shown = next(step["at"] for step in payment["timeline"] if step["state"] == "prompted")
        yield payment["provider_reference"], datetime.fromisoformat(shown).timestamp() + thinks + wait


def _reference(message: bytes) -> str:
    found = _CHECKOUT.search(message)
    assert found is not None, message
    return json.loads(b'"' + found[1] + b'"')  # type: ignore[no-any-return]
