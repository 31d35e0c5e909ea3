"""Whose a provider's payment is: which deposit or withdrawal asked for it, and which customer's money it moves.

Told by the call that it arrived in; else by a reference that both sides show; else by phone and amount.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from harness.book import Book, PaymentBook, Unfulfilled
from harness.data import money
from harness.targets.base import Json

PAYBILL = ".c2b"
PAYOUT = "payout"


@dataclass
class Attribution:
    """Of the provider's payments of one world, in their order."""

    book: Book
    called: Mapping[str, PaymentBook] = field(default_factory=dict)
    broken: Mapping[str, Unfulfilled] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, book: Book, rows: Iterable[Json]) -> Mapping[str, tuple[PaymentBook | None, str | None]]:
        """By the payment's id: what asked for it, and whose it is."""
        called = {payment: known for known in book.all_payments() for payment in known.payments}
        broken = {payment: call for call in book.unfulfilled for payment in call.payments}
        attribution = cls(book, called, broken)
        return {str(row["id"]): attribution._whose(row) for row in rows}

    def _whose(self, row: Json) -> tuple[PaymentBook | None, str | None]:
        asker = self._asker(row)
        if asker is None:
            return None, self._owner(row)
        self.made[asker.name] += 1
        return asker, asker.customer

    def _asker(self, row: Json) -> PaymentBook | None:
        if is_paybill(row) or row["id"] in self.book.foreign:
            return None
        kind = "withdrawal" if row.get("kind") == PAYOUT else "deposit"
        known = self.called.get(str(row["id"]))
        if known is not None and known.kind == kind:
            return known
        if row["id"] in self.broken:
            return None
        candidates = self.book.withdrawals if kind == "withdrawal" else self.book.deposits
        return self._named(row, candidates.values()) or self._alike(row, candidates.values())

    def _named(self, row: Json, candidates: Iterable[PaymentBook]) -> PaymentBook | None:
        names = {str(row[name]) for name in ("provider_reference", "receipt") if row.get(name)}
        if row.get("kind") == PAYOUT:
            names.add(str(row.get("reference")))
        return next((one for one in candidates if row.get("reference") == one.id or names & one.references), None)

    def _alike(self, row: Json, candidates: Iterable[PaymentBook]) -> PaymentBook | None:
        """Of those with this phone and amount, the one with the fewest payments so far."""
        phone, amount = str(row["msisdn"]), money(row["amount"])
        alike = [one for one in candidates if (self._phone(one), one.amount) == (phone, amount)]
        return min(alike, key=lambda one: self.made[one.name], default=None)

    def _phone(self, known: PaymentBook) -> str | None:
        customer = self.book.customers.get(known.customer)
        return known.payee or (customer.msisdn if customer else None)

    def _owner(self, row: Json) -> str | None:
        """Whose it is when no deposit or withdrawal asked for it: the account named in it, or else the payer's.

        What a paybill's customer types decides alone, and nobody is paid out unasked.
        """
        if call := self.broken.get(str(row["id"])):
            return call.customer
        account = str(row.get("reference") or "").strip().upper()
        for customer in self.book.customers.values():
            if account == customer.id.upper():
                return customer.id
        if is_paybill(row) or row.get("kind") == PAYOUT or row["id"] in self.book.foreign:
            return None
        return next((one.id for one in self.book.customers.values() if one.msisdn == row["msisdn"]), None)


def is_paybill(row: Json) -> bool:
    return str(row.get("operation", "")).endswith(PAYBILL)


def moved(entries: Iterable[Json], merchant: str) -> Decimal:
    """By how much payments changed what the merchant holds; neither opening balances nor charges count."""
    purses = {f"merchant:{merchant}:{purse}" for purse in ("utility", "working")}
    changes = Decimal(0)
    for entry in entries:
        postings = entry["postings"]
        assert isinstance(postings, list)
        if entry.get("payment"):
            changes += sum((money(leg["amount"]) for leg in postings if leg["account"] in purses), Decimal(0))
    return changes
