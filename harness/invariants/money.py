"""I1 to I6: what customers have is what the provider settled for them, once, in full, and nobody else's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from harness.app_answers import StatementLine
from harness.evidence import COMPLETED, Customer, Evidence, Payment, total, untold
from harness.invariants.invariant import Invariant, listed, shows, summed, tells

MOST_UNTOLD, FEW = 16, 6


def conservation(evidence: Evidence) -> Iterator[str]:
    """What a customer has is what came in less what went out; the books hold what the provider holds.

    Untold money may be in it or not, and money in suspense is nobody's yet.
    """
    for customer in evidence.customers:
        settled = evidence.settled(customer)
        net = total(settled) - evidence.fees(customer)
        in_suspense = 0 < net - customer.credited <= evidence.spare_suspense
        if not in_suspense and not _is_right(customer.credited, net, _worths(untold(settled))):
            yield f"{shows(customer)}; the provider settled {_in_short(evidence, settled)}"
    yield from _books_hold_what_the_provider_holds(evidence)


def _books_hold_what_the_provider_holds(evidence: Evidence) -> Iterator[str]:
    before, after = evidence.audit_before, evidence.audit
    if before is None or after is None:
        return
    missing, at_banks = untold(evidence.payments), evidence.banks_moved
    owed = ("customers + held + suspense + fees", after.owed - before.owed, evidence.provider_moved, missing)
    if after.pesalink_float is None or before.pesalink_float is None:
        sums = [owed, ("float", after.float - before.float, evidence.provider_moved, missing)]
    else:
        at_mpesa, there = (tuple(one for one in missing if one.is_at_a_bank is side) for side in (False, True))
        sums = [
            owed,
            ("float", after.float - before.float, evidence.provider_moved - at_banks, at_mpesa),
            ("pesalink_float", after.pesalink_float - before.pesalink_float, at_banks, there),
        ]
    for what, change, moved, untold_there in sums:
        if not _is_right(change, moved, [one.worth - one.charged for one in untold_there]):
            yield f"the app's {what} changed by {change:.2f}, the merchant's accounts at the provider by {moved:.2f}"


def _worths(payments: Iterable[Payment]) -> list[Decimal]:
    return [one.worth for one in payments]


def _is_right(change: Decimal, settled: Decimal, untold_worths: Sequence[Decimal]) -> bool:
    """Each untold payment may be in it, found by a later query, or not; of very many any sum between will do."""
    if len(untold_worths) > MOST_UNTOLD:
        came_in = summed(worth for worth in untold_worths if worth > 0)
        went_out = summed(-worth for worth in untold_worths if worth < 0)
        return settled - came_in <= change <= settled + went_out
    sums = {settled}
    for worth in untold_worths:
        sums |= {one - worth for one in sums}
    return change in sums


def no_credit_without_money(evidence: Evidence) -> Iterator[str]:
    """Nobody has more than the provider has settled for them, or can spend what it has paid out already."""
    for customer in evidence.customers:
        settled = evidence.settled(customer)
        came_in = summed(one.amount for one in settled if not one.goes_out)
        spent = summed(one.cost for one in evidence.payments_of(customer) if one.is_withdrawal and _is_done(one.state))
        if customer.credited > came_in - spent:
            posted = f" and {spent:.2f} is withdrawn" if spent else ""
            yield f"{shows(customer)}; so far the provider settled {_in_short(evidence, settled)}{posted}"
        elif customer.available is not None and customer.credited - customer.held > total(settled):
            short = _in_short(evidence, settled)
            yield f"{shows(customer)}; so far the provider settled {short}, which leaves less to spend"


def _in_short(evidence: Evidence, settled: Sequence[Payment]) -> str:
    """All of them while they are few; of many their sum, and those that no statement names."""
    if len(settled) <= FEW:
        return listed(settled)
    unbooked = [one for one in settled if not evidence.is_booked(one)]
    many = f"{len(settled)} payments of {total(settled):.2f} together"
    return f"{many} (in no statement: {listed(unbooked)})" if len(unbooked) < len(settled) else many


def _is_done(state: str) -> bool:
    return state == COMPLETED


def once(evidence: Evidence) -> Iterator[str]:
    """No settled payment is credited twice, over all channels."""
    yield from _credited_again(evidence)
    withdrawals = {one.id for one in evidence.withdrawals}
    for customer in evidence.customers:
        settled = Counter(one.amount for one in evidence.settled(customer) if not one.goes_out)
        credits = Counter(line.amount for line in customer.credits if line.payment not in withdrawals)
        for amount, times in credits.items():
            if times > max(settled[amount], 1):
                yield (
                    f"customer {customer.id} is credited {amount:.2f} {times} times;"
                    f" the provider settled {amount:.2f} {settled[amount]} times"
                )


def _credited_again(evidence: Evidence) -> Iterator[str]:
    """By what a statement's line names: a receipt, or the deposit that the payment was made for."""
    settled = [one for one in evidence.payments if one.is_settled]
    origins = {one.receipt: _for_what(one) for one in settled if one.receipt}
    origins |= {one.id: one.name for one in evidence.app_payments}
    expected = Counter(one.made_for for one in settled if not one.goes_out)
    lines = (line for customer in evidence.customers for line in customer.credits)
    found = Counter(origin for line in lines if (origin := _origin(line, origins)))
    for origin, times in found.items():
        if times > max(expected[origin], 1):
            yield f"{origin} is credited {times} times"


