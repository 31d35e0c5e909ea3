"""What the invariants judge: the app's customers and payments beside the provider's payments, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cached_property

from msgspec import Struct

from harness.app_answers import AppAudit, StatementLine
from harness.app_profile import PaymentKind
from harness.book import Unfulfilled, Wish

ZERO = Decimal(0)
SUCCEEDED, COMPLETED, ACCEPTED = "succeeded", "completed", "0"
UNDECIDED = frozenset({"pending", "prompted"})
UNCLEAR = frozenset({"pending", "unknown"})
OUTGOING, CREDIT, RETURN = frozenset({"payout", "transfer"}), "credit", "return"
AT_A_BANK = frozenset({"transfer", CREDIT, RETURN})


class Payment(Struct, frozen=True):
    """A payment at the provider. `made_for` names the deposit or withdrawal whose it is, `customer` the owner.

    `kind` is `collection` or `payout` of M-PESA, or `transfer` from an account at a bank, `credit` to it, or `return`
    of a transfer, whose `reference` it has. `account` is the one that it goes to, as the ledger names it.
    `is_told`: the app got a message with a handle of it. `is_foreign`: the scenario asked for it, not the app.
    `charged` is what the app's own bank took for it, told of money that the app may not know of. `decided` and
    `no_heard` number the events by which it was decided, and by which the app heard of a no; `reason` is the provider's
    code of a failure.
    """

    id: str
    state: str
    amount: Decimal
    msisdn: str
    kind: str = "collection"
    receipt: str | None = None
    reference: str = ""
    customer: str | None = None
    made_for: str | None = None
    is_told: bool = True
    is_foreign: bool = False
    decided: int | None = None
    no_heard: int | None = None
    reason: str = ""
    account: str = ""
    charged: Decimal = ZERO

    @property
    def is_settled(self) -> bool:
        return self.state == SUCCEEDED

    @property
    def is_undecided(self) -> bool:
        return self.state in UNDECIDED

    @property
    def goes_out(self) -> bool:
        return self.kind in OUTGOING

    @property
    def is_return(self) -> bool:
        return self.kind == RETURN

    @property
    def is_at_a_bank(self) -> bool:
        return self.kind in AT_A_BANK

    @property
    def worth(self) -> Decimal:
        """What it changes of the app's money at the provider once it is settled, charges aside."""
        return -self.amount if self.goes_out else self.amount

    def __str__(self) -> str:
        return f"{self.id} ({self.amount:.2f} {self._between}, {self.state})"

    @property
    def _between(self) -> str:
        if self.is_at_a_bank and not self.goes_out:
            return f"{'returned' if self.is_return else 'came in'} to {self.account}"
        return f"{'to' if self.goes_out else 'from'} {self.msisdn or self.account}"


class Customer(Struct, frozen=True):
    """As the app shows it, `available` and `statement` being None where the app has none.

    Before the scenario there were `opening`, `opening_held` of it held, and `opening_lines` of the statement.
    """

    id: str
    msisdn: str
    opening: Decimal
    balance: Decimal
    available: Decimal | None = None
    statement: tuple[StatementLine, ...] | None = None
    opening_held: Decimal = ZERO
    opening_lines: int = 0

    @property
    def credited(self) -> Decimal:
        """By how much the balance has changed."""
        return self.balance - self.opening

    @property
    def held(self) -> Decimal:
        """How much more of the balance is held than before."""
        return ZERO if self.available is None else self.balance - self.available - self.opening_held

    @property
    def lines(self) -> tuple[StatementLine, ...]:
        return (self.statement or ())[self.opening_lines :]

    @property
    def credits(self) -> tuple[StatementLine, ...]:
        return tuple(line for line in self.lines if line.amount > 0)


