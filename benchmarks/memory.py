"""Resident memory after 100,000 and after 1,000,000 payments of 10,000 subscribers.

The payments do not come over a socket, which would take a quarter of an hour: this module, as a process of its own,
gives Daraja's handler its requests, and answers the callbacks in the sender's place. All that keeps state is the
server's own: the simulation, its store, its jobs.
"""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from collections.abc import Mapping

import uvloop

from benchmarks.daraja import PUSH_PATH, payer, push_body
from benchmarks.figure import Figure, Size
from benchmarks.process import ENVIRONMENT, Failed, resident_megabytes
from benchmarks.push import URL
from benchmarks.store import Store
from simulator.app import build
from simulator.commands import GARBAGE_THRESHOLD
from simulator.core.clock import Clock
from simulator.core.outbox import Callback, Delivery, Outcome
from simulator.core.simulation import DEFAULT_WORLD, Simulation
from simulator.core.worlds import World
from simulator.edge.exchange import Exchange, Received
from simulator.edge.provider import Operation
from simulator.edge.sender import HttpSender
from simulator.providers.daraja import PROVIDER
from simulator.settings import parse_settings

PAYMENTS = {"memory": (100_000, 1_000_000), "sqlite": (10_000, 100_000)}  # a file takes its time
SUBSCRIBERS, AT_ONCE = 10_000, 500
GROWS, MEGABYTES = {"memory": 1.3}, {"memory": 300}


async def measure(store: Store, size: Size) -> list[Figure]:
    name, full = store.name, PAYMENTS[store.name]
    early, late = (size.of(count) for count in full)
    before, after = _megabytes(store.fresh(), early, late)
    return [
        Figure(f"resident memory after {early:,} payments", name, before, "MB"),
        Figure(f"resident memory after {late:,} payments", name, after, "MB", at_most=MEGABYTES.get(name)),
        Figure("resident memory, times the earlier", name, after / before, "", at_most=GROWS.get(name)),
    ]


def _megabytes(store: str, early: int, late: int) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.memory", store, str(early), str(late)]
    told = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    if told.returncode != 0:
        raise Failed(told.stderr)
    before, after = map(float, told.stdout.split())
    return before, after


class AnsweringSender(HttpSender):
    """The app says yes to everything, without a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0
        self.wanted = 0
        self.complete = asyncio.Event()

    async def send(self, callback: Callback, hosts: Mapping[str, str], clock: Clock) -> Delivery:
        self.sent += 1
        if self.sent == self.wanted:
            self.complete.set()
        return Delivery(Outcome.ANSWERED, 200, '{"ResultCode":0,"ResultDesc":"Accepted"}', 0.001)


async def fill(store: str, counts: list[int]) -> list[float]:
    """Megabytes after so many payments, one after the other."""
    sender = AnsweringSender()
    simulation = build(parse_settings({"store": store, "latency": 0}), sender)
    world = await simulation.open(DEFAULT_WORLD)
    operation = next(operation for operation in PROVIDER.operations if operation.path == PUSH_PATH)
    requests = [_received(number) for number in range(SUBSCRIBERS)]
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)
    told = []
    for count in counts:
        while sender.sent < count:
            begin, sender.wanted = sender.sent, min(count, sender.sent + AT_ONCE)
            sender.complete.clear()
            for number in range(begin, sender.wanted):
                await _ask(simulation, world, operation, requests[number % SUBSCRIBERS])
            await sender.complete.wait()
        told.append(resident_megabytes())
    await simulation.close()
    return told


def _received(number: int) -> Received:
    return Received("POST", PUSH_PATH, "", "application/json", "Bearer none", push_body(payer(number), URL))


async def _ask(simulation: Simulation, world: World, operation: Operation, received: Received) -> None:
    exchange = Exchange(
        world=world,
        tokens=simulation.tokens,
        provider=PROVIDER,
        operation=operation.name,
        number=await world.take("request"),
        received=received,
        at=world.now(),
    )
    await operation.handle(exchange)


if __name__ == "__main__":
    print(*uvloop.run(fill(sys.argv[1], [int(count) for count in sys.argv[2:]])))
