"""Prompts: the dialogue that a collection puts on a phone, and what the subscriber's answer, or none, comes to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from msgspec import Struct

from simulator.core import payments
from simulator.core.errors import (
    Declined,
    DomainError,
    PromptAlreadyOpen,
    PromptCancelled,
    PromptUnanswered,
)
from simulator.core.jobs import Job
from simulator.core.journal import Event, EventKind
from simulator.core.payments import Failure, Move, Payment
from simulator.core.settlement import collect, decide, decided, job_for
from simulator.core.store import Transaction, subject_of
from simulator.core.subscribers import Policy, check_pin, subscriber_of

if TYPE_CHECKING:
    from simulator.core.worlds import World


class NoSuchPrompt(DomainError):
    """No such prompt is open: it was answered, it expired, or it never was."""


class Approve(Struct, frozen=True):
    """Types a PIN; None is the subscriber's own habit."""

    pin: str | None = None


class Cancel(Struct, frozen=True):
    """Presses cancel."""


Answer: TypeAlias = Approve | Cancel
ANSWERS: Mapping[Policy, Answer] = {Policy.APPROVE: Approve(), Policy.CANCEL: Cancel()}  # the others answer nothing


class Prompt(Struct, frozen=True):
    """One at a time on each phone: its key is the MSISDN. `delay_seconds` is what a fault rule puts between the answer
    and the movement of money."""

    kind: ClassVar[str] = "prompt"
    indexes: ClassVar[tuple[str, ...]] = ("payment",)

    key: str
    payment: str
    text: str
    shown_at: datetime
    expires_at: datetime
    delay_seconds: float = 0


def show_prompt(tx: Transaction, world: World, payment: Payment, prompt: Prompt) -> None:
    """Puts the prompt on the phone, with its end and, by the subscriber's policy, its answer as jobs."""
    if tx.get(Prompt, prompt.key) is not None:
        raise PromptAlreadyOpen(f"{prompt.key} has another prompt open")
    subscriber = subscriber_of(tx, world, prompt.key)
    payments.record(tx, payments.moved(payment, Move.PROMPT, at=prompt.shown_at))
    tx.put(prompt)
    _tell(tx, payment, prompt.shown_at, state="shown", text=prompt.text)
    tx.put(job_for("prompt.expire", payment, prompt.expires_at))
    if subscriber.policy in ANSWERS:
        thinks = timedelta(seconds=subscriber.thinks_seconds)
        tx.put(job_for("prompt.answer", payment, prompt.shown_at + thinks))


async def answer_prompt(world: World, msisdn: str, payment: str, answer: Answer) -> None:
    """What the subscriber did on the handset. `NoSuchPrompt` when that prompt is not open."""

    def work(tx: Transaction) -> None:
        prompt = tx.get(Prompt, msisdn)
        if prompt is None or prompt.payment != payment:
            raise NoSuchPrompt(f"no prompt of {payment} is open on {msisdn}")
        _answer(tx, world, prompt, answer, receipt)

    receipt = await world.take_receipt_number()
    await decide(world, payment, work, closing=_put_away)


async def answer_by_policy(world: World, job: Job) -> None:
    """Job: the subscriber answers as their policy says."""

    def work(tx: Transaction) -> None:
        payment = subject_of(tx, job, Payment)
        if payment is None:
            return
        tx.done(job)
        prompt = tx.get(Prompt, payment.msisdn)
        if prompt is None or prompt.payment != job.subject:
            return
        answer = ANSWERS.get(subscriber_of(tx, world, prompt.key).policy)
        if answer is not None:
            _answer(tx, world, prompt, answer, receipt)

    receipt = await world.take_receipt_number()
    await decide(world, job.subject, work, closing=_put_away)


async def expire_prompt(world: World, job: Job) -> None:
    """Job: the prompt's life ended without an answer."""

    def work(tx: Transaction) -> None:
        payment = subject_of(tx, job, Payment)
        if payment is None:
            return
        _close(tx, world, payment, "expired")
        failure = Failure.of(PromptUnanswered())
        decided(tx, payments.moved(payment, Move.EXPIRE, at=world.now(), failure=failure))

    await world.run(work)


