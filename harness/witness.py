"""Gathers the evidence: asks the app and the provider only for what may have changed since the last time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal

from msgspec import Struct, field
from msgspec.structs import replace

from harness.app_answers import CustomerSeen, StatementLine
from harness.app_face import AppFace
from harness.attribution import RETURN, TRANSFER, Attribution, is_credit, is_paybill, moved
from harness.book import Book, CustomerBook, PaymentBook
from harness.data import money
from harness.events import Event
from harness.evidence import (
    COMPLETED,
    CREDIT,
    UNCLEAR,
    UNDECIDED,
    ZERO,
    AppPayment,
    Customer,
    Evidence,
    Payment,
)
from harness.journal import Journal
from harness.sighting import Sighting
from harness.targets.base import Json, World
from harness.told import Decision, asked_for, decisions, notices, told_payments

MONEY_EVENTS = frozenset({"payment", "entry"})
QUIET_EVENTS = frozenset({"subscriber", "merchant", "provider", "bank", "fault", "prompt", "message"})


class Witness(Struct):
    """Sees one scenario's money, on both sides; `sightings` is how the app's side changed."""

    world: World
    journal: Journal
    book: Book
    app: AppFace | None
    sightings: list[Sighting] = field(default_factory=list)
    rows: list[Json] = field(default_factory=list)
    seen: dict[str, Customer] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)

    async def after_step(self, new: Iterable[Event]) -> Evidence | None:
        """What the always-invariants need; None when nothing happened that could have changed it."""
        if self.app is None:
            return None
        self._meet()
        kinds = {event.kind for event in new}
        if kinds <= QUIET_EVENTS:
            return None
        return await self._seen(self.app, has_news=self.journal.is_live or bool(kinds & MONEY_EVENTS))

    async def look(self) -> Evidence:
        """The same afresh."""
        assert self.app is not None, "only an app is looked at"
        return await self._seen(self.app, has_news=True)

    async def glance(self) -> Evidence:
        """The same in the middle of a long step, asking for no payment that is taken to have stayed as it was."""
        assert self.app is not None, "only an app is looked at"
        self._meet()
        return await self._seen(self.app, has_news=True, skims=True)

    async def at_rest(self, listed: frozenset[str] | None = None) -> Evidence:
        """Everything, for all invariants; `listed` is what a reconciliation left undecided."""
        audit = await self.world.control.audit()
        difference = money(audit["difference"]) if audit.get("balanced") is not True else ZERO
        if self.app is None:
            return Evidence(has_app=False, provider_difference=difference)
        self.seen.clear()
        seen = await self._seen(self.app, has_news=True)
        entries = await self.world.control.entries()
        in_all, at_banks = self._moved(entries)
        return replace(
            seen,
            payments=self._with_charges(self._with_messages(seen.payments), entries),
            wishes=tuple(self.book.wishes),
            notices=tuple(notices(self.journal.events)),
            audit=await self.app.audit(),
            audit_before=self.book.audit_before,
            listed=listed,
            provider_moved=in_all,
            banks_moved=at_banks,
            provider_difference=difference,
        )

    def _with_charges(self, payments: Iterable[Payment], entries: Iterable[Json]) -> tuple[Payment, ...]:
        """With what the app's own bank took for a transfer that the app does not know of."""
        entries, accounts = list(entries), self.book.profile.accounts

        def charged(one: Payment) -> Decimal:
            if one.is_told or not (one.is_settled and one.kind == TRANSFER):
                return ZERO
            return one.worth - moved((entry for entry in entries if entry.get("payment") == one.id), accounts)

        return tuple(replace(one, charged=charged(one)) for one in payments)

    def _moved(self, entries: Iterable[Json]) -> tuple[Decimal, Decimal]:
        """What moved at the provider, in all and at banks; what an undecided transfer has debited is on its way."""
        undecided = {str(row["id"]) for row in self.rows if row.get("state") in UNDECIDED}
        entries, profile = list(entries), self.book.profile
        at_banks = moved(entries, profile.accounts, undecided)
        return moved(entries, profile.purses) + at_banks, at_banks

    async def once_more(self, before: Evidence, *, has_news: bool) -> Evidence:
        """The same after another reconciliation, which brought news of the provider's money or did not."""
        assert self.app is not None, "only an app is asked to reconcile"
        seen = await self._seen(self.app, has_news=has_news)
        sums = before.provider_moved, before.banks_moved
        in_all, at_banks = self._moved(await self.world.control.entries()) if has_news else sums
        return replace(seen, audit=await self.app.audit(), provider_moved=in_all, banks_moved=at_banks)

    def _meet(self) -> None:
        """What customers had when the scenario came to know them is nothing new."""
        for known in self.book.customers.values():
            if known.id not in self.seen:
                self.seen[known.id] = _as_seen(known, known.opening, known.statement)
                self.shown.setdefault(f"customer {known.id}", _has(self.seen[known.id]))

    async def _seen(self, app: AppFace, *, has_news: bool, skims: bool = False) -> Evidence:
        """The app is asked first: what it knows by then, the provider has known before."""
        before = dict(self.seen)
        customers = [await self._customer(app, customer) for customer in self.book.customers.values()]
        quiet = {one.id for one in customers if one.id in before and before[one.id].balance == one.balance}
        app_payments = []
        for known in self.book.all_payments():
            if not (skims and _stays(known, quiet)):
                known.saw(await app.payment(known.kind, known.id))
            app_payments.append(_as_shown(known))
        await self._note(customers, app_payments)
        if has_news:
            self.rows = await self.world.control.payments()
        payments = tuple(self._payments())
        return Evidence(
            customers=tuple(customers),
            app_payments=tuple(app_payments),
            payments=payments,
            unfulfilled=tuple(self.book.unfulfilled),
            asked=tuple(asked_for(self.journal.events, self.rows, self._names(payments))),
        )

    async def _customer(self, app: AppFace, known: CustomerBook) -> Customer:
        """The statement is read again only once the balance has changed."""
        shows = await app.customer(known.id)
        seen = self.seen.get(known.id)
        is_same = seen is not None and seen.balance == shows.balance
        statement = seen.statement if seen and is_same else await app.statement(known.id)
        self.seen[known.id] = _as_seen(known, shows, statement)
        return self.seen[known.id]

    async def _note(self, customers: Iterable[Customer], app_payments: Iterable[AppPayment]) -> None:
        """Keeps what the app shows otherwise than it did."""
        shows = {f"customer {one.id}": _has(one) for one in customers}
        shows |= {one.name: f"of {one.amount:.2f} for customer {one.customer} is {one.state}" for one in app_payments}
        new = [f"{what} {words}" for what, words in shows.items() if self.shown.get(what) != words]
        self.shown |= shows
        if new:
            at = await self.world.now()
            self.sightings += [Sighting(self.journal.last, at, text) for text in new]

    def _payments(self) -> Iterator[Payment]:
        profile = self.book.profile
        rows = [row for row in self.rows if profile.owns(str(row.get("merchant", profile.merchant)))]
        whose = Attribution.of(self.book, rows)
        for row in rows:
            asker, customer = whose[str(row["id"])]
            yield Payment(
                id=str(row["id"]),
                state=str(row["state"]),
                amount=money(row["amount"]),
                msisdn=str(row["msisdn"]),
                kind=CREDIT if is_credit(row) and row["kind"] != RETURN else str(row.get("kind", "collection")),
                receipt=_receipt(row),
                reference=str(row.get("reference") or ""),
                customer=customer,
                made_for=asker.name if asker else None,
                is_foreign=row["id"] in self.book.foreign,
                reason=str(row.get("reason") or ""),
                account=str(row.get("account") or ""),
            )

    def _with_messages(self, payments: tuple[Payment, ...]) -> tuple[Payment, ...]:
        """With what the journal tells of them: whether the app knows of them, and when they were decided."""
        events = self.journal.events
        told = told_payments(events, self.rows, self.book.foreign)
        decided = decisions(events)
        nothing = Decision(None)
        return tuple(
            replace(
                one,
                is_told=one.id in told,
                decided=decided.get(one.id, nothing).decided,
                no_heard=decided.get(one.id, nothing).no_heard,
            )
            for one in payments
        )

    def _names(self, payments: Iterable[Payment]) -> dict[int | str, str]:
        """What requests were made for, by the journal's number and by the provider's payment."""
        by_payment: dict[int | str, str] = {one.id: one.made_for for one in payments if one.made_for}
        by_number: dict[int | str, str] = {
            number: known.name for known in self.book.all_payments() for number in known.requests
        }
        return by_number | by_payment


