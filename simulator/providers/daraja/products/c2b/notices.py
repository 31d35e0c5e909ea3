"""What a merchant hears of a payment that it did not ask for: validation asks before, confirmation tells after.

Both are one flat object in which every value is text [captured].
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import ClassVar

from msgspec import Struct

from simulator.core import outbox
from simulator.core.faults import Facts
from simulator.core.ledger import merchant_account
from simulator.core.merchants import Merchant, ShortcodeKind, merchant_of
from simulator.core.payments import Payment
from simulator.core.store import Transaction
from simulator.core.subscribers import subscriber_of
from simulator.core.worlds import World
from simulator.edge.wire import dumped
from simulator.providers.daraja.headers import callback_headers
from simulator.providers.daraja.identifiers import compact_time

VALIDATION, CONFIRMATION = "c2b_validation", "c2b_confirmation"
TYPES = {ShortcodeKind.PAYBILL: "Pay Bill", ShortcodeKind.TILL: "Customer Merchant Payment"}


class OwnName(Struct, frozen=True):
    """The merchant's own name for a payment, by the payment's id: it gave it when it was asked."""

    kind: ClassVar[str] = "daraja_c2b_own_name"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    name: str
    correlation: str


def ask_merchant(tx: Transaction, world: World, payment: Payment, *, answered: str) -> None:
    """Asks at once; the job `answered` gets the answer, or its absence at the deadline."""
    merchant = _merchant(tx, world, payment)
    assert merchant.urls is not None
    body = _body(tx, world, payment, merchant, at=payment.timeline[0][0], balance="")
    callback = _callback(
        payment, merchant, operation=VALIDATION, url=merchant.urls.validation, body=body, asks=answered
    )
    deadline = world.provider_settings(tx, "daraja").lifetimes["validation"]
    outbox.ask(tx, callback, world.now(), deadline_seconds=deadline)


def confirm(tx: Transaction, world: World, payment: Payment, *, at: datetime, due: datetime) -> bool:
    """Promises the confirmation of a payment made `at`; False where the merchant has registered no URLs."""
    merchant = _merchant(tx, world, payment)
    if merchant.urls is None:
        return False
    balance = tx.balance(merchant_account(merchant.key, "utility")).balance
    body = _body(tx, world, payment, merchant, at=at, balance=str(balance))
    callback = _callback(payment, merchant, operation=CONFIRMATION, url=merchant.urls.confirmation, body=body)
    outbox.post(tx, callback, due)
    return True


def _merchant(tx: Transaction, world: World, payment: Payment) -> Merchant:
    merchant = merchant_of(tx, world, payment.merchant)
    assert merchant is not None, f"{payment.key} went to nobody"
    return merchant


def _body(
    tx: Transaction, world: World, payment: Payment, merchant: Merchant, *, at: datetime, balance: str
) -> dict[str, str]:
    """The receipt is taken before validation: both notices name it."""
    assert merchant.urls is not None
    own = tx.get(OwnName, payment.key)
    return {
        "TransactionType": TYPES[merchant.what],
        "TransID": payment.receipt or payment.provider_reference,
        "TransTime": compact_time(at),
        "TransAmount": str(payment.amount),
        "BusinessShortCode": merchant.key,
        "BillRefNumber": payment.reference if merchant.what is ShortcodeKind.PAYBILL else "",
        "InvoiceNumber": "",
        "OrgAccountBalance": balance,
        "ThirdPartyTransID": own.name if own is not None else "",
        "MSISDN": hidden_msisdn(payment.msisdn, version=merchant.urls.version),
        "FirstName": next(iter(subscriber_of(tx, world, payment.msisdn).name.upper().split()), ""),
    }


def hidden_msisdn(msisdn: str, *, version: str) -> str:
    """v1 tells a hash without salt, v2 the first four and the last three digits [captured 2022-2025]."""
    if version == "v1":
        return hashlib.sha256(msisdn.encode()).hexdigest()
    return f"{msisdn[:4]} ***** {msisdn[-3:]}"


def _callback(
    payment: Payment, merchant: Merchant, *, operation: str, url: str, body: dict[str, str], asks: str = ""
) -> outbox.Callback:
    return outbox.Callback(
        key=f"{payment.key}.{operation}",
        payment=payment.key,
        operation=f"daraja.{operation}",
        correlation=payment.correlation,
        facts=Facts(operation, payment.msisdn, str(payment.amount), payment.reference),
        url=url,
        body=dumped(body),
        headers=callback_headers(merchant.key),
        asks=asks,
    )
