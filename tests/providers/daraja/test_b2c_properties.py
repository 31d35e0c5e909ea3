"""What must hold after any story of payouts: repeated ids, wrong credentials, a short float, a slow queue."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter

import orjson
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.app import build
from simulator.core.errors import DuplicateReference
from simulator.core.faults import FaultRule
from simulator.core.journal import EventKind
from simulator.core.ledger import Entry, audit, merchant_account
from simulator.core.merchants import merchant_of
from simulator.core.money import ZERO, Money
from simulator.core.outbox import Callback, Delivery, Outcome
from simulator.core.payments import Payment, State
from simulator.core.tariffs import fee_of
from simulator.edge.exchange import Exchange, Received
from simulator.providers.daraja import PROVIDER
from simulator.providers.daraja.products.b2c.payment_request import pay_v1, pay_v3
from simulator.providers.daraja.tariffs import B2C
from simulator.settings import Settings

ORGANISATION, FLOAT = "600000", Money.shillings(10_000_000)
RIGHT = base64.b64encode(bytes(256)).decode()
FINAL = {State.SUCCEEDED, State.FAILED, State.EXPIRED}
VERSIONS = {"v1": pay_v1, "v3": pay_v3}

payouts = st.tuples(
    st.just("pay"),
    st.sampled_from(["v1", "v3"]),
    st.fixed_dictionaries(
        {
            "OriginatorConversationID": st.sampled_from(["one", "two", "three"]),
            "SecurityCredential": st.sampled_from([RIGHT, RIGHT, "d3Jvbmc="]),
            "Amount": st.sampled_from([1, 100, 1500, 250_000, 300_000]),
            "PartyA": st.sampled_from([ORGANISATION, ORGANISATION, "699999", "5000"]),
            "PartyB": st.sampled_from(["254711000001", "254700000011", "254700000012", "254700000013"]),
        }
    ),
)
waits = st.tuples(st.just("wait"), st.sampled_from([0, 1, 45, 61]))
activity = st.tuples(st.just("active"), st.booleans())
effects = st.sampled_from(
    [
        ("processing", {"kind": "delay", "seconds": 30}),
        ("processing", {"kind": "delay", "seconds": 90}),
        ("processing", {"kind": "fail", "code": "17"}),
        ("callback", {"kind": "drop"}),
        ("callback", {"kind": "duplicate", "copies": 2}),
    ]
)
stories = st.fixed_dictionaries(
    {
        "steps": st.lists(st.one_of(payouts, payouts, payouts, waits, activity), min_size=1, max_size=14),
        "rules": st.lists(st.tuples(effects, st.sampled_from([0.4, 1.0])), max_size=2),
        "drops": st.booleans(),
    }
)


class DeafSender:
    """Callbacks are taken, and nothing is done about them."""

    async def send(self, callback, hosts, clock):
        return Delivery(Outcome.ANSWERED, 200, "{}")

    async def close(self):
        """Nothing is open."""


async def do_pay(world, tokens, version, told):
    body = {
        "InitiatorName": "testapi",
        "CommandID": "BusinessPayment",
        "Remarks": "wages",
        "QueueTimeOutURL": "http://app.test/timeout",
        "ResultURL": "http://app.test/result",
    }
    path = f"/mpesa/b2c/{version}/paymentrequest"
    received = Received("POST", path, "", "application/json", "", orjson.dumps(body | told))
    exchange = Exchange(world, tokens, PROVIDER, "b2c", await world.take("request"), received, world.now())
    try:
        assert (await VERSIONS[version](exchange)).status == 200
    except DuplicateReference:
        assert version == "v3"


async def do_wait(world, tokens, seconds):
    await world.clock.advance(seconds=seconds)


async def do_active(world, tokens, is_active):
    await world.run(lambda tx: tx.put(replace(merchant_of(tx, world, ORGANISATION), is_active=is_active)))


DO = {"pay": do_pay, "wait": do_wait, "active": do_active}


async def seen_after(story):
    """The world when nothing is due any more."""
    simulation = build(Settings(port=0, clock="virtual"), DeafSender())
    try:
        world = await simulation.open("default")
        world.rules = tuple(
            FaultRule.model_validate({"name": f"r{n}", "at": f"daraja.b2c.{at}", "effect": effect, "probability": odds})
            for n, ((at, effect), odds) in enumerate(story["rules"])
        )
        strictness = {"queue_drops": story["drops"]}
        await world.run(lambda tx: tx.put(world.provider_settings(tx, "daraja").changed("strictness", strictness)))
        for kind, *told in story["steps"]:
            await DO[kind](world, simulation.tokens, *told)
        await world.clock.advance(jobs=10_000)
        payments, entries, callbacks = await world.run(lambda tx: (tx.find(Payment), tx.find(Entry), tx.find(Callback)))
        accounts = {account.name: account for account in await world.store.accounts(world.name)}
        events = await world.store.events(world.name, after=0, limit=10_000)
    finally:
        await simulation.close()
    assert not [event for event in events if event.kind is EventKind.ERROR]
    return payments, entries, callbacks, accounts


@given(story=stories)
def test_whatever_happens_money_is_conserved_and_every_payout_ends_once(story):
    payments, entries, _, accounts = asyncio.run(seen_after(story))
    assert all(payment.state in FINAL for payment in payments)
    paid = [payment for payment in payments if payment.state is State.SUCCEEDED]
    books = audit(accounts, entries, {payment.key: payment.amount for payment in paid})
    assert books.is_balanced, books.problems
    if paid:
        utility, charges = (accounts.get(merchant_account(ORGANISATION, purse)) for purse in ("utility", "charges"))
        fees = sum((fee_of(B2C, payment.amount) for payment in paid), ZERO)
        assert utility.balance == FLOAT - sum((payment.amount for payment in paid), ZERO)
        assert (charges.balance if charges else ZERO) == -fees
    references = [(payment.merchant, payment.reference) for payment in payments]
    assert len(set(references)) == len(references), "an id is one payout's"


@given(story=stories)
def test_every_payout_is_told_of_once_by_its_result_or_as_dropped(story):
    payments, _, callbacks, _ = asyncio.run(seen_after(story))
    results, timeouts = Counter(), Counter()
    for callback in callbacks:
        told = orjson.loads(callback.body)
        (results if "Result" in told else timeouts)[callback.payment] += 1
    for payment in payments:
        is_dropped = payment.state is State.EXPIRED
        assert results[payment.key] == (0 if is_dropped else 1)
        assert timeouts[payment.key] <= 1
        assert timeouts[payment.key] == 1 or not is_dropped
