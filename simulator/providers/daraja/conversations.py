"""Conversations: requests that Daraja's core answers later. What all of its products share, from the acknowledgement
over the queue, which may time out, to the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Protocol

import orjson
from msgspec import Struct, field
from msgspec.structs import replace

from simulator.core import outbox, payments
from simulator.core.errors import DuplicateReference, Forced, QueueExpired
from simulator.core.faults import Delay, Facts, Fail, FaultRule
from simulator.core.jobs import Job
from simulator.core.payments import Failure, Move, Payment
from simulator.core.store import Transaction, subject_of
from simulator.core.worlds import World
from simulator.edge.exchange import Exchange, Reply
from simulator.edge.provider import Mark, ResultCode
from simulator.edge.wire import told_in_journal
from simulator.providers.daraja.access import SECRETS
from simulator.providers.daraja.headers import callback_headers
from simulator.providers.daraja.identifiers import conversation_id, placeholder_receipt
from simulator.providers.daraja.results import Result
from simulator.providers.daraja.strictness import check_public, is_strict

ACCEPTED = "Accept the service request successfully."
TIMED_OUT = ResultCode("1", "The service request timed out.", Mark.ONE_SOURCE, "under `timeout_envelope` only")


class CoreRequest(Protocol):
    """What every request to the core names."""

    @property
    def initiator(self) -> str: ...
    @property
    def credential(self) -> str: ...
    @property
    def organisation(self) -> str: ...
    @property
    def result_url(self) -> str: ...
    @property
    def timeout_url(self) -> str: ...


class Conversation(Struct, frozen=True):
    """What Daraja remembers of a request. Its key is made of operation, organisation and `originator_id`, which makes
    that unique. `payment` is empty where no money is to move, `transaction_id` until it is known."""

    kind: ClassVar[str] = "daraja_conversation"
    indexes: ClassVar[tuple[str, ...]] = ("transaction_id",)

    key: str
    operation: str
    organisation: str
    originator_id: str
    conversation_id: str
    correlation: str
    initiator: str
    credential: str
    result_url: str
    timeout_url: str
    request: bytes
    facts: Facts
    payment: str = ""
    transaction_id: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


def key_of(operation: str, organisation: str, originator_id: str) -> str:
    return f"{operation}:{organisation}:{originator_id}"


def begun(
    exchange: Exchange,
    asked: CoreRequest,
    facts: Facts,
    *,
    originator_id: str,
    payment: str = "",
    details: Mapping[str, str],
) -> Conversation:
    """A conversation with its two ids, the originator's being the client's or one of Daraja's."""
    world = exchange.world
    return Conversation(
        key=key_of(exchange.place, asked.organisation, originator_id),
        operation=exchange.place,
        organisation=asked.organisation,
        originator_id=originator_id,
        conversation_id=conversation_id(world.entropy, exchange.at, exchange.number),
        correlation=exchange.correlation,
        initiator=asked.initiator,
        credential=asked.credential,
        result_url=asked.result_url,
        timeout_url=asked.timeout_url,
        request=exchange.received.body,
        facts=facts,
        payment=payment,
        details=details,
    )


async def accept(
    exchange: Exchange,
    conversation: Conversation,
    reply: Reply,
    begin: Callable[[Transaction], None] = lambda tx: None,
) -> Reply:
    """Acknowledges and queues the request, with what the product begins. `DuplicateReference` when it is known."""
    world = exchange.world
    if world.rules:  # they count what they meet, which is nothing that is refused
        await world.run(lambda tx: _check(tx, world, conversation))
    await exchange.choose_acknowledgement(conversation.facts)
    processing = await exchange.choose_fault("processing", conversation.facts)

    def work(tx: Transaction) -> Reply:
        _check(tx, world, conversation)
        tx.put(conversation)
        begin(tx)
        _queue(tx, world, conversation, processing)
        exchange.record(tx, reply, conversation.payment)
        return reply

    return await world.run(work)


def _check(tx: Transaction, world: World, conversation: Conversation) -> None:
    if is_strict(tx, world, "public_urls"):
        check_public(conversation.timeout_url, field="QueueTimeOutURL")
        check_public(conversation.result_url, field="ResultURL")
    if tx.get(Conversation, conversation.key) is not None:
        told = f"{conversation.organisation} has sent {conversation.originator_id!r} before"
        raise DuplicateReference(f"OriginatorConversationID: {told}")


