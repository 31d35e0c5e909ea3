"""The SMS that M-PESA sends: to whoever paid or was paid, and to whoever could not pay."""

from __future__ import annotations

from datetime import datetime

from simulator.core.ledger import Entry, wallet
from simulator.core.merchants import merchant_of
from simulator.core.money import ZERO, Money
from simulator.core.payments import Payment
from simulator.core.store import Transaction
from simulator.core.subscribers import send_message, spent_on, subscriber_of
from simulator.core.worlds import World


def tell_payer(tx: Transaction, world: World, payment: Payment) -> None:
    """The payment's receipt, what is left, and what may still be paid today [captured Oct 2026]."""
    at = payment.decided_at
    assert at is not None
    balance = tx.balance(wallet(payment.msisdn)).balance
    limit = Money.parse(world.provider_settings(tx, "daraja").limits["daily"])
    left = limit - spent_on(tx, subscriber_of(tx, world, payment.msisdn), at.date())
    text = (
        f"{payment.receipt} Confirmed. Ksh{_grouped(payment.amount)} sent to {_payee(tx, world, payment)} "
        f"on {_day_and_time(at)} New M-PESA balance is Ksh{_grouped(balance)}. "
        f"Transaction cost, Ksh{_grouped(_cost(tx, payment))}. "
        f"Amount you can transact within the day is {_grouped(left)}."
    )
    send_message(tx, payment, text, at)


def tell_payee(tx: Transaction, world: World, payment: Payment) -> None:
    """A payout that arrived. Our wording: no capture shows one."""
    merchant, at = merchant_of(tx, world, payment.merchant), payment.decided_at
    assert merchant is not None, f"{payment.key} came from nobody"
    assert at is not None
    text = (
        f"{payment.receipt} Confirmed. You have received Ksh{_grouped(payment.amount)} from {merchant.name} "
        f"on {_day_and_time(at)}. New M-PESA balance is Ksh{_grouped(tx.balance(wallet(payment.msisdn)).balance)}."
    )
    send_message(tx, payment, text, at)


def tell_failure(tx: Transaction, world: World, payment: Payment, why: str) -> None:
    """Our wording: no capture shows one."""
    at = payment.decided_at
    assert at is not None
    sum_and_payee = f"Ksh{_grouped(payment.amount)} to {_payee(tx, world, payment)}"
    send_message(tx, payment, f"Failed. Your payment of {sum_and_payee} was not completed: {why}.", at)


def _payee(tx: Transaction, world: World, payment: Payment) -> str:
    """Where the payment goes; a till is paid without an account."""
    merchant = merchant_of(tx, world, payment.merchant)
    assert merchant is not None, f"{payment.key} went to nobody"
    return f"{merchant.name} for account {payment.reference}" if payment.reference else merchant.name


def _cost(tx: Transaction, payment: Payment) -> Money:
    """What the payment cost the payer beyond its amount."""
    entry = tx.get(Entry, f"entry:{payment.key}")
    assert entry is not None, f"{payment.key} moved no money"
    paid = -sum((posting.amount for posting in entry.postings if posting.account == wallet(payment.msisdn)), ZERO)
    return paid - payment.amount


def _grouped(amount: Money) -> str:
    return f"{amount.minor // 100:,}.{amount.minor % 100:02d}"


def _day_and_time(at: datetime) -> str:
    half = "AM" if at.hour < 12 else "PM"
    return f"{at.day}/{at.month}/{at.year % 100:02d} at {at.hour % 12 or 12}:{at.minute:02d} {half}"
