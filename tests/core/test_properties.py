"""What must hold after any story: money is conserved, every payment ends once, every promised callback is attempted."""

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.core.errors import PromptAlreadyOpen
from simulator.core.faults import FaultRule
from simulator.core.jobs import Job
from simulator.core.journal import EventKind
from simulator.core.ledger import Entry, audit
from simulator.core.outbox import Callback, Delivery, Outcome
from simulator.core.payments import Payment, State
from simulator.core.prompts import Approve, Cancel, NoSuchPrompt, Prompt, answer_prompt
from simulator.core.reordering import KeptBack

PEOPLE = [f"25471100000{number}" for number in range(3)]
FINAL = {State.SUCCEEDED, State.FAILED, State.CANCELLED, State.EXPIRED}

people = st.sampled_from(PEOPLE)
pushes = st.tuples(
    st.just("push"), people, st.sampled_from(["0.01", "400.00", "999.99", "60000.00"]), st.sampled_from([0.0, 20.0])
)
answers = st.tuples(st.just("answer"), people, st.sampled_from([Approve(), Approve("0000"), Approve("1234"), Cancel()]))
waits = st.tuples(st.just("wait"), st.sampled_from([0, 1, 7, 25, 61, 90_000]))
policies = st.dictionaries(people, st.sampled_from(["manual", "approve", "cancel", "ignore"]))
outcomes = st.sampled_from(
    [Delivery(Outcome.ANSWERED, 200), Delivery(Outcome.ANSWERED, 500), Delivery(Outcome.UNREACHABLE)]
)
effects = st.sampled_from(
    [
        {"kind": "drop"},
        {"kind": "delay", "seconds": 40},
        {"kind": "duplicate", "copies": 2, "after_seconds": 3},
        {"kind": "duplicate"},
        {"kind": "reorder"},
        {"kind": "reorder", "behind": 3},
        {"kind": "forge", "knows": "url", "changes": {"result": 1}},
        {"kind": "corrupt", "how": "truncated"},
        {"kind": "corrupt", "how": "missing_field"},
    ]
)
rules = st.lists(st.tuples(effects, st.sampled_from([0.3, 1.0]), st.sampled_from([None, 1, [2, 3]])), max_size=3)
stories = st.fixed_dictionaries(
    {
        "steps": st.lists(st.one_of(pushes, answers, answers, waits), min_size=1, max_size=15),
        "policies": policies,
        "rules": rules,
        "outcomes": st.lists(outcomes, max_size=8),
    }
)


async def tell(world, push, sender, story):
    """Plays a story to its end, when nothing is due any more."""
    sender.sent.clear()
    sender.script.clear()
    sender.script.extend(story["outcomes"])
    world.rules = tuple(
        FaultRule.model_validate(
            {"name": f"r{number}", "at": "fake.*.callback", "effect": effect, "probability": odds, "nth": nth}
        )
        for number, (effect, odds, nth) in enumerate(story["rules"])
    )
    for kind, *told in story["steps"]:
        if kind == "wait":
            await world.clock.advance(seconds=told[0])
        elif kind == "push":
            try:
                await push(world, told[0], told[1], delay_seconds=told[2])
            except PromptAlreadyOpen:
                continue
        else:
            prompt = await world.run(lambda tx, who=told[0]: tx.get(Prompt, who))
            try:
                await answer_prompt(world, told[0], prompt.payment if prompt else "p1", told[1])
            except NoSuchPrompt:
                continue
    await world.clock.advance(jobs=10_000)


def play(simulate, push, sender, template, story, look):
    """Each story in a world of its own; `look` gives what is then to be seen."""

    async def told():
        people = {who: {"policy": story["policies"].get(who, "manual"), "balance": "1000.00"} for who in PEOPLE}
        with_policies = template.model_copy(
            update={"subscribers": type(template).model_validate({"subscribers": people}).subscribers}
        )
        world = await simulate(template=with_policies).open("default")
        await tell(world, push, sender, story)
        return await look(world)

    return asyncio.run(told())


async def books(world):
    accounts = {account.name: account for account in await world.store.accounts(world.name)}
    payments = await world.run(lambda tx: tx.find(Payment))
    entries = await world.run(lambda tx: tx.find(Entry, limit=10_000))
    settled = {payment.key: payment.amount for payment in payments if payment.state is State.SUCCEEDED}
    return accounts, payments, audit(accounts, entries, settled)


@given(story=stories)
@settings(suppress_health_check=["function_scoped_fixture"])
def test_no_story_makes_or_loses_money(simulate, push, sender, template, story):
    accounts, payments, told = play(simulate, push, sender, template, story, books)
    assert told.is_balanced, told.problems
    paid = sum(payment.amount.minor for payment in payments if payment.state is State.SUCCEEDED)
    got = [account.balance.minor for name, account in accounts.items() if name.startswith("merchant:")]
    assert sum(got) == (1_000_000_000 + paid if got else 0)
    assert all(account.balance.minor >= 0 for name, account in accounts.items() if name != "outside")


@given(story=stories)
@settings(suppress_health_check=["function_scoped_fixture"])
def test_every_payment_ends_in_exactly_one_final_state(simulate, push, sender, template, story):
    async def look(world):
        told = await world.store.events(world.name, after=0, limit=10_000)
        return await world.run(lambda tx: tx.find(Payment)), [one for one in told if one.kind is EventKind.PAYMENT]

    payments, told = play(simulate, push, sender, template, story, look)
    ends = Counter(event.payment for event in told if event.data["state"] in FINAL)
    assert ends == Counter(payment.key for payment in payments)
    assert all(payment.state in FINAL and payment.decided_at for payment in payments)


@given(story=stories)
@settings(suppress_health_check=["function_scoped_fixture"])
def test_every_promised_callback_is_attempted_unless_a_rule_dropped_it(simulate, push, sender, template, story):
    async def look(world):
        return await world.run(lambda tx: (tx.find(Payment), tx.find(Callback)))

    payments, callbacks = play(simulate, push, sender, template, story, look)
    assert sorted(callback.payment for callback in callbacks) == sorted(payment.key for payment in payments)
    assert all(callback.attempts for callback in callbacks)
    dropped = {one.key for one in callbacks if one.attempts[0].delivery.outcome is Outcome.DROPPED}
    assert {one.key for one in callbacks} - dropped <= {one.key for one in sender.sent if not one.is_forged}


@given(story=stories)
@settings(suppress_health_check=["function_scoped_fixture"])
def test_nothing_is_left_to_do_at_the_end(simulate, push, sender, template, story):
    async def look(world):
        return await world.run(lambda tx: (tx.find(Job), tx.find(KeptBack), tx.find(Prompt)))

    assert play(simulate, push, sender, template, story, look) == ([], [], [])
