"""I7 to I9: nobody withdraws what they do not have, each withdrawal is paid once, and its hold ends once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from harness.evidence import COMPLETED, UNCLEAR, ZERO, AppPayment, Customer, Evidence, Payment
from harness.invariants.invariant import Invariant, in_brief, listed, shows, summed, tells


def no_overdraft(evidence: Evidence) -> Iterator[str]:
    """What is available is the balance less what is being paid out, and never below zero."""
    unanswered = {call.customer for call in evidence.unfulfilled if call.kind == "withdrawal" and not call.is_refused}
    for customer in evidence.customers:
        spendable = customer.balance if customer.available is None else customer.available
        if spendable < 0:
            yield f"{shows(customer)}: less than nothing"
        elif customer.available is not None and customer.id not in unanswered:
            yield from _what_is_held(evidence, customer)


def _what_is_held(evidence: Evidence, customer: Customer) -> Iterator[str]:
    undecided = [one for one in evidence.payments_of(customer) if one.is_withdrawal and one.state in UNCLEAR]
    due = summed(one.cost for one in undecided)
    if customer.held != due:
        yield (
            f"{shows(customer)}: {customer.held:.2f} is held, and {due:.2f} is being withdrawn"
            f" (undecided: {in_brief(undecided)})"
        )


def one_payout_each(evidence: Evidence) -> Iterator[str]:
    """A withdrawal is paid at most once, its amount to its payee; what was refused, or never asked for, never."""
    for withdrawal in evidence.withdrawals:
        payments = evidence.of(withdrawal)
        if len(paid := [one for one in payments if one.is_settled and not evidence.is_undone(one)]) > 1:
            yield f"{tells(withdrawal)}; the provider paid {listed(paid)}"
        for other in payments:
            if other.amount != withdrawal.amount or not _is_payee(withdrawal, other):
                to = withdrawal.account or withdrawal.payee
                yield f"{tells(withdrawal)}, to {to}; the provider was asked for {listed([other])}"
    yield from _paid_unasked(evidence)


def _is_payee(withdrawal: AppPayment, payment: Payment) -> bool:
    if withdrawal.account is not None:
        return payment.account == withdrawal.account
    return withdrawal.payee in (None, payment.msisdn)


def _paid_unasked(evidence: Evidence) -> Iterator[str]:
    called = {payment for call in evidence.unfulfilled for payment in call.payments}
    for call in evidence.unfulfilled:
        paid = [one for one in evidence.payments if one.id in call.payments and one.goes_out]
        if call.is_refused and paid:
            yield f"a withdrawal was refused with {call.status}; the provider was asked for {listed(paid)}"
    for payment in evidence.payments:
        is_known = payment.made_for or payment.is_foreign or payment.id in called
        if payment.goes_out and not is_known:
            yield f"nobody asked for such a withdrawal; the provider was asked for {listed([payment])}"


def hold_ends_once(evidence: Evidence) -> Iterator[str]:
    """A hold is posted if and only if the provider paid, released if it finally did not; held is what is undecided."""
    if evidence.audit is not None and evidence.audit_before is not None:
        held = evidence.audit.held - evidence.audit_before.held
        undecided = [one for one in evidence.withdrawals if one.state in UNCLEAR]
        due = summed(one.cost for one in undecided)
        is_complete = all(call.is_refused for call in evidence.unfulfilled if call.kind == "withdrawal")
        if held != due and is_complete:
            yield f"the app holds {held:.2f} more than before; undecided are: {in_brief(undecided)}"
    for customer in evidence.customers:
        if any(line.payment for line in customer.lines):
            for withdrawal in evidence.payments_of(customer):
                if withdrawal.is_withdrawal:
                    yield from _what_was_posted(evidence, customer, withdrawal)


def _what_was_posted(evidence: Evidence, customer: Customer, withdrawal: AppPayment) -> Iterator[str]:
    """What came back of it may stand there under its name, too, or under another."""
    posted = summed(line.amount for line in customer.lines if line.payment == withdrawal.id)
    is_paid = any(one.is_settled for one in evidence.of(withdrawal))
    due = -withdrawal.cost if is_paid or withdrawal.state == COMPLETED else ZERO
    is_right = posted - due in _sums(evidence.returns(withdrawal))
    is_waiting = withdrawal.state in UNCLEAR and posted == 0
    if not is_right and not is_waiting:
        yield (
            f"{tells(withdrawal)}; the statement of customer {customer.id} has {posted:.2f} for it,"
            f" the provider {listed(evidence.of(withdrawal))}"
        )


def _sums(payments: Iterable[Payment]) -> set[Decimal]:
    """What any of them make together, none of them as well."""
    sums = {ZERO}
    for payment in payments:
        sums |= {one + payment.amount for one in sums}
    return sums


PAYOUTS = (
    Invariant("I7", "no overdraft", no_overdraft, always=True),
    Invariant("I8", "one payout each", one_payout_each, always=True),
    Invariant("I9", "hold ends once", hold_ends_once),
)
