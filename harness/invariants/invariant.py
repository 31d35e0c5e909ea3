"""What an invariant is, and what contradicts one; and the words in which money is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from msgspec import Struct

from harness.evidence import AppPayment, Customer, Evidence, Payment

Check = Callable[[Evidence], Iterator[str]]


class Invariant(Struct, frozen=True):
    """`always` ones hold after every step, the others once all is at rest."""

    id: str
    name: str
    check: Check
    always: bool = False
    needs_app: bool = True

    def __str__(self) -> str:
        return f"{self.id} {self.name}"


class Violation(Struct, frozen=True):
    """`after` is the step after which it was seen first."""

    invariant: Invariant
    message: str
    after: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What is wrong, whenever it was seen."""
        return self.invariant.id, self.message

    def __str__(self) -> str:
        return f"{self.invariant}: {self.message}"


def shows(customer: Customer) -> str:
    available = customer.available
    spendable = f" ({available:.2f} available)" if available not in (None, customer.balance) else ""
    return f"customer {customer.id} shows {customer.balance:.2f}{spendable} after an opening of {customer.opening:.2f}"


def tells(app_payment: AppPayment) -> str:
    states = " → ".join(app_payment.states)
    return f"{app_payment.name} of {app_payment.amount:.2f} for customer {app_payment.customer} is {states}"


def listed(payments: Iterable[Payment]) -> str:
    return ", ".join(map(str, payments)) or "nothing"


def in_brief(app_payments: Iterable[AppPayment]) -> str:
    return ", ".join(f"{one.name} {one.state} {one.amount:.2f}" for one in app_payments) or "none"


def summed(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
