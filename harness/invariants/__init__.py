"""What must hold after any story. Each invariant is one function from evidence to what contradicts it.

`money` I1 to I6, `payouts` I7 to I9, `states` I11 to I14, `manners` I20 to I30 and P1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.evidence import Evidence, untold
from harness.invariants.invariant import Invariant, Violation
from harness.invariants.manners import MANNERS
from harness.invariants.money import MONEY
from harness.invariants.payouts import PAYOUTS
from harness.invariants.states import STATES

__all__ = ["INVARIANTS", "Invariant", "Violation", "switched_off", "untold_money", "violations"]

INVARIANTS: tuple[Invariant, ...] = (*MONEY, *PAYOUTS, *STATES, *MANNERS)


def violations(
    evidence: Evidence, *, always_only: bool = False, without: Mapping[str, str] | None = None
) -> tuple[Violation, ...]:
    """Everything that contradicts the invariants which apply to this evidence; those in `without` are left out."""
    applying = [one for one in INVARIANTS if (evidence.has_app or not one.needs_app) and one.id not in (without or {})]
    return tuple(
        Violation(invariant, message)
        for invariant in applying
        if invariant.always or not always_only
        for message in invariant.check(evidence)
    )


def switched_off(without: Mapping[str, str]) -> Iterator[str]:
    """The invariants that are not checked, each with the reason."""
    for name in dict.fromkeys(str(invariant) for invariant in INVARIANTS if invariant.id in without):
        yield f"{name}: {without[name.partition(' ')[0]]}"


def untold_money(evidence: Evidence) -> Iterator[str]:
    """The payments that are allowed to be missing, each in a line."""
    for payment in untold(evidence.payments):
        for_whom = f" for {payment.made_for}" if payment.made_for else ""
        whose = f" of customer {payment.customer}" if payment.customer else ""
        yield f"untold money: {payment}{for_whom}{whose}: no message of it that the app could use ever reached it"