def _queue(tx: Transaction, world: World, conversation: Conversation, rule: FaultRule | None) -> None:
    """The core comes to it after its latency; where that is beyond the queue's life, the queue tells first."""
    settings, now = world.provider_settings(tx, "daraja"), world.now()
    effect = rule.effect if rule is not None else None
    wait = world.wait_seconds(settings.latency[f"{conversation.facts.operation}.processing"])
    wait += effect.seconds if isinstance(effect, Delay) else 0
    forced = {"code": effect.code} if isinstance(effect, Fail) else {}
    tx.put(_job("process", conversation, now + timedelta(seconds=wait), **forced))
    if wait > settings.lifetimes["queue"]:
        tx.put(_job("time_out", conversation, now + timedelta(seconds=settings.lifetimes["queue"])))


def _job(what: str, conversation: Conversation, due: datetime, **details: str) -> Job:
    work = f"{conversation.operation}.{what}"
    return Job(f"{what}:{conversation.key}", work, due, conversation.key, details, conversation.correlation)


def forced(job: Job) -> Forced | None:
    """What a fault rule decided when the request came."""
    return Forced(job.details["code"]) if "code" in job.details else None


def answered(tx: Transaction, job: Job, conversation: Conversation, transaction_id: str) -> None:
    """The core has come to it: its job is done, and what the result will call it is known."""
    tx.done(job)
    tx.put(replace(conversation, transaction_id=transaction_id))


async def time_out(world: World, job: Job) -> None:
    """Job: the queue gives the request up and tells so. The core may come to it later, unless the queue drops it."""
    number = await world.take("callback")

    def work(tx: Transaction) -> None:
        conversation = subject_of(tx, job, Conversation)
        if conversation is None:
            return
        tx.done(job)
        callback = _timed_out(tx, world, number, conversation)
        if is_strict(tx, world, "queue_drops"):
            _drop(tx, world, conversation)
        outbox.post(tx, callback, world.now())

    await world.run(work)


def _timed_out(tx: Transaction, world: World, number: int, conversation: Conversation) -> outbox.Callback:
    url = conversation.timeout_url
    if is_strict(tx, world, "timeout_envelope"):
        return _callback(number, conversation, url, _timeout_envelope(world, conversation))
    told = told_in_journal(conversation.request, SECRETS)  # the client's own request, which holds its credential
    return replace(_callback(number, conversation, url, conversation.request), journalled=told)


def _drop(tx: Transaction, world: World, conversation: Conversation) -> None:
    tx.drop(Job, f"process:{conversation.key}")
    payment = tx.get(Payment, conversation.payment)
    if payment is not None:
        failure = Failure.of(QueueExpired("the queue's life ended"))
        payments.record(tx, payments.moved(payment, Move.EXPIRE, at=world.now(), failure=failure))


def _timeout_envelope(world: World, conversation: Conversation) -> bytes:
    ids = (conversation.originator_id, conversation.conversation_id)
    return Result(TIMED_OUT, *ids, placeholder_receipt(world.now()), type=1).body()


def post_result(tx: Transaction, world: World, number: int, conversation: Conversation, result: Result) -> None:
    """Promises the result to the client, at once. `number` is from the sequence `callback`."""
    outbox.post(tx, _callback(number, conversation, conversation.result_url, result.body()), world.now())


def _callback(number: int, conversation: Conversation, url: str, body: bytes) -> outbox.Callback:
    return outbox.Callback(
        key=f"c{number:06d}",
        payment=conversation.payment,
        operation=conversation.operation,
        correlation=conversation.correlation,
        facts=conversation.facts,
        url=url,
        body=body,
        headers=callback_headers(conversation.organisation),
    )


def acknowledgement(conversation: Conversation, *order: str) -> Reply:
    """Four strings; products differ in which of the two ids stands first [captured]."""
    ids = {
        "ConversationID": conversation.conversation_id,
        "OriginatorConversationID": conversation.originator_id,
    }
    said = {"ResponseCode": "0", "ResponseDescription": ACCEPTED}
    return Reply(200, orjson.dumps({name: ids[name] for name in order} | said))
