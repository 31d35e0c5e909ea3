"""Double entry: accounts with floors and ceilings, entries that balance. Balances change through `apply` alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import ClassVar, NewType, Protocol

from msgspec import Struct

from simulator.core.errors import AccountFull, InsufficientFunds
from simulator.core.money import ZERO, Money

AccountName = NewType("AccountName", str)
OUTSIDE = AccountName("outside")


def wallet(msisdn: str) -> AccountName:
    return AccountName(f"subscriber:{msisdn}")


def merchant_account(shortcode: str, purse: str) -> AccountName:
    """`purse` is utility, working or charges."""
    return AccountName(f"merchant:{shortcode}:{purse}")


class Terms(Struct, frozen=True):
    """What an account opens with, and between which balances it lives. None is no bound."""

    opening: Money = ZERO
    floor: Money | None = ZERO
    ceiling: Money | None = None


class Chart(Protocol):
    """Tells the terms of any account that a world may name."""

    def __call__(self, account: AccountName) -> Terms: ...


class Account(Struct, frozen=True):
    name: AccountName
    balance: Money
    terms: Terms

    @property
    def is_out(self) -> bool:
        """Whether the balance lies beyond the account's floor or ceiling."""
        floor, ceiling = self.terms.floor, self.terms.ceiling
        return (floor is not None and self.balance < floor) or (ceiling is not None and self.balance > ceiling)

    def moved(self, amount: Money) -> Account:
        """With another balance; raises when that lies beyond a floor or ceiling towards which it moved."""
        balance, terms = self.balance + amount, self.terms
        if terms.floor is not None and amount < ZERO and balance < terms.floor:
            raise InsufficientFunds(f"{self.name} holds {self.balance}, {-amount} is asked of it")
        if terms.ceiling is not None and amount > ZERO and balance > terms.ceiling:
            raise AccountFull(f"{self.name} holds {self.balance}, {amount} more would exceed {terms.ceiling}")
        return Account(self.name, balance, terms)


class Posting(Struct, frozen=True):
    account: AccountName
    amount: Money


class Entry(Struct, frozen=True):
    """An immutable balanced set of postings. `payment` is empty for money from outside.

    The one called `checkpoint` is the sum of those that were forgotten.
    """

    kind: ClassVar[str] = "entry"
    indexes: ClassVar[tuple[str, ...]] = ("payment",)

    key: str
    at: datetime
    payment: str
    postings: tuple[Posting, ...]
    correlation: str = ""

    def __post_init__(self) -> None:
        if sum((posting.amount for posting in self.postings), ZERO) != ZERO:
            raise ValueError(f"entry {self.key} does not balance: {self.postings}")


def transfer(source: AccountName, destination: AccountName, amount: Money) -> tuple[Posting, ...]:
    return Posting(source, -amount), Posting(destination, amount)


def opening(account: AccountName, terms: Terms, cause: Entry) -> Entry:
    """The entry that brings an account's opening money in from outside, when `cause` is the first to touch it."""
    postings = transfer(OUTSIDE, account, terms.opening)
    return Entry(f"open:{account}", cause.at, "", postings, cause.correlation)


class Checkpoint:
    """The sum of entries that are not kept any more, itself an entry: whoever adds up what is listed gets balances."""

    KEY = "checkpoint"

    def __init__(self) -> None:
        self._sums: dict[AccountName, Money] = {}
        self._until: datetime | None = None

    def add(self, entry: Entry) -> None:
        self._until = entry.at
        for posting in entry.postings:
            self._sums[posting.account] = self._sums.get(posting.account, ZERO) + posting.amount

    @property
    def entry(self) -> Entry | None:
        """None while nothing was forgotten."""
        if self._until is None:
            return None
        postings = tuple(Posting(account, amount) for account, amount in self._sums.items())
        return Entry(self.KEY, self._until, "", postings)


class Books:
    """Applies entries to accounts. The first posting on an unstored account opens it from outside."""

    def __init__(self, stored: Callable[[AccountName], Account | None], chart: Chart) -> None:
        self._stored = stored
        self._chart = chart
        self.moved: dict[AccountName, Account] = {}
        self.entries: list[Entry] = []

    def post(self, entry: Entry) -> None:
        """Applies all legs, or raises what the first broken floor or ceiling says."""
        for posting in entry.postings:
            self._open(posting.account, entry)
        for posting in entry.postings:
            self.moved[posting.account] = self.moved[posting.account].moved(posting.amount)
        self.entries.append(entry)

    def _open(self, name: AccountName, cause: Entry) -> None:
        if name in self.moved:
            return
        stored = self._stored(name)
        if stored is not None:
            self.moved[name] = stored
            return
        terms = self._chart(name)
        self.moved[name] = Account(name, ZERO, terms)
        if terms.opening != ZERO:
            self.post(opening(name, terms, cause))


class Audit(Struct, frozen=True):
    accounts: int
    entries: int
    difference: Money
    problems: tuple[str, ...]

    @property
    def is_balanced(self) -> bool:
        return self.difference == ZERO and not self.problems


def settling(payment: str) -> str:
    """The key of the one entry by which a payment settles; others may prepare it, or take it back."""
    return f"entry:{payment}"


def audit(
    accounts: Mapping[AccountName, Account],
    entries: Iterable[Entry],
    settled: Mapping[str, Money],
    open_payments: Collection[str] = (),
) -> Audit:
    """Recomputes every balance from the entries; matches every settled payment (id to amount) to exactly one entry.

    All that was entered for a payment together moves its amount when it settled, and nothing when it did not.
    """
    recomputed: dict[AccountName, Money] = {}
    told: dict[str, int] = {}
    moved: dict[str, dict[AccountName, Money]] = {}
    count = 0
    for entry in entries:
        count += 1
        told[entry.payment] = told.get(entry.payment, 0) + (entry.key == settling(entry.payment))
        _add_up(recomputed, entry)
        if entry.payment:
            _add_up(moved.setdefault(entry.payment, {}), entry)
    problems = [
        f"{name} shows {account.balance}, its entries sum to {recomputed.get(name, ZERO)}"
        for name, account in accounts.items()
        if account.balance != recomputed.get(name, ZERO)
    ]
    problems += [
        f"{account.name} holds {account.balance}: out of bounds" for account in accounts.values() if account.is_out
    ]
    problems += [
        f"{payment} settled, with {told.get(payment, 0)} entries" for payment in settled if told.get(payment) != 1
    ]
    problems += [
        f"{payment} settled {settled[payment]}, its entries move another amount"
        for payment, sums in moved.items()
        if payment in settled and settled[payment] not in sums.values()
    ]
    problems += [
        f"{payment} has an entry and never settled"
        for payment, sums in moved.items()
        if payment not in settled and payment not in open_payments and any(amount != ZERO for amount in sums.values())
    ]
    total = sum((account.balance for account in accounts.values()), ZERO)
    return Audit(len(accounts), count, total, tuple(problems))


def _add_up(sums: dict[AccountName, Money], entry: Entry) -> None:
    for posting in entry.postings:
        sums[posting.account] = sums.get(posting.account, ZERO) + posting.amount
