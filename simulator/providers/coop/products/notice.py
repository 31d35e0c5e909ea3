"""The notice of an incoming credit (IPN): what Co-op posts to its client when money came in unasked, or came back."""

from __future__ import annotations

from datetime import timedelta

from simulator.core import outbox
from simulator.core.banks import account_of, ledger_account
from simulator.core.faults import Facts
from simulator.core.jobs import Job
from simulator.core.payments import Payment
from simulator.core.store import Transaction, subject_of
from simulator.core.switch import Transfer, transfer_of
from simulator.core.worlds import World
from simulator.edge.addresses import without_credentials
from simulator.edge.wire import dumped
from simulator.providers.coop.products.outcome import HEADERS, RETRIES
from simulator.providers.coop.requests import CURRENCY


async def tell(world: World, job: Job) -> None:
    """Job: a credit is settled. It is told where the client has registered an address."""
    number = await world.take("callback")

    def work(tx: Transaction) -> None:
        payment = subject_of(tx, job, Payment)
        if payment is None:
            return
        tx.done(job)
        settings = world.provider_settings(tx, "coop")
        url = settings.registered.get("notice_url")
        if url:
            due = world.now() + timedelta(seconds=world.wait_seconds(settings.latency["credit.callback"]))
            outbox.post(tx, _callback(f"c{number:06d}", payment, url, _body(tx, world, payment)), due)

    await world.run(work)


def _callback(key: str, payment: Payment, registered: str, body: dict[str, str]) -> outbox.Callback:
    url, credentials = without_credentials(registered)
    return outbox.Callback(
        key=key,
        payment=payment.key,
        operation=payment.operation,
        correlation=payment.correlation,
        facts=Facts("credit", amount=str(payment.amount), reference=payment.reference),
        url=url,
        body=dumped(body),
        headers=HEADERS | credentials,
        retries=RETRIES,
    )


def _body(tx: Transaction, world: World, payment: Payment) -> dict[str, str]:
    """All texts, dates with their zone, as receivers' samples have them [SDKs agree]."""
    transfer, at = transfer_of(tx, payment), payment.decided_at
    assert at is not None, f"{payment.key} is not settled"
    balance = str(tx.balance(ledger_account(transfer.payee)).balance)
    day = f"{at:%Y-%m-%d}+03:00"
    return {
        "AcctNo": payment.merchant,
        "Amount": str(payment.amount),
        "BookedBalance": balance,
        "ClearedBalance": balance,
        "Currency": CURRENCY,
        "CustMemoLine1": transfer.narration,
        "CustMemoLine2": "",
        "CustMemoLine3": "",
        "EventType": "CREDIT",
        "ExchangeRate": "",
        "Narration": _narration(tx, world, transfer),
        "PaymentRef": payment.reference,
        "PostingDate": day,
        "ValueDate": day,
        "TransactionDate": day,
        "TransactionId": payment.receipt,
    }


def _narration(tx: Transaction, world: World, transfer: Transfer) -> str:
    sender = account_of(tx, world, transfer.payer).name
    return f"PESALINK~{transfer.end_to_end_id}~{sender}~{transfer.narration}"
