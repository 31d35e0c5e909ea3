"""I11 to I14: what the app says of a payment is true, never goes back, agrees with the money, and ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from harness.evidence import COMPLETED, UNCLEAR, AppPayment, Evidence, Payment
from harness.invariants.invariant import Invariant, in_brief, listed, shows, summed, tells

UNDONE = frozenset({"reversed", "refunded"})
# Codes of failures by which a bank says that nobody knows: failed with unknown status, in a queue, posted before.
VAGUE = frozenset({"400105", "20201005", "40422049"})
NO = frozenset({"failed", "cancelled", "expired"})
NO_ANSWERS = frozenset({408, *range(500, 600)})
AFTER: Mapping[str, frozenset[str]] = {
    COMPLETED: UNDONE,
    **dict.fromkeys(NO, frozenset({COMPLETED})),
    **dict.fromkeys(UNDONE, UNDONE),
}


def truth(evidence: Evidence) -> Iterator[str]:
    """Completed if and only if the provider settled; a final no only if it finally did not."""
    for app_payment in evidence.app_payments:
        payments = evidence.of(app_payment)
        settled = [one for one in payments if one.is_settled]
        if app_payment.state == COMPLETED and not settled:
            yield f"{tells(app_payment)}; at the provider there is {listed(payments)}"
        elif app_payment.state in UNCLEAR and any(one.is_told for one in settled):
            yield f"{tells(app_payment)} at rest; the provider settled {listed(settled)}"
        elif app_payment.state in UNDONE and app_payment.is_withdrawal and _may_be_paid(evidence, payments):
            back = evidence.returns(app_payment)
            yield f"{tells(app_payment)}; the provider paid {listed(payments)}, of which came back {listed(back)}"
        elif app_payment.state in NO and not app_payment.is_withdrawal and _may_be_paid(evidence, payments):
            yield f"{tells(app_payment)}; at the provider there is {listed(payments)}"


def no_guessed_no(evidence: Evidence) -> Iterator[str]:
    """A withdrawal that the provider has paid, or still may, is never called failed: its money would be spent again.

    Unless the provider itself answered that it would not do what it did, or all of it came back. What a bank's surface
    answers when it does not know, or breaks, is no such answer.
    """
    transfers = {one.id for one in evidence.payments if one.is_at_a_bank}
    refused = [one for one in evidence.asked if one.payment and one.status >= 400]
    told_no = {one.made_for for one in refused if one.payment not in transfers or one.status not in NO_ANSWERS}
    for withdrawal in evidence.withdrawals:
        payments = evidence.of(withdrawal)
        if withdrawal.state in NO and _may_be_paid(evidence, payments) and withdrawal.name not in told_no:
            yield f"{tells(withdrawal)}; at the provider there is {listed(payments)}"


def _may_be_paid(evidence: Evidence, payments: Iterable[Payment]) -> bool:
    return any(one.is_undecided or (one.is_settled and not evidence.is_undone(one)) for one in payments)


def one_way(evidence: Evidence) -> Iterator[str]:
    """From completed only to reversed or refunded, from any no only to completed; nothing becomes younger."""
    for app_payment in evidence.app_payments:
        for before, after in pairwise(app_payment.states):
            if after not in AFTER.get(before, {after}):
                yield f"{tells(app_payment)}: {before} does not become {after}"


def state_and_money_agree(evidence: Evidence) -> Iterator[str]:
    """Completed and posted are one thing: neither is ever seen without the other."""
    for customer in evidence.customers:
        app_payments = list(evidence.payments_of(customer))
        strangers = [one.worth for one in evidence.settled(customer) if one.made_for is None or one.is_return]
        beyond = customer.credited - summed(one.worth for one in app_payments if one.state == COMPLETED)
        least = summed(one for one in strangers if one < 0)
        most = summed(one for one in strangers if one > 0)
        if not least <= beyond <= most:
            yield f"{shows(customer)}; its deposits and withdrawals are: {in_brief(app_payments)}"


def it_ends(evidence: Evidence) -> Iterator[str]:
    """At rest every payment is decided; or it is unknown, nobody could tell the app better, and it is listed."""
    for app_payment in evidence.app_payments:
        payments = evidence.of(app_payment)
        if app_payment.state not in UNCLEAR:
            continue
        if app_payment.state == "pending":
            yield f"{tells(app_payment)} at rest; at the provider there is {listed(payments)}"
        elif payments and not _is_unclear(evidence, app_payment):
            yield f"{tells(app_payment)} at rest; the provider decided {listed(payments)} and would say so"
        if evidence.listed is not None and app_payment.id not in evidence.listed:
            yield f"{tells(app_payment)} at rest, and reconciliation does not list it"


def _is_unclear(evidence: Evidence, app_payment: AppPayment) -> bool:
    return any(one.is_undecided or not one.is_told or one.reason in VAGUE for one in evidence.of(app_payment))


STATES = (
    Invariant("I11", "truth", truth),
    Invariant("I11", "truth", no_guessed_no, always=True),
    Invariant("I12", "one way", one_way, always=True),
    Invariant("I13", "state and money agree", state_and_money_agree, always=True),
    Invariant("I14", "it ends", it_ends),
)
