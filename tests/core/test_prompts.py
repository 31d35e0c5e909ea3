"""Prompts: what the subscriber's answer, or none, comes to."""

from datetime import datetime

import pytest
from msgspec.structs import replace

from simulator.core.clock import EAT
from simulator.core.errors import Forced, PromptAlreadyOpen
from simulator.core.jobs import Job
from simulator.core.journal import EventKind
from simulator.core.ledger import merchant_account, wallet
from simulator.core.money import Money
from simulator.core.payments import Kind, Payment, State, begun
from simulator.core.prompts import (
    Approve,
    Cancel,
    NoSuchPrompt,
    Prompt,
    answer_by_policy,
    answer_prompt,
    answers_by_itself,
    decline_later,
    expire_prompt,
    fail_later,
    settle_later,
)
from simulator.core.subscribers import Policy, subscriber_of
from simulator.core.virtual_clock import VIRTUAL_START
from simulator.core.worlds import ProviderSettings

ANN, BEN = "254708374149", "254711000002"  # Ann has a PIN of 1234, 1,000 shillings, and answers by hand


@pytest.fixture
def payment_of(record):
    async def read(world, key):
        return await record(world, Payment, key)

    return read


@pytest.fixture
def balance():
    async def read(world, account):
        return str((await world.run(lambda tx: tx.balance(account))).balance)

    return read


async def change(world, msisdn=ANN, **changes):
    await world.run(lambda tx: tx.put(replace(subscriber_of(tx, world, msisdn), **changes)))


async def limit(world, daily):
    settings = ProviderSettings("fake", lifetimes={"prompt": 60.0}, limits={"daily": daily})
    await world.run(lambda tx: tx.put(settings))


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        pytest.param(Approve("1234"), State.SUCCEEDED, None, id="right PIN"),
        pytest.param(Approve(), State.SUCCEEDED, None, id="the PIN that they know"),
        pytest.param(Approve("0000"), State.FAILED, "WrongPin", id="wrong PIN"),
        pytest.param(Cancel(), State.CANCELLED, "PromptCancelled", id="cancelled"),
    ],
)
async def test_the_answer_decides_the_outcome(world, push, payment_of, record, answer, state, reason):
    key = await push(world)
    await answer_prompt(world, ANN, key, answer)
    payment = await payment_of(world, key)
    assert (payment.state, payment.failure.reason if payment.failure else None) == (state, reason)
    assert bool(payment.receipt) == (state is State.SUCCEEDED)
    assert await record(world, Prompt, ANN) is None


@pytest.mark.parametrize(
    ("subscriber", "amount", "reason"),
    [
        pytest.param({"is_locked": True}, "100.00", "PinLocked", id="locked PIN"),
        pytest.param({"types_pin": "9999"}, "100.00", "WrongPin", id="a habit of typing wrongly"),
        pytest.param({}, "1000.01", "InsufficientFunds", id="no money"),
        pytest.param({"spent_before": Money.parse("499950.00")}, "100.00", "DailyLimitExceeded", id="over the limit"),
    ],
)
async def test_a_declined_answer_moves_no_money(world, push, payment_of, balance, events, subscriber, amount, reason):
    await change(world, **subscriber)
    key = await push(world, amount=amount)
    await answer_prompt(world, ANN, key, Approve())
    payment = await payment_of(world, key)
    assert (payment.state, payment.failure.reason, payment.receipt) == (State.FAILED, reason, "")
    assert await balance(world, wallet(ANN)) == "1000.00"
    assert await events(world, EventKind.ENTRY) == []


async def test_an_approved_payment_moves_its_money_once(world, push, balance, events):
    key = await push(world, amount="250.50")
    await answer_prompt(world, ANN, key, Approve())
    assert await balance(world, wallet(ANN)) == "749.50"
    assert await balance(world, merchant_account("600000", "utility")) == "10000250.50"
    (entry,) = await events(world, EventKind.ENTRY)
    assert entry.data["postings"] == [
        {"account": f"subscriber:{ANN}", "amount": "-250.50"},
        {"account": "merchant:600000:utility", "amount": "250.50"},
    ]


async def test_the_journal_tells_the_whole_story_of_a_prompt(world, push, events):
    key = await push(world)
    await world.clock.advance(seconds=5)
    await answer_prompt(world, ANN, key, Approve())
    told = [(event.kind, event.data.get("state")) for event in await events(world)]
    assert told == [
        ("payment", "prompted"),
        ("prompt", "shown"),
        ("prompt", "answered"),
        ("entry", None),
        ("payment", "succeeded"),
    ]
    assert {event.payment for event in await events(world)} == {key}


