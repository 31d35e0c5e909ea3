"""The credit notice (IPN): what Jenga tells a client whose account was credited, where it has registered a URL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from simulator.core import outbox
from simulator.core.banks import account_of
from simulator.core.faults import Facts
from simulator.core.jobs import Job
from simulator.core.payments import Payment
from simulator.core.store import Transaction, subject_of
from simulator.core.switch import Transfer, transfer_of
from simulator.core.worlds import World
from simulator.edge.addresses import without_credentials
from simulator.edge.wire import dumped

OPERATION = "jenga.credit"
RETRIES = (2.0, 4.0)  # three attempts, each later than the one before: how Jenga repeats is not public


async def send_notice(world: World, job: Job) -> None:
    """Job: an account of a client's was credited. Tells it, if it wants to be told."""
    number = await world.take("callback")

    def work(tx: Transaction) -> None:
        payment = subject_of(tx, job, Payment)
        if payment is None:
            return
        tx.done(job)
        settings = world.provider_settings(tx, "jenga")
        url = settings.registered["notice_url"]
        if url is None:
            return
        wait = world.wait_seconds(settings.latency["credit.callback"])
        notice = _notice(f"c{number:06d}", url, payment, _body(tx, world, payment, transfer_of(tx, payment)))
        outbox.post(tx, notice, world.now() + timedelta(seconds=wait))

    await world.run(work)


def _notice(key: str, registered: str, payment: Payment, body: Mapping[str, object]) -> outbox.Callback:
    url, credentials = without_credentials(registered)
    return outbox.Callback(
        key=key,
        payment=payment.key,
        operation=OPERATION,
        correlation=payment.correlation,
        facts=Facts("credit", amount=str(payment.amount), reference=payment.reference),
        url=url,
        body=dumped(body),
        headers={"Content-Type": "application/json", **credentials},
        retries=RETRIES,
    )


def _body(tx: Transaction, world: World, payment: Payment, transfer: Transfer) -> dict[str, object]:
    """The documented notice of collections; a transfer between banks fills it so [inferred]."""
    sender, at = account_of(tx, world, transfer.payer), payment.decided_at
    assert at is not None, f"{payment.key} is told of before it is decided"
    return {
        "callbackType": "IPN",
        "customer": {"name": sender.name, "mobileNumber": "", "reference": transfer.narration},
        "transaction": {
            "date": f"{at:%Y-%m-%d %H:%M:%S}.0",  # [one source]
            "reference": payment.receipt,
            "paymentMode": "PESALINK",
            "amount": str(payment.amount),
            "billNumber": transfer.narration,
            "orderAmount": str(payment.amount),
            "serviceCharge": "0.00",
            "status": "SUCCESS",
            "remarks": f"PESALINK~{transfer.end_to_end_id}~{sender.name}~{transfer.narration}",
        },
        "bank": {"reference": payment.reference, "transactionType": "C", "account": payment.merchant},
    }
