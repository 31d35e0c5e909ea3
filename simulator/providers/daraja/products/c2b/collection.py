"""The life of a C2B payment: begun by phone or simulation, validated where the merchant wants that, paid, confirmed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from msgspec import Struct

from simulator.core import payments
from simulator.core.errors import (
    AccountInactive,
    AmountTooLarge,
    AmountTooSmall,
    Declined,
    PartyInactive,
    UnregisteredParty,
    ValidationRejected,
    ValidationUnanswered,
)
from simulator.core.faults import Delay, Facts, Fail, choose_fault
from simulator.core.jobs import Job
from simulator.core.merchants import Merchant, merchant_of
from simulator.core.money import Money
from simulator.core.payments import Failure, Kind, Move, Payment, State
from simulator.core.settlement import collect, decide, decided, job_for
from simulator.core.store import Transaction, subject_of
from simulator.core.subscribers import subscriber_of
from simulator.core.worlds import World
from simulator.edge.provider import PhonePayment
from simulator.providers.daraja.messages import tell_failure, tell_payer
from simulator.providers.daraja.models import MAXIMUM_SHILLINGS
from simulator.providers.daraja.products.c2b.codes import ACCEPTED, told_to_payer
from simulator.providers.daraja.products.c2b.notices import OwnName, ask_merchant, confirm

OPERATION = "daraja.c2b"
MINIMUM, MAXIMUM = Money.shillings(1), Money.shillings(MAXIMUM_SHILLINGS)


class Course(Struct, frozen=True):
    """What a fault rule wants of a payment: to begin later, to be refused as if the merchant had."""

    delay_seconds: float = 0
    rejection: str = ""


class Verdict(Struct, frozen=True):
    """What a merchant answered when it was asked: a code, and perhaps a name of its own for the payment."""

    code: str
    own_name: str = ""


async def begin(world: World, asked: PhonePayment, *, correlation: str = "") -> Payment:
    """A payment that is not stored yet. Its receipt is taken now: validation names it [captured]."""
    number, receipt, now = await world.take("payment"), await world.take_receipt_number(), world.now()
    key = f"p{number:06d}"
    payment = Payment(
        key=key,
        what=Kind.COLLECTION,
        operation=OPERATION,
        amount=asked.amount,
        msisdn=asked.msisdn,
        merchant=asked.shortcode,
        reference=asked.reference,
        provider_reference=world.receipt("daraja", now, receipt),
        correlation=correlation or key,
    )
    return payments.begun(payment, now)


async def choose_course(world: World, payment: Payment) -> Course:
    facts = Facts("c2b", payment.msisdn, str(payment.amount), payment.reference)
    rule = await choose_fault(world, f"{OPERATION}.processing", facts)
    if rule is not None and isinstance(rule.effect, Delay):
        return Course(delay_seconds=rule.effect.seconds)
    return Course(rejection=rule.effect.code) if rule is not None and isinstance(rule.effect, Fail) else Course()


def process_later(tx: Transaction, payment: Payment, course: Course, due: datetime) -> None:
    tx.put(job_for(f"{OPERATION}.process", payment, due, rejection=course.rejection))


async def process(world: World, job: Job) -> None:
    """Job: the payment's turn has come."""

    def work(tx: Transaction) -> None:
        payment = subject_of(tx, job, Payment)
        if payment is None:
            return
        tx.done(job)
        go_on(tx, world, payment, rejection=job.details["rejection"])

    await decide(world, job.subject, work, closing=lambda tx, _world, _payment: tx.done(job))


def go_on(tx: Transaction, world: World, payment: Payment, *, rejection: str) -> None:
    """Asks the merchant, where it wants to be asked; else the money moves, or raises why not."""
    merchant = _check(tx, world, payment)
    if rejection:
        _cancel(tx, world, payment, ValidationRejected(rejection))
    elif merchant.is_validating and merchant.urls is not None and merchant.urls.validation:
        ask_merchant(tx, world, payment, answered=f"{OPERATION}.answered")
    else:
        _pay(tx, world, payment)


