"""What is counted of a world, and that it is never uncounted."""

from datetime import datetime

import pytest

from simulator.core.clock import EAT
from simulator.core.journal import Event, EventKind
from simulator.core.outbox import Delivery, Outcome
from simulator.core.tally import LATENESS_BOUNDS, Lateness, Tally

AT = datetime(2026, 1, 15, 10, 30, tzinfo=EAT)


def counted(kind, **data):
    tally = Tally()
    tally.count([Event(kind, AT, data)])
    return tally


@pytest.mark.parametrize(
    ("data", "outcome", "status"),
    [
        pytest.param({"status": 200}, "answered", "200", id="answered"),
        pytest.param({"status": 400}, "refused", "400", id="refused by its status"),
        pytest.param({"status": 200, "why": "no"}, "refused", "200", id="refused with a 200"),
        pytest.param({"status": 0}, "unanswered", "", id="left to hang"),
    ],
)
def test_a_request_counts_by_what_became_of_it(data, outcome, status):
    tally = counted(EventKind.REQUEST, operation="fake.push", **data)
    assert tally.requests == {("fake.push", outcome, status): 1}
    assert tally.events == {("request",): 1}


@pytest.mark.parametrize(
    ("data", "labels"),
    [
        pytest.param({"outcome": "answered", "status": 500}, ("answered", "500", "false"), id="answered"),
        pytest.param({"outcome": "dropped"}, ("dropped", "", "false"), id="dropped"),
        pytest.param({"outcome": "answered", "status": 403, "forged": True}, ("answered", "403", "true"), id="forged"),
    ],
)
def test_a_delivery_counts_by_its_outcome(data, labels):
    tally = counted(EventKind.CALLBACK, operation="fake.push", **data)
    assert tally.callbacks == {("fake.push", *labels): 1}


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled", "expired"])
def test_a_payment_counts_once_it_is_decided(state):
    assert counted(EventKind.PAYMENT, operation="fake.push", state=state).payments == {("fake.push", state): 1}


@pytest.mark.parametrize("state", ["pending", "prompted"])
def test_a_payment_that_is_not_decided_counts_as_an_event_only(state):
    tally = counted(EventKind.PAYMENT, operation="fake.push", state=state)
    assert (tally.payments, tally.events) == ({}, {("payment",): 1})


@pytest.mark.parametrize(
    ("seconds", "place"),
    [
        pytest.param(0.0, 0, id="on time"),
        pytest.param(0.005, 0, id="at a bound"),
        pytest.param(0.006, 1, id="behind a bound"),
        pytest.param(60.0, len(LATENESS_BOUNDS), id="behind all bounds"),
    ],
)
def test_lateness_falls_below_the_first_bound_that_it_does_not_pass(seconds, place):
    lateness = Lateness()
    lateness.note(seconds)
    assert [number for number, count in enumerate(lateness.counts) if count] == [place]
    assert lateness.seconds == seconds


def test_tallies_add_up():
    tally = counted(EventKind.REQUEST, operation="fake.push", status=200)
    tally.note_lateness("fake.push", 0.2)
    both = Tally()
    both.add(tally)
    both.add(tally)
    assert both.requests == {("fake.push", "answered", "200"): 2}
    assert (sum(both.lateness["fake.push"].counts), both.lateness["fake.push"].seconds) == (2, 0.4)


async def test_what_is_not_committed_is_not_counted(world):
    def work(tx):
        tx.append(Event(EventKind.ERROR, AT, {}))
        raise ValueError("after all not")

    with pytest.raises(ValueError, match="after all not"):
        await world.run(work)
    assert world.tally.events == {}


async def test_a_delivery_is_late_by_when_its_turn_came(world, push, sender):
    async def in_turn():
        return Delivery(Outcome.ANSWERED, 200, left_at=world.now())

    sender.script.append(in_turn)
    await push(world, "254711000002")
    await world.clock.advance(seconds=60)
    assert world.tally.lateness["fake.push"].counts[0] == 1


async def test_what_was_counted_stays_when_its_world_is_gone(simulation, push):
    await push(await simulation.open("gone"))
    before = sum(simulation.world("gone").tally.events.values())
    await simulation.reset("gone")
    await simulation.delete("gone")
    assert sum(simulation.forgotten.events.values()) == before > 0
