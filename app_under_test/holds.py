"""Holds: the money of a withdrawal on its way. It leaves what is available at once, and ends as paid or released.

Whoever calls this has won the guarded update that allows it; that an entry of a kind exists once is a second guard.
"""

from sqlalchemy import Connection

from app_under_test import ledger


def hold(connection: Connection, customer: str, amount: int, *, withdrawal: str, at: str) -> None:
    """Raises `Overdrawn` if less is available."""
    legs = _legs(ledger.customer_account(customer), ledger.held_account(customer), amount)
    ledger.post(connection, legs, kind="hold", reference=withdrawal, at=at)


def release(connection: Connection, customer: str, amount: int, *, withdrawal: str, at: str) -> None:
    legs = _legs(ledger.held_account(customer), ledger.customer_account(customer), amount)
    ledger.post(connection, legs, kind="release", reference=withdrawal, at=at)


def pay(
    connection: Connection, customer: str, amount: int, *, withdrawal: str, at: str, to: str = ledger.FLOAT
) -> None:
    legs = _legs(ledger.held_account(customer), to, amount)
    ledger.post(connection, legs, kind="withdrawal", reference=withdrawal, at=at)


def pay_after_release(
    connection: Connection, customer: str, amount: int, *, withdrawal: str, at: str, to: str = ledger.FLOAT
) -> None:
    """The provider said no, and the money moved all the same.

    The customer may have spent it: then it is missing, and suspense shows that until a person has seen to it.
    """
    try:
        with connection.begin_nested():
            legs = _legs(ledger.customer_account(customer), to, amount)
            ledger.post(connection, legs, kind="withdrawal", reference=withdrawal, at=at)
    except ledger.Overdrawn:
        legs = _legs(ledger.SUSPENSE, to, amount)
        ledger.post(connection, legs, kind="withdrawal", reference=withdrawal, at=at)


def charge(connection: Connection, fee: int, *, withdrawal: str, at: str) -> None:
    """What the bank's own bank took for the transfer is the bank's cost, not the customer's."""
    if fee:
        legs = _legs(ledger.FEES, ledger.PESALINK, fee)
        ledger.post(connection, legs, kind="fee", reference=withdrawal, at=at)


def _legs(source: str, to: str, amount: int) -> tuple[ledger.Posting, ...]:
    return ledger.Posting(source, -amount), ledger.Posting(to, amount)
