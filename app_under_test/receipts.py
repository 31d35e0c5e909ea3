"""Receipts of money that came to the paybill: each is booked once, whichever message tells of it first.

An STK push is a paybill payment too, told twice where C2B addresses are registered. What seems to pay a deposit whose
outcome is open waits in suspense: the deposit, once completed, takes it from there and not from the float again.
"""

from enum import StrEnum

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from app_under_test.clients.gateway import Arrival
from app_under_test.schema import deposits, paybill_payments


class BookedTo(StrEnum):
    CUSTOMER = "customer"
    DEPOSIT = "deposit"
    SUSPENSE = "suspense"


_WITH_RECEIPT = select(paybill_payments).where(paybill_payments.c.receipt == bindparam("of"))
_WRITTEN = insert(paybill_payments)
_ELSEWHERE = select(deposits.c.id).where(deposits.c.receipt == bindparam("of"), deposits.c.id != bindparam("but_for"))
_WAITING = select(paybill_payments.c.receipt).where(
    paybill_payments.c.booked_to == BookedTo.SUSPENSE, paybill_payments.c.amount == bindparam("worth")
)
_WAITING_FOR_IT = _WAITING.where(paybill_payments.c.deposit == bindparam("for")).order_by(paybill_payments.c.receipt)
_WAITING_ITSELF = _WAITING.where(paybill_payments.c.receipt == bindparam("of"))
_TAKEN = update(paybill_payments).where(
    paybill_payments.c.receipt == bindparam("of"), paybill_payments.c.booked_to == BookedTo.SUSPENSE
)


def find(connection: Connection, receipt: str) -> Row[tuple[object, ...]] | None:
    return connection.execute(_WITH_RECEIPT, {"of": receipt}).one_or_none()


def write_down(
    connection: Connection, arrival: Arrival, booked_to: BookedTo, *, at: str, deposit: str | None = None
) -> None:
    told = {"receipt": arrival.receipt, "account": arrival.account, "payer": arrival.payer, "amount": arrival.amount}
    connection.execute(_WRITTEN, told | {"booked_to": booked_to, "deposit": deposit, "created_at": at})


def is_spent(connection: Connection, receipt: str, amount: int, *, but_for: str) -> bool:
    """Whether it cannot be that deposit's: it was credited to somebody else, or is known for another amount."""
    if connection.execute(_ELSEWHERE, {"of": receipt, "but_for": but_for}).first() is not None:
        return True
    row = find(connection, receipt)
    return row is not None and (row.booked_to == BookedTo.CUSTOMER or row.amount != amount)


def take_from_suspense(connection: Connection, deposit: str, amount: int, receipt: str | None) -> str | None:
    """The receipt of the money that waits there for this deposit, which is the deposit's from now on; None if none."""
    its = {"worth": amount, "for": deposit} if receipt is None else {"worth": amount, "of": receipt}
    waiting = connection.execute(_WAITING_FOR_IT if receipt is None else _WAITING_ITSELF, its).scalars().first()
    if waiting is None:
        return None
    taken = connection.execute(_TAKEN, {"of": waiting, "booked_to": BookedTo.DEPOSIT, "deposit": deposit})
    return waiting if taken.rowcount == 1 else None
