"""Transfers: pesalinkacc, pesalinkMobile and internalBankTransfer, with their /imt forms. Each waits for its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import orjson
from msgspec import Struct

from simulator.core import payments, switch
from simulator.core.banks import (
    account_key,
    account_of,
    bank_of,
    clearing_code,
    ledger_account,
    linked_at,
)
from simulator.core.errors import DuplicateReference
from simulator.core.faults import Delay, Effect, Facts, Fail
from simulator.core.jobs import Job
from simulator.core.money import ZERO, Money
from simulator.core.payments import Kind, Payment, State
from simulator.core.store import Transaction, subject_of
from simulator.core.switch import Transfer, end_to_end_id
from simulator.core.worlds import World
from simulator.edge.exchange import Exchange, Reply
from simulator.edge.provider import RefusedAs
from simulator.providers.jenga.catalogue import ACKNOWLEDGED, ENDS_WITH, OUTCOMES, PENDING
from simulator.providers.jenga.errors import error_reply
from simulator.providers.jenga.models import (
    PesalinkAccount,
    PesalinkMobile,
    ToAccount,
    TransferRequest,
    check_transfer,
    parse,
    phone_of,
)
from simulator.providers.jenga.signing import check_signature

EQUITY = "68"
CURRENCY = "KES"
PESALINK, INTERNAL = "pesalink", "internal"  # tariffs: of the second there is none, and nothing is charged


class Remittance(Struct, frozen=True):
    """What Jenga remembers of a transfer, by the client's reference, which is unique."""

    kind: ClassVar[str] = "jenga_remittance"
    indexes: ClassVar[tuple[str, ...]] = ()

    key: str
    payment: str
    service: str
    correlation: str


class Order(Struct, frozen=True):
    """A transfer as it was asked for, its form checked. `payee` finds the payee's account, or refuses.

    `tariff` is what is charged by; the limits are PesaLink's, and of no other.
    """

    asked: TransferRequest
    service: str
    tariff: str
    payee: Callable[[Transaction, World], str]
    msisdn: str = ""


async def pesalink_account(exchange: Exchange) -> Reply:
    asked = parse(exchange, PesalinkAccount)
    check_transfer(asked, destination="bank", is_pesalink=True)
    await _check_pesalink_signature(exchange, asked)

    def payee(tx: Transaction, world: World) -> str:
        return account_key(_bank(tx, world, asked.bank), asked.account)

    service = _service(exchange, "PESALINK_ACCOUNT")
    return await _transfer(exchange, Order(asked, service, PESALINK, payee))


async def pesalink_mobile(exchange: Exchange) -> Reply:
    asked = parse(exchange, PesalinkMobile)
    check_transfer(asked, destination="mobile", is_pesalink=True)
    msisdn = phone_of(asked.phone)
    await _check_pesalink_signature(exchange, asked)

    def payee(tx: Transaction, world: World) -> str:
        bank = _bank(tx, world, asked.bank)
        _check_reference(tx, asked.reference)
        account = linked_at(tx, world, msisdn, bank)
        if account is None:
            raise RefusedAs("bad_destination_account", f"{msisdn} is linked to no account at bank {bank}")
        return account

    service = _service(exchange, "PESALINK_MOBILE")
    return await _transfer(exchange, Order(asked, service, PESALINK, payee, msisdn))


async def internal_transfer(exchange: Exchange) -> Reply:
    """Within Equity: another order of signing, no fee, and no limits of PesaLink's."""
    asked = parse(exchange, ToAccount)
    check_transfer(asked, destination="bank", is_pesalink=False)
    await check_signature(exchange, asked.payer, asked.amount, asked.currency, asked.reference)
    service, payee = _service(exchange, "INTERNAL_BANK_TRANSFER"), account_key(EQUITY, asked.account)
    return await _transfer(exchange, Order(asked, service, INTERNAL, lambda tx, world: payee))


async def _check_pesalink_signature(exchange: Exchange, asked: TransferRequest) -> None:
    await check_signature(exchange, asked.amount, asked.currency, asked.reference, asked.payee_name, asked.payer)


def _service(exchange: Exchange, name: str) -> str:
    """`PESALINK_MOBILE_IMT` is the documented example."""
    return f"{name}_IMT" if exchange.received.path.endswith("/imt") else name


async def _transfer(exchange: Exchange, order: Order) -> Reply:
    """Accepts, waits for the outcome, answers it from the record."""
    world = exchange.world
    effect = await _chosen(exchange, order) if world.rules else None
    number = await world.take("payment")

    def accept(tx: Transaction) -> str:
        payer, payee, amount = _check(tx, world, order)
        payment = _payment(exchange, order, f"p{number:06d}", (payer, payee), amount)
        told = Transfer(
            key=payment.key,
            payer=payer,
            payee=payee,
            end_to_end_id=payment.provider_reference,
            correlation=exchange.correlation,
            name=order.asked.payee_name,
            narration=order.asked.description,
            tariff=order.tariff,
        )
        tx.put(Remittance(order.asked.reference, payment.key, order.service, exchange.correlation))
        delay = effect.seconds if isinstance(effect, Delay) else 0.0
        forced = effect.code if isinstance(effect, Fail) else ""
        switch.start(tx, world, payment, told, delay_seconds=delay, forced=forced)
        return payment.key

    await exchange.transferred(await world.run(accept))
    return await world.run(lambda tx: _answer(tx, exchange, order.asked))


