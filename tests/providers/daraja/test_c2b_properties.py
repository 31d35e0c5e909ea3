"""What must hold after any story of phone payments and validation answers."""

from __future__ import annotations

import asyncio
import itertools

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.app import build
from simulator.core.faults import FaultRule
from simulator.core.journal import EventKind
from simulator.core.ledger import Entry, audit, merchant_account
from simulator.core.merchants import CallbackUrls, merchant_of
from simulator.core.money import Money
from simulator.core.outbox import Delivery, Outcome
from simulator.core.payments import Payment, State
from simulator.core.subscribers import Message, Subscriber, subscriber_of
from simulator.edge.provider import PhonePayment
from simulator.providers.daraja.products.c2b.phone import pay
from simulator.settings import Settings

PEOPLE = ["254711000001", "254711000002", "254700000004", "254700000011"]
SHORTCODE = "600000"
FINAL = {State.SUCCEEDED, State.FAILED, State.CANCELLED}
ACCEPTED = Delivery(Outcome.ANSWERED, 200, '{"ResultCode": "0", "ThirdPartyTransID": "T1"}')
ANSWERS = [
    ACCEPTED,
    Delivery(Outcome.ANSWERED, 200, '{"ResultCode": "C2B00012"}'),
    Delivery(Outcome.ANSWERED, 200, "?"),
    Delivery(Outcome.ANSWERED, 500, '{"ResultCode": "0"}'),
    Delivery(Outcome.UNREACHABLE),
    Delivery(Outcome.TIMED_OUT),
]

typed = st.tuples(
    st.just("pay"),
    st.sampled_from(PEOPLE),
    st.sampled_from(["0.50", "1.00", "19999.99", "40000.00", "250000.00", "300000.00"]),
    st.sampled_from([None, "1234", "0000"]),
)
registered = st.tuples(st.just("register"), st.booleans(), st.sampled_from(["v1", "v2"]))
waits = st.tuples(st.just("wait"), st.sampled_from([0, 1, 7, 9, 90_000]))
blocked = st.tuples(st.just("block"), st.sampled_from(PEOPLE), st.booleans())
effects = st.sampled_from(
    [
        ("c2b_validation.callback", {"kind": "delay", "seconds": 5}),
        ("c2b_validation.callback", {"kind": "delay", "seconds": 9}),
        ("c2b_validation.callback", {"kind": "drop"}),
        ("c2b_validation.callback", {"kind": "duplicate", "copies": 2}),
        ("c2b_confirmation.callback", {"kind": "duplicate"}),
        ("c2b.processing", {"kind": "delay", "seconds": 30}),
        ("c2b.processing", {"kind": "fail", "code": "C2B00013"}),
    ]
)
stories = st.fixed_dictionaries(
    {
        "steps": st.lists(st.one_of(typed, typed, typed, registered, waits, blocked), min_size=1, max_size=12),
        "is_validating": st.booleans(),
        "answers": st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=4),
        "rules": st.lists(st.tuples(effects, st.sampled_from([0.5, 1.0])), max_size=2),
    }
)


class AnsweringSender:
    """Answers questions from its script, over and over, and confirmations with success."""

    def __init__(self, answers):
        self.sent = []
        self._answers = itertools.cycle(answers)

    async def send(self, callback, hosts, clock):
        self.sent.append(callback)
        return next(self._answers) if callback.asks else Delivery(Outcome.ANSWERED, 200, "{}")

    async def close(self):
        """Nothing is open."""


async def told(story):
    """The world when nothing is due any more, and what was sent."""
    sender = AnsweringSender(story["answers"])
    simulation = build(Settings(port=0, clock="virtual"), sender)
    try:
        world = await simulation.open("default")
        world.rules = tuple(
            FaultRule.model_validate({"name": f"r{n}", "at": f"daraja.{at}", "effect": effect, "probability": odds})
            for n, ((at, effect), odds) in enumerate(story["rules"])
        )
        await change_merchant(world, is_validating=story["is_validating"])
        for step in story["steps"]:
            await DO[step[0]](world, *step[1:])
        await world.clock.advance(jobs=10_000)
        payments, entries = await world.run(lambda tx: (tx.find(Payment), tx.find(Entry, limit=10_000)))
        accounts = {account.name: account for account in await world.store.accounts(world.name)}
        events = await world.store.events(world.name, after=0, limit=10_000)
        messages = await world.run(lambda tx: tx.find(Message))
    finally:
        await simulation.close()
    return {"payments": payments, "entries": entries, "accounts": accounts, "events": events} | {
        "sent": sender.sent,
        "messages": len(messages),
    }


async def change_merchant(world, **changes):
    await world.run(lambda tx: tx.put(replace(merchant_of(tx, world, SHORTCODE), **changes)))


async def do_pay(world, msisdn, amount, pin):
    await pay(world, PhonePayment(msisdn, SHORTCODE, f"A{msisdn[-1]}", Money.parse(amount), pin))


async def do_register(world, completes, version):
    urls = CallbackUrls("http://app.test/c", "http://app.test/v", completes=completes, version=version)
    await change_merchant(world, urls=urls)


async def do_wait(world, seconds):
    await world.clock.advance(seconds=seconds)


async def do_block(world, msisdn, is_active):
    def work(tx):
        blocked: Subscriber = replace(subscriber_of(tx, world, msisdn), is_active=is_active)
        tx.put(blocked)

    await world.run(work)


DO = {"pay": do_pay, "register": do_register, "wait": do_wait, "block": do_block}


@given(story=stories)
@settings(max_examples=150)
def test_whatever_the_answers_money_is_conserved_and_nothing_is_half_done(story):
    seen = asyncio.run(told(story))
    payments = seen["payments"]
    assert not [event for event in seen["events"] if event.kind is EventKind.ERROR]
    assert all(payment.state in FINAL for payment in payments)

    paid = [payment for payment in payments if payment.state is State.SUCCEEDED]
    books = audit(seen["accounts"], seen["entries"], {payment.key: payment.amount for payment in paid})
    assert books.is_balanced, books.problems
    utility = seen["accounts"].get(merchant_account(SHORTCODE, "utility"))
    assert (utility.balance.minor if utility else 0) == (
        1_000_000_000 + sum(payment.amount.minor for payment in paid) if paid else 0
    )
    assert seen["messages"] == len(payments), "each payer hears once what became of a payment"


@given(story=stories)
@settings(max_examples=150)
def test_a_merchant_is_told_of_what_it_was_paid_and_of_nothing_else(story):
    seen = asyncio.run(told(story))
    receipts = {payment.receipt for payment in seen["payments"] if payment.receipt}
    notices = [(callback.operation.rpartition("_")[2], orjson.loads(callback.body)) for callback in seen["sent"]]
    confirmed = {body["TransID"] for kind, body in notices if kind == "confirmation"}
    asked = {body["TransID"] for kind, body in notices if kind == "validation"}
    references = {payment.provider_reference for payment in seen["payments"]}
    assert confirmed <= receipts
    assert asked <= references
    assert asked & receipts <= confirmed
    assert len(references) == len(seen["payments"]), "a receipt is one payment's"
    for _, body in notices:
        assert all(isinstance(value, str) for value in body.values())
