"""What becomes of a transfer request: once its last leg is decided, one callback is promised for all of them."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from simulator.core import outbox
from simulator.core.jobs import Job
from simulator.core.payments import Payment
from simulator.core.store import Transaction, subject_of
from simulator.core.switch import Transfer, messages
from simulator.core.worlds import World
from simulator.edge.wire import dumped
from simulator.providers.coop.requests import TransferRequest, payments_of, told

RETRIES = (10.0, 100.0)  # three attempts; the bank's own schedule is not public
HEADERS = {"Content-Type": "application/json"}


async def tell(world: World, job: Job) -> None:
    """Job: a leg is decided. The last one's promises the callback, with its body frozen for every attempt."""
    number = await world.take("callback")

    def work(tx: Transaction) -> TransferRequest | None:
        payment = subject_of(tx, job, Payment)
        if payment is None:
            return None
        tx.done(job)
        request = _request_of(tx, payment)
        legs = payments_of(tx, request)
        if request.is_told or not all(leg.is_decided for leg in legs):
            return None
        tx.put(replace(request, is_told=True))
        due = world.now() + timedelta(seconds=world.wait_seconds(_latency(tx, world, request)))
        callback = _callback(f"c{number:06d}", request, dumped(told(request, legs, world.now())))
        times = _times(tx, world, legs)
        for copy in range(times):
            outbox.post(tx, replace(callback, key=callback.key + f".{copy + 1}" * (copy > 0)), due)
        return None if times else request

    silent = await world.run(work)
    if silent is not None:
        world.happened(silent.correlation)  # whoever waits for its callback waits in vain


def _request_of(tx: Transaction, payment: Payment) -> TransferRequest:
    """The one that the payment is a leg of."""
    request = tx.get(TransferRequest, payment.reference)
    assert request is not None, f"{payment.key} belongs to no request"
    return request


def _latency(tx: Transaction, world: World, request: TransferRequest) -> float:
    return world.provider_settings(tx, "coop").latency[f"{request.facts.operation}.callback"]


def _times(tx: Transaction, world: World, legs: list[Payment]) -> int:
    """How often the outcome is told: never, if that is so for any leg."""
    transfers = [tx.get(Transfer, leg.key) for leg in legs]
    times = [messages(tx, world, transfer) for transfer in transfers if transfer is not None]
    return 0 if 0 in times else max(times, default=1)


def _callback(key: str, request: TransferRequest, body: bytes) -> outbox.Callback:
    return outbox.Callback(
        key=key,
        payment=request.legs[0].payment,
        operation=request.operation,
        correlation=request.correlation,
        facts=request.facts,
        url=request.callback_url,
        body=body,
        headers=HEADERS,
        retries=RETRIES,
    )
