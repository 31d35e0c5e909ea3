"""The outbox: callbacks and the attempts to deliver them. A body is frozen once, for every attempt.

What fault rules do to a delivery is decided here; how a message is forged or broken is in `tampering`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Protocol

from msgspec import Struct
from msgspec.structs import replace

from simulator.core.clock import Clock
from simulator.core.faults import (
    Corrupt,
    Delay,
    Drop,
    Duplicate,
    Facts,
    FaultRule,
    Forge,
    Reorder,
    choose_fault,
)
from simulator.core.jobs import Job
from simulator.core.journal import Event, EventKind, Json
from simulator.core.reordering import keep_back, let_pass, must_wait
from simulator.core.store import Transaction, subject_of
from simulator.core.tampering import corrupted, forged

if TYPE_CHECKING:
    from simulator.core.worlds import World


class Outcome(StrEnum):
    """What became of one attempt."""

    ANSWERED = "answered"
    REFUSED = "refused"  # the app's address may not be called
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    DROPPED = "dropped"  # by a fault rule, before it left


class Delivery(Struct, frozen=True):
    """One attempt's result, as the sender saw it. `left_at` is when its turn to leave came."""

    outcome: Outcome
    status: int = 0
    answer: str = ""
    seconds: float = 0
    left_at: datetime | None = None


FORGED = 0  # the number of a delivery that is no attempt of the provider's


class Attempt(Struct, frozen=True):
    """One delivery. A forged one has the number 0.

    `url` and `body` are told where they are not those of the callback.
    """

    number: int
    at: datetime
    delivery: Delivery
    fault: str = ""
    url: str = ""
    body: bytes | None = None

    @property
    def is_forged(self) -> bool:
        return self.number == FORGED


class Callback(Struct, frozen=True):
    """A request from provider to merchant. `retries` are the provider's delays between attempts, in seconds.

    `journalled` is what the journal tells of a body that it must not tell as it is, or that is no JSON.
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
    headers: Mapping[str, str]
    journalled: Json = None
    retries: tuple[float, ...] = ()
    asks: str = ""
    answer_by: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    is_forged: bool = False  # only of the copy that leaves

    @property
    def place(self) -> str:
        return f"{self.operation}.callback"

    @property
    def told(self) -> Json:
        """The body as the journal tells it."""
        told: Json = json.loads(self.body) if self.journalled is None else self.journalled
        return told


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
    return Job(_answer_key(callback), callback.asks, due, callback.payment, details, born_in=callback.correlation)


def _answer_key(callback: Callback) -> str:
    return f"answer:{callback.key}"


def redeliver(tx: Transaction, world: World, callback: Callback, request: int) -> Job:
    """One more attempt, now and by hand: the same bytes, whatever the fault rules say, and never retried.

    `request` is a number that no other request for one has.
    """
    number = 1 + max((attempt.number for attempt in callback.attempts), default=0)
    job = _attempt(callback, world.now(), number, by_hand=str(request))
    tx.put(job)
    return job


def _attempt(callback: Callback, due: datetime, number: int, **details: str) -> Job:
    key = f"deliver:{callback.key}:{number}" + "".join(f":{name}:{value}" for name, value in details.items())
    told = {"attempt": str(number), "to": callback.url, **details}
    return Job(key, "deliver", due, callback.key, told, born_in=callback.correlation)


async def deliver(world: World, job: Job) -> None:
    """Job: one attempt, journalled with the app's answer; then the next by the retry schedule, if one is owed."""
    callback = await world.run(lambda tx: _leaving(tx, world, job))
    if callback is None:
        return
    rule = await _rule_for(world, job, callback)
    if rule is not None and isinstance(rule.effect, Delay | Reorder):
        await world.run(lambda tx: _put_off(tx, world, job, callback, rule))
        return
    if rule is not None and isinstance(rule.effect, Forge):
        await _send_forged(world, callback, rule, rule.effect)
    sent, delivery = await _send(world, job, callback, rule)
    if delivery.left_at is not None:
        world.tally.note_lateness(callback.operation, (delivery.left_at - job.due).total_seconds())
    attempt = Attempt(_number(job), world.now(), delivery, rule.name if rule else job.details.get("fault", ""))
    await world.run(lambda tx: _record(tx, world, job, _told(attempt, sent, callback), sent, rule))
    world.happened(callback.correlation)
    world.happened(job.key)


def _leaving(tx: Transaction, world: World, job: Job) -> Callback | None:
    """The callback, unless it is gone or kept back."""
    callback = subject_of(tx, job, Callback)
    if callback is None or must_wait(tx, world, job, regardless_of=_answer_key(callback)):
        return None
    return callback


async def _rule_for(world: World, job: Job, callback: Callback) -> FaultRule | None:
    """Rules look at an attempt once: not at copies, nor at what was put off, nor at what somebody asks for by hand."""
    if not world.rules or not job.details.keys() <= {"attempt", "to"}:
        return None
    return await choose_fault(world, callback.place, replace(callback.facts, attempt=_number(job)))


