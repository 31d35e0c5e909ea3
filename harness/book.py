"""What the harness knows of the app's money because it asked for it: customers, deposits, wishes and their payments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import orjson

from harness.app_profile import AppAudit, AppProfile, CustomerSeen, DepositSeen, read_deposit
from harness.events import Event
from harness.exchange import Answer, Request


@dataclass(frozen=True)
class Wish:
    """One request with an idempotency key, and what came of it."""

    key: str
    route: str
    body: str
    status: int
    id: str | None


@dataclass
class CustomerBook:
    """A customer, and what they had before the scenario: a balance, and lines of a statement."""

    id: str
    msisdn: str
    opening: Decimal
    opening_lines: int = 0


@dataclass
class DepositBook:
    """A deposit that the harness made: the states it was seen in, and the provider's payments of its call."""

    id: str
    customer: str
    amount: Decimal
    states: list[str] = field(default_factory=list)
    payments: list[str] = field(default_factory=list)

    def saw(self, state: str) -> None:
        if not self.states or self.states[-1] != state:
            self.states.append(state)


@dataclass
class Book:
    profile: AppProfile
    customers: dict[str, CustomerBook] = field(default_factory=dict)
    deposits: dict[str, DepositBook] = field(default_factory=dict)
    wishes: list[Wish] = field(default_factory=list)
    audit_before: AppAudit | None = None

    def registered(self, customer: CustomerSeen) -> None:
        """A customer's opening balance is the first that was ever seen."""
        self.customers.setdefault(customer.id, CustomerBook(customer.id, customer.msisdn, customer.balance))

    def asked(self, request: Request, answer: Answer, events: Iterable[Event]) -> None:
        """Notes what a step asked of the app; `events` arrived at the provider while it ran."""
        key = {name.lower(): value for name, value in request.headers.items()}.get(
            self.profile.idempotency_header.lower()
        )
        if key is not None and request.method == "POST":
            self.wishes.append(_wish(key, request, answer))
        if request.method == "POST" and request.path == self.profile.deposits and answer.is_good:
            self._deposited(read_deposit(answer.body), events)

    def _deposited(self, seen: DepositSeen, events: Iterable[Event]) -> None:
        deposit = self.deposits.setdefault(seen.id, DepositBook(seen.id, seen.customer, seen.amount))
        deposit.saw(seen.state)
        known = {payment for other in self.deposits.values() for payment in other.payments}
        for event in events:
            if event.kind == "request" and event.payment and event.payment not in known:
                deposit.payments.append(event.payment)


def _wish(key: str, request: Request, answer: Answer) -> Wish:
    made = answer.body.get("id") if isinstance(answer.body, dict) and answer.is_good else None
    body = orjson.dumps(request.body, option=orjson.OPT_SORT_KEYS).decode()
    return Wish(key, f"{request.method} {request.path}", body, answer.status, None if made is None else str(made))
