"""A second simulation on a store that outlives the first: worlds as they were, and what was due is due."""

from datetime import timedelta

import pytest

from simulator.core.faults import FaultRule
from simulator.core.jobs import Job
from simulator.core.outbox import Callback, post
from simulator.core.payments import Payment, State
from simulator.core.tokens import Token, keep
from simulator.core.virtual_clock import VIRTUAL_START

RULE = FaultRule.model_validate({"name": "r", "at": "*.*.callback", "effect": {"kind": "duplicate"}})


@pytest.fixture
def restart(simulate):
    """Another process on the same store, as far as worlds can tell."""

    async def begin(simulation, **told):
        await simulation.close()
        again = simulate(store=simulation.shared.store, **told)
        await again.reopen()
        return again

    return begin


async def test_worlds_are_reopened_as_they_were(simulation, restart):
    world = await simulation.open("w", seed=42, starts_at=VIRTUAL_START + timedelta(days=1))
    await simulation.open("default")
    await world.map_hosts({"app.test": "127.0.0.1:1"})
    await world.run(lambda tx: tx.put(RULE))
    await world.clock.advance(seconds=90)
    await world.keep_state()
    again = await restart(simulation)
    assert [one.name for one in again.worlds] == ["default", "w"]
    reopened = again.world("w")
    assert (reopened.seed, reopened.hosts, reopened.rules) == (42, {"app.test": "127.0.0.1:1"}, (RULE,))
    assert (reopened.starts_at, reopened.now()) == (world.starts_at, world.starts_at + timedelta(seconds=90))
    assert (again.world("default").seed, again.world("default").now()) == (again.seed, VIRTUAL_START)


async def test_a_reset_begins_where_the_world_began_before_the_restart(simulation, restart):
    world = await simulation.open("w", seed=42)
    await world.clock.advance(seconds=90)
    await world.keep_state()
    again = await restart(simulation)
    assert (await again.reset("w")).now() == VIRTUAL_START


async def test_numbers_are_skipped_and_never_repeated(simulation, restart):
    world = await simulation.open("w")
    assert [await world.take("payment") for _ in range(3)] == [1, 2, 3]
    again = await restart(simulation)
    assert await again.world("w").take("payment") == 1001


async def test_tokens_stay_good(simulation, restart):
    world = await simulation.open("w")
    good = Token("good", "w", "fake", "key", world.now() + timedelta(seconds=1))
    await world.run(lambda tx: keep(tx, good, world.now()))
    again = await restart(simulation)
    assert again.tokens.get("good") == good


async def test_tokens_outlive_a_reset_and_the_restart_behind_it(simulation, restart):
    world = await simulation.open("w")
    token = Token("t", "w", "fake", "key", world.now() + timedelta(seconds=1))
    await world.run(lambda tx: keep(tx, token, world.now()))
    simulation.tokens.add(token)
    await simulation.reset("w")
    again = await restart(simulation)
    assert again.tokens.get("t") == token


async def test_rules_that_were_lifted_do_not_come_back(simulate, restart):
    simulation = simulate(chaos=(RULE,))
    world = await simulation.open("w")
    assert world.rules == (RULE,)
    await world.run(lambda tx: tx.drop(FaultRule, "r"))
    again = await restart(simulation, chaos=(RULE,))
    assert again.world("w").rules == ()
    assert (await again.open("fresh")).rules == (RULE,)


async def test_what_was_due_runs_once_the_worlds_are_resumed(simulate, restart, sender, callback, record):
    simulation = simulate(is_virtual=False)
    world = await simulation.open("w")
    later = world.now() + timedelta(hours=1)
    await world.run(lambda tx: post(tx, callback("late"), later))
    await simulation.close()
    await world.run(lambda tx: post(tx, callback("due"), world.now()))
    again = await restart(simulation, is_virtual=False)
    assert sender.sent == []
    delivered = again.world("w").expect("r0")
    again.resume()
    await delivered.wait()
    assert [sent.key for sent in sender.sent] == ["due"]
    assert len((await record(again.world("w"), Callback, "due")).attempts) == 1
    assert [one.subject for one in await again.world("w").run(lambda tx: tx.find(Job))] == ["late"]


async def test_a_payment_goes_on_where_it_was(simulation, restart, push, record):
    world = await simulation.open("w")
    payment = await push(world)
    again = await restart(simulation)
    again.resume()
    reopened = again.world("w")
    assert (await record(reopened, Payment, payment)).state is State.PROMPTED
    await reopened.clock.advance(seconds=60)
    assert (await record(reopened, Payment, payment)).state is State.EXPIRED