async def take_answer(world: World, job: Job) -> None:
    """Job: the merchant answered its validation, or did not. Without an answer its registration decides."""
    verdict = verdict_in(job.details.get("status", ""), job.details.get("answer", ""))

    def work(tx: Transaction) -> None:
        payment = subject_of(tx, job, Payment)
        if payment is None:
            return
        tx.done(job)
        urls = _check(tx, world, payment).urls
        if verdict is None and urls is not None and not urls.completes:
            _cancel(tx, world, payment, ValidationUnanswered("validation was not answered"))
        elif verdict is not None and verdict.code != ACCEPTED:
            _cancel(tx, world, payment, ValidationRejected(verdict.code))
        else:
            if verdict is not None and verdict.own_name:
                tx.put(OwnName(payment.key, verdict.own_name, payment.correlation))
            _pay(tx, world, payment)

    await decide(world, job.subject, work, closing=lambda tx, _world, _payment: tx.done(job))


def verdict_in(status: str, answer: str) -> Verdict | None:
    """The answer as far as it is one: a JSON object with a ResultCode, text or number, under HTTP 200."""
    try:
        told: Any = orjson.loads(answer) if status == "200" else None
    except orjson.JSONDecodeError:
        return None
    code = _text(told.get("ResultCode")) if isinstance(told, dict) else ""
    return Verdict(code, _text(told.get("ThirdPartyTransID"))) if code else None


def _text(told: object) -> str:
    is_told = isinstance(told, str | int) and not isinstance(told, bool)
    return str(told) if is_told else ""


async def tell(world: World, job: Job) -> None:
    """Job: the payment is decided. The payer gets an SMS either way, the merchant hears of success alone."""

    def work(tx: Transaction) -> bool:
        payment = subject_of(tx, job, Payment)
        if payment is None:
            return False
        tx.done(job)
        if payment.state is State.SUCCEEDED:
            tell_payer(tx, world, payment)
            return confirm(tx, world, payment, at=payment.timeline[0][0], due=world.now())
        assert payment.failure is not None
        tell_failure(tx, world, payment, told_to_payer(payment.failure))
        return False

    if not await world.run(work):
        world.happened(job.born_in)  # an acknowledgement that waits for the callback need wait no longer


def decline(tx: Transaction, world: World, payment: Payment, error: Declined) -> None:
    """Records a payment that came to nothing before it was stored."""
    payments.record(tx, payment)
    decided(tx, payments.moved(payment, Move.FAIL, at=world.now(), failure=Failure.of(error)))


def _check(tx: Transaction, world: World, payment: Payment) -> Merchant:
    """The merchant, when both sides may move this amount."""
    subscriber, merchant = subscriber_of(tx, world, payment.msisdn), merchant_of(tx, world, payment.merchant)
    assert merchant is not None, f"{payment.key} goes to nobody"
    if payment.amount < MINIMUM:
        raise AmountTooSmall(f"{payment.amount} is less than {MINIMUM}")
    if payment.amount > MAXIMUM:
        raise AmountTooLarge(f"{payment.amount} is more than {MAXIMUM}")
    if not subscriber.has_wallet:
        raise UnregisteredParty(f"{payment.msisdn} has no wallet")
    if not subscriber.is_active:
        raise AccountInactive(f"the wallet of {payment.msisdn} is not active")
    if not merchant.is_active:
        raise PartyInactive(f"{merchant.key} is not active")
    return merchant


def _pay(tx: Transaction, world: World, payment: Payment) -> None:
    collect(tx, world, payment, receipt=payment.provider_reference)


def _cancel(tx: Transaction, world: World, payment: Payment, error: Declined) -> None:
    decided(tx, payments.moved(payment, Move.CANCEL, at=world.now(), failure=Failure.of(error)))


JOBS = {f"{OPERATION}.process": process, f"{OPERATION}.answered": take_answer, f"{OPERATION}.decided": tell}