def _for_what(payment: Payment) -> str:
    """What comes back of one withdrawal may do so in parts."""
    return payment.made_for if payment.made_for and not payment.is_return else f"receipt {payment.receipt}"


def _origin(line: StatementLine, origins: Mapping[str, str]) -> str | None:
    """What a line says it is the credit of, as far as it says so."""
    named = (origins[name] for name in (line.receipt, line.payment) if name and name in origins)
    return next(named, line.receipt and f"receipt {line.receipt}")


def nothing_lost(evidence: Evidence) -> Iterator[str]:
    """Every settled payment that the app could know of is in its customer's balance, or visibly in suspense."""
    for customer in evidence.customers:
        lost = evidence.lost(customer)
        if lost > evidence.spare_suspense:
            told = [one for one in evidence.settled(customer) if one.is_told]
            yield f"{shows(customer)}; the provider settled {_in_short(evidence, told)}: {lost:.2f} is lost"
    nobodys = [one for one in evidence.settled(None) if one.is_told and not one.goes_out]
    missing = total(nobodys) - evidence.suspense
    if evidence.audit and nobodys and missing > 0:
        short = _in_short(evidence, nobodys)
        yield f"suspense holds {evidence.suspense:.2f}; the provider settled {short} for nobody known"


def the_amount_that_moved(evidence: Evidence) -> Iterator[str]:
    """A completed deposit or withdrawal is worth exactly what the provider settled for it."""
    for app_payment in evidence.app_payments:
        settled = [one for one in evidence.of(app_payment) if one.is_settled and not evidence.is_undone(one)]
        if app_payment.state == COMPLETED and settled and summed(one.amount for one in settled) != app_payment.amount:
            yield f"{tells(app_payment)}; the provider settled {listed(settled)}"


def the_right_owner(evidence: Evidence) -> Iterator[str]:
    """A payment changes nobody's balance but its own customer's."""
    due = {one.id: _due(evidence, one) for one in evidence.customers}
    nobodys = total(one for one in evidence.settled(None) if not one.goes_out)
    for customer in evidence.customers:
        excess = customer.credited - due[customer.id]
        if excess <= 0:
            continue
        for other in evidence.customers:
            theirs = due[other.id] - other.credited
            if other.id != customer.id and 0 < theirs <= excess:
                yield f"{shows(customer)}, and {theirs:.2f} of it is settled for customer {other.id}"
        if 0 < nobodys <= excess:
            yield f"{shows(customer)}, and {nobodys:.2f} of it is settled for {listed(evidence.settled(None))}"


def _due(evidence: Evidence, customer: Customer) -> Decimal:
    """What has come in for the customer, less what the app says was withdrawn."""
    came_in = summed(one.amount for one in evidence.settled(customer) if not one.goes_out)
    completed = (one for one in evidence.payments_of(customer) if one.is_withdrawal and one.state == COMPLETED)
    return came_in - summed(one.cost for one in completed)


MONEY = (
    Invariant("I1", "conservation", conservation),
    Invariant("I2", "no credit without money", no_credit_without_money, always=True),
    Invariant("I3", "once", once, always=True),
    Invariant("I4", "nothing lost", nothing_lost),
    Invariant("I5", "the amount that moved", the_amount_that_moved),
    Invariant("I6", "the right owner", the_right_owner, always=True),
)
