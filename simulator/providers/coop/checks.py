"""What a transfer must fulfil to be accepted, in the order in which the bank looks [inferred]: its form, its parties,
whether it was seen before, the day's limit. Each refusal has a code of its own."""

from __future__ import annotations

import contextlib
from collections import Counter

from simulator.core.banks import account_key, account_of, bank_of, clearing_code
from simulator.core.errors import DuplicateReference
from simulator.core.money import ZERO, Money
from simulator.core.store import Transaction
from simulator.core.subscribers import DaySpend, Msisdn, parse_msisdn
from simulator.core.worlds import World
from simulator.edge.provider import RefusedAs
from simulator.providers.coop.models import COOP, AccountDestination, PhoneDestination, TransferOrder
from simulator.providers.coop.requests import CURRENCY, TransferRequest
from simulator.providers.coop.strictness import is_strict

MESSAGE_CHARACTERS, REFERENCE_CHARACTERS = 27, 30
PHONE_CHARACTERS = range(10, 14)


def check(tx: Transaction, world: World, order: TransferOrder) -> None:
    """Raises the first thing that is wrong."""
    check_length(order.reference)
    _check_legs(order)
    _check_limits(tx, world, order)
    _check_references(order, is_strict=is_strict(tx, world, "leg_references"))
    for leg in order.legs:
        if isinstance(leg, PhoneDestination):
            msisdn_of(leg.phone)
        if isinstance(leg, AccountDestination):
            member_bank(tx, world, leg.bank_code)
    check_owned(tx, world, order.source.account)
    if tx.get(TransferRequest, order.reference) is not None:
        raise DuplicateReference(f"MessageReference: {order.reference!r} was accepted before")
    _check_day(tx, world, order)


def check_length(reference: str) -> None:
    if len(reference) > MESSAGE_CHARACTERS:
        raise RefusedAs("reference_too_long", f"MessageReference has more than {MESSAGE_CHARACTERS} characters")


def check_owned(tx: Transaction, world: World, number: str) -> None:
    """Whether the caller may use the account."""
    if account_of(tx, world, account_key(COOP, number)).surface != "coop":
        raise RefusedAs("debit_account_authorization_failure", f"{number} is not an account of the caller's")


def member_bank(tx: Transaction, world: World, told: str) -> str:
    """The clearing code of a bank that takes part, however it was spelt."""
    bank = bank_of(tx, world, clearing_code(told))
    if bank is None or not bank.is_member:
        raise RefusedAs("not_a_member_bank", f"{told!r} is not the code of a bank that takes part in PesaLink")
    return bank.key


def msisdn_of(phone: str) -> Msisdn:
    """`07…`, `2547…` and `+2547…` are one number; so with `1` for `7`."""
    digits = phone.strip().removeprefix("+")
    with contextlib.suppress(ValueError):
        if len(phone) in PHONE_CHARACTERS:
            return parse_msisdn("254" + digits[1:] if digits.startswith("0") else digits)
    raise RefusedAs("invalid_phone_number", f"{phone!r} is not a Kenyan mobile number of 10 to 13 characters")


def _check_legs(order: TransferOrder) -> None:
    legs = order.legs
    long = [leg.reference for leg in legs if len(leg.reference) > REFERENCE_CHARACTERS]
    if long:
        raise RefusedAs("reference_too_long", f"{long[0]} has more than {REFERENCE_CHARACTERS} characters")
    odd = [told for told in (order.source.currency, *(leg.currency for leg in legs)) if told != CURRENCY]
    if odd:
        raise RefusedAs("currency_not_allowed", f"TransactionCurrency is {odd[0]!r}, expected {CURRENCY}")
    amounts = [order.source.amount, *(leg.amount for leg in legs)]
    if min(amounts) <= ZERO:
        raise RefusedAs("amount_not_positive", f"{min(amounts)} is not more than 0")
    credited = sum((leg.amount for leg in legs), ZERO)
    if credited != order.source.amount:
        raise RefusedAs("amounts_not_balancing", f"{order.source.amount} is debited, {credited} credited")


def _check_limits(tx: Transaction, world: World, order: TransferOrder) -> None:
    """They are PesaLink's, and hold for each leg, for those within the bank too [inferred]."""
    limits = world.provider_settings(tx, "coop").limits
    least, most = Money.parse(limits["minimum"]), Money.parse(limits["maximum"])
    odd = [leg.amount for leg in order.legs if not least <= leg.amount <= most]
    if odd:
        raise RefusedAs("amount_out_of_limits", f"{odd[0]} is not from {least} to {most}")


def _check_references(order: TransferOrder, *, is_strict: bool) -> None:
    """A known client sends the MessageReference as its leg's too, which the published text forbids: a flag's matter."""
    count = Counter(leg.reference for leg in order.legs)
    repeated = [reference for reference, times in count.items() if times > 1]
    if is_strict and order.reference in count:
        repeated.append(order.reference)
    if repeated:
        raise RefusedAs("duplicate_reference", f"ReferenceNumber {repeated[0]!r} is told twice")


def _check_day(tx: Transaction, world: World, order: TransferOrder) -> None:
    """Known at once; the debit counts."""
    limit = Money.parse(world.provider_settings(tx, "coop").limits["daily"])
    spent, today = tx.get(DaySpend, account_key(COOP, order.source.account)), world.now().date()
    total = order.source.amount + (spent.amount if spent is not None and spent.day == today else ZERO)
    if total > limit:
        raise RefusedAs("daily_limit_exhausted", f"{order.source.account} would pay {total} today, of {limit}")
