"""The paybill: what customers pay in of their own accord, to the account number that is their customer id.

A confirmation cannot be refused: the money is there. What names no customer goes to suspense. Of one that names a
deposit (an STK push is told this way too) the deposit's own handle decides, if the bank has it; else it decides itself.
"""

import logging
from collections.abc import AsyncIterator, Callable

from aiohttp import web
from sqlalchemy import Connection, bindparam, select

from app_under_test import deposits, ledger, receipts, unconfirmed
from app_under_test.addresses import Addresses
from app_under_test.clients.gateway import Arrival, Finding, Objection, Outcome, Question, Till
from app_under_test.clock import Clock, stamp
from app_under_test.deposits import Deposit, Deposits
from app_under_test.problems import Problem
from app_under_test.receipts import BookedTo
from app_under_test.schema import customers as customer_rows
from app_under_test.schema import deposits as deposit_rows
from app_under_test.settings import Settings
from app_under_test.states import State
from app_under_test.store import Store
from app_under_test.unconfirmed import Unconfirmed

_CUSTOMER = select(customer_rows.c.id).where(customer_rows.c.id == bindparam("of"))
_DEPOSIT = select(deposit_rows.c.id).where(deposit_rows.c.id == bindparam("of"))
_HOLDER = select(deposit_rows.c.id).where(deposit_rows.c.receipt == bindparam("of"))

MayBe = Callable[[str, str], bool]

_log = logging.getLogger(__name__)


