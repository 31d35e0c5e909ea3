"""What must hold after any story. Each invariant is one function from evidence to what contradicts it.

`always` ones hold after every step, the others once all is at rest: faults lifted, nothing due, reconciled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from harness.evidence import UNDECIDED, ZERO, Customer, Deposit, Evidence, Payment, total, untold

COMPLETED = "completed"
UNCLEAR = frozenset({"pending", "unknown"})


@dataclass(frozen=True)
class Invariant:
    id: str
    name: str
    always: bool
    check: Callable[[Evidence], Iterator[str]]
    needs_app: bool = True

    def __str__(self) -> str:
        return f"{self.id} {self.name}"


@dataclass(frozen=True)
class Violation:
    """`after` is the step after which it was seen first."""

    invariant: Invariant
    message: str
    after: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.invariant}: {self.message}"


def conservation(evidence: Evidence) -> Iterator[str]:
    """What a customer has is what came in, except untold money; the books hold what the provider holds."""
    for customer in evidence.customers:
        settled = evidence.settled(customer)
        in_suspense = 0 < total(settled) - customer.credited <= _put_in_suspense(evidence)
        if not in_suspense and customer.credited not in _with_or_without(total(settled), untold(settled)):
            yield f"{_shows(customer)}; the provider settled {_listed(settled)}"
    before, after = evidence.audit_before, evidence.audit
    if before is None or after is None:
        return
    owed = (after.customers + after.held + after.suspense + after.fees) - (
        before.customers + before.held + before.suspense + before.fees
    )
    missing = untold(evidence.payments)
    for what, change in (("customers + held + suspense + fees", owed), ("float", after.float - before.float)):
        if change not in _with_or_without(evidence.provider_moved, missing):
            yield (
                f"the app's {what} changed by {change:.2f},"
                f" the merchant's accounts at the provider by {evidence.provider_moved:.2f}"
            )


def no_credit_without_money(evidence: Evidence) -> Iterator[str]:
    """Nobody has more than the provider has settled for them so far."""
    for customer in evidence.customers:
        settled = evidence.settled(customer)
        if customer.credited > total(settled):
            yield f"{_shows(customer)}; so far the provider settled {_listed(settled)}"


def once(evidence: Evidence) -> Iterator[str]:
    """No settled payment is credited twice."""
    receipts = Counter(line.receipt for customer in evidence.customers for line in customer.credits if line.receipt)
    yield from (f"receipt {receipt} is credited {times} times" for receipt, times in receipts.items() if times > 1)
    for customer in evidence.customers:
        settled = Counter(payment.amount for payment in evidence.settled(customer))
        for amount, times in Counter(line.amount for line in customer.credits).items():
            if times > max(settled[amount], 1):
                yield (
                    f"customer {customer.id} is credited {amount:.2f} {times} times;"
                    f" the provider settled {amount:.2f} {settled[amount]} times"
                )


def nothing_lost(evidence: Evidence) -> Iterator[str]:
    """Every settled payment that the app could know of is in its customer's balance, or visibly in suspense."""
    for customer in evidence.customers:
        told = tuple(one for one in evidence.settled(customer) if one.is_told)
        lost = total(told) - customer.credited
        if lost > _put_in_suspense(evidence):
            yield f"{_shows(customer)}; the provider settled {_listed(told)}: {lost:.2f} is lost"


def the_amount_that_moved(evidence: Evidence) -> Iterator[str]:
    """A completed deposit is worth exactly what the provider settled for it."""
    for deposit in evidence.deposits:
        settled = tuple(one for one in evidence.of(deposit) if one.is_settled)
        if deposit.state == COMPLETED and settled and total(settled) != deposit.amount:
            yield f"{_tells(deposit)} of {deposit.amount:.2f}; the provider settled {_listed(settled)}"


def the_right_owner(evidence: Evidence) -> Iterator[str]:
    """A payment changes nobody's balance but its own customer's."""
    for customer in evidence.customers:
        excess = customer.credited - total(evidence.settled(customer))
        if excess <= 0:
            continue
        for other in evidence.customers:
            theirs = total(evidence.settled(other)) - other.credited
            if other.id != customer.id and theirs > 0 and excess >= theirs:
                yield f"{_shows(customer)}, and {theirs:.2f} of it is settled for customer {other.id}"


def truth(evidence: Evidence) -> Iterator[str]:
    """Completed if and only if the provider settled; a final no only if it finally did not."""
    for deposit in evidence.deposits:
        payments = evidence.of(deposit)
        settled = [one for one in payments if one.is_settled]
        if deposit.state == COMPLETED and not settled:
            yield f"{_tells(deposit)}; at the provider there is {_listed(payments)}"
        if deposit.state in UNCLEAR | {COMPLETED}:
            if deposit.state in UNCLEAR and any(one.is_told for one in settled):
                yield f"{_tells(deposit)} at rest; the provider settled {_listed(payments)}"
        elif settled or any(one.state in UNDECIDED for one in payments):
            yield f"{_tells(deposit)}; at the provider there is {_listed(payments)}"