def _stays(known: PaymentBook, quiet: Collection[str]) -> bool:
    """What is completed stays so; what ended otherwise may still be paid, and its customer then has more."""
    state = known.states[-1]
    return state == COMPLETED or (state not in UNCLEAR and known.customer in quiet)


def _as_shown(known: PaymentBook) -> AppPayment:
    return AppPayment(
        kind=known.kind,
        id=known.id,
        customer=known.customer,
        amount=known.amount,
        states=tuple(known.states),
        fee=known.fee,
        payee=known.payee,
        account=known.account,
    )


def _receipt(row: Json) -> str | None:
    """A paybill payment has it from its beginning: the app is asked and told by that name."""
    name = row.get("receipt") or (row.get("provider_reference") if is_paybill(row) else None)
    return str(name) if name else None


def _as_seen(known: CustomerBook, shows: CustomerSeen, statement: tuple[StatementLine, ...] | None) -> Customer:
    return Customer(
        id=known.id,
        msisdn=known.msisdn,
        opening=known.opening.balance,
        balance=shows.balance,
        available=shows.available,
        statement=statement,
        opening_held=known.opening.held,
        opening_lines=len(known.statement or ()),
    )


def _has(customer: Customer) -> str:
    is_held = customer.available not in (None, customer.balance)
    return f"has {customer.balance:.2f}" + (f", {customer.available:.2f} of it available" if is_held else "")
