"""The outbox: attempts, what fault rules do to them, and the retry schedule."""

import asyncio
import json
from datetime import timedelta

import pytest

from simulator.core import outbox
from simulator.core.faults import FaultRule
from simulator.core.jobs import Job
from simulator.core.journal import EventKind
from simulator.core.outbox import Callback, Delivery, Outcome
from simulator.core.reordering import KeptBack
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


@pytest.mark.parametrize("how", ["truncated", "not_json", "missing_field", "wrong_type"])
async def test_a_corrupt_message_is_broken_once_and_its_copies_and_retries_are_not(
    world, promise, sender, attempts, record, how
):
    set_rules(world, {"kind": "corrupt", "how": how}, when={"attempt": 1})
    sender.script.append(BROKEN)
    await promise(world, retries=(10,))
    await world.clock.advance(seconds=DAY)
    broken, genuine = sender.sent
    assert (genuine.body, broken.body != genuine.body) == (b'{"result":0}', True)
    assert await attempts(world, "attempt", "body", "fault") == [
        (0, 1, broken.told, "rule 1"),
        (10, 2, {"result": 0}, None),
    ]
    stored = await record(world, Callback, "c1")
    assert [stored.body, *(attempt.body for attempt in stored.attempts)] == [genuine.body, broken.body, None]


# Forged deliveries.


FORGE = {"kind": "forge", "knows": "url", "changes": {"result": 1}}


async def test_a_forged_message_comes_before_the_genuine_one(world, promise, sender, events):
    set_rules(world, FORGE)
    await promise(world, body=b'{"id":"A1","result":0}')
    await world.clock.advance(seconds=DAY)
    assert [(one.is_forged, one.told["result"]) for one in sender.sent] == [(True, 1), (False, 0)]
    forged, genuine = await events(world, EventKind.CALLBACK)
    assert forged.data == {
        "callback": "c1",
        "operation": "fake.push",
        "url": "http://app.test/callback",
        "forged": True,
        "body": {"id": sender.sent[0].told["id"], "result": 1},
        "outcome": "answered",
        "status": 200,
        "answer": "ok",
        "fault": "rule 1",
    }
    assert ("forged" in genuine.data, genuine.data["attempt"], genuine.data["fault"]) == (False, 1, "rule 1")
    assert sender.sent[0].told["id"] != "A1"


async def test_a_forged_message_is_no_attempt_and_never_retried(world, promise, sender, attempts, record):
    set_rules(world, FORGE)
    sender.script.extend([BROKEN, OK])
    await promise(world, retries=(10,))
    await world.clock.advance(seconds=DAY)
    assert await attempts(world, "attempt", "forged", "status") == [(0, None, True, 500), (0, 1, None, 200)]
    stored = await record(world, Callback, "c1")
    assert [(attempt.is_forged, attempt.number) for attempt in stored.attempts] == [(True, 0), (False, 1)]


async def test_each_attempt_may_have_its_forger(world, promise, sender, attempts):
    set_rules(world, FORGE)
    sender.script.extend([OK, BROKEN, OK, OK])
    await promise(world, retries=(10,))
    await world.clock.advance(seconds=DAY)
    assert await attempts(world, "attempt") == [(0, None), (0, 1), (10, None), (10, 2)]


async def test_the_callback_of_a_forger_who_is_not_reached_is_delivered(world, promise, sender, attempts):
    set_rules(world, FORGE)
    sender.script.append(Delivery(Outcome.UNREACHABLE, answer="OSError"))
    await promise(world)
    await world.clock.advance(seconds=DAY)
    assert await attempts(world, "outcome") == [(0, "unreachable"), (0, "answered")]


async def test_nobody_takes_a_forged_message_for_the_delivery(world, promise, sender):
    set_rules(world, FORGE)
    told = []

    async def forged():
        told.append(delivered.is_set())
        return OK

    async def genuine():
        told.append(delivered.is_set())
        return OK

    sender.script.extend([forged, genuine])
    delivered = world.expect("r0")
    await promise(world)
    await world.clock.advance(seconds=0)
    assert (told, delivered.is_set()) == ([False, False], True)


