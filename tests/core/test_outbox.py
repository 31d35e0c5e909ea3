"""The outbox: attempts, what fault rules do to them, and the retry schedule."""

import asyncio

import pytest

from simulator.core import outbox
from simulator.core.faults import FaultRule
from simulator.core.jobs import Job
from simulator.core.journal import EventKind
from simulator.core.outbox import Callback, Delivery, Outcome
from simulator.core.virtual_clock import VIRTUAL_START

OK = Delivery(Outcome.ANSWERED, 200, "ok")
BROKEN = Delivery(Outcome.ANSWERED, 500, "broken")
DAY = 86_400


@pytest.fixture
def promise(callback):
    """Posts a callback that is due now."""

    async def post(world, key="c1", **changes):
        await world.run(lambda tx: outbox.post(tx, callback(key, **changes), world.now()))

    return post


@pytest.fixture
def attempts(events):
    """Of a world: when each delivery was journalled, in seconds from the start, with what was told of it."""

    async def read(world, *names):
        return [
            ((event.at - VIRTUAL_START).total_seconds(), *(event.data.get(name) for name in names))
            for event in await events(world, EventKind.CALLBACK)
        ]

    return read


def set_rules(world, *effects, **told):
    world.rules = tuple(
        FaultRule.model_validate({"name": f"rule {number}", "at": "fake.push.callback", "effect": effect} | told)
        for number, effect in enumerate(effects, 1)
    )


async def test_a_callback_is_delivered_when_due_and_journalled_with_the_answer(world, promise, sender, events, record):
    await promise(world)
    assert await world.clock.advance(seconds=0) == 1
    assert [one.key for one in sender.sent] == ["c1"]
    (event,) = await events(world, EventKind.CALLBACK)
    assert event.data == {
        "callback": "c1",
        "operation": "fake.push",
        "url": "http://app.test/callback",
        "attempt": 1,
        "body": {"result": 0},
        "outcome": "answered",
        "status": 200,
        "answer": "ok",
    }
    assert [attempt.delivery for attempt in (await record(world, Callback, "c1")).attempts] == [OK]


@pytest.mark.parametrize(
    ("delivery", "told"),
    [
        pytest.param(Delivery(Outcome.REFUSED, answer="--allow-callbacks"), "--allow-callbacks", id="refused"),
        pytest.param(Delivery(Outcome.UNREACHABLE, answer="OSError"), "OSError", id="unreachable"),
        pytest.param(Delivery(Outcome.UNREACHABLE), None, id="unreachable, nobody knows why"),
    ],
)
async def test_what_was_not_answered_is_journalled_with_its_reason(world, promise, sender, attempts, delivery, told):
    sender.script.append(delivery)
    await promise(world)
    await world.clock.advance(seconds=0)
    assert await attempts(world, "outcome", "why", "status") == [(0, delivery.outcome, told, None)]


@pytest.mark.parametrize(
    ("retries", "answers", "times"),
    [
        pytest.param((), [BROKEN], [0], id="no schedule"),
        pytest.param((10, 60), [OK], [0], id="answered at once"),
        pytest.param((10, 60), [BROKEN, OK], [0, 10], id="the second one is taken"),
        pytest.param((10, 60), [BROKEN] * 5, [0, 10, 70], id="never taken"),
        pytest.param((10,), [Delivery(Outcome.UNREACHABLE), OK], [0, 10], id="unreachable at first"),
        pytest.param((10,), [Delivery(Outcome.ANSWERED, 302), OK], [0, 10], id="a redirect is no success"),
    ],
)
async def test_the_retry_schedule(world, promise, sender, attempts, retries, answers, times):
    sender.script.extend(answers)
    await promise(world, retries=retries)
    await world.clock.advance(seconds=DAY)
    assert await attempts(world, "attempt") == [(time, number) for number, time in enumerate(times, 1)]
    assert {one.body for one in sender.sent} == {b'{"result":0}'}


async def test_retries_are_scaled_by_the_latency(simulate, promise, sender, attempts):
    world = await simulate(latency=0.5).open("default")
    sender.script.append(BROKEN)
    await promise(world, retries=(10,))
    await world.clock.advance(seconds=DAY)
    assert await attempts(world) == [(0,), (5,)]


# What fault rules do.