async def test_a_prompt_expires_at_the_end_of_its_life(world, push, payment_of, record):
    key = await push(world, life_seconds=60)
    await world.clock.advance(seconds=59)
    assert (await payment_of(world, key)).state is State.PROMPTED
    await world.clock.advance(seconds=1)
    payment = await payment_of(world, key)
    assert (payment.state, payment.failure.reason) == (State.EXPIRED, "PromptUnanswered")
    assert await record(world, Prompt, ANN) is None


@pytest.mark.parametrize(
    ("policy", "ends_at", "state"),
    [
        pytest.param(Policy.APPROVE, 7, State.SUCCEEDED, id="approve"),
        pytest.param(Policy.CANCEL, 7, State.CANCELLED, id="cancel"),
        pytest.param(Policy.IGNORE, 60, State.EXPIRED, id="ignore"),
        pytest.param(Policy.MANUAL, 60, State.EXPIRED, id="manual, and nobody came"),
    ],
)
async def test_a_policy_answers_by_itself(world, push, payment_of, policy, ends_at, state):
    await change(world, policy=policy)
    key = await push(world)
    await world.clock.advance(seconds=ends_at - 1)
    assert (await payment_of(world, key)).state is State.PROMPTED
    await world.clock.advance(seconds=1)
    assert (await payment_of(world, key)).state is state


async def test_seconds_that_somebody_wrote_are_not_scaled_nor_is_the_prompts_life(simulate, push, payment_of):
    world = await simulate(latency=0.1).open("default")
    await change(world, policy=Policy.APPROVE, thinks_seconds=45)
    await change(world, BEN, policy=Policy.IGNORE)
    approved, ignored = await push(world), await push(world, BEN, life_seconds=60)
    await world.clock.advance(seconds=44)
    assert (await payment_of(world, approved)).state is State.PROMPTED
    await world.clock.advance(seconds=1)
    assert (await payment_of(world, approved)).state is State.SUCCEEDED
    await world.clock.advance(seconds=14)
    assert (await payment_of(world, ignored)).state is State.PROMPTED


async def test_a_policy_that_changed_while_the_prompt_was_open_is_the_one_that_counts(world, push, payment_of):
    await change(world, policy=Policy.APPROVE)
    key = await push(world)
    await change(world, policy=Policy.IGNORE)
    await world.clock.advance(seconds=60)
    assert (await payment_of(world, key)).state is State.EXPIRED


async def test_a_hand_is_quicker_than_a_policy(world, push, payment_of, events):
    await change(world, policy=Policy.APPROVE)
    key = await push(world)
    await answer_prompt(world, ANN, key, Cancel())
    await world.clock.advance(seconds=100)
    assert (await payment_of(world, key)).state is State.CANCELLED
    assert [event.data["state"] for event in await events(world, EventKind.PAYMENT)] == ["prompted", "cancelled"]


async def test_one_prompt_at_a_time_on_a_phone(world, push, payment_of):
    await push(world)
    with pytest.raises(PromptAlreadyOpen, match=ANN):
        await push(world)
    assert await payment_of(world, "p2") is None
    assert (await payment_of(world, await push(world, BEN))).state is State.PROMPTED


@pytest.mark.parametrize("answer", [pytest.param(Cancel(), id="cancelled"), pytest.param(Approve(), id="paid")])
async def test_a_phone_is_free_after_the_answer(world, push, payment_of, answer):
    await answer_prompt(world, ANN, await push(world), answer)
    assert (await payment_of(world, await push(world))).state is State.PROMPTED


@pytest.mark.parametrize("seconds", [pytest.param(0, id="answered twice"), pytest.param(61, id="after its life")])
async def test_a_late_answer_finds_no_prompt(world, push, payment_of, seconds):
    key = await push(world)
    if not seconds:
        await answer_prompt(world, ANN, key, Cancel())
    await world.clock.advance(seconds=seconds)
    before = await payment_of(world, key)
    with pytest.raises(NoSuchPrompt, match=key):
        await answer_prompt(world, ANN, key, Approve())
    assert await payment_of(world, key) == before


async def test_the_answer_to_an_older_prompt_is_not_the_answer_to_the_open_one(world, push, payment_of):
    old = await push(world)
    await answer_prompt(world, ANN, old, Cancel())
    new = await push(world)
    with pytest.raises(NoSuchPrompt):
        await answer_prompt(world, ANN, old, Approve())
    assert (await payment_of(world, new)).state is State.PROMPTED


async def test_the_daily_limit_is_reached_exactly_and_not_exceeded(world, push, payment_of):
    await limit(world, "300.00")
    states = []
    for amount in ("200.00", "100.01", "100.00", "0.01"):
        key = await push(world, amount=amount)
        await answer_prompt(world, ANN, key, Approve())
        states.append((await payment_of(world, key)).state)
    assert states == ["succeeded", "failed", "succeeded", "failed"]


