"""Money that came to the bank's account at its bank: each receipt is booked once, to a customer, or to suspense.

What returns a transfer waits in suspense too, until it is proven that the transfer was paid; then its customer has it.
"""

from enum import StrEnum

from sqlalchemy import Connection, bindparam, insert, select, update

from app_under_test import ledger
from app_under_test.clients.gateway import Credit
from app_under_test.schema import credits, customers, withdrawals
from app_under_test.states import State


class BookedTo(StrEnum):
    CUSTOMER = "customer"
    WITHDRAWAL = "withdrawal"
    SUSPENSE = "suspense"


_OF_RECEIPT = (credits.c.provider == bindparam("from"), credits.c.receipt == bindparam("of"))
_FOUND = select(credits).where(*_OF_RECEIPT)
_WRITTEN = insert(credits)
_TAKEN = update(credits).where(*_OF_RECEIPT, credits.c.booked_to == BookedTo.SUSPENSE)
_WAITING = (
    select(credits)
    .where(credits.c.withdrawal == bindparam("for"), credits.c.booked_to == BookedTo.SUSPENSE)
    .order_by(credits.c.created_at, credits.c.receipt)
)
_CUSTOMER = select(customers.c.id).where(customers.c.id == bindparam("of"))
_SENT_AS = select(withdrawals.c.id).where(
    withdrawals.c.provider == bindparam("from"), withdrawals.c.client_reference == bindparam("name")
)
_OWNER = select(withdrawals.c.customer).where(withdrawals.c.id == bindparam("of"))
_AFTER = withdrawals.c.returned + bindparam("by")
_RETURNED = (
    update(withdrawals)
    .where(withdrawals.c.id == bindparam("of"))
    .where(withdrawals.c.state == State.COMPLETED, withdrawals.c.amount >= _AFTER)
    .values(returned=_AFTER)
)


def book(connection: Connection, provider: str, credit: Credit, *, at: str) -> str | None:
    """Books the money, once; the withdrawal that it seems to return while it waits for proof of that."""
    key = {"from": provider, "of": credit.receipt}
    if connection.execute(_FOUND, key).first() is None:
        _book_first(connection, provider, credit, at)
    booked = connection.execute(_FOUND, key).one()
    if booked.booked_to != BookedTo.SUSPENSE or booked.withdrawal is None:
        return None
    give_back(connection, booked.withdrawal, at=at)
    return str(booked.withdrawal) if connection.execute(_FOUND, key).one().booked_to == BookedTo.SUSPENSE else None


def give_back(connection: Connection, withdrawal: str, *, at: str) -> None:
    """What waits for this withdrawal is its customer's, if it was paid, and no more than was paid.

    A customer who had spent the money before anybody knew that it was paid owes it to suspense: then it stays there.
    """
    for credit in connection.execute(_WAITING, {"for": withdrawal}).all():
        if connection.execute(_RETURNED, {"of": withdrawal, "by": credit.amount}).rowcount == 1:
            connection.execute(
                _TAKEN, {"from": credit.provider, "of": credit.receipt, "booked_to": BookedTo.WITHDRAWAL}
            )
            if not ledger.moved(connection, ledger.SUSPENSE, kind="withdrawal", reference=withdrawal):
                owner = ledger.customer_account(connection.execute(_OWNER, {"of": withdrawal}).scalar_one())
                legs = (ledger.Posting(ledger.SUSPENSE, -credit.amount), ledger.Posting(owner, credit.amount))
                ledger.post(connection, legs, kind=f"{credit.provider}_return", reference=credit.receipt, at=at)


def _book_first(connection: Connection, provider: str, credit: Credit, at: str) -> None:
    withdrawal, customer = None, None
    if credit.is_return:
        withdrawal = connection.execute(_SENT_AS, {"from": provider, "name": credit.reference}).scalar_one_or_none()
    else:
        customer = connection.execute(_CUSTOMER, {"of": credit.words.upper()}).scalar_one_or_none()
    told = {"provider": provider, "receipt": credit.receipt, "amount": credit.amount, "words": credit.words}
    booked_to = BookedTo.SUSPENSE if customer is None else BookedTo.CUSTOMER
    connection.execute(_WRITTEN, told | {"booked_to": booked_to, "withdrawal": withdrawal, "created_at": at})
    to = ledger.SUSPENSE if customer is None else ledger.customer_account(customer)
    legs = (ledger.Posting(to, credit.amount), ledger.Posting(ledger.PESALINK, -credit.amount))
    ledger.post(connection, legs, kind=f"{provider}_credit", reference=credit.receipt, at=at)