def _number(job: Job) -> int:
    return int(job.details["attempt"])


def _put_off(tx: Transaction, world: World, job: Job, callback: Callback, rule: FaultRule) -> None:
    seconds = rule.effect.seconds if isinstance(rule.effect, Delay) else 0
    later = _attempt(callback, world.now() + timedelta(seconds=seconds), _number(job), fault=rule.name)
    tx.done(job)
    if isinstance(rule.effect, Reorder):
        keep_back(tx, later, behind=rule.effect.behind)
    else:
        tx.put(later)


async def _send_forged(world: World, callback: Callback, rule: FaultRule, effect: Forge) -> None:
    """Somebody else is first. What the app says to that concerns nobody."""
    sent = forged(callback, effect, world.wire_names(callback.operation), world.entropy)
    delivery = await world.sender.send(sent, world.hosts, world.clock)
    attempt = Attempt(FORGED, world.now(), delivery, rule.name, sent.url, sent.body)
    await world.run(lambda tx: _journal(tx, sent, attempt))


async def _send(world: World, job: Job, callback: Callback, rule: FaultRule | None) -> tuple[Callback, Delivery]:
    """What leaves, and what becomes of it."""
    effect = rule.effect if rule is not None else None
    if isinstance(effect, Drop):
        return callback, Delivery(Outcome.DROPPED)
    if rule is not None and isinstance(effect, Corrupt):
        facts = callback.facts
        callback = corrupted(callback, effect, world.entropy, rule.name, facts.operation, facts.who, _number(job))
    return callback, await world.sender.send(callback, world.hosts, world.clock)


def _told(attempt: Attempt, sent: Callback, callback: Callback) -> Attempt:
    return attempt if sent is callback else replace(attempt, body=sent.body)


def _record(tx: Transaction, world: World, job: Job, attempt: Attempt, sent: Callback, rule: FaultRule | None) -> None:
    callback = tx.get(Callback, job.subject)
    if callback is None:
        return
    tx.done(job)
    more: dict[str, Json] = {"by_hand": True} if "by_hand" in job.details else {}
    if callback.asks:
        more["in_time"] = _hand_on(tx, world, callback, attempt.delivery)
    _journal(tx, sent, attempt, **more)
    if attempt.delivery.outcome is not Outcome.DROPPED:
        let_pass(tx, world, callback.key)
    if rule is not None and isinstance(rule.effect, Duplicate):
        _copy(tx, world, callback, attempt, rule.effect)
    is_promised = "copy" not in job.details and "by_hand" not in job.details
    if is_promised and attempt.delivery.status != 200 and attempt.number <= len(callback.retries):
        due = world.now() + timedelta(seconds=world.wait_seconds(callback.retries[attempt.number - 1]))
        tx.put(_attempt(callback, due, attempt.number + 1))


def _copy(tx: Transaction, world: World, callback: Callback, attempt: Attempt, effect: Duplicate) -> None:
    for copy in range(1, effect.copies + 1):
        due = world.now() + timedelta(seconds=effect.after_seconds * copy)
        tx.put(_attempt(callback, due, attempt.number, copy=str(copy)))


def _hand_on(tx: Transaction, world: World, callback: Callback, delivery: Delivery) -> bool:
    """Gives the first answer to whoever asked, unless the deadline was before it; says whether this is that answer."""
    waiting = tx.get(Job, _answer_key(callback))
    if waiting is None or waiting.due != callback.answer_by or waiting.details:
        return False
    if delivery.outcome is Outcome.ANSWERED:
        tx.put(_answer_job(callback, world.now(), status=str(delivery.status), answer=delivery.answer))
        return True
    if delivery.outcome is not Outcome.DROPPED:  # else nobody will answer: the deadline tells
        tx.put(_answer_job(callback, world.now()))
    return False


def _journal(tx: Transaction, sent: Callback, attempt: Attempt, **more: Json) -> None:
    """Keeps the attempt with its callback, and tells of it as it was sent."""
    callback = tx.get(Callback, sent.key)
    if callback is None:
        return
    tx.put(replace(callback, attempts=(*callback.attempts, attempt)))
    data: dict[str, Json] = {
        "callback": sent.key,
        "operation": sent.operation,
        "url": sent.url,
        **({"forged": True} if attempt.is_forged else {"attempt": attempt.number}),
        "body": sent.told,
        "outcome": attempt.delivery.outcome,
    }
    if attempt.delivery.outcome is Outcome.ANSWERED:
        data |= {"status": attempt.delivery.status, "answer": attempt.delivery.answer}
    elif attempt.delivery.answer:
        data["why"] = attempt.delivery.answer
    if attempt.fault:
        data["fault"] = attempt.fault
    event = Event(EventKind.CALLBACK, attempt.at, data | more, correlation=sent.correlation, payment=sent.payment)
    tx.append(event)


JOBS = {"deliver": deliver}
