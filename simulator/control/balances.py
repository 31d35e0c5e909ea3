"""Amounts as the control API takes them, and balances set by hand."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from simulator.core.ledger import OUTSIDE, AccountName, Entry, transfer
from simulator.core.money import ZERO, Money
from simulator.core.store import Transaction
from simulator.core.worlds import World


def _amount(told: str) -> str:
    amount = Money.parse(told)
    if amount < ZERO:
        raise ValueError(f"{amount} is negative")
    return str(amount)


def _not_nothing(told: str) -> str:
    if Money.parse(told) == ZERO:
        raise ValueError("nothing is no payment")
    return told


Amount = Annotated[str, AfterValidator(_amount)]
Payable = Annotated[Amount, AfterValidator(_not_nothing)]


def set_balance(tx: Transaction, world: World, account: AccountName, wanted: Money, key: str) -> None:
    """Money from outside, or back to it, so that the account holds what is wanted."""
    change = wanted - tx.balance(account).balance
    if change != ZERO:
        tx.post(Entry(f"{key}:{account}", world.now(), "", transfer(OUTSIDE, account, change)))
