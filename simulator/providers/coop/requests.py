"""Transfer requests: what Co-op remembers of each, and how it tells what became of it, in callback and status alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import orjson
from msgspec import Struct

from simulator.core.faults import Facts
from simulator.core.money import Money
from simulator.core.payments import Payment, State
from simulator.core.store import Transaction
from simulator.edge.provider import ResultCode
from simulator.providers.coop.codes import FULL_FAILURE, FULL_SUCCESS, OUTCOMES, PARTIAL_SUCCESS, PROCESSING
from simulator.providers.coop.identifiers import wire_time

CURRENCY = "KES"
NO_TRANSACTION = "NULL"  # the text, on a leg that failed [SDKs agree]


class Leg(Struct, frozen=True):
    """One credit, as its request told it. `payment` is the one that it became."""

    payment: str
    reference: str
    amount: Money
    narration: str
    account: str = ""
    bank_code: str = ""
    phone: str = ""


class TransferRequest(Struct, frozen=True):
    """Its key is the client's MessageReference. It `is_told` once its callback is promised, or never will be."""

    kind: ClassVar[str] = "coop_request"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    operation: str
    correlation: str
    account: str
    amount: Money
    narration: str
    callback_url: str
    legs: tuple[Leg, ...]
    is_told: bool = False

    @property
    def facts(self) -> Facts:
        """What fault rules may know of the request as a whole."""
        return Facts(self.operation.split(".")[1], amount=str(self.amount), reference=self.key)


def acknowledgement(reference: str, at: datetime, code: str, description: str) -> dict[str, object]:
    """The four texts that every answer begins with."""
    return {
        "MessageReference": reference,
        "MessageDateTime": wire_time(at),
        "MessageCode": code,
        "MessageDescription": description,
    }


def payments_of(tx: Transaction, request: TransferRequest) -> list[Payment]:
    """One for each leg, in their order."""
    found = [tx.get(Payment, leg.payment) for leg in request.legs]
    return [payment for payment in found if payment is not None]


def result_of(payments: Sequence[Payment]) -> ResultCode:
    """What became of all legs together."""
    if not all(payment.is_decided for payment in payments):
        return PROCESSING
    paid = [payment.state is State.SUCCEEDED for payment in payments]
    if all(paid):
        return FULL_SUCCESS
    return PARTIAL_SUCCESS if any(paid) else FULL_FAILURE


def told(request: TransferRequest, payments: Sequence[Payment], at: datetime) -> dict[str, object]:
    """The body of callback and status. What is not decided yet has null for its outcome [inferred]."""
    result = result_of(payments)
    return {
        **acknowledgement(request.key, at, result.code, result.text),
        "Source": {
            "AccountNumber": request.account,
            "Amount": number(request.amount),
            "TransactionCurrency": CURRENCY,
            "Narration": request.narration,
            **_response(_of_the_source(payments, result)),
        },
        "Destinations": [_leg(leg, payment) for leg, payment in zip(request.legs, payments, strict=True)],
    }


def _of_the_source(payments: Sequence[Payment], result: ResultCode) -> Payment | None:
    """The source fares as its first leg that is paid; where none is, as its first [inferred]."""
    if result is PROCESSING:
        return None
    return next((payment for payment in payments if payment.state is State.SUCCEEDED), payments[0])


def _leg(leg: Leg, payment: Payment) -> dict[str, object]:
    payee = {"PhoneNumber": leg.phone} if leg.phone else {"AccountNumber": leg.account, "BankCode": leg.bank_code}
    return {
        "ReferenceNumber": leg.reference,
        **payee,
        "Amount": number(leg.amount),
        "TransactionCurrency": CURRENCY,
        "Narration": leg.narration,
        "TransactionID": (payment.receipt or NO_TRANSACTION) if payment.is_decided else None,
        **_response(payment if payment.is_decided else None),
    }


def _response(payment: Payment | None) -> dict[str, object]:
    outcome = OUTCOMES.of(payment.failure) if payment is not None else None
    return {
        "ResponseCode": outcome.code if outcome is not None else None,
        "ResponseDescription": outcome.text if outcome is not None else None,
    }


def number(amount: Money) -> orjson.Fragment:
    """A JSON number, whole where there are no cents: typed clients read an integer [SDKs agree]."""
    return orjson.Fragment(str(amount).removesuffix(".00").encode())
