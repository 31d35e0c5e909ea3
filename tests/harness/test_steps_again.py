"""`eventually`, `soft` and `together`: on fakes, and at the simulator with the bundled bank."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.exchange import Answer, StepFailed
from harness.factories import BUNDLED, find_factory
from harness.reading import load
from harness.report import lines
from harness.runner import Setting, play
from harness.steps import VERBS
from harness.steps.together import Member, Together
from harness.targets.simulator import check_rule, simulator

PAGE = Path(__file__).parents[2] / "docs" / "scenarios.md"


async def run(stage, verb, **fields):
    await VERBS[verb].model_validate(fields).run(stage)


class Becoming(dict):
    """Answers of an app whose state changes with every question."""

    def __init__(self, *states):
        self.states = list(states)

    def __getitem__(self, line):
        return {"state": self.states.pop(0) if len(self.states) > 1 else self.states[0]}


class TestEventually:
    async def test_asks_again_after_whatever_happens_next(self, stage, world, door):
        door.answers = Becoming("pending", "pending", "completed")
        world.control.coming = [{"kind": "payment"}, {"kind": "callback"}, {"kind": "callback"}]
        expect = {"body": {"state": "completed"}}
        await run(stage, "app", app="GET /x", eventually="60s", expect=expect, save={"state": "$.state"})
        assert (len(door.sent), stage.names) == (3, {"state": "completed"})
        assert world.control.now == stage.journal.events[-1].at
        assert len(world.control.coming) == 1

    async def test_asks_once_more_when_the_time_is_up(self, stage, world, door):
        door.answers = Becoming("pending", "completed")
        began = world.control.now
        await run(stage, "app", app="GET /x", eventually={"within": "60s"}, expect={"body": {"state": "completed"}})
        assert (len(door.sent), world.control.now - began) == (2, timedelta(seconds=60))

    async def test_tells_the_last_mismatches(self, stage, world, door):
        door.answers = Becoming("a", "b")
        with pytest.raises(StepFailed) as caught:
            await run(stage, "app", app="GET /x", eventually="5m", expect={"body": {"state": "c"}})
        assert [str(one) for one in caught.value.mismatches] == ['$.state: expected "c", got "b"']
        assert caught.value.note == 'not within 5m\nthe answer was 200 {"state":"b"}'

    async def test_a_request_to_the_provider_may_be_repeated(self, stage, world):
        world.answers = [Answer(503, {}, None), Answer(200, {}, None)]
        await run(stage, "provider", provider="GET /x", auth="none", eventually="60s")
        assert len(world.sent) == 2

    async def test_the_ledger_may_be_looked_at_again(self, stage, world):
        world.control.balances = {"a": "1.00"}
        with pytest.raises(StepFailed):
            await run(stage, "ledger", ledger={"a": "2.00"}, eventually="60s")


@pytest.fixture
async def setting():
    async with simulator() as target:
        yield Setting(target, target.http, lambda: find_factory(BUNDLED))


async def test_a_soft_step_fails_the_scenario_and_the_story_goes_on(write, setting):
    text = """\
steps:
  - ledger: {outside: "1.00"}
    soft: true
  - provider: GET /nowhere
    auth: none
    soft: true
    expect: {status: 200}
  - clock: 1h
  - ledger: {outside: "2.00"}
  - clock: 1h
"""
    (scenario,) = load(write(text), check_rule)
    verdict = await play(scenario, setting)
    assert [(one.title, one.mark.line) for one in verdict.failures] == [
        ("ledger", 2),
        ("provider GET /nowhere", 4),
        ("ledger", 9),
    ]


TWO = """\
name: two customers at once
seed: 5
requires: [faults, clock]
given:
  - subscriber: {msisdn: "254708374149", balance: "500.00", policy: approve}
    customer: {name: Ann, msisdn: "254708374149", save: ann}
    fault: {name: slow, at: daraja.stk_push.acknowledgement, effect: {kind: delay, seconds: 20}}
  - subscriber: {msisdn: "254711000002", balance: "500.00", policy: approve}
    customer: {name: Brian, msisdn: "254711000002", save: brian}
steps:
  - together:
      - app: POST /deposits
        body: {customer: "{ann}", amount: "100.00", via: mpesa}
        save: {first: $.id}
      - app: POST /deposits
        body: {customer: "{brian}", amount: "200.00", via: mpesa}
        save: {second: $.id}
  - app: GET /deposits/{first}
    eventually: 2m
    expect: {body: {state: completed, amount: "100.00"}}
  - app: GET /deposits/{second}
    eventually: {within: 60s}
    expect: {body: {state: completed, amount: "200.00"}}
  - ledger: {"subscriber:254708374149": "400.00", "subscriber:254711000002": "300.00"}
    eventually: 60s
