"""A customer pays a paybill or till from the phone's own menu: nobody calls Daraja for it."""

from __future__ import annotations

from datetime import timedelta

from simulator.core import payments
from simulator.core.errors import Declined, InvalidField, LineBusy, SubscriberUnreachable, UnknownMerchant
from simulator.core.merchants import ShortcodeKind, merchant_of
from simulator.core.payments import Payment
from simulator.core.store import Transaction
from simulator.core.subscribers import check_pin, subscriber_of
from simulator.core.worlds import World
from simulator.edge.provider import PhonePayment
from simulator.providers.daraja.products.c2b.collection import begin, choose_course, decline, go_on, process_later
from simulator.providers.daraja.strictness import BILL_CHARACTERS


async def pay(world: World, asked: PhonePayment) -> Payment:
    """The payment as the phone shows it: decided, unless the merchant is asked first or a rule delays it.

    `UnknownMerchant` and `InvalidField` when the menu would not take what was typed.
    """
    await world.run(lambda tx: _check_menu(tx, world, asked))
    begun = await begin(world, asked)
    course = await choose_course(world, begun)

    def work(tx: Transaction) -> None:
        _check_phone(tx, world, asked)
        payments.record(tx, begun)
        if course.delay_seconds:
            process_later(tx, begun, course, world.now() + timedelta(seconds=course.delay_seconds))
        else:
            go_on(tx, world, begun, rejection=course.rejection)

    try:
        await world.run(work)
    except Declined as raised:
        error = raised
        await world.run(lambda tx: decline(tx, world, begun, error))
    return await world.run(lambda tx: tx.get(Payment, begun.key) or begun)


def _check_menu(tx: Transaction, world: World, asked: PhonePayment) -> None:
    merchant = merchant_of(tx, world, asked.shortcode)
    if merchant is None:
        raise UnknownMerchant(f"no merchant has the shortcode {asked.shortcode}")
    if merchant.what is ShortcodeKind.TILL and asked.reference:
        raise InvalidField("reference", f"{asked.shortcode} is a till, which is paid without an account number")
    if merchant.what is ShortcodeKind.PAYBILL and not 1 <= len(asked.reference) <= BILL_CHARACTERS:
        raise InvalidField("reference", f"expected an account number of 1 to {BILL_CHARACTERS} characters")


def _check_phone(tx: Transaction, world: World, asked: PhonePayment) -> None:
    subscriber = subscriber_of(tx, world, asked.msisdn)
    if not subscriber.is_reachable:
        raise SubscriberUnreachable(f"{asked.msisdn} is off or out of reach")
    if subscriber.is_busy:
        raise LineBusy(f"{asked.msisdn} is in another session")
    check_pin(subscriber, subscriber.typed_pin if asked.pin is None else asked.pin)
