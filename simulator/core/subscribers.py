"""Subscribers: people with a wallet and a phone. How a phone answers by itself is a policy; it gets SMS."""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, NewType

from msgspec import Struct

from simulator.core.errors import DailyLimitExceeded, PinLocked, WrongPin
from simulator.core.journal import Event, EventKind
from simulator.core.money import ZERO, Money

if TYPE_CHECKING:
    from simulator.core.payments import Payment
    from simulator.core.store import Transaction
    from simulator.core.worlds import World

Msisdn = NewType("Msisdn", str)

_MSISDN = re.compile(r"254[17][0-9]{8}")
THINKS_SECONDS = 7.0  # with two of latency behind it: about nine seconds, as captured


def parse_msisdn(text: str) -> Msisdn:
    if not _MSISDN.fullmatch(text):
        raise ValueError(f"{text!r} is not a Kenyan mobile number: expected 12 digits, 2547… or 2541…")
    return Msisdn(text)


class Policy(StrEnum):
    """How a subscriber answers a prompt unless told otherwise."""

    MANUAL = "manual"
    APPROVE = "approve"
    CANCEL = "cancel"
    IGNORE = "ignore"


class Subscriber(Struct, frozen=True):
    """Stored once it differs from what its number says. The balance is the ledger's.

    `is_known` to the network, `is_registered` for the wallet, whose account `is_active` and takes money.
    """

    kind: ClassVar[str] = "subscriber"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    name: str
    pin: str = "1234"
    policy: Policy = Policy.APPROVE
    thinks_seconds: float = THINKS_SECONDS
    types_pin: str = ""
    is_reachable: bool = True
    is_busy: bool = False
    is_locked: bool = False
    is_known: bool = True
    is_registered: bool = True
    is_active: bool = True
    spent_before: Money = ZERO

    @property
    def has_wallet(self) -> bool:
        return self.is_known and self.is_registered

    @property
    def typed_pin(self) -> str:
        return self.types_pin or self.pin


class DaySpend(Struct, frozen=True):
    """What a subscriber paid on one day in Nairobi; a new day overwrites it."""

    kind: ClassVar[str] = "day_spend"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    day: date
    amount: Money


class Message(Struct, frozen=True):
    """An SMS. Its key is that of the payment that it tells of."""

    kind: ClassVar[str] = "message"
    indexes: ClassVar[tuple[str, ...]] = ("msisdn",)

    key: str
    msisdn: str
    at: datetime
    text: str
    correlation: str


def subscriber_of(tx: Transaction, world: World, msisdn: str) -> Subscriber:
    """The stored subscriber, or the one that the number stands for: a persona, or anybody."""
    return tx.get(Subscriber, msisdn) or world.template.subscriber(msisdn)


def check_pin(subscriber: Subscriber, pin: str) -> None:
    if subscriber.is_locked:
        raise PinLocked(f"the PIN of {subscriber.key} is locked")
    if pin != subscriber.pin:
        raise WrongPin(f"{subscriber.key} typed a wrong PIN")


def spent_on(tx: Transaction, subscriber: Subscriber, day: date) -> Money:
    spend = tx.get(DaySpend, subscriber.key)
    today = spend.amount if spend is not None and spend.day == day else ZERO
    return today + subscriber.spent_before


def spend(tx: Transaction, subscriber: Subscriber, amount: Money, *, day: date, limit: Money) -> None:
    """Adds to the day's total; raises when that would exceed the limit."""
    total = spent_on(tx, subscriber, day) + amount
    if total > limit:
        raise DailyLimitExceeded(f"{subscriber.key} would pay {total} on {day}, the limit is {limit}")
    tx.put(DaySpend(subscriber.key, day, total - subscriber.spent_before))


def send_message(tx: Transaction, payment: Payment, text: str, at: datetime) -> None:
    """Sends the payment's subscriber an SMS, the only one of this payment."""
    tx.put(Message(payment.key, payment.msisdn, at, text, payment.correlation))
    told = {"msisdn": payment.msisdn, "text": text}
    tx.append(Event(EventKind.MESSAGE, at, told, correlation=payment.correlation, payment=payment.key))