async def test_a_callback_that_vanishes_while_it_is_forged_is_not_recorded(world, promise, sender, attempts):
    set_rules(world, FORGE)

    async def vanishes():
        await world.run(lambda tx: tx.drop(Callback, "c1"))
        return OK

    sender.script.append(vanishes)
    await promise(world)
    await world.clock.advance(seconds=DAY)
    assert await attempts(world) == []


# Order.


@pytest.fixture
def promise_at(callback):
    """Posts callbacks that are due so many seconds from now."""

    async def post(world, **due):
        for key, seconds in due.items():
            at = world.now() + timedelta(seconds=seconds)
            await world.run(lambda tx, key=key, at=at: outbox.post(tx, callback(key), at))

    return post


def reorder(world, behind=1, **told):
    set_rules(world, {"kind": "reorder", "behind": behind}, **told)


@pytest.mark.parametrize(
    ("behind", "order"),
    [
        pytest.param(1, [(5, "b"), (5, "a"), (9, "c"), (12, "d")], id="one"),
        pytest.param(2, [(5, "b"), (9, "c"), (9, "a"), (12, "d")], id="two"),
        pytest.param(3, [(5, "b"), (9, "c"), (12, "d"), (12, "a")], id="three"),
        pytest.param(9, [(5, "b"), (9, "c"), (12, "d"), (12, "a")], id="more than there are"),
    ],
)
async def test_a_callback_lets_later_ones_pass(world, promise_at, attempts, behind, order):
    reorder(world, behind, nth=1)
    await promise_at(world, a=0, b=5, c=9, d=12)
    await world.clock.advance(seconds=DAY)
    assert await attempts(world, "callback") == order


async def test_callbacks_that_are_due_at_the_same_time_pass_too(world, promise_at, attempts):
    reorder(world, nth=1)
    await promise_at(world, a=3, b=3, c=3)
    await world.clock.advance(seconds=3)
    assert await attempts(world, "callback", "attempt", "fault") == [
        (3, "b", 1, None),
        (3, "c", 1, None),
        (3, "a", 1, "rule 1"),
    ]


async def test_a_callback_with_nothing_behind_it_leaves_at_once(world, promise_at, attempts):
    reorder(world)
    await promise_at(world, a=3)
    await world.clock.advance(seconds=3)
    assert await attempts(world, "callback") == [(3, "a")]


async def test_a_callback_leaves_behind_the_last_thing_that_is_due(world, push, promise_at, attempts):
    """A prompt that expires after a minute, and the callback that tells of it."""
    reorder(world, behind=5, nth=1)
    await promise_at(world, a=0)
    await push(world)
    await world.clock.advance(seconds=60)
    assert await attempts(world, "callback") == [(60, "c1")]
    await world.clock.advance(seconds=1)
    assert await attempts(world, "callback") == [(60, "c1"), (61, "a")]


async def test_two_that_are_kept_back_do_not_wait_for_each_other(world, promise_at, attempts):
    reorder(world)
    await promise_at(world, a=0, b=5)
    await world.clock.advance(seconds=DAY)
    assert await attempts(world, "callback") == [(5, "a"), (5, "b")]


async def test_what_never_leaves_does_not_count_as_passed(world, promise_at, attempts):
    set_rules(world, {"kind": "reorder"}, nth=1)
    drop = FaultRule.model_validate({"name": "drop", "at": "fake.push.callback", "nth": 2, "effect": {"kind": "drop"}})
    world.rules = (*world.rules, drop)
    await promise_at(world, a=0, b=5, c=9)
    await world.clock.advance(seconds=DAY)
    assert [key for _, key in await attempts(world, "callback")] == ["b", "c", "a"]


async def test_a_callback_that_is_retried_was_kept_back_once(world, promise_at, promise, sender, attempts):
    reorder(world, when={"attempt": 1}, nth=1)
    sender.script.extend([OK, BROKEN])
    await promise(world, "a", retries=(10,))
    await promise_at(world, b=5)
    await world.clock.advance(seconds=DAY)
    assert await attempts(world, "callback", "attempt") == [(5, "b", 1), (5, "a", 1), (15, "a", 2)]


