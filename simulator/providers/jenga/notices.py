"""The credit notice (IPN): what Jenga tells a client whose account was credited, where it has registered a URL."""

from __future__ import annotations

from simulator.core.banks import account_of
from simulator.core.payments import Payment
from simulator.core.store import Transaction
from simulator.core.switch import transfer_of
from simulator.core.worlds import World
from simulator.edge.notices import credit_notice, narration

OPERATION = "jenga.credit"
RETRIES = (2.0, 4.0)  # three attempts, each later than the one before: how Jenga repeats is not public


def _body(tx: Transaction, world: World, payment: Payment) -> dict[str, object]:
    """The documented notice of collections; a transfer between banks fills it so [inferred]."""
    transfer, at = transfer_of(tx, payment), payment.decided_at
    sender = account_of(tx, world, transfer.payer)
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
            "remarks": narration(tx, world, transfer),
        },
        "bank": {"reference": payment.reference, "transactionType": "C", "account": payment.merchant},
    }


send_notice = credit_notice(_body, retries=RETRIES)
