"""Receipts of money that came to the paybill: each is booked once, whichever message tells of it first.

An STK push is a paybill payment too, told twice where C2B addresses are registered. What seems to pay a deposit whose
outcome is open waits in suspense: the deposit, once completed, takes it from there and not from the float again.
"""

from enum import StrEnum

from sqlalchemy import Connection, Row, and_, insert, select, update

from app_under_test.clients.gateway import Arrival
from app_under_test.schema import deposits, paybill_payments


class BookedTo(StrEnum):
    CUSTOMER = "customer"
    DEPOSIT = "deposit"
    SUSPENSE = "suspense"


def find(connection: Connection, receipt: str) -> Row[tuple[object, ...]] | None:
    return connection.execute(select(paybill_payments).where(paybill_payments.c.receipt == receipt)).one_or_none()


def write_down(
    connection: Connection, arrival: Arrival, booked_to: BookedTo, *, at: str, deposit: str | None = None
) -> None:
    told = {"receipt": arrival.receipt, "account": arrival.account, "payer": arrival.payer, "amount": arrival.amount}
    connection.execute(insert(paybill_payments).values(**told, booked_to=booked_to, deposit=deposit, created_at=at))


def is_spent(connection: Connection, receipt: str, amount: int, *, but_for: str) -> bool:
    """Whether it cannot be that deposit's: it was credited to somebody else, or is known for another amount."""
    elsewhere = and_(deposits.c.receipt == receipt, deposits.c.id != but_for)
    if connection.execute(select(deposits.c.id).where(elsewhere)).first() is not None:
        return True
    row = find(connection, receipt)
    return row is not None and (row.booked_to == BookedTo.CUSTOMER or row.amount != amount)


def take_from_suspense(connection: Connection, deposit: str, amount: int, receipt: str | None) -> str | None:
    """The receipt of the money that waits there for this deposit, which is the deposit's from now on; None if none."""
    is_its = paybill_payments.c.deposit == deposit
    if receipt is not None:
        is_its = paybill_payments.c.receipt == receipt
    waits = and_(paybill_payments.c.booked_to == BookedTo.SUSPENSE, paybill_payments.c.amount == amount, is_its)
    first = select(paybill_payments.c.receipt).where(waits).order_by(paybill_payments.c.receipt).limit(1)
    taken = (
        update(paybill_payments)
        .where(paybill_payments.c.receipt.in_(first), paybill_payments.c.booked_to == BookedTo.SUSPENSE)
        .values(booked_to=BookedTo.DEPOSIT, deposit=deposit)
        .returning(paybill_payments.c.receipt)
    )
    return connection.execute(taken).scalar_one_or_none()
