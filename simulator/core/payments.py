"""Payments: one intended movement of money each, with a state that moves by a table."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from simulator.core.errors import Declined, IllegalMove
from simulator.core.journal import Event, EventKind
from simulator.core.money import Money

if TYPE_CHECKING:
    from simulator.core.store import Transaction


class State(StrEnum):
    PENDING = "pending"
    PROMPTED = "prompted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Move(StrEnum):
    PROMPT = "prompt"
    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"
    EXPIRE = "expire"


class Kind(StrEnum):
    COLLECTION = "collection"
    PAYOUT = "payout"
    TRANSFER = "transfer"
    REVERSAL = "reversal"
    RETURN = "return"


MOVES = {
    (State.PENDING, Move.PROMPT): State.PROMPTED,
    (State.PENDING, Move.SUCCEED): State.SUCCEEDED,
    (State.PENDING, Move.FAIL): State.FAILED,
    (State.PENDING, Move.CANCEL): State.CANCELLED,
    (State.PENDING, Move.EXPIRE): State.EXPIRED,
    (State.PROMPTED, Move.SUCCEED): State.SUCCEEDED,
    (State.PROMPTED, Move.FAIL): State.FAILED,
    (State.PROMPTED, Move.CANCEL): State.CANCELLED,
    (State.PROMPTED, Move.EXPIRE): State.EXPIRED,
}
UNDECIDED = frozenset({State.PENDING, State.PROMPTED})
DECIDED = frozenset(State) - UNDECIDED


def move(state: State, by: Move) -> State:
    if (state, by) not in MOVES:
        raise IllegalMove(f"cannot {by} a {state} payment")
    return MOVES[state, by]


class Failure(Struct, frozen=True):
    """Why a payment did not succeed: the name of a `Declined` error, and the code that it brought, if any."""

    reason: str
    code: str = ""

    @classmethod
    def of(cls, error: Declined) -> Failure:
        return cls(type(error).__name__, error.code)


class Payment(Struct, frozen=True):
    """`reference` is the client's, `provider_reference` the provider's, `receipt` that of a settled payment.

    `operation` is the provider's, as in fault rules (`daraja.stk_push`); `account` is the one that a transfer goes to,
    as the ledger names it, and `msisdn` then empty, unless it was found by a phone.
    """

    kind: ClassVar[str] = "payment"
    indexes: ClassVar[tuple[str, ...]] = ("msisdn", "provider_reference", "correlation", "receipt")

    key: str
    what: Kind
    operation: str
    amount: Money
    msisdn: str
    merchant: str
    reference: str
    provider_reference: str
    correlation: str
    state: State = State.PENDING
    receipt: str = ""
    failure: Failure | None = None
    decided_at: datetime | None = None
    timeline: tuple[tuple[datetime, State], ...] = ()
    account: str = ""

    @property
    def provider(self) -> str:
        return self.operation.split(".", 1)[0]

    @property
    def is_decided(self) -> bool:
        return self.state not in UNDECIDED


def begun(payment: Payment, at: datetime) -> Payment:
    return replace(payment, timeline=beginning(at))


def beginning(at: datetime) -> tuple[tuple[datetime, State], ...]:
    """The timeline of a payment that begins now."""
    return ((at, State.PENDING),)


def moved(payment: Payment, by: Move, *, at: datetime, receipt: str = "", failure: Failure | None = None) -> Payment:
    state = move(payment.state, by)
    return replace(
        payment,
        state=state,
        receipt=receipt,
        failure=failure,
        decided_at=None if state in UNDECIDED else at,
        timeline=(*payment.timeline, (at, state)),
    )


def record(tx: Transaction, payment: Payment) -> None:
    """Stores the payment and tells the journal the state that it has come to."""
    tx.put(payment)
    at, state = payment.timeline[-1]
    told: dict[str, str] = {"state": state, "amount": str(payment.amount), "msisdn": payment.msisdn}
    if payment.account:
        told["account"] = payment.account
    if payment.receipt:
        told["receipt"] = payment.receipt
    if payment.failure is not None:
        told["reason"] = payment.failure.code or payment.failure.reason
    tx.append(Event(EventKind.PAYMENT, at, told, correlation=payment.correlation, payment=payment.key))
