"""The outbox: callbacks and the attempts to deliver them. A body is frozen once, for every attempt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Protocol

from simulator.core.clock import Clock
from simulator.core.faults import Delay, Drop, Duplicate, Facts, FaultRule, choose_fault
from simulator.core.jobs import Job
from simulator.core.journal import Event, EventKind, Json
from simulator.core.store import Transaction, subject_of

if TYPE_CHECKING:
    from simulator.core.worlds import World


class Outcome(StrEnum):
    """What became of one attempt."""

    ANSWERED = "answered"
    REFUSED = "refused"  # the app's address may not be called
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    DROPPED = "dropped"  # by a fault rule, before it left


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt's result, as the sender saw it."""

    outcome: Outcome
    status: int = 0
    answer: str = ""
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    number: int
    at: datetime
    delivery: Delivery
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Callback:
    """A request from provider to merchant. `retries` are the provider's delays between attempts, in seconds.

    One that asks something names in `asks` the job that gets the answer, or nothing at the deadline: see `ask`.
    """

    kind: ClassVar[str] = "callback"
    indexes: ClassVar[tuple[str, ...]] = ("payment",)

    key: str
    payment: str
    operation: str
    correlation: str
    facts: Facts
    url: str
    body: bytes
    told: Json
    headers: Mapping[str, str]
    retries: tuple[float, ...] = ()
    asks: str = ""
    answer_by: datetime | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def place(self) -> str:
        return f"{self.operation}.callback"


class Sender(Protocol):
    """The one door out."""

    async def send(self, callback: Callback, hosts: Mapping[str, str], clock: Clock) -> Delivery:
        """Delivers once, when its turn comes, and never raises for what the far side does.

        `hosts` maps a name to HOST:PORT; the clock is that of the deadline.
        """
        ...


def post(tx: Transaction, callback: Callback, due: datetime) -> None:
    """Promises the callback: its first attempt is a job, due then."""
    tx.put(callback)
    tx.put(_attempt(callback, due, 1))


def ask(tx: Transaction, callback: Callback, due: datetime, *, deadline_seconds: float) -> None:
    """Promises a callback whose answer decides: the job `callback.asks` runs once, about its payment.

    Its details are those of an `answered` delivery (`status`, `answer`), or none when the deadline came first. What
    delays the callback counts against the deadline.
    """
    assert callback.asks, f"{callback.key} asks nothing"
    answer_by = due + timedelta(seconds=deadline_seconds)
    post(tx, replace(callback, answer_by=answer_by), due)
    tx.put(_answer_job(callback, answer_by))


def _answer_job(callback: Callback, due: datetime, **details: str) -> Job:
    return Job(f"answer:{callback.key}", callback.asks, due, callback.payment, details, born_in=callback.correlation)


def _attempt(callback: Callback, due: datetime, number: int, **details: str) -> Job:
    key = f"deliver:{callback.key}:{number}" + "".join(f":{value}" for value in details.values())
    told = {"attempt": str(number), "to": callback.url, **details}
    return Job(key, "deliver", due, callback.key, told, born_in=callback.correlation)


async def deliver(world: World, job: Job) -> None:
    """Job: one attempt, journalled with the app's answer; then the next by the retry schedule, if one is owed."""
    callback = await world.run(lambda tx: subject_of(tx, job, Callback))
    if callback is None:
        return
    number = int(job.details["attempt"])
    is_first_look = "copy" not in job.details and "delayed" not in job.details
    rule = await choose_fault(world, callback.place, replace(callback.facts, attempt=number)) if is_first_look else None
    if rule is not None and isinstance(rule.effect, Delay):
        await world.run(lambda tx: _put_off(tx, world, job, callback, rule))
        return
    if rule is not None and isinstance(rule.effect, Drop):
        delivery = Delivery(Outcome.DROPPED)
    else:
        delivery = await world.sender.send(callback, world.hosts, world.clock)
    attempt = Attempt(number, world.now(), delivery, rule.name if rule else job.details.get("delayed", ""))
    await world.run(lambda tx: _record(tx, world, job, attempt, rule))
    world.delivered(callback.correlation)


def _put_off(tx: Transaction, world: World, job: Job, callback: Callback, rule: FaultRule) -> None:
    assert isinstance(rule.effect, Delay)
    due = world.now() + timedelta(seconds=rule.effect.seconds)
    tx.done(job)
    tx.put(_attempt(callback, due, int(job.details["attempt"]), delayed=rule.name))


def _record(tx: Transaction, world: World, job: Job, attempt: Attempt, rule: FaultRule | None) -> None:
    callback = tx.get(Callback, job.subject)
    if callback is None:
        return
    tx.done(job)
    callback = replace(callback, attempts=(*callback.attempts, attempt))
    tx.put(callback)
    tx.append(_event(callback, attempt))
    _hand_on(tx, world, callback, attempt.delivery)
    if rule is not None and isinstance(rule.effect, Duplicate):
        for copy in range(1, rule.effect.copies + 1):
            due = world.now() + timedelta(seconds=rule.effect.after_seconds * copy)
            tx.put(_attempt(callback, due, attempt.number, copy=str(copy)))
    is_owed = attempt.delivery.status != 200 and attempt.number <= len(callback.retries) and "copy" not in job.details
    if is_owed:
        due = world.now() + timedelta(seconds=world.wait_seconds(callback.retries[attempt.number - 1]))
        tx.put(_attempt(callback, due, attempt.number + 1))


def _hand_on(tx: Transaction, world: World, callback: Callback, delivery: Delivery) -> None:
    """Gives the answer to whoever asked, unless the deadline was first."""
    if not callback.asks or tx.get(Job, f"answer:{callback.key}") is None:
        return
    details = {}
    if delivery.outcome is Outcome.ANSWERED:
        details = {"status": str(delivery.status), "answer": delivery.answer}
    elif delivery.outcome is Outcome.DROPPED:
        return  # nobody will answer: the deadline tells
    tx.put(_answer_job(callback, world.now(), **details))


def _event(callback: Callback, attempt: Attempt) -> Event:
    data: dict[str, Json] = {
        "callback": callback.key,
        "operation": callback.operation,
        "url": callback.url,
        "attempt": attempt.number,
        "body": callback.told,
        "outcome": attempt.delivery.outcome,
    }
    if attempt.delivery.outcome is Outcome.ANSWERED:
        data |= {"status": attempt.delivery.status, "answer": attempt.delivery.answer}
    elif attempt.delivery.answer:
        data["why"] = attempt.delivery.answer
    if attempt.fault:
        data["fault"] = attempt.fault
    return Event(EventKind.CALLBACK, attempt.at, data, correlation=callback.correlation, payment=callback.payment)


JOBS = {"deliver": deliver}
