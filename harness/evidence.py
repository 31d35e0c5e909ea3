"""What the invariants judge: the app's customers and deposits beside the provider's payments, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from harness.app_profile import AppAudit, StatementLine
from harness.book import Wish

ZERO = Decimal(0)
SUCCEEDED = "succeeded"
UNDECIDED = frozenset({"pending", "prompted"})


@dataclass(frozen=True)
class Payment:
    """A payment at the provider; `is_told` when a message with a handle of it was answered by the app."""

    id: str
    state: str
    amount: Decimal
    msisdn: str
    receipt: str | None = None
    customer: str | None = None
    deposit: str | None = None
    is_told: bool = True

    @property
    def is_settled(self) -> bool:
        return self.state == SUCCEEDED

    def __str__(self) -> str:
        return f"{self.id} ({self.amount:.2f} from {self.msisdn}, {self.state})"


@dataclass(frozen=True)
class Customer:
    """As the app shows it; `statement` is None where the app has none, its first `opening_lines` are older."""

    id: str
    msisdn: str
    opening: Decimal
    balance: Decimal
    statement: tuple[StatementLine, ...] | None = None
    opening_lines: int = 0

    @property
    def credited(self) -> Decimal:
        return self.balance - self.opening

    @property
    def credits(self) -> tuple[StatementLine, ...]:
        new = (self.statement or ())[self.opening_lines :]
        return tuple(line for line in new if line.amount > 0)


@dataclass(frozen=True)
class Deposit:
    """`states` are those it was seen in, oldest first."""

    id: str
    customer: str
    amount: Decimal
    states: tuple[str, ...]

    @property
    def state(self) -> str:
        return self.states[-1]


@dataclass(frozen=True)
class Evidence:
    """`provider_moved` is by how much the merchant's accounts at the provider changed."""

    customers: tuple[Customer, ...] = ()
    deposits: tuple[Deposit, ...] = ()
    payments: tuple[Payment, ...] = ()
    wishes: tuple[Wish, ...] = ()
    audit: AppAudit | None = None
    audit_before: AppAudit | None = None
    provider_moved: Decimal = ZERO
    provider_difference: Decimal = ZERO
    has_app: bool = True

    def settled(self, customer: Customer) -> tuple[Payment, ...]:
        return tuple(one for one in self.payments if one.is_settled and one.customer == customer.id)

    def of(self, deposit: Deposit) -> tuple[Payment, ...]:
        return tuple(one for one in self.payments if one.deposit == deposit.id)

    def deposits_of(self, customer: Customer) -> Iterator[Deposit]:
        return (deposit for deposit in self.deposits if deposit.customer == customer.id)


def total(payments: tuple[Payment, ...]) -> Decimal:
    return sum((payment.amount for payment in payments), ZERO)


def untold(payments: tuple[Payment, ...]) -> tuple[Payment, ...]:
    """Settled money of which no message ever reached the app."""
    return tuple(payment for payment in payments if payment.is_settled and not payment.is_told)
