"""Transfers: POST /FundsTransfer/…, acknowledged at once. Each leg is a payment of the switch; what comes of them all
is told by `outcome`."""

from __future__ import annotations

from datetime import timedelta

import orjson

from simulator.core import payments, switch
from simulator.core.banks import account_key, clearing_code, ledger_account, linked_accounts
from simulator.core.errors import AccountMissing, Forced
from simulator.core.faults import Delay, Facts, Fail, FaultRule
from simulator.core.payments import Kind, Payment
from simulator.core.prompts import decline_later
from simulator.core.store import Transaction
from simulator.core.switch import Transfer, end_to_end_id
from simulator.core.worlds import World
from simulator.edge.exchange import Exchange, Reply
from simulator.providers.coop.checks import check, msisdn_of
from simulator.providers.coop.codes import TRIGGER_REFERENCES
from simulator.providers.coop.models import (
    COOP,
    AccountOrder,
    AccountOrderV2,
    InternalOrder,
    InternalOrderV2,
    PhoneOrder,
    TransferOrder,
    parse,
)
from simulator.providers.coop.requests import Leg, TransferRequest, acknowledgement

ACCEPTED = "REQUEST ACCEPTED FOR PROCESSING"
PESALINK, FREE = "pesalink", ""  # tariffs


async def to_account(exchange: Exchange) -> Reply:
    return await _accept(exchange, parse(exchange, AccountOrder))


async def to_account_v2(exchange: Exchange) -> Reply:
    return await _accept(exchange, parse(exchange, AccountOrderV2))


async def to_phone(exchange: Exchange) -> Reply:
    return await _accept(exchange, parse(exchange, PhoneOrder))


async def internal(exchange: Exchange) -> Reply:
    return await _accept(exchange, parse(exchange, InternalOrder), tariff=FREE)


async def internal_v3(exchange: Exchange) -> Reply:
    return await _accept(exchange, parse(exchange, InternalOrderV2), tariff=FREE)


async def _accept(exchange: Exchange, order: TransferOrder, *, tariff: str = PESALINK) -> Reply:
    """Accepted is not paid: nothing has moved when this answers."""
    world = exchange.world
    if world.rules:  # they count what they meet, which is nothing that is refused
        await world.run(lambda tx: check(tx, world, order))
    request = await _begun(exchange, order)
    await exchange.choose_acknowledgement(request.facts)
    rules = [await exchange.choose_fault("processing", _facts(exchange, leg)) for leg in request.legs]
    told = acknowledgement(request.key, exchange.at, "0", ACCEPTED)
    reply = Reply(200, orjson.dumps(told))

    def work(tx: Transaction) -> Reply:
        check(tx, world, order)
        tx.put(request)
        for leg, rule in zip(request.legs, rules, strict=True):
            _start(tx, world, request, leg, rule, tariff=tariff)
        exchange.record(tx, reply, request.legs[0].payment)
        return reply

    return await world.run(work)


async def _begun(exchange: Exchange, order: TransferOrder) -> TransferRequest:
    numbers = [await exchange.world.take("payment") for _ in order.legs]
    legs = tuple(
        Leg(f"p{number:06d}", leg.reference, leg.amount, leg.narration, leg.account, leg.bank_code, leg.phone)
        for number, leg in zip(numbers, order.legs, strict=True)
    )
    return TransferRequest(
        key=order.reference,
        operation=exchange.place,
        correlation=exchange.correlation,
        account=order.source.account,
        amount=order.source.amount,
        narration=order.source.narration,
        callback_url=order.callback_url,
        legs=legs,
    )


def _facts(exchange: Exchange, leg: Leg) -> Facts:
    msisdn = msisdn_of(leg.phone) if leg.phone else ""
    return Facts(exchange.operation, msisdn, str(leg.amount), leg.reference)


def _start(
    tx: Transaction, world: World, request: TransferRequest, leg: Leg, rule: FaultRule | None, *, tariff: str
) -> None:
    """The switch takes it from here; a phone that no bank knows, or who pays itself, it never sees."""
    effect = rule.effect if rule is not None else None
    forced = effect.code if isinstance(effect, Fail) else _triggered(request, leg)
    delay = effect.seconds if isinstance(effect, Delay) else 0.0
    payer, payee = account_key(COOP, request.account), _payee(tx, world, request, leg)
    if payee is None or payee == payer:
        _refuse_later(tx, world, _payment(request, leg, payee=payee or ""), forced, delay_seconds=delay)
        return
    transfer = Transfer(
        key=leg.payment,
        payer=payer,
        payee=payee,
        end_to_end_id=end_to_end_id(world, payer, payee, int(leg.payment.removeprefix("p"))),
        correlation=request.correlation,
        narration=leg.narration,
        tariff=tariff,
    )
    payment = _payment(request, leg, payee=payee, end_to_end_id=transfer.end_to_end_id)
    begun = payments.begun(payment, world.now())
    switch.start(tx, world, begun, transfer, delay_seconds=delay, forced=forced)


def _triggered(request: TransferRequest, leg: Leg) -> str:
    """The bank's own sandbox fails legs by some references."""
    return TRIGGER_REFERENCES.get(leg.reference) or TRIGGER_REFERENCES.get(request.key, "")


def _payee(tx: Transaction, world: World, request: TransferRequest, leg: Leg) -> str | None:
    """The account that is to be credited: a phone stands for that at its default bank."""
    if leg.phone:
        return next(iter(linked_accounts(tx, world, msisdn_of(leg.phone))), None)
    is_internal = request.operation == "coop.internal_transfer"
    return account_key(COOP if is_internal else clearing_code(leg.bank_code), leg.account)


def _payment(request: TransferRequest, leg: Leg, *, payee: str = "", end_to_end_id: str = "") -> Payment:
    return Payment(
        key=leg.payment,
        what=Kind.TRANSFER,
        operation=request.operation,
        amount=leg.amount,
        msisdn=msisdn_of(leg.phone) if leg.phone else "",
        merchant=request.account,
        reference=request.key,
        provider_reference=end_to_end_id,
        correlation=request.correlation,
        account=ledger_account(payee) if payee else "",
    )


def _refuse_later(tx: Transaction, world: World, payment: Payment, forced: str, *, delay_seconds: float) -> None:
    """Accepted, and failed by the look-up, before anything was debited."""
    operation = payment.operation.split(".")[1]
    published = world.provider_settings(tx, "coop").latency[f"{operation}.processing"]
    due = world.now() + timedelta(seconds=world.wait_seconds(published) + delay_seconds)
    named = payment.account or payment.msisdn
    error = Forced(forced) if forced else AccountMissing(f"{named} is no account to be paid")
    decline_later(tx, payments.begun(payment, world.now()), error, due)