def state_and_money_agree(evidence: Evidence) -> Iterator[str]:
    """Completed and posted are one thing: neither is ever seen without the other."""
    for customer in evidence.customers:
        deposits = list(evidence.deposits_of(customer))
        strangers = [one for one in evidence.settled(customer) if one.deposit is None]
        completed = sum((one.amount for one in deposits if one.state == COMPLETED), ZERO)
        beyond = customer.credited - completed
        if beyond < 0 or (beyond > 0 and not strangers):
            told = ", ".join(f"{one.id} {one.state} {one.amount:.2f}" for one in deposits) or "none"
            yield f"{_shows(customer)}; its deposits are: {told}"


def books(evidence: Evidence) -> Iterator[str]:
    """The app's ledger balances, and every statement sums to its balance."""
    audit = evidence.audit
    if audit is not None and not (audit.balanced and audit.difference == 0):
        yield f"the app's audit says balanced: {str(audit.balanced).lower()}, difference {audit.difference:.2f}"
    for customer in evidence.customers:
        if customer.statement is None:
            continue
        summed = sum((line.amount for line in customer.statement), ZERO)
        if summed != customer.balance:
            yield f"customer {customer.id} has {customer.balance:.2f}; its statement sums to {summed:.2f}"


def same_key_same_wish(evidence: Evidence) -> Iterator[str]:
    """Same key and body: same id and one effect. Same key and another body: refused."""
    for key, route in dict.fromkeys((wish.key, wish.route) for wish in evidence.wishes):
        wishes = [wish for wish in evidence.wishes if (wish.key, wish.route) == (key, route)]
        granted = [wish for wish in wishes if 200 <= wish.status < 300]
        if len(ids := list(dict.fromkeys(wish.id for wish in granted))) > 1:
            yield f'key "{key}" of {route} made {" and ".join(map(str, ids))}'
        if len({wish.body for wish in granted}) > 1:
            yield f'key "{key}" of {route} was granted with different bodies'
    yield from _asked_twice(evidence)


def _asked_twice(evidence: Evidence) -> Iterator[str]:
    keyed = {wish.id for wish in evidence.wishes if wish.id is not None}
    for deposit in evidence.deposits:
        payments = evidence.of(deposit)
        if deposit.id in keyed and len(payments) > 1:
            yield f"deposit {deposit.id} has one key and {len(payments)} payments: {_listed(payments)}"


def provider_books(evidence: Evidence) -> Iterator[str]:
    """The provider's own ledger balances: if not, pesabox is wrong and not the app."""
    if evidence.provider_difference != 0:
        yield f"the provider's ledger is out by {evidence.provider_difference:.2f}; that is a defect of pesabox"


INVARIANTS = (
    Invariant("I1", "conservation", False, conservation),
    Invariant("I2", "no credit without money", True, no_credit_without_money),
    Invariant("I3", "once", True, once),
    Invariant("I4", "nothing lost", False, nothing_lost),
    Invariant("I5", "the amount that moved", False, the_amount_that_moved),
    Invariant("I6", "the right owner", True, the_right_owner),
    Invariant("I11", "truth", False, truth),
    Invariant("I13", "state and money agree", True, state_and_money_agree),
    Invariant("I28", "books", False, books),
    Invariant("I30", "same key, same wish", False, same_key_same_wish),
    Invariant("P1", "the provider's books", False, provider_books, needs_app=False),
)


def violations(evidence: Evidence, *, always_only: bool = False) -> tuple[Violation, ...]:
    """Everything that contradicts the invariants which apply to this evidence."""
    applying = [one for one in INVARIANTS if evidence.has_app or not one.needs_app]
    return tuple(
        Violation(invariant, message)
        for invariant in applying
        if invariant.always or not always_only
        for message in invariant.check(evidence)
    )


def _put_in_suspense(evidence: Evidence) -> Decimal:
    """Money that the app shows as arrived and not yet somebody's."""
    before, after = evidence.audit_before, evidence.audit
    return after.suspense - before.suspense if before and after else ZERO


def _with_or_without(settled: Decimal, missing: tuple[Payment, ...]) -> set[Decimal]:
    """The sums that are right: each untold payment may be in it, found by a later query, or not."""
    sums = {settled}
    for payment in missing:
        sums |= {one - payment.amount for one in sums}
    return sums


def _shows(customer: Customer) -> str:
    return f"customer {customer.id} shows {customer.balance:.2f} after an opening of {customer.opening:.2f}"


def _tells(deposit: Deposit) -> str:
    return f"deposit {deposit.id} of customer {deposit.customer} is {' → '.join(deposit.states)}"


def _listed(payments: tuple[Payment, ...]) -> str:
    return ", ".join(map(str, payments)) or "nothing"