async def test_a_callback_is_kept_back_behind_one_that_the_app_takes_its_time_for(world, promise_at, attempts, sender):
    """The app waits, on the world's clock, before it answers: meanwhile there is nothing that could be waited for."""
    reorder(world, nth=1)

    async def slow():
        await world.clock.sleep(20)
        return OK

    sender.script.append(slow)
    await promise_at(world, a=0, b=0)
    await world.clock.advance(seconds=60)
    assert await attempts(world, "callback") == [(20, "b"), (20, "a")]


async def test_a_callback_that_vanishes_while_it_is_kept_back_leaves_nothing(world, promise_at, attempts, record):
    reorder(world, nth=1)
    await promise_at(world, a=0, b=5)
    await world.clock.advance(seconds=1)
    await world.run(lambda tx: tx.drop(Callback, "a"))
    await world.clock.advance(seconds=DAY)
    assert await attempts(world, "callback") == [(5, "b")]
    assert await world.run(lambda tx: (tx.find(Job), tx.find(KeptBack))) == ([], [])


async def test_order_changes_on_the_system_clock_too(simulate, promise_at, sender):
    world = await simulate(is_virtual=False).open("default")
    reorder(world, nth=1)
    all_there = asyncio.Event()

    async def last():
        all_there.set()
        return OK

    sender.script.extend([OK, last])
    await promise_at(world, a=0, b=0.05)
    await asyncio.wait_for(all_there.wait(), 5)
    assert [one.key for one in sender.sent] == ["b", "a"]


# By hand.


async def test_a_redelivery_sends_the_same_bytes_and_heeds_no_rule(world, promise, sender, attempts, record):
    set_rules(world, {"kind": "drop"})
    await promise(world, retries=(10,))
    await world.clock.advance(seconds=0)
    sender.script.append(BROKEN)
    stored = await record(world, Callback, "c1")
    await world.run(lambda tx: outbox.redeliver(tx, world, stored, 1))
    await world.clock.advance(seconds=5)
    assert await attempts(world, "attempt", "outcome", "by_hand", "fault") == [
        (0, 1, "dropped", None, "rule 1"),
        (0, 2, "answered", True, None),
    ]
    assert [one.body for one in sender.sent] == [b'{"result":0}']


async def test_a_callback_that_was_never_tried_may_be_delivered_by_hand(world, callback, attempts):
    later = world.now() + timedelta(seconds=60)
    await world.run(lambda tx: outbox.post(tx, callback("c1"), later))
    await world.run(lambda tx: outbox.redeliver(tx, world, callback("c1"), 1))
    await world.clock.advance(seconds=60)
    assert await attempts(world, "attempt", "by_hand") == [(0, 1, True), (60, 1, None)]


# Questions: callbacks whose answer decides.


@pytest.fixture
async def asked(simulate, callback):
    """Asks, in a world of its own, what the app has 8 s to answer. Gives the world, and what was decided and when."""
    heard = []

    async def hear(world, job):
        await world.run(lambda tx: tx.done(job))
        heard.append(((world.now() - VIRTUAL_START).total_seconds(), dict(job.details)))

    async def ask(*effects, others=(), **told):
        world = await simulate(jobs={"fake.answered": hear}).open("default")
        set_rules(world, *effects, **{"at": "fake.ask.callback"} | told)
        question = callback("q", operation="fake.ask", asks="fake.answered")
        await world.run(lambda tx: outbox.ask(tx, question, world.now(), deadline_seconds=8))
        for key, seconds in others:
            at = world.now() + timedelta(seconds=seconds)
            await world.run(lambda tx, key=key, at=at: outbox.post(tx, callback(key), at))
        await world.clock.advance(seconds=DAY)
        return world, heard

    return ask


def answers(text="yes", status=200, after=0.0):
    """A delivery that is answered after so many seconds; the sender itself gives up later than any of them."""

    async def answer(clock):
        if after:
            await clock.sleep(after)
        return Delivery(Outcome.ANSWERED, status, text)

    return answer