async def test_a_drop_never_leaves(world, promise, sender, attempts):
    set_rules(world, {"kind": "drop"})
    await promise(world)
    await world.clock.advance(seconds=DAY)
    assert sender.sent == []
    assert await attempts(world, "outcome", "fault") == [(0, "dropped", "rule 1")]


async def test_a_dropped_attempt_is_followed_by_the_retry(world, promise, sender, attempts):
    set_rules(world, {"kind": "drop"}, when={"attempt": 1})
    await promise(world, retries=(10,))
    await world.clock.advance(seconds=DAY)
    assert await attempts(world, "attempt", "outcome") == [(0, 1, "dropped"), (10, 2, "answered")]


@pytest.mark.parametrize(
    ("effect", "times"),
    [
        pytest.param({}, [0, 0], id="once more at once"),
        pytest.param({"after_seconds": DAY}, [0, DAY], id="a day later"),
        pytest.param({"copies": 3, "after_seconds": 5}, [0, 5, 10, 15], id="three, 5 s after one another"),
    ],
)
async def test_a_duplicate_delivers_again(world, promise, attempts, sender, effect, times):
    set_rules(world, {"kind": "duplicate", **effect})
    await promise(world)
    await world.clock.advance(seconds=2 * DAY)
    assert await attempts(world, "attempt") == [(time, 1) for time in times]
    assert len({one.body for one in sender.sent}) == 1


async def test_a_copy_is_not_retried(world, promise, sender, attempts):
    set_rules(world, {"kind": "duplicate"})
    sender.script.extend([OK, BROKEN])
    await promise(world, retries=(10,))
    await world.clock.advance(seconds=DAY)
    assert await attempts(world, "status") == [(0, 200), (0, 500)]


async def test_a_delay_puts_off_the_attempt(world, promise, sender, attempts):
    set_rules(world, {"kind": "delay", "seconds": 90})
    await promise(world)
    await world.clock.advance(seconds=89)
    assert sender.sent == []
    await world.clock.advance(seconds=1)
    assert await attempts(world, "attempt", "fault") == [(90, 1, "rule 1")]


async def test_a_delayed_attempt_is_retried_by_the_schedule(world, promise, sender, attempts):
    set_rules(world, {"kind": "delay", "seconds": 90}, when={"attempt": 1})
    sender.script.append(BROKEN)
    await promise(world, retries=(10,))
    await world.clock.advance(seconds=DAY)
    assert await attempts(world, "attempt", "status") == [(90, 1, 500), (100, 2, 200)]


async def test_a_rule_may_want_one_attempt_only(world, promise, sender, attempts):
    set_rules(world, {"kind": "drop"}, when={"attempt": 2})
    sender.script.extend([BROKEN, OK])
    await promise(world, retries=(10, 10))
    await world.clock.advance(seconds=DAY)
    assert await attempts(world, "outcome") == [(0, "answered"), (10, "dropped"), (20, "answered")]


# Jobs that come too late.


async def test_a_callback_that_vanished_is_not_delivered_and_its_job_goes(world, promise, sender, attempts, record):
    await promise(world)
    await world.run(lambda tx: tx.drop(Callback, "c1"))
    await world.clock.advance(seconds=DAY)
    assert (sender.sent, await attempts(world)) == ([], [])
    assert await record(world, Job, "deliver:c1:1") is None


async def test_a_callback_that_vanishes_on_its_way_is_not_recorded(world, promise, sender, attempts, record):
    async def vanishes():
        await world.run(lambda tx: tx.drop(Callback, "c1"))
        return OK

    sender.script.append(vanishes)
    await promise(world)
    await world.clock.advance(seconds=DAY)
    assert await attempts(world) == []
    assert await record(world, Callback, "c1") is None


async def test_a_dropped_job_delivers_nothing(world, promise, sender):
    await promise(world)
    await world.run(lambda tx: tx.drop(Job, "deliver:c1:1"))
    await outbox.deliver(world, Job("deliver:c1:1", "deliver", world.now(), "c1", {"attempt": "1"}))
    assert sender.sent == []


async def test_whoever_expects_a_delivery_is_told(world, promise):
    delivered = world.expect_delivery("r0")
    assert world.expect_delivery("r0") is delivered
    await promise(world)
    assert await asyncio.wait_for(world.clock.until(delivered), 5) is True
    assert world.expect_delivery("r0") is not delivered