"""


class TestTogether:
    async def test_both_wait_at_the_provider_before_either_is_released(self, write, setting):
        (scenario,) = load(write(TWO), check_rule)
        one, other = [await play(scenario, setting) for _ in range(2)]
        assert one.is_good, "\n".join(lines(one))
        pushes = [event for event in one.events if event.text("operation") == "daraja.stk_push"]
        seconds = [(event.at - one.events[0].at).total_seconds() for event in pushes]
        assert [event.kind for event in pushes] == ["request", "request", "callback", "callback"]
        assert seconds == [0, 0, 22, 22]
        assert [event.line for event in one.events] == [event.line for event in other.events]

    async def test_what_is_born_while_several_wait_belongs_to_whom_it_names(self, write, setting):
        (scenario,) = load(write(TWO.replace("stk_push.acknowledgement", "stk_push.request")), check_rule)
        verdict = await play(scenario, setting)
        assert verdict.is_good, "\n".join(lines(verdict))

    async def test_the_phone_answers_while_the_acknowledgement_is_on_its_way(self, write, setting):
        text = TWO.replace("policy: approve", "policy: manual").partition(
            '      - app: POST /deposits\n        body: {customer: "{brian}'
        )[0]
        text += '      - phone: approve\n        msisdn: "254708374149"\n'
        (scenario,) = load(write(text), check_rule)
        verdict = await play(scenario, setting)
        assert verdict.is_good, "\n".join(lines(verdict))
        answered = next(event for event in verdict.events if event.text("state") == "answered")
        assert answered.at == verdict.events[0].at

    async def test_what_was_not_as_expected_is_told_of_all(self, write, setting):
        text = TWO.replace('amount: "100.00", via: mpesa}', 'amount: "-1", via: mpesa}').replace(
            'amount: "200.00", via: mpesa}', 'amount: "200.00", via: pigeon}'
        )
        (scenario,) = load(write(text), check_rule)
        (failure,) = (await play(scenario, setting)).failures
        assert [str(one) for one in failure.mismatches] == ["app POST /deposits: status: expected 2xx, got 422"] * 2
        assert [mark.line for mark in failure.marks] == [12, 15]

    async def test_a_step_that_neither_ends_nor_waits_for_the_clock_is_named(self, write, setting, monkeypatch):
        class Stuck:
            async def run(self, stage):
                await asyncio.Event().wait()

        monkeypatch.setattr("harness.steps.together.REAL_SECONDS", 0.05)
        (scenario,) = load(write(TWO), check_rule)
        placed = next(one for one in scenario.steps if one.verb == "together")
        members = (placed.step.members[0], Member("stuck", Stuck(), ("together", 1)))
        scenario = replace(scenario, steps=(scenario.steps[0], replace(placed, step=Together(members))))
        (failure,) = (await play(scenario, setting)).failures
        assert [str(one) for one in failure.mismatches] == [
            "stuck: expected to end, or to wait at the provider, got neither within 0.05 s of real time"
        ]
        assert [mark.line for mark in failure.marks] == [15]

    async def test_where_the_clock_is_elsewhere_all_start_at_once(self, stage, door):
        met = asyncio.Barrier(2)

        class Step:
            async def run(self, stage):
                await met.wait()

        await Together((Member("a", Step(), ()), Member("b", Step(), ()))).run(stage)

    async def test_a_defect_in_one_is_not_hidden_by_a_mismatch_in_another(self, stage, door):
        door.answers = {"GET /a": Answer(500, {}, None)}
        members = [Member(line, VERBS["app"].model_validate({"app": line}), ()) for line in ("GET /a", "GET /b")]
        with pytest.raises(KeyError):
            await Together(tuple(members)).run(stage)


async def test_the_examples_of_the_page_are_good(write, setting):
    text = PAGE.read_text().partition("```yaml examples\n")[2].partition("```")[0]
    scenarios = load(write(text), check_rule)
    assert [one.name.partition("(")[2] for one in scenarios] == ["cancelled)", "paid)"]
    for scenario in scenarios:
        verdict = await play(scenario, setting)
        assert verdict.is_good, "\n".join(lines(verdict))
