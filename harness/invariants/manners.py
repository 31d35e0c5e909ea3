"""I20 to I30: how the app deals with the provider and with its own books, and P1, whether pesabox's own are right."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import asdict

from harness.app_answers import AppAudit
from harness.evidence import AppPayment, Asked, Evidence, Notice, Payment
from harness.invariants.invariant import Invariant, listed, shows, summed, tells
from harness.told import CONFIRMATION, VALIDATION


def validation(evidence: Evidence) -> Iterator[str]:
    """A validation is answered in time and in shape and moves nothing; what was accepted is booked, and kept."""
    payments = {one.id: one for one in evidence.payments}
    asked, told = _paybill(evidence, VALIDATION), _paybill(evidence, CONFIRMATION)
    for notice in asked:
        yield from _answered_badly(notice)
    for payment in {one.payment: payments[one.payment] for one in asked if one.payment in payments}.values():
        yield from _booked_too_early(evidence, payment)
    accepted = {one.payment for one in asked if one.accepts}
    heard = {one.payment for one in told if one.accepts}
    for payment in evidence.payments:
        if payment.id in accepted & heard and payment.is_settled and _is_missing(evidence, payment):
            yield f"the app accepted {listed([payment])} and took the confirmation; {_whose(evidence, payment)}"
    yield from _refused_with_effect(evidence, [one for one in told if one.outcome == "answered"])


def _refused_with_effect(evidence: Evidence, told: list[Notice]) -> Iterator[str]:
    """What the app heard otherwise, when it asked, it may book; what came to it broken it may refuse."""
    asked = {one.payment for one in evidence.notices if ".c2b_" not in one.operation}
    taken = {one.payment for one in told if one.accepts or one.is_faulty}
    refused = {one.payment for one in told} - taken - asked
    for payment in evidence.payments:
        if payment.id in refused and payment.made_for is None and evidence.is_booked(payment):
            yield f"the app refused every confirmation of {listed([payment])}, and booked it"


def _paybill(evidence: Evidence, operation: str) -> list[Notice]:
    return [one for one in evidence.notices if one.operation.endswith(f".{operation}") and not one.is_forged]


def _answered_badly(notice: Notice) -> Iterator[str]:
    if notice.is_faulty:
        return
    if notice.outcome != "answered":
        yield f"the validation of {notice.payment} was not answered: {notice.outcome}"
    elif not notice.is_taken or notice.result is None:
        yield f"the validation of {notice.payment} was answered {notice.status} without a ResultCode"


def _booked_too_early(evidence: Evidence, payment: Payment) -> Iterator[str]:
    if not payment.is_settled and evidence.is_booked(payment):
        yield f"a validation was booked: a statement shows {payment.receipt} for {listed([payment])}"


def _is_missing(evidence: Evidence, payment: Payment) -> bool:
    owner = next((one for one in evidence.customers if one.id == payment.customer), None)
    if owner is not None:
        return not evidence.is_booked(payment) and evidence.lost(owner) > evidence.spare_suspense
    return evidence.audit is not None and evidence.suspense < payment.amount


def _whose(evidence: Evidence, payment: Payment) -> str:
    owner = next((one for one in evidence.customers if one.id == payment.customer), None)
    return shows(owner) if owner else f"nobody's it is, and suspense holds {evidence.suspense:.2f}"


def reconciliation(evidence: Evidence) -> Iterator[str]:
    """Asked for twice it does what it did once, and it moves no money that the provider has not moved."""
    again = evidence.again
    if again is None:
        return
    for before, after in zip(evidence.customers, again.customers, strict=True):
        if (before.balance, before.available) != (after.balance, after.available):
            yield f"{shows(before)}; after another reconciliation {shows(after)}"
    for one, other in zip(evidence.app_payments, again.app_payments, strict=True):
        if one.state != other.state:
            yield f"another reconciliation changed {tells(other)}"
    for name, was, now in _changed(evidence.audit, again.audit):
        yield f"another reconciliation changed the app's {name} from {was} to {now}"
    known = {one.id for one in evidence.payments}
    if new := [one for one in again.payments if one.id not in known]:
        yield f"another reconciliation asked the provider for {listed(new)}"


def _changed(audit: AppAudit | None, again: AppAudit | None) -> Iterator[tuple[str, object, object]]:
    before, after = (asdict(one) if one else {} for one in (audit, again))
    return ((name, before[name], after[name]) for name in before if before[name] != after.get(name))


def one_request_for_one_wish(evidence: Evidence) -> Iterator[str]:
    """At most one money-moving request is undecided at a time; another one only once the app has heard of a no."""
    payments = {one.id: one for one in evidence.payments}
    for app_payment in evidence.app_payments:
        asked = [one for one in evidence.asked if one.made_for == app_payment.name]
        for index, later in enumerate(asked):
            for earlier in asked[:index]:
                if not _may_follow(earlier, later, payments.get(earlier.payment or "")):
                    yield _asked_again(app_payment, earlier, later, payments)
                    break


def _may_follow(earlier: Asked, later: Asked, payment: Payment | None) -> bool:
    """A repeat with the provider's idempotency id always; another request once the first is known not to happen."""
    if later.key is not None and later.key == earlier.key:
        return True
    if payment is None:
        return earlier.status != 0 and not 200 <= earlier.status < 300
    return payment.no_heard is not None and payment.no_heard < later.sequence and not payment.is_settled


