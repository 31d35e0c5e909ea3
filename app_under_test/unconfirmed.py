"""Paybill payments that the bank said yes to when it was asked, and that nobody has confirmed since.

The question names the receipt, so a confirmation that got lost can be made up for: reconciliation asks the provider
what became of it. The yes itself moves nothing.
"""

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, insert, select

from app_under_test import receipts
from app_under_test.clients.gateway import Arrival, Finding, Outcome
from app_under_test.clock import seconds_between
from app_under_test.schema import unconfirmed

_NOTED = insert(unconfirmed)
_FORGOTTEN = delete(unconfirmed).where(unconfirmed.c.receipt == bindparam("of"))
_WITH_RECEIPT = select(unconfirmed).where(unconfirmed.c.receipt == bindparam("of"))
_ALL = select(unconfirmed).order_by(unconfirmed.c.created_at, unconfirmed.c.receipt)


class Unconfirmed(Struct, frozen=True):
    receipt: str
    account: str
    payer: str
    amount: int
    created_at: str

    def age(self, now: str) -> float:
        return seconds_between(self.created_at, now)

    @property
    def arrival(self) -> Arrival:
        return Arrival(self.receipt, self.account, self.amount, self.payer, is_to_us=True)


def note(connection: Connection, arrival: Arrival, *, at: str) -> None:
    """Remembers a yes, unless the money was told of already."""
    if receipts.find(connection, arrival.receipt) is None and find(connection, arrival.receipt) is None:
        told = {"receipt": arrival.receipt, "account": arrival.account, "payer": arrival.payer}
        connection.execute(_NOTED, told | {"amount": arrival.amount, "created_at": at})


def forget(connection: Connection, receipt: str) -> None:
    connection.execute(_FORGOTTEN, {"of": receipt})


def find(connection: Connection, receipt: str) -> Unconfirmed | None:
    row = connection.execute(_WITH_RECEIPT, {"of": receipt}).one_or_none()
    return Unconfirmed(**row._mapping) if row is not None else None


def all_of_them(connection: Connection) -> list[Unconfirmed]:
    """Oldest first."""
    return [Unconfirmed(**row._mapping) for row in connection.execute(_ALL)]


def is_paid(payment: Unconfirmed, finding: Finding) -> bool:
    told = finding.told
    return told.outcome is Outcome.COMPLETED and (told.receipt, told.amount) == (payment.receipt, payment.amount)


def is_void(payment: Unconfirmed, finding: Finding, *, absent_after: float, now: str) -> bool:
    """Whether it finally did not happen; that there is no such receipt proves nothing while it may still come."""
    if finding.is_absent:
        return payment.age(now) >= absent_after
    return finding.told.outcome not in (None, Outcome.COMPLETED)