async def _chosen(exchange: Exchange, order: Order) -> Effect | None:
    """What fault rules want between acceptance and outcome. They count what they meet: nothing that is refused."""
    _, _, amount = await exchange.world.run(lambda tx: _check(tx, exchange.world, order))
    facts = Facts(exchange.operation, order.msisdn, str(amount), order.asked.reference)
    await exchange.choose_acknowledgement(facts)
    processing = await exchange.choose_fault("processing", facts)
    return processing.effect if processing is not None else None


def _check(tx: Transaction, world: World, order: Order) -> tuple[str, str, Money]:
    """Payer, payee and amount, in Jenga's order [inferred]: currency and amount, payer, bank, reference, phone."""
    asked = order.asked
    amount = _amount(tx, world, order)
    payer = account_of(tx, world, account_key(EQUITY, asked.payer))
    if payer.surface != "jenga":
        raise RefusedAs("account_not_configured", f"source.accountNumber {asked.payer} is no account of the caller's")
    payee = order.payee(tx, world)
    _check_reference(tx, asked.reference)
    if payee == payer.key:
        raise RefusedAs("bad_destination_account", f"{asked.payer} cannot pay itself")
    return payer.key, payee, amount


def _amount(tx: Transaction, world: World, order: Order) -> Money:
    if order.asked.currency != CURRENCY:
        raise RefusedAs(
            "currency_or_amount_invalid", f"transfer.currencyCode is {order.asked.currency!r}, expected KES"
        )
    try:
        amount = Money.parse(order.asked.amount)
    except ValueError as error:
        raise RefusedAs("currency_or_amount_invalid", f"transfer.amount: {error}") from None
    if amount <= ZERO:
        raise RefusedAs("currency_or_amount_invalid", f"transfer.amount is {amount}")
    limits = world.provider_settings(tx, "jenga").limits
    low, high = Money.parse(limits["minimum"]), Money.parse(limits["maximum"])
    if order.tariff == PESALINK and not low <= amount <= high:
        raise RefusedAs("transfer_limit", f"transfer.amount {amount} is not within {low} and {high}")
    return amount


def _bank(tx: Transaction, world: World, told: str) -> str:
    code = clearing_code(told)
    bank = bank_of(tx, world, code) if code else None
    if bank is None or not bank.is_member:
        raise RefusedAs("unparseable", f"destination.bankCode {told!r} is of no bank that takes part in the switch")
    return code


def _check_reference(tx: Transaction, reference: str) -> None:
    if tx.get(Remittance, reference) is not None:
        raise DuplicateReference(f"transfer.reference {reference!r} was sent before")


def _payment(exchange: Exchange, order: Order, key: str, between: tuple[str, str], amount: Money) -> Payment:
    world, (payer, payee) = exchange.world, between
    payment = Payment(
        key=key,
        what=Kind.TRANSFER,
        operation=exchange.place,
        amount=amount,
        msisdn=order.msisdn,
        merchant=order.asked.payer,
        reference=order.asked.reference,
        provider_reference=end_to_end_id(world, payer, payee, int(key[1:])),
        correlation=exchange.correlation,
        account=ledger_account(payee),
    )
    return payments.begun(payment, world.now())


def _answer(tx: Transaction, exchange: Exchange, asked: TransferRequest) -> Reply:
    payment = tx.get(Payment, exchange.payment)
    if payment is None or not payment.is_decided:
        told = {"status": True, "code": PENDING, "message": ACKNOWLEDGED, "reference": asked.reference}
        reply = Reply(200, orjson.dumps(told))
    elif payment.state is State.SUCCEEDED:
        reply = Reply(200, orjson.dumps(_success(payment, asked)))
    else:
        assert payment.failure is not None, f"{payment.key} failed for no reason"
        error = ENDS_WITH[OUTCOMES.of(payment.failure).code]
        reply = error_reply(exchange, error, why=f"{payment.key} failed: {payment.failure.reason}")
    exchange.record(tx, reply)
    return reply


def _success(payment: Payment, asked: TransferRequest) -> dict[str, object]:
    return {
        "status": True,
        "code": 0,
        "message": "success",
        "reference": payment.reference,
        "data": {
            "transactionId": payment.receipt,
            "status": "SUCCESS",
            "description": confirmation(payment, asked.payee_name),
        },
    }


def confirmation(payment: Payment, name: str) -> str:
    """It begins so [official]; the rest is ours."""
    return f"Confirmed. KES {payment.amount} sent to {name}. Ref {payment.receipt}"


async def close(world: World, job: Job) -> None:
    """Job: the transfer is decided. Its caller waits for that, and there is no callback to send."""

    def work(tx: Transaction) -> None:
        if subject_of(tx, job, Payment) is not None:
            tx.done(job)

    await world.run(work)


OPERATIONS = ("pesalink_account", "pesalink_mobile", "internal_transfer")
JOBS = {f"jenga.{operation}.decided": close for operation in OPERATIONS}