def _asked_again(app_payment: AppPayment, earlier: Asked, later: Asked, payments: dict[str, Payment]) -> str:
    def told(asked: Asked) -> str:
        known = payments.get(asked.payment or "")
        answer = f"was answered {asked.status}" if asked.status else "was not answered"
        what = f"for {known}" if known else f"by a request that {answer}"
        return what + (f" (id {asked.key})" if asked.key else "")

    return f"{tells(app_payment)}; the provider was asked twice: {told(earlier)}, then {told(later)}"


def books(evidence: Evidence) -> Iterator[str]:
    """The app's ledger balances, and every statement sums to its balance."""
    audit = evidence.audit
    if audit is not None and not (audit.balanced and audit.difference == 0):
        yield f"the app's audit says balanced: {str(audit.balanced).lower()}, difference {audit.difference:.2f}"
    for customer in evidence.customers:
        if customer.statement is None:
            continue
        total = summed(line.amount for line in customer.statement)
        if total != customer.balance:
            yield f"customer {customer.id} has {customer.balance:.2f}; its statement sums to {total:.2f}"


def same_key_same_wish(evidence: Evidence) -> Iterator[str]:
    """Same key and body: same id and one effect. Same key and another body: refused."""
    for key, route in dict.fromkeys((wish.key, wish.route) for wish in evidence.wishes):
        wishes = [wish for wish in evidence.wishes if (wish.key, wish.route) == (key, route)]
        granted = [wish for wish in wishes if 200 <= wish.status < 300]
        if len(ids := list(dict.fromkeys(wish.id for wish in granted))) > 1:
            yield f'key "{key}" of {route} made {" and ".join(map(str, ids))}'
        if len({wish.body for wish in granted}) > 1:
            yield f'key "{key}" of {route} was granted with different bodies'
    yield from _with_two_effects(evidence)


def _with_two_effects(evidence: Evidence) -> Iterator[str]:
    keyed = {wish.id for wish in evidence.wishes if wish.id is not None}
    for app_payment in evidence.app_payments:
        effects = [one for one in evidence.of(app_payment) if one.is_settled or one.is_undecided]
        if app_payment.id in keyed and len(effects) > 1:
            yield f"{app_payment.name} has one key and {len(effects)} payments: {listed(effects)}"


def provider_books(evidence: Evidence) -> Iterator[str]:
    """The provider's own ledger balances: if not, pesabox is wrong and not the app."""
    if evidence.provider_difference != 0:
        yield f"the provider's ledger is out by {evidence.provider_difference:.2f}; that is a defect of pesabox"


MANNERS = (
    Invariant("I20", "validation", validation),
    Invariant("I23", "reconciliation", reconciliation),
    Invariant("I25", "one request for one wish", one_request_for_one_wish),
    Invariant("I28", "books", books),
    Invariant("I30", "same key, same wish", same_key_same_wish),
    Invariant("P1", "the provider's books", provider_books, needs_app=False),
)
