"""Gathers the evidence: asks the app and the provider only for what may have changed since the last time."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from harness.app_face import AppFace
from harness.app_profile import StatementLine
from harness.book import Book, CustomerBook, DepositBook
from harness.data import money
from harness.events import Event
from harness.evidence import ZERO, Customer, Deposit, Evidence, Payment
from harness.journal import Journal
from harness.targets.base import Control, Json

MONEY_EVENTS = frozenset({"payment", "entry"})
QUIET_EVENTS = frozenset({"subscriber", "merchant", "provider", "fault", "prompt", "message"})


@dataclass
class Witness:
    """Sees one scenario's money, on both sides."""

    control: Control
    journal: Journal
    book: Book
    app: AppFace | None
    rows: list[Json] = field(default_factory=list)
    seen: dict[str, Customer] = field(default_factory=dict)

    async def after_step(self, new: Iterable[Event]) -> Evidence | None:
        """What the always-invariants need; None when nothing happened that could have changed it."""
        if self.app is None:
            return None
        await self._meet(self.app)
        kinds = {event.kind for event in new}
        if kinds <= QUIET_EVENTS:
            return None
        return await self._seen(self.app, has_news=self.journal.is_live or bool(kinds & MONEY_EVENTS))

    async def look(self) -> Evidence:
        """The same afresh."""
        assert self.app is not None, "only an app is looked at"
        return await self._seen(self.app, has_news=True)

    async def at_rest(self) -> Evidence:
        """Everything, for all invariants."""
        audit = await self.control.audit()
        difference = money(audit["difference"]) if audit.get("balanced") is not True else ZERO
        if self.app is None:
            return Evidence(has_app=False, provider_difference=difference)
        self.seen.clear()
        seen = await self._seen(self.app, has_news=True)
        return Evidence(
            customers=seen.customers,
            deposits=seen.deposits,
            payments=seen.payments,
            wishes=tuple(self.book.wishes),
            audit=await self.app.audit(),
            audit_before=self.book.audit_before,
            provider_moved=moved(await self.control.entries(), self.book.profile.merchant),
            provider_difference=difference,
        )

    async def _meet(self, app: AppFace) -> None:
        """Counts the lines that a customer's statement had when the scenario came to know them."""
        for known in self.book.customers.values():
            if known.id not in self.seen:
                statement = await app.statement(known.id)
                known.opening_lines = len(statement)
                self.seen[known.id] = _as_seen(known, known.opening, statement)

    async def _seen(self, app: AppFace, *, has_news: bool) -> Evidence:
        """The app is asked first: what it knows by then, the provider has known before."""
        customers = [await self._customer(app, customer) for customer in self.book.customers.values()]
        deposits = [await self._deposit(app, deposit) for deposit in self.book.deposits.values()]
        if has_news:
            self.rows = await self.control.payments()
        return Evidence(tuple(customers), tuple(deposits), tuple(self._payments()))

    async def _customer(self, app: AppFace, known: CustomerBook) -> Customer:
        """The statement is read again only once the balance has changed."""
        balance = (await app.customer(known.id)).balance
        seen = self.seen.get(known.id)
        statement = seen.statement if seen and seen.balance == balance else await app.statement(known.id)
        self.seen[known.id] = _as_seen(known, balance, statement)
        return self.seen[known.id]

    async def _deposit(self, app: AppFace, known: DepositBook) -> Deposit:
        known.saw((await app.deposit(known.id)).state)
        return Deposit(known.id, known.customer, known.amount, tuple(known.states))

    def _payments(self) -> Iterator[Payment]:
        deposits = {payment: deposit for deposit in self.book.deposits.values() for payment in deposit.payments}
        told = told_payments(self.journal.events)
        for row in self.rows:
            payment, msisdn = str(row["id"]), str(row["msisdn"])
            deposit = deposits.get(payment)
            yield Payment(
                id=payment,
                state=str(row["state"]),
                amount=money(row["amount"]),
                msisdn=msisdn,
                receipt=str(row["receipt"]) if row.get("receipt") else None,
                customer=deposit.customer if deposit else self._owner(str(row.get("reference")), msisdn),
                deposit=deposit.id if deposit else None,
                is_told=payment in told,
            )

    def _owner(self, reference: str, msisdn: str) -> str | None:
        """Whose payment it is when no call of ours made it: the account named in it, or else the payer's."""
        if reference in self.book.customers:
            return reference
        return next((customer.id for customer in self.book.customers.values() if customer.msisdn == msisdn), None)


def _as_seen(known: CustomerBook, balance: Decimal, statement: tuple[StatementLine, ...] | None) -> Customer:
    return Customer(known.id, known.msisdn, known.opening, balance, statement, known.opening_lines)


def told_payments(events: Iterable[Event]) -> frozenset[str]:
    """Payments of which the app got a message that it could use: an acknowledgement, or a callback that it answered.

    An acknowledgement says nothing to a caller who hung up before it came.
    """
    known = list(events)
    unheard = {event.text("correlation") for event in known if event.kind == "hung_up"}
    return frozenset(event.payment for event in known if event.payment and _is_told(event, unheard))


def _is_told(event: Event, unheard: Container[str | None]) -> bool:
    if event.kind == "request":
        return event.raw.get("status") == 200 and event.text("correlation") not in unheard
    return event.kind == "callback" and event.text("outcome") == "answered"


def moved(entries: Iterable[Json], merchant: str) -> Decimal:
    """By how much payments changed the merchant's accounts; opening balances are no payments."""
    changes = ZERO
    for entry in entries:
        postings = entry["postings"]
        assert isinstance(postings, list)
        if entry.get("payment"):
            changes += sum(
                (money(leg["amount"]) for leg in postings if str(leg["account"]).startswith(f"merchant:{merchant}:")),
                ZERO,
            )
    return changes