class Paybill:
    """Tells the provider where to call, and hears what comes in."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store,
        clock: Clock,
        gateway: Till,
        addresses: Addresses,
        deposits: Deposits,
    ) -> None:
        self._is_registered = False
        self._ask_after, self._absent_after = settings.ask_after_seconds, settings.absent_after_seconds
        self._store, self._clock, self._deposits = store, clock, deposits
        self._gateway, self._addresses = gateway, addresses

    async def opened(self, _: web.Application) -> AsyncIterator[None]:
        """The bank starts without its provider, too; reconciliation registers what was not."""
        await self.register()
        yield

    async def register(self) -> None:
        """Once a process: more often is refused in production."""
        if self._is_registered:
            return
        refusal = await self._gateway.register(
            validation_url=self._addresses.c2b("validation"), confirmation_url=self._addresses.c2b("confirmation")
        )
        self._is_registered = refusal is None
        if refusal is not None:
            _log.warning("the paybill is not registered, reconciliation will try again: %s", refusal)

    async def validate(self, callback: bytes) -> dict[str, object]:
        """Whether the money is welcome; changes no balance."""
        told, at = self._gateway.read(callback), stamp(self._clock.now())
        if isinstance(told, Objection):
            return self._gateway.verdict(told)
        objection = await self._store.run(lambda connection: welcome(connection, told, at=at))
        return self._gateway.verdict(objection)

    async def confirm(self, callback: bytes) -> None:
        """Returns once the money is booked; 400 if no money of ours can be made out."""
        arrival = self._gateway.read(callback)
        if isinstance(arrival, Objection):
            raise Problem(400, "this tells of no money: a receipt and an amount are needed")
        if not arrival.is_to_us:
            raise Problem(400, "this tells of money that came to another paybill")
        may_be, at = self._gateway.may_be, stamp(self._clock.now())
        open_deposit = await self._store.run(lambda connection: book(connection, arrival, may_be, at=at))
        if open_deposit is not None:
            await self._deposits.ask(open_deposit)

    async def overdue(self) -> list[Unconfirmed]:
        """Payments that were welcome and of which nothing was heard since."""
        now, found = stamp(self._clock.now()), await self._store.run(unconfirmed.all_of_them)
        return [payment for payment in found if payment.age(now) >= self._ask_after]

    async def look_into(self, payment: Unconfirmed) -> None:
        """Asks the provider; what it finds is a callback."""
        urls = [self._addresses.receipt(payment.receipt, what) for what in ("status", "status-timeout")]
        await self._gateway.ask(Question(receipt=payment.receipt, result_url=urls[0], timeout_url=urls[1]))

    async def told(self, receipt: str, callback: bytes) -> None:
        """Takes in what the provider found."""
        finding, at = self._gateway.read_finding(callback), stamp(self._clock.now())
        may_be, absent_after = self._gateway.may_be, self._absent_after
        await self._store.run(
            lambda connection: learn(connection, receipt, finding, may_be, absent_after=absent_after, at=at)
        )


def welcome(connection: Connection, arrival: Arrival, *, at: str) -> Objection | None:
    objection = object_to(connection, arrival)
    if objection is None:
        unconfirmed.note(connection, arrival, at=at)
    return objection


def learn(
    connection: Connection, receipt: str, finding: Finding, may_be: MayBe, *, absent_after: float, at: str
) -> None:
    """Books a payment that went through without being confirmed; forgets one that did not."""
    payment = unconfirmed.find(connection, receipt)
    if payment is None:
        return
    if unconfirmed.is_paid(payment, finding):
        book(connection, payment.arrival, may_be, at=at)
    elif unconfirmed.is_void(payment, finding, absent_after=absent_after, now=at):
        unconfirmed.forget(connection, receipt)


def object_to(connection: Connection, arrival: Arrival) -> Objection | None:
    """Accounts are customers, and deposits that are still to be paid: an STK push may be validated, too."""
    if not arrival.is_to_us:
        return Objection.SHORTCODE
    if _customer_named(connection, arrival) is not None:
        return None
    deposit = _deposit_named(connection, arrival)
    if deposit is None or deposit.state is State.COMPLETED:
        return Objection.ACCOUNT
    return None if deposit.amount == arrival.amount else Objection.AMOUNT


def book(connection: Connection, arrival: Arrival, may_be: MayBe, *, at: str) -> Deposit | None:
    """Books the money, once; the deposit that it seems to pay while nobody has proven that."""
    unconfirmed.forget(connection, arrival.receipt)
    if receipts.find(connection, arrival.receipt) is None:
        _book_first(connection, arrival, may_be, at)
    booked = receipts.find(connection, arrival.receipt)
    if booked is None or booked.booked_to != BookedTo.SUSPENSE or booked.deposit is None:
        return None
    deposit = deposits.find(connection, booked.deposit)
    return None if deposit.state is State.COMPLETED else deposit


def _book_first(connection: Connection, arrival: Arrival, may_be: MayBe, at: str) -> None:
    if told_before := _deposit_with(connection, arrival.receipt):
        receipts.write_down(connection, arrival, BookedTo.DEPOSIT, deposit=told_before, at=at)
    elif customer := _customer_named(connection, arrival):
        receipts.write_down(connection, arrival, BookedTo.CUSTOMER, at=at)
        _credit(connection, ledger.customer_account(customer), arrival, at)
    else:
        named = _deposit_named(connection, arrival)
        _book_for(connection, named if named and _may_pay(arrival, named, may_be) else None, arrival, at)


def _book_for(connection: Connection, deposit: Deposit | None, arrival: Arrival, at: str) -> None:
    if deposit is not None and deposit.state is State.COMPLETED:  # by a query, which told no receipt
        deposits.fill_in(connection, deposit, arrival.receipt)
        receipts.write_down(connection, arrival, BookedTo.DEPOSIT, deposit=deposit.id, at=at)
        return
    named = None if deposit is None else deposit.id
    receipts.write_down(connection, arrival, BookedTo.SUSPENSE, deposit=named, at=at)
    _credit(connection, ledger.SUSPENSE, arrival, at)
    if deposit is not None and deposit.provider_reference is None:
        deposits.decide(connection, deposit, Outcome.COMPLETED, "confirmed", receipt=arrival.receipt, at=at)


def _may_pay(arrival: Arrival, deposit: Deposit, may_be: MayBe) -> bool:
    is_paid = deposit.state is State.COMPLETED and deposit.receipt is not None
    return not is_paid and deposit.amount == arrival.amount and may_be(arrival.payer, deposit.msisdn)


def _credit(connection: Connection, account: str, arrival: Arrival, at: str) -> None:
    legs = (ledger.Posting(account, arrival.amount), ledger.Posting(ledger.FLOAT, -arrival.amount))
    ledger.post(connection, legs, kind="paybill", reference=arrival.receipt, at=at)


def _customer_named(connection: Connection, arrival: Arrival) -> str | None:
    return connection.execute(_CUSTOMER, {"of": arrival.account.upper()}).scalar_one_or_none()


def _deposit_named(connection: Connection, arrival: Arrival) -> Deposit | None:
    deposit = connection.execute(_DEPOSIT, {"of": arrival.account.upper()}).scalar_one_or_none()
    return None if deposit is None else deposits.find(connection, deposit)


def _deposit_with(connection: Connection, receipt: str) -> str | None:
    return connection.execute(_HOLDER, {"of": receipt}).scalar_one_or_none()
