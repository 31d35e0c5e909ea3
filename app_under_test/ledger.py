"""The bank's books: double entry, and the only module that changes a balance.

What the bank owes its customers has a plus, what it holds at providers (`float:…`) and what these charged (`fees`) a
minus, and all accounts together are always zero. What a customer has is in two accounts: what is available, and what
is held for withdrawals on their way.
"""

from itertools import accumulate

from aiohttp import web
from msgspec import Struct
from sqlalchemy import Connection, bindparam, func, insert, select, update

from app_under_test import money
from app_under_test.edge import respond
from app_under_test.schema import accounts, entries, postings
from app_under_test.store import Store

FLOAT, SUSPENSE, FEES, OWN_FUNDS = "float:mpesa", "suspense", "fees", "own_funds"
PESALINK = "float:pesalink"
_WITHOUT_FLOOR = (FLOAT, PESALINK, FEES, SUSPENSE)  # what is unexplained may be missing as well

_OPENED = insert(accounts)
_ENTERED = insert(entries).returning(entries.c.number)
_AFTER = accounts.c.balance + bindparam("by")
_MOVED = (
    update(accounts).where(accounts.c.account == bindparam("of")).values(balance=_AFTER).returning(accounts.c.balance)
)
_MOVED_ABOVE_FLOOR = _MOVED.where(_AFTER >= 0)
_POSTED = insert(postings)
_CHANGES = (
    select(entries, func.sum(postings.c.amount).label("change"))
    .join_from(entries, postings)
    .where(postings.c.account.in_((bindparam("available"), bindparam("held"))))
    .group_by(entries.c.number)
    .having(func.sum(postings.c.amount) != 0)
    .order_by(entries.c.number)
)
_LEG = (
    select(postings.c.amount)
    .join_from(postings, entries)
    .where(
        postings.c.account == bindparam("of"),
        entries.c.kind == bindparam("sort"),
        entries.c.reference == bindparam("about"),
    )
)
_STORED = select(accounts.c.account, accounts.c.balance)
_SUMMED = select(postings.c.account, func.sum(postings.c.amount)).group_by(postings.c.account)


class Posting(Struct, frozen=True):
    account: str
    amount: int


class Overdrawn(Exception):
    """The account is too low, or there is no such account; nothing was posted."""


def customer_account(customer: str) -> str:
    return f"customer:{customer}"


def held_account(customer: str) -> str:
    return f"held:{customer}"


def open_account(connection: Connection, account: str) -> None:
    connection.execute(_OPENED, {"account": account, "balance": 0})


def post(connection: Connection, legs: tuple[Posting, ...], *, kind: str, reference: str, at: str) -> None:
    """Writes an entry and moves its accounts, in the caller's transaction, or raises."""
    if sum(leg.amount for leg in legs) != 0:
        raise ValueError(f"the legs of {kind} {reference} do not sum to zero: {legs}")
    entry = connection.execute(_ENTERED, {"at": at, "kind": kind, "reference": reference}).scalar_one()
    posted = [
        {"entry": entry, "account": leg.account, "amount": leg.amount, "balance": _move(connection, leg)}
        for leg in legs
    ]
    connection.execute(_POSTED, posted)


def moved(connection: Connection, account: str, *, kind: str, reference: str) -> bool:
    """Whether that entry moved that account."""
    return connection.execute(_LEG, {"of": account, "sort": kind, "about": reference}).first() is not None


def _move(connection: Connection, leg: Posting) -> int:
    moved = _MOVED if leg.account in _WITHOUT_FLOOR else _MOVED_ABOVE_FLOOR
    balance = connection.execute(moved, {"of": leg.account, "by": leg.amount}).scalar_one_or_none()
    if balance is None:
        raise Overdrawn(f"{leg.account} cannot take {money.text_of(leg.amount)}")
    return int(balance)


def statement_of(connection: Connection, customer: str) -> list[dict[str, str]]:
    """Every entry that changed what the customer has, oldest first; the amounts sum to it. A hold changes nothing."""
    theirs = {"available": customer_account(customer), "held": held_account(customer)}
    found = connection.execute(_CHANGES, theirs).all()
    balances = accumulate(int(row.change) for row in found)
    return [
        {
            "id": f"E{row.number:06d}",
            "at": row.at,
            "amount": money.text_of(int(row.change)),
            "kind": row.kind,
            "reference": row.reference,
            "balance": money.text_of(balance),
        }
        for row, balance in zip(found, balances, strict=True)
    ]


class Audit(Struct, frozen=True):
    """The stored balances beside what the postings sum to."""

    stored: dict[str, int]
    summed: dict[str, int]

    @classmethod
    def of(cls, connection: Connection) -> "Audit":
        stored, summed = connection.execute(_STORED).all(), connection.execute(_SUMMED).all()
        return cls({row[0]: row[1] for row in stored}, {row[0]: int(row[1]) for row in summed})

    def differences(self) -> dict[str, int]:
        """By account: how far the stored balance is from the sum of the postings, where they differ."""
        names = sorted(self.stored.keys() | self.summed.keys())
        gaps = {name: self.stored.get(name, 0) - self.summed.get(name, 0) for name in names}
        return {name: gap for name, gap in gaps.items() if gap}

    def report(self) -> dict[str, object]:
        difference = sum(map(abs, self.differences().values())) + abs(sum(self.summed.values()))
        sums = {
            "difference": difference,
            "customers": self._total(customer_account("")),
            "held": self._total(held_account("")),
            "suspense": self.stored[SUSPENSE],
            "fees": self.stored[FEES],
            "float": -self.stored[FLOAT],
            "pesalink_float": -self.stored[PESALINK],
        }
        return {"balanced": difference == 0, **{name: money.text_of(amount) for name, amount in sums.items()}}

    def _total(self, prefix: str) -> int:
        return sum(amount for name, amount in self.stored.items() if name.startswith(prefix))


class Books:
    """`GET /ledger/audit`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def audit(self, _: web.Request) -> web.Response:
        return respond((await self._store.run(Audit.of)).report())


def open_books(connection: Connection, *, opening_float: int, at: str, pesalink_float: int = 0) -> None:
    """The accounts of a new bank, and what it holds at its providers from the start."""
    for account in (FLOAT, PESALINK, SUSPENSE, FEES, OWN_FUNDS):
        open_account(connection, account)
    floats = {account: amount for account, amount in ((FLOAT, opening_float), (PESALINK, pesalink_float)) if amount}
    if floats:
        held = tuple(Posting(account, -amount) for account, amount in floats.items())
        post(connection, (Posting(OWN_FUNDS, sum(floats.values())), *held), kind="opening", reference="float", at=at)