async def test_the_daily_limit_begins_anew_at_midnight_in_nairobi(simulate, push, payment_of):
    world = await simulate().open("default", starts_at=datetime(2026, 1, 15, 23, 59, 50, tzinfo=EAT))
    await limit(world, "300.00")
    states = []
    for seconds in (0, 9, 1):
        await world.clock.advance(seconds=seconds)
        key = await push(world, amount="300.00")
        await answer_prompt(world, ANN, key, Approve())
        states.append((await payment_of(world, key)).state)
    assert states == ["succeeded", "failed", "succeeded"]


async def test_a_failed_payment_does_not_count_for_the_day(world, push, payment_of):
    await limit(world, "300.00")
    await answer_prompt(world, ANN, await push(world, amount="300.00"), Approve("0000"))
    key = await push(world, amount="300.00")
    await answer_prompt(world, ANN, key, Approve())
    assert (await payment_of(world, key)).state is State.SUCCEEDED


# A fault rule's delay between the answer and the movement of money.


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        pytest.param(Approve("1234"), State.SUCCEEDED, id="approved"),
        pytest.param(Approve("0000"), State.FAILED, id="wrong PIN"),
        pytest.param(Approve(), State.SUCCEEDED, id="the PIN that they know"),
        pytest.param(Cancel(), State.CANCELLED, id="cancelled"),
    ],
)
async def test_an_answer_kept_back_takes_effect_later(world, push, payment_of, record, answer, state):
    key = await push(world, delay_seconds=120)
    await answer_prompt(world, ANN, key, answer)
    assert await record(world, Prompt, ANN) is None
    await world.clock.advance(seconds=119)
    assert (await payment_of(world, key)).state is State.PROMPTED
    await world.clock.advance(seconds=1)
    assert (await payment_of(world, key)).state is state
    assert await record(world, Job, f"prompt.settle:{key}") is None


async def test_money_that_went_while_the_answer_was_kept_back_is_missed(world, push, payment_of):
    kept_back = await push(world, amount="800.00", delay_seconds=30)
    await answer_prompt(world, ANN, kept_back, Approve())
    await answer_prompt(world, ANN, await push(world, amount="800.00"), Approve())
    await world.clock.advance(seconds=30)
    payment = await payment_of(world, kept_back)
    assert (payment.state, payment.failure.reason) == (State.FAILED, "InsufficientFunds")


async def test_a_payment_declined_without_a_prompt_fails_when_due(world, payment_of):
    payment = begun(Payment("p9", Kind.COLLECTION, "fake.push", Money(100), ANN, "600000", "A", "X", "r9"), world.now())
    due = VIRTUAL_START.replace(minute=31)
    await world.run(lambda tx: decline_later(tx, payment, Forced("17"), due))
    assert (await payment_of(world, "p9")).state is State.PENDING
    await world.clock.advance(to=due)
    told = await payment_of(world, "p9")
    assert (told.state, told.failure.code, told.decided_at) == (State.FAILED, "17", due)


# Jobs that come too late.


@pytest.mark.parametrize(
    "handler",
    [
        pytest.param(answer_by_policy, id="prompt.answer"),
        pytest.param(expire_prompt, id="prompt.expire"),
        pytest.param(settle_later, id="prompt.settle"),
        pytest.param(fail_later, id="payment.fail"),
    ],
)
async def test_a_dropped_job_does_nothing(world, push, payment_of, events, handler):
    key = await push(world)
    before = await payment_of(world, key), len(await events(world))
    dropped = Job("dropped", "any", world.now(), key, {"reason": "Forced", "code": "1"})
    await handler(world, dropped)
    assert (await payment_of(world, key), len(await events(world))) == before


async def test_a_policy_does_not_answer_another_payments_prompt(world, push, payment_of):
    await change(world, policy=Policy.APPROVE)
    old = await push(world)
    late = Job("late", "prompt.answer", world.now(), old)
    await answer_prompt(world, ANN, old, Cancel())
    await change(world, policy=Policy.MANUAL)
    new = await push(world)
    await world.run(lambda tx: tx.put(late))
    await world.clock.advance(seconds=1)
    assert (await payment_of(world, new)).state is State.PROMPTED


@pytest.mark.parametrize(
    ("policy", "is_so"),
    [
        pytest.param(Policy.MANUAL, False, id="manual"),
        pytest.param(Policy.APPROVE, True, id="approve"),
        pytest.param(Policy.IGNORE, True, id="ignore, since it expires"),
    ],
)
async def test_whether_a_prompted_payment_is_decided_without_a_person(world, push, payment_of, policy, is_so):
    payment = await payment_of(world, await push(world))
    await change(world, policy=policy)
    assert await world.run(lambda tx: answers_by_itself(tx, world, payment)) is is_so


async def test_a_payment_without_a_prompt_is_decided_without_a_person(world, push, payment_of):
    payment = replace(await payment_of(world, await push(world)), state=State.PENDING)
    assert await world.run(lambda tx: answers_by_itself(tx, world, payment)) is True