async def settle_later(world: World, job: Job) -> None:
    """Job: the answer that a fault rule kept back takes effect."""

    def work(tx: Transaction) -> None:
        payment = subject_of(tx, job, Payment)
        if payment is None:
            return
        tx.done(job)
        pin = job.details.get("pin")
        answer: Answer = Cancel() if pin is None else Approve(pin)
        _decide(tx, world, payment, answer, receipt)

    receipt = await world.take_receipt_number()
    await decide(world, job.subject, work, closing=_put_away)


async def fail_later(world: World, job: Job) -> None:
    """Job: a payment that never reached the phone fails."""

    def work(tx: Transaction) -> None:
        payment = subject_of(tx, job, Payment)
        if payment is None:
            return
        tx.done(job)
        failure = Failure(job.details["reason"], job.details["code"])
        decided(tx, payments.moved(payment, Move.FAIL, at=world.now(), failure=failure))

    await world.run(work)


JOBS = {
    "prompt.answer": answer_by_policy,
    "prompt.expire": expire_prompt,
    "prompt.settle": settle_later,
    "payment.fail": fail_later,
}


def answers_by_itself(tx: Transaction, world: World, payment: Payment) -> bool:
    """Whether the payment is decided without a person."""
    if payment.state is not payments.State.PROMPTED:
        return True
    return subscriber_of(tx, world, payment.msisdn).policy is not Policy.MANUAL


def decline_later(tx: Transaction, payment: Payment, error: Declined, due: datetime) -> None:
    """The payment is accepted and recorded; it fails for `error` when due, without a prompt."""
    payments.record(tx, payment)
    failure = Failure.of(error)
    tx.put(job_for("payment.fail", payment, due, reason=failure.reason, code=failure.code))


def _answer(tx: Transaction, world: World, prompt: Prompt, answer: Answer, receipt: int) -> None:
    payment = tx.get(Payment, prompt.payment)
    assert payment is not None, f"the prompt on {prompt.key} outlived its payment"
    _close(tx, world, payment, "cancelled" if isinstance(answer, Cancel) else "answered")
    if not prompt.delay_seconds:
        _decide(tx, world, payment, answer, receipt)
        return
    details = {}
    if isinstance(answer, Approve):
        details["pin"] = subscriber_of(tx, world, prompt.key).typed_pin if answer.pin is None else answer.pin
    tx.put(job_for("prompt.settle", payment, world.now() + timedelta(seconds=prompt.delay_seconds), **details))


def _close(tx: Transaction, world: World, payment: Payment, how: str) -> None:
    tx.drop(Prompt, payment.msisdn)
    tx.drop(Job, f"prompt.expire:{payment.key}")
    tx.drop(Job, f"prompt.answer:{payment.key}")
    _tell(tx, payment, world.now(), state=how)


def _decide(tx: Transaction, world: World, payment: Payment, answer: Answer, receipt_number: int) -> None:
    """Moves the money, or raises why not."""
    now = world.now()
    if isinstance(answer, Cancel):
        failure = Failure.of(PromptCancelled())
        decided(tx, payments.moved(payment, Move.CANCEL, at=now, failure=failure))
        return
    subscriber = subscriber_of(tx, world, payment.msisdn)
    check_pin(subscriber, subscriber.typed_pin if answer.pin is None else answer.pin)
    collect(tx, world, payment, receipt=world.receipt(payment.provider, now, receipt_number))


def _put_away(tx: Transaction, world: World, payment: Payment) -> None:
    """The prompt and the jobs of a payment that was declined."""
    prompt = tx.get(Prompt, payment.msisdn)
    if prompt is not None and prompt.payment == payment.key:
        _close(tx, world, payment, "answered")
    tx.drop(Job, f"prompt.settle:{payment.key}")


def _tell(tx: Transaction, payment: Payment, at: datetime, **told: str) -> None:
    data = {"msisdn": payment.msisdn, **told}
    tx.append(Event(EventKind.PROMPT, at, data, correlation=payment.correlation, payment=payment.key))
