"""Whole payments without HTTP (asked, prompted, approved, money moved, told) on both stores: payments a second, CPU of
the process for each, and what the file weighs. Interleaved runs, the best of each by CPU.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import uvloop

from simulator.certificates import CredentialSeal
from simulator.core import outbox
from simulator.core.clock import Clock
from simulator.core.faults import Facts
from simulator.core.jobs import Job
from simulator.core.journal import Event, EventKind
from simulator.core.ledger import Chart
from simulator.core.money import Money
from simulator.core.outbox import Callback, Delivery, Outcome
from simulator.core.payments import Kind, Payment, begun
from simulator.core.prompts import Prompt, show_prompt
from simulator.core.simulation import Clocks, Simulation
from simulator.core.store import Store, Transaction, subject_of
from simulator.core.tampering import WireNames
from simulator.core.template import WorldTemplate
from simulator.core.worlds import ProviderSettings, Shared, World
from simulator.stores.memory import MemoryStore
from simulator.stores.sqlite import SqliteStore
from simulator.stores.sqlite_file import open_file

PAYMENTS, RUNS, AT_ONCE, SUBSCRIBERS = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, 3, 64, 10_000
TOLD = {"Body": {"stkCallback": {"MerchantRequestID": "29115-34620561-1", "ResultCode": 0, "ResultDesc": "ok"}}}
ASKED = {"BusinessShortCode": "600000", "Amount": "1", "CallBackURL": "http://app.test/callback", "Password": "(60)"}


class Answering:
    """An app that takes every callback at once."""

    async def send(self, callback: Callback, hosts: Mapping[str, str], clock: Clock) -> Delivery:
        return Delivery(Outcome.ANSWERED, 200, '{"ok":true}')


class Rail:
    settings: ClassVar = ProviderSettings("fake", limits={"daily": "100000000.00"})
    wire_names: ClassVar[Mapping[str, WireNames]] = {}

    @staticmethod
    def receipt(at: datetime, number: int) -> str:
        return f"UAF{number:07d}"


@dataclass(frozen=True)
class Figures:
    payments_a_second: float
    microseconds: float
    file_bytes: float


async def pay(world: World, number: int) -> None:
    """One payment, to the answer to its callback."""
    taken, now, msisdn = await world.take("payment"), world.now(), f"2547{number % SUBSCRIBERS:08d}"
    payment = Payment(
        key=f"p{taken:06d}",
        what=Kind.COLLECTION,
        operation="fake.push",
        amount=Money(100),
        msisdn=msisdn,
        merchant="600000",
        reference="INV",
        provider_reference=f"ws_CO_{taken}",
        correlation=f"r{taken}",
    )
    prompt = Prompt(msisdn, payment.key, "Pay?", now, now + timedelta(seconds=60))

    def work(tx: Transaction) -> None:
        show_prompt(tx, world, begun(payment, now), prompt)
        data = {"operation": payment.operation, "body": {**ASKED, "PartyA": msisdn}, "status": 200, "answer": {}}
        tx.append(Event(EventKind.REQUEST, now, data, correlation=payment.correlation, payment=payment.key))

    told = world.expect_delivery(payment.correlation)
    await world.run(work)
    await told.wait()


async def tell(world: World, job: Job) -> None:
    number = await world.take("callback")

    def work(tx: Transaction) -> None:
        payment = subject_of(tx, job, Payment)
        if payment is None:
            return
        tx.done(job)
        callback = Callback(
            key=f"c{number:06d}",
            payment=payment.key,
            operation=payment.operation,
            correlation=payment.correlation,
            facts=Facts("push", payment.msisdn),
            url="http://app.test/callback",
            body=b'{"Body":{"stkCallback":{"MerchantRequestID":"29115-34620561-1","ResultCode":0}}}',
            told=TOLD,
            headers={"Content-Type": "application/json"},
        )
        outbox.post(tx, callback, world.now())

    await world.run(work)


async def measured(open_store: Callable[[Chart], Store]) -> tuple[float, float]:
    """Real seconds, and seconds of this process's CPU."""
    template = WorldTemplate.model_validate({"anybody": {"thinks_seconds": 0}, "merchants": {"600000": {}}})
    store = open_store(template.terms)
    shared = Shared(store, Answering(), template, {"fake": Rail()}, {"fake": Rail.settings}, 0.0, CredentialSeal())
    simulation = Simulation(shared, Clocks(is_virtual=False), seed=1, jobs={"fake.push.decided": tell})
    world = await simulation.open("default")
    numbers = iter(range(PAYMENTS))

    async def client() -> None:
        for number in numbers:
            await pay(world, number)

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*[client() for _ in range(AT_ONCE)])
    seconds = time.perf_counter() - began, time.process_time() - cpu
    await simulation.close()
    await store.close()
    return seconds


def run(kind: str) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        stores: Mapping[str, Callable[[Chart], Store]] = {
            "memory": lambda chart: MemoryStore(chart),
            "sqlite": lambda chart: SqliteStore(open_file(path), chart),
            "sqlite, synchronous=full": lambda chart: SqliteStore(open_file(path, is_power_safe=True), chart),
        }
        real, cpu = uvloop.run(measured(stores[kind]))
        size = path.stat().st_size if path.exists() else 0
        return Figures(PAYMENTS / real, cpu / PAYMENTS * 1e6, size / PAYMENTS)


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # figures are for one core
    kinds = ("memory", "sqlite", "sqlite, synchronous=full")
    runs = [{kind: run(kind) for kind in kinds} for _ in range(RUNS)]
    print(f"{PAYMENTS} payments of {SUBSCRIBERS} subscribers, {AT_ONCE} at once, on one core:")
    for kind in kinds:
        best = min((one[kind] for one in runs), key=lambda figures: figures.microseconds)
        fastest = max(one[kind].payments_a_second for one in runs)
        print(
            f"  {kind}: {best.microseconds:.0f} µs of CPU a payment, {1e6 / best.microseconds:.0f} a second of CPU, "
            f"{fastest:.0f} a second here and now, {best.file_bytes:.0f} bytes of file each"
        )


if __name__ == "__main__":
    main()