class AppPayment(Struct, frozen=True):
    """A deposit or withdrawal as the app shows it. `states` are those it was seen in, oldest first.

    A withdrawal goes to a phone, `payee`, or to an `account` at a bank.
    """

    kind: PaymentKind
    id: str
    customer: str
    amount: Decimal
    states: tuple[str, ...]
    fee: Decimal = ZERO
    payee: str | None = None
    account: str | None = None

    @property
    def name(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def state(self) -> str:
        return self.states[-1]

    @property
    def is_withdrawal(self) -> bool:
        return self.kind == "withdrawal"

    @property
    def cost(self) -> Decimal:
        """What a withdrawal takes from its customer, the app's declared fee included."""
        return self.amount + self.fee

    @property
    def worth(self) -> Decimal:
        """What it changes in its customer's balance once it is completed."""
        return -self.cost if self.is_withdrawal else self.amount - self.fee


class Asked(Struct, frozen=True):
    """A request that reached the provider and was to move money; `key` is the provider's idempotency id in it."""

    sequence: int
    made_for: str
    status: int
    payment: str | None = None
    key: str | None = None


class Notice(Struct, frozen=True):
    """One delivery of a callback, and the app's answer to it."""

    payment: str | None
    operation: str
    outcome: str
    status: int = 0
    answer: object = None
    is_faulty: bool = False
    is_forged: bool = False

    @property
    def is_taken(self) -> bool:
        """Whether the app answered with a 2xx."""
        return self.outcome == "answered" and 200 <= self.status < 300

    @property
    def accepts(self) -> bool:
        return self.is_taken and self.result == ACCEPTED

    @property
    def result(self) -> str | None:
        """The result code of the app's answer."""
        code = self.answer.get("ResultCode") if isinstance(self.answer, dict) else None
        return str(code) if isinstance(code, str | int) and not isinstance(code, bool) else None


class Evidence(Struct, frozen=True, dict=True):
    """`provider_moved` is by how much the app's accounts at the provider changed, `banks_moved` those of it at banks.

    `listed` is what the reconciliation at rest left undecided, None if it does not say; `again` the evidence after
    another reconciliation.
    """

    customers: tuple[Customer, ...] = ()
    app_payments: tuple[AppPayment, ...] = ()
    payments: tuple[Payment, ...] = ()
    unfulfilled: tuple[Unfulfilled, ...] = ()
    wishes: tuple[Wish, ...] = ()
    asked: tuple[Asked, ...] = ()
    notices: tuple[Notice, ...] = ()
    audit: AppAudit | None = None
    audit_before: AppAudit | None = None
    listed: frozenset[str] | None = None
    again: Evidence | None = None
    provider_moved: Decimal = ZERO
    banks_moved: Decimal = ZERO
    provider_difference: Decimal = ZERO
    has_app: bool = True

    @cached_property
    def _by_owner(self) -> Mapping[str | None, tuple[Payment, ...]]:
        return _grouped((one.customer, one) for one in self.payments if one.is_settled)

    @cached_property
    def _by_name(self) -> Mapping[str | None, tuple[Payment, ...]]:
        return _grouped((one.made_for, one) for one in self.payments if not one.is_return)

    @cached_property
    def _returns(self) -> Mapping[str | None, tuple[Payment, ...]]:
        return _grouped((one.made_for, one) for one in self.payments if one.is_return and one.is_settled)

    def settled(self, customer: Customer | None) -> tuple[Payment, ...]:
        """The settled payments of a customer; with None those of nobody that is known."""
        return self._by_owner.get(None if customer is None else customer.id, ())

    def of(self, app_payment: AppPayment) -> tuple[Payment, ...]:
        """The provider's payments for a deposit or withdrawal; what came back is none of them."""
        return self._by_name.get(app_payment.name, ())

    def returns(self, app_payment: AppPayment) -> tuple[Payment, ...]:
        """What came back of the transfers for a withdrawal."""
        return self._returns.get(app_payment.name, ())

    def is_undone(self, payment: Payment) -> bool:
        """Whether all of a transfer came back."""
        back = [one for one in self._returns.get(payment.made_for, ()) if one.reference == payment.reference]
        return payment.kind == "transfer" and sum((one.amount for one in back), ZERO) >= payment.amount

    def payments_of(self, customer: Customer) -> Iterator[AppPayment]:
        return (one for one in self.app_payments if one.customer == customer.id)

    @property
    def withdrawals(self) -> tuple[AppPayment, ...]:
        return tuple(one for one in self.app_payments if one.is_withdrawal)

    @property
    def suspense(self) -> Decimal:
        """Money that the app shows as arrived and not yet somebody's, since the scenario began."""
        return self.audit.suspense - self.audit_before.suspense if self.audit and self.audit_before else ZERO

    @cached_property
    def spare_suspense(self) -> Decimal:
        """What of it may be some customer's, nobody's own money set aside."""
        nobodys = [one for one in self.settled(None) if one.is_told and not one.goes_out]
        return max(ZERO, self.suspense - total(nobodys))

    @cached_property
    def _booked(self) -> frozenset[str | None]:
        lines = [line for customer in self.customers for line in customer.lines]
        return frozenset(name for line in lines for name in (line.receipt, line.payment))

    def is_booked(self, payment: Payment) -> bool:
        """Whether some statement names it: its receipt, or the deposit or withdrawal that it was made for."""
        made_for = (payment.made_for or "").rpartition(" ")[2]
        return any(name in self._booked for name in (payment.receipt, made_for) if name)

    def fees(self, customer: Customer) -> Decimal:
        """What the app declares to have taken from the customer for completed payments."""
        return sum((one.fee for one in self.payments_of(customer) if one.state == COMPLETED), ZERO)

    def lost(self, customer: Customer) -> Decimal:
        """What the customer misses of the settled money that the app could know of."""
        told = [one for one in self.settled(customer) if one.is_told or one.goes_out]
        return total(told) - self.fees(customer) - customer.credited


def _grouped(pairs: Iterable[tuple[str | None, Payment]]) -> Mapping[str | None, tuple[Payment, ...]]:
    found: dict[str | None, list[Payment]] = {}
    for key, payment in pairs:
        found.setdefault(key, []).append(payment)
    return {key: tuple(payments) for key, payments in found.items()}


def total(payments: Iterable[Payment]) -> Decimal:
    """What they change together; payouts count against collections."""
    return sum((payment.worth for payment in payments), ZERO)


def untold(payments: Iterable[Payment]) -> tuple[Payment, ...]:
    """Settled money of which no message that the app could use ever reached it."""
    return tuple(payment for payment in payments if payment.is_settled and not payment.is_told)