@pytest.fixture
def script(sender, monkeypatch):
    """What the app does with each delivery; the sender of this test tells it the clock."""

    def set_script(*behaviours):
        left = list(behaviours)

        async def send(callback, hosts, clock):
            sender.sent.append(callback)
            return await (left.pop(0) if left else answers())(clock)

        monkeypatch.setattr(sender, "send", send)

    return set_script


YES = {"status": "200", "answer": "yes"}


async def gone(clock):
    return Delivery(Outcome.UNREACHABLE, answer="OSError")


@pytest.mark.parametrize(
    ("effects", "behaviours", "decided", "told"),
    [
        pytest.param([], [answers()], [(0, YES)], [(0, True)], id="in time"),
        pytest.param([], [answers(after=7)], [(7, YES)], [(7, True)], id="just in time"),
        pytest.param([], [answers(after=9)], [(8, {})], [(9, False)], id="late"),
        pytest.param([], [answers("no", 500)], [(0, {"status": "500", "answer": "no"})], [(0, True)], id="an error"),
        pytest.param([], [gone], [(0, {})], [(0, False)], id="unreachable"),
        pytest.param([{"kind": "drop"}], [], [(8, {})], [(0, False)], id="dropped"),
        pytest.param([{"kind": "delay", "seconds": 5}], [], [(5, YES)], [(5, True)], id="a short delay"),
        pytest.param([{"kind": "delay", "seconds": 8}], [], [(8, {})], [(8, False)], id="a delay to the deadline"),
        pytest.param([{"kind": "delay", "seconds": 30}], [], [(8, {})], [(30, False)], id="a long delay"),
        pytest.param(
            [{"kind": "delay", "seconds": 5}], [answers(after=4)], [(8, {})], [(9, False)], id="delayed and slow"
        ),
        pytest.param(
            [{"kind": "duplicate", "copies": 2}],
            [answers(), answers("no"), answers("no")],
            [(0, YES)],
            [(0, True), (0, False), (0, False)],
            id="the first answer of three counts",
        ),
        pytest.param(
            [{"kind": "duplicate", "after_seconds": 20}], [], [(0, YES)], [(0, True), (20, False)], id="a late copy"
        ),
        pytest.param(
            [{"kind": "duplicate", "after_seconds": 2}],
            [gone, answers()],
            [(0, {})],
            [(0, False), (2, False)],
            id="unreachable first: a copy does not mend it",
        ),
        pytest.param([{"kind": "reorder"}], [], [(0, YES)], [(0, True)], id="kept back behind nothing"),
    ],
)
async def test_a_question_is_decided_once(asked, script, attempts, effects, behaviours, decided, told):
    script(*behaviours)
    world, heard = await asked(*effects)
    assert heard == decided
    assert await attempts(world, "in_time") == told


@pytest.mark.parametrize(
    ("passes_at", "decided", "told"),
    [
        pytest.param(5, [(5, YES)], [(5, "b", None), (5, "q", True)], id="in time"),
        pytest.param(20, [(8, {})], [(20, "b", None), (20, "q", False)], id="too late"),
    ],
)
async def test_a_question_that_is_kept_back_loses_its_time(asked, script, attempts, passes_at, decided, told):
    script()
    world, heard = await asked({"kind": "reorder"}, others=[("b", passes_at)])
    assert heard == decided
    assert await attempts(world, "callback", "in_time") == told


async def test_the_answer_to_a_forged_question_decides_nothing(asked, script, attempts):
    script(answers("no"), answers())
    world, heard = await asked({"kind": "forge", "knows": "everything"})
    assert heard == [(0, YES)]
    assert await attempts(world, "forged", "answer", "in_time") == [(0, True, "no", None), (0, None, "yes", True)]


async def test_a_question_may_arrive_broken(asked, script, sender):
    script(answers("what?", 400))
    _, heard = await asked({"kind": "corrupt", "how": "not_json"})
    assert heard == [(0, {"status": "400", "answer": "what?"})]
    with pytest.raises(json.JSONDecodeError):
        json.loads(sender.sent[0].body)


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
    delivered = world.expect("r0")
    assert world.expect("r0") is delivered
    await promise(world)
    assert await asyncio.wait_for(world.clock.until(delivered), 5) is True
    assert world.expect("r0") is not delivered
