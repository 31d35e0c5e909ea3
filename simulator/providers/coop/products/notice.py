"""The notice of an incoming credit (IPN): what Co-op posts to its client when money came in unasked, or came back."""

from __future__ import annotations

from simulator.core.banks import ledger_account
from simulator.core.payments import Payment
from simulator.core.store import Transaction
from simulator.core.switch import transfer_of
from simulator.core.worlds import World
from simulator.edge.notices import credit_notice, narration
from simulator.providers.coop.products.outcome import RETRIES
from simulator.providers.coop.requests import CURRENCY


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
        "Narration": narration(tx, world, transfer),
        "PaymentRef": payment.reference,
        "PostingDate": day,
        "ValueDate": day,
        "TransactionDate": day,
        "TransactionId": payment.receipt,
    }


tell = credit_notice(_body, retries=RETRIES)
