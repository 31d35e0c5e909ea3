"""What the harness knows of the app's money because it asked for it: customers, deposits, withdrawals, wishes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

import orjson
from msgspec import Struct, field

from harness.app_answers import Answers, AppAudit, AppPaymentSeen, CustomerSeen, StatementLine
from harness.app_profile import AppProfile, PaymentKind
from harness.events import Event, scalars
from harness.exchange import Answer, Request

NO_ANSWER = 0
PENDING = "pending"


class Wish(Struct, frozen=True):
    """One request with an idempotency key, and what came of it."""

    key: str
    route: str
    body: str
    status: int
    id: str | None


class CustomerBook(Struct):
    """A customer as the app showed them first, which is what they had before the scenario."""

    id: str
    msisdn: str
    opening: CustomerSeen
    statement: tuple[StatementLine, ...] | None = None


class PaymentBook(Struct):
    """A deposit or withdrawal that the harness made: how it was seen, and what reached the provider in its calls.

    `payments` are the provider's, born while a call ran; `requests` the numbers of the journal's events, `sent` all
    texts in them.
    """

    kind: PaymentKind
    id: str
    customer: str
    amount: Decimal
    fee: Decimal = Decimal(0)
    payee: str | None = None
    account: str | None = None
    states: list[str] = field(default_factory=list)
    references: set[str] = field(default_factory=set)
    payments: list[str] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        return f"{self.kind} {self.id}"

    def saw(self, seen: AppPaymentSeen) -> None:
        """As the app shows it now."""
        self.references |= seen.references
        if not self.states or self.states[-1] != seen.state:
            self.states.append(seen.state)


class Unfulfilled(Struct, frozen=True):
    """A call for a deposit or withdrawal that was refused, broke (5xx) or was not answered (status 0)."""

    kind: PaymentKind
    customer: str | None
    status: int
    payments: tuple[str, ...]
    key: str | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the app said no. 409 is said to a second call while the first still runs."""
        return 400 <= self.status < 500 and self.status != 409


class Book(Struct):
    """`foreign` are payments that a step of the scenario asked of the provider, not the app."""

    profile: AppProfile
    customers: dict[str, CustomerBook] = field(default_factory=dict)
    deposits: dict[str, PaymentBook] = field(default_factory=dict)
    withdrawals: dict[str, PaymentBook] = field(default_factory=dict)
    unfulfilled: list[Unfulfilled] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    foreign: set[str] = field(default_factory=set)
    audit_before: AppAudit | None = None
    called: set[str] = field(default_factory=set)

    def registered(self, customer: CustomerSeen, statement: tuple[StatementLine, ...] | None = None) -> None:
        """A customer's opening is the first that was ever seen of them."""
        known = CustomerBook(customer.id, customer.msisdn, customer, statement)
        self.customers.setdefault(customer.id, known)

    def all_payments(self) -> Iterator[PaymentBook]:
        yield from self.deposits.values()
        yield from self.withdrawals.values()

    def known(self, payment: str) -> PaymentBook | None:
        """The deposit or withdrawal of that id."""
        return self.deposits.get(payment) or self.withdrawals.get(payment)

    def asked(self, request: Request, answer: Answer | None, events: Iterable[Event]) -> None:
        """Notes what a step asked of the app; `events` arrived at the provider while it ran."""
        events = list(events)
        if request.method != "POST":
            return
        key = {name.lower(): value for name, value in request.headers.items()}.get(
            self.profile.idempotency_header.lower()
        )
        if key is not None and answer is not None:
            self.wishes.append(_wish(key, request, answer))
        kind = self.profile.kind_at(request.path)
        if kind is None:
            return
        requests = [event for event in events if event.kind == "request"]
        if answer is not None and answer.is_good:
            known = self._granted(kind, Answers(self.profile).payment(kind, answer.body), requests)
            known.payments += self._brought_about_before(kind, key)
        else:
            status = NO_ANSWER if answer is None else answer.status
            begun = [event for event in events if event.kind == "request" or self._is_sent(event)]
            self.unfulfilled.append(Unfulfilled(kind, _customer(request), status, tuple(self._new(begun)), key))

    def _is_sent(self, event: Event) -> bool:
        """A transfer that began: a provider that answers with the outcome journals the request only then."""
        to = event.text("account") if event.kind == "payment" and event.text("state") == PENDING else ""
        return bool(to) and to not in self.profile.accounts

    def asked_provider(self, events: Iterable[Event]) -> None:
        """Notes what reached the provider from the scenario itself."""
        self.foreign.update(self._new(event for event in events if event.kind == "request"))

    def _brought_about_before(self, kind: PaymentKind, key: str | None) -> list[str]:
        """By calls that came to nothing, as it seemed, and were of the wish that is granted now."""
        same = [one for one in self.unfulfilled if key is not None and (one.kind, one.key) == (kind, key)]
        self.unfulfilled = [one for one in self.unfulfilled if one not in same]
        return [payment for one in same for payment in one.payments]

    def _granted(self, kind: PaymentKind, seen: AppPaymentSeen, requests: Iterable[Event]) -> PaymentBook:
        """A repeat of a wish is granted with the answer of then: it says nothing of the state that is now."""
        books = self.deposits if kind == "deposit" else self.withdrawals
        if seen.id not in books:
            books[seen.id] = PaymentBook(kind, seen.id, seen.customer, seen.amount, seen.fee, seen.payee, seen.account)
            books[seen.id].saw(seen)
        known = books[seen.id]
        requests = list(requests)
        known.requests += [event.sequence for event in requests]
        known.payments += self._new(requests)
        known.sent |= {one for event in requests for one in scalars(event.body()) if isinstance(one, str)}
        return known

    def _new(self, requests: Iterable[Event]) -> list[str]:
        """The payments of these requests that no call before has brought about."""
        new = dict.fromkeys(event.payment for event in requests if event.payment)
        found = [payment for payment in new if payment not in self.called]
        self.called.update(found)
        return found


def _wish(key: str, request: Request, answer: Answer) -> Wish:
    made = answer.body.get("id") if isinstance(answer.body, dict) and answer.is_good else None
    body = orjson.dumps(request.body, option=orjson.OPT_SORT_KEYS).decode()
    return Wish(key, f"{request.method} {request.path}", body, answer.status, None if made is None else str(made))


def _customer(request: Request) -> str | None:
    found = request.body.get("customer") if isinstance(request.body, dict) else None
    return None if found is None else str(found)
