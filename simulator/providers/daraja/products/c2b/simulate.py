"""C2B simulate: POST /mpesa/c2b/v1/simulate and /mpesa/c2b/v2/simulate. The sandbox's stand-in for a customer."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from simulator.core import payments
from simulator.core.errors import InvalidField
from simulator.core.faults import Facts
from simulator.core.merchants import ShortcodeKind, merchant_of
from simulator.core.money import Money
from simulator.core.store import Transaction
from simulator.core.worlds import World
from simulator.edge.exchange import Exchange, Reply
from simulator.edge.provider import PhonePayment
from simulator.edge.wire import Wire
from simulator.providers.daraja.conversations import ACCEPTED
from simulator.providers.daraja.models import (
    BUY_GOODS,
    PAYBILL,
    CustomerCommand,
    PaidShortcode,
    Payable,
    WireMsisdn,
    parse,
)
from simulator.providers.daraja.products.c2b.acknowledgement import acknowledgement
from simulator.providers.daraja.products.c2b.collection import begin, choose_course, process_later
from simulator.providers.daraja.strictness import BILL_CHARACTERS, is_strict

COMMANDS = {ShortcodeKind.PAYBILL: PAYBILL, ShortcodeKind.TILL: BUY_GOODS}


def _account(value: object) -> str:
    """An account number, or nothing: a till has none."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError("expected the account number as text")
    return str(value).strip()


class SimulateRequest(Wire):
    """Fields in documented order: the first bad one is the one that is named."""

    shortcode: PaidShortcode = Field(alias="ShortCode")
    command: CustomerCommand = Field(alias="CommandID")
    shillings: Payable = Field(alias="Amount")
    msisdn: WireMsisdn = Field(alias="Msisdn")
    account: Annotated[str, BeforeValidator(_account)] = Field(alias="BillRefNumber", default="")

    @property
    def payment(self) -> PhonePayment:
        account = self.account if self.command == PAYBILL else ""
        return PhonePayment(self.msisdn, self.shortcode, account, Money.shillings(self.shillings))


async def simulate(exchange: Exchange) -> Reply:
    """Answers at once; the simulated customer pays a moment later."""
    asked, world = parse(exchange, SimulateRequest), exchange.world
    await world.run(lambda tx: _check(tx, world, asked))
    facts = Facts("c2b_simulate", asked.msisdn, str(asked.payment.amount), asked.payment.reference)
    await exchange.choose_acknowledgement(facts)
    payment = await begin(world, asked.payment, correlation=exchange.correlation)
    course = await choose_course(world, payment)

    def work(tx: Transaction) -> Reply:
        _check(tx, world, asked)
        payments.record(tx, payment)
        wait = world.wait_seconds(world.provider_settings(tx, "daraja").latency["c2b.processing"])
        process_later(tx, payment, course, world.now() + timedelta(seconds=wait + course.delay_seconds))
        reply = acknowledgement(exchange, code="0", description=ACCEPTED)
        exchange.record(tx, reply, payment.key)
        return reply

    return await world.run(work)


def _check(tx: Transaction, world: World, asked: SimulateRequest) -> None:
    merchant = merchant_of(tx, world, asked.shortcode)
    if merchant is None:
        raise InvalidField("ShortCode", f"no merchant has the shortcode {asked.shortcode}")
    if merchant.urls is None:
        raise InvalidField("ShortCode", f"{asked.shortcode} has registered no URLs")
    if asked.command != COMMANDS[merchant.what]:
        raise InvalidField("CommandID", f"{asked.shortcode} is a {merchant.what}: expected {COMMANDS[merchant.what]}")
    if asked.command == PAYBILL and not asked.account:
        raise InvalidField("BillRefNumber", "a paybill is paid with an account number")
    if is_strict(tx, world, "short_texts") and len(asked.account) > BILL_CHARACTERS:
        raise InvalidField("BillRefNumber", f"more than {BILL_CHARACTERS} characters")
