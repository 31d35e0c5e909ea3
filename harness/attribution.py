"""Whose a provider's payment is: which deposit or withdrawal asked for it, and which customer's money it moves.

Told by the call that it arrived in; else by a reference that both sides show; else by phone or account and amount.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from decimal import Decimal
from typing import TypeAlias

from msgspec import Struct, field

from harness.book import Book, PaymentBook, Unfulfilled
from harness.data import money
from harness.targets.base import Json

PAYBILL, INCOMING = ".c2b", ".credit"
PAYOUT, TRANSFER, RETURN = "payout", "transfer", "return"
Owner: TypeAlias = "tuple[PaymentBook | None, str | None]"


class Attribution(Struct):
    """Of the provider's payments of one world, in their order."""

    book: Book
    called: Mapping[str, PaymentBook] = field(default_factory=dict)
    broken: Mapping[str, Unfulfilled] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    transfers: dict[str, Owner] = field(default_factory=dict)

    @classmethod
    def of(cls, book: Book, rows: Iterable[Json]) -> Mapping[str, Owner]:
        """By the payment's id: what asked for it, and whose it is."""
        called = {payment: known for known in book.all_payments() for payment in known.payments}
        broken = {payment: call for call in book.unfulfilled for payment in call.payments}
        attribution = cls(book, called, broken)
        return {str(row["id"]): attribution._whose(row) for row in rows}

    def _whose(self, row: Json) -> Owner:
        """What comes back belongs to the transfer that it returns, whose reference it has."""
        reference = str(row.get("reference"))
        if row.get("kind") == RETURN:
            return self.transfers.get(reference, (None, None))
        asker = self._asker(row)
        whose = (asker, self._owner(row) if asker is None else asker.customer)
        if asker is not None:
            self.made[asker.name] += 1
        if is_transfer(row):
            self.transfers.setdefault(reference, whose)
        return whose

    def _asker(self, row: Json) -> PaymentBook | None:
        if comes_unasked(row) or row["id"] in self.book.foreign:
            return None
        kind = "withdrawal" if goes_out(row) else "deposit"
        known = self.called.get(str(row["id"]))
        if known is not None and known.kind == kind:
            return known
        if row["id"] in self.broken:
            return None
        candidates = self.book.withdrawals if kind == "withdrawal" else self.book.deposits
        return self._named(row, candidates.values()) or self._alike(row, candidates.values())

    def _named(self, row: Json, candidates: Iterable[PaymentBook]) -> PaymentBook | None:
        names = {str(row[name]) for name in ("provider_reference", "receipt") if row.get(name)}
        if goes_out(row):
            names.add(str(row.get("reference")))
        known = (one for one in candidates if row.get("reference") == one.id or names & one.references)
        return next(known, None) or (self._sent(row) if is_transfer(row) else None)

    def _sent(self, row: Json) -> PaymentBook | None:
        """The withdrawal in whose call the reference was sent: it may have arrived later."""
        return next((one for one in self.book.withdrawals.values() if str(row.get("reference")) in one.sent), None)

    def _alike(self, row: Json, candidates: Iterable[PaymentBook]) -> PaymentBook | None:
        """Of those with this phone or account and amount, the one with the fewest payments so far."""
        amount = money(row["amount"])
        alike = [one for one in candidates if one.amount == amount and self._pays(one, row)]
        return min(alike, key=lambda one: self.made[one.name], default=None)

    def _pays(self, known: PaymentBook, row: Json) -> bool:
        if known.account is not None:
            return known.account == row.get("account")
        customer = self.book.customers.get(known.customer)
        return str(row["msisdn"]) == (known.payee or (customer.msisdn if customer else None))

    def _owner(self, row: Json) -> str | None:
        """Whose it is when no deposit or withdrawal asked for it: the account named in it, or else the payer's.

        What a paybill's customer types, or who pays from a bank, decides alone, and nobody is paid out unasked.
        """
        if call := self.broken.get(str(row["id"])):
            return call.customer
        account = str(row.get("reference") or "").strip().upper()
        for customer in self.book.customers.values():
            if account == customer.id.upper():
                return customer.id
        if comes_unasked(row) or goes_out(row) or row["id"] in self.book.foreign:
            return None
        return next((one.id for one in self.book.customers.values() if one.msisdn == row["msisdn"]), None)


def is_paybill(row: Json) -> bool:
    return str(row.get("operation", "")).endswith(PAYBILL)


def is_credit(row: Json) -> bool:
    """Money that somebody at a bank sent."""
    return str(row.get("operation", "")).endswith(INCOMING)


def comes_unasked(row: Json) -> bool:
    return is_paybill(row) or is_credit(row)


def is_transfer(row: Json) -> bool:
    """Money that the app sends from an account at a bank."""
    return row.get("kind") == TRANSFER and not is_credit(row)


def goes_out(row: Json) -> bool:
    return row.get("kind") == PAYOUT or is_transfer(row)


def moved(entries: Iterable[Json], accounts: Container[str], but: Container[str] = ()) -> Decimal:
    """By how much payments changed what these accounts hold; opening balances do not count, nor payments in `but`."""
    changes = Decimal(0)
    for entry in entries:
        postings = entry["postings"]
        assert isinstance(postings, list)
        if entry.get("payment") and entry["payment"] not in but:
            changes += sum((money(leg["amount"]) for leg in postings if leg["account"] in accounts), Decimal(0))
    return changes
