"""Both ledgers after a run: what the bank owes must have changed by what the provider moved, but for untold money."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from provider import Api
from untold import goes_out, untold

Json = dict[str, Any]

OWED = ("customers", "held", "suspense", "fees")
UNDECIDED = ("pending", "prompted")
SHOWN = 20


@dataclass(frozen=True)
class Side:
    """One ledger at one moment: what it holds, and what its own audit finds wrong with it."""

    holds: Decimal
    fault: str = ""


@dataclass(frozen=True)
class Standing:
    """Both ledgers since the run began."""

    owed: Decimal
    moved: Decimal
    untold: tuple[Json, ...]
    problems: tuple[str, ...]

    def lines(self) -> list[str]:
        """For people."""
        unknowable = sum((worth(payment) for payment in self.untold), Decimal())
        told = [
            f"{'bank: customers + held + suspense + fees':44}{self.owed:+14,.2f}",
            f"{'provider: accounts of the merchant':44}{self.moved:+14,.2f}",
            f"{f'untold money: payments {len(self.untold)}':44}{unknowable:+14,.2f}",
        ]
        for payment in self.untold[:SHOWN]:
            told.append(f"  {payment['id']}  {payment['operation']}  {payment['amount']}  {payment['msisdn']}")
        if len(self.untold) > SHOWN:
            told.append(f"  and {len(self.untold) - SHOWN} more")
        return told


def worth(payment: Json) -> Decimal:
    """To the merchant."""
    amount = Decimal(payment["amount"])
    return -amount if goes_out(payment) else amount


def compared(bank: tuple[Side, Side], provider: tuple[Side, Side], missing: Iterable[Json]) -> Standing:
    """Each ledger before and after the run, and the untold payments of it: what differs is told by the ledger's name.

    Where the two differ the bank's is off: money is where the provider has it.
    """
    missing = tuple(missing)
    owed, moved = (after.holds - before.holds for before, after in (bank, provider))
    unknowable = sum((worth(payment) for payment in missing), Decimal())
    gap = owed + unknowable - moved
    problems = [
        f"{whose} ledger does not balance: {side.fault}"
        for whose, (_, side) in (("the bank's", bank), ("the provider's", provider))
        if side.fault
    ]
    if gap:
        problems.append(
            f"the bank's ledger is off by {gap:+,.2f}: it shows {owed:+,.2f},"
            f" the provider moved {moved:+,.2f} and told nobody of {unknowable:+,.2f}"
        )
    return Standing(owed, moved, missing, tuple(problems))


@dataclass(frozen=True)
class Books:
    """Reads both ledgers over HTTP. `begun` is how they stood when the run began, with the last payment and event."""

    bank: Api
    provider: Api
    shortcode: str
    bank_accounts: tuple[str, ...] = ()

    def opened(self) -> Opening:
        payment = event = ""
        for one in self.provider.pages("/_sim/payments"):
            payment = one["id"]
        for one in self.provider.pages("/_sim/journal"):
            event = str(one["sequence"])
        return Opening(self._bank_side(), self._provider_side(), payment, event)

    def is_quiet(self, opening: Opening) -> bool:
        """Every payment of the run is decided, and every callback was sent once; repeats may still be due."""
        if all(world["open_jobs"] == 0 for world in self.provider.pages("/_sim/worlds") if world["name"] == "default"):
            return True
        payments = self.provider.pages("/_sim/payments", opening.payment)
        if any(payment["state"] in UNDECIDED for payment in payments):
            return False
        return all(callback["attempts"] for callback in self.provider.pages("/_sim/callbacks"))

    def standing(self, opening: Opening) -> Standing:
        bank, provider = (opening.bank, self._bank_side()), (opening.provider, self._provider_side())
        payments = list(self.provider.pages("/_sim/payments", opening.payment))
        events = list(self.provider.pages("/_sim/journal", opening.event))
        standing = compared(bank, provider, untold(payments, events))
        if events and events[0]["sequence"] != int(opening.event or 0) + 1:
            lost = "the journal has forgotten the beginning of the run: give the simulator a larger --retain"
            return Standing(standing.owed, standing.moved, standing.untold, (*standing.problems, lost))
        return standing

    def _bank_side(self) -> Side:
        audit = self.bank.call("GET", "/ledger/audit")
        fault = "" if audit["balanced"] else f"its accounts differ from their entries by {audit['difference']}"
        return Side(sum((Decimal(audit[name]) for name in OWED), Decimal()), fault)

    def _provider_side(self) -> Side:
        audit = self.provider.call("GET", "/_sim/ledger/audit")
        fault = "" if audit["balanced"] else "; ".join(audit["problems"]) or f"difference {audit['difference']}"
        names = [f"merchant:{self.shortcode}:{purse}" for purse in ("utility", "working")]
        names += [f"bank:{account}" for account in self.bank_accounts]
        found = [self.provider.call("GET", f"/_sim/ledger/accounts?account={name}")["items"][0] for name in names]
        return Side(sum((Decimal(account["balance"]) for account in found), Decimal()), fault)


@dataclass(frozen=True)
class Opening:
    """How both stood when the run began."""

    bank: Side
    provider: Side
    payment: str
    event: str
