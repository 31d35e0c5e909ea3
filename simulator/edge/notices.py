"""Credit notices: what the banks of clients tell these when money came in unasked, or came back. How is each bank's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeAlias

from simulator.core import outbox
from simulator.core.banks import account_of
from simulator.core.faults import Facts
from simulator.core.job_runner import JobHandler
from simulator.core.jobs import Job
from simulator.core.payments import Payment
from simulator.core.store import Transaction, subject_of
from simulator.core.switch import Transfer
from simulator.core.worlds import World
from simulator.edge.addresses import without_credentials
from simulator.edge.wire import dumped

Body: TypeAlias = Callable[[Transaction, World, Payment], Mapping[str, object]]
JSON = {"Content-Type": "application/json"}


def credit_notice(body: Body, *, retries: tuple[float, ...]) -> JobHandler:
    """The job `<provider>.credit.decided`: tells of the credit where the client has registered a `notice_url`."""

    async def tell(world: World, job: Job) -> None:
        number = await world.take("callback")

        def work(tx: Transaction) -> None:
            payment = subject_of(tx, job, Payment)
            if payment is None:
                return
            tx.done(job)
            settings = world.provider_settings(tx, payment.provider)
            url = settings.registered["notice_url"]
            if url:
                due = world.now() + timedelta(seconds=world.wait_seconds(settings.latency["credit.callback"]))
                notice = _notice(f"c{number:06d}", payment, url, dumped(body(tx, world, payment)), retries)
                outbox.post(tx, notice, due)

        await world.run(work)

    return tell


def _notice(key: str, payment: Payment, registered: str, body: bytes, retries: tuple[float, ...]) -> outbox.Callback:
    url, credentials = without_credentials(registered)
    return outbox.Callback(
        key=key,
        payment=payment.key,
        operation=payment.operation,
        correlation=payment.correlation,
        facts=Facts("credit", amount=str(payment.amount), reference=payment.reference),
        url=url,
        body=body,
        headers=JSON | credentials,
        retries=retries,
    )


def narration(tx: Transaction, world: World, transfer: Transfer) -> str:
    """As statements tell a transfer that came in [one source]."""
    sender = account_of(tx, world, transfer.payer).name
    return f"PESALINK~{transfer.end_to_end_id}~{sender}~{transfer.narration}"
