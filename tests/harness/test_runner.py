"""Playing a scenario on fakes: skipping, failing, coming to rest."""

import pytest

from harness.exchange import NoAnswer
from harness.problems import Mistake
from harness.runner import Setting, play

QUIET = "steps:\n  - clock: 1s\n"


@pytest.fixture
def setting(target):
    def no_app():
        raise Mistake("there is no app here")

    return Setting(target, None, no_app)


async def test_a_missing_capability_skips_with_a_reason(story, setting, target):
    target.has = frozenset({"clock"})
    verdict = await play(story("requires: [phones, clock, faults]\n" + QUIET), setting)
    assert (verdict.skipped, target.opened) == ("a fake has no phones, faults", [])


async def test_what_the_steps_need_counts_though_it_is_not_listed(story, setting, target):
    target.has = frozenset({"faults"})
    assert (await play(story(QUIET), setting)).skipped == "a fake has no clock"


async def test_a_start_of_its_own_needs_a_fresh_world(story, setting, target):
    target.has -= {"fresh"}
    verdict = await play(story('starts_at: "2026-01-15T10:30:00+03:00"\n' + QUIET), setting)
    assert verdict.skipped == "needs a fresh world"


async def test_where_time_moves_by_itself_callbacks_count_until_they_were_waited_for(story, setting, world):
    world.time.moves_by_itself = True
    world.control.coming = [{"kind": "callback", "outcome": "answered", "payment": one} for one in ("p1", "p2")]
    text = "steps:\n  - clock: 1m\n  - provider: GET /x\n    auth: none\n"
    text += "".join(f"  - wait: callback\n    for: {one}\n" for one in ("p2", "p1"))
    assert (await play(story(text), setting)).is_good
    verdict = await play(story(text + "  - wait: callback\n"), setting)
    assert [one.title for one in verdict.failures] == ["wait callback"]


async def test_a_world_is_opened_with_the_scenarios_seed(story, setting, target):
    await play(story("seed: 5\n" + QUIET), setting)
    assert [(one.name, one.seed) for one in target.opened] == [("story", 5)]


async def test_at_the_end_faults_are_lifted_and_time_moves_on(story, setting, world):
    text = "settle: 5m\nsteps:\n  - fault: {name: a, effect: {kind: drop}}\n"
    verdict = await play(story(text), setting)
    assert verdict.is_good
    assert [one[0] for one in world.control.asked] == ["add_fault", "lift_faults", "advance", "advance_to"]
    assert world.control.now.isoformat() == "2026-01-15T12:05:00+03:00"


async def test_a_chaos_profile_is_there_from_the_beginning_and_lifted_at_the_end(write, story, setting, world):
    write("- {name: a, effect: {kind: drop}}\n- {name: b, effect: {kind: hang}}\n", "bad_day.yaml")
    text = 'chaos: bad_day.yaml\ngiven: {subscriber: {msisdn: "254708374149"}}\nsteps:\n  - clock: 1s\n'
    assert (await play(story(text), setting)).is_good
    asked = [one[0] for one in world.control.asked]
    assert asked[:3] == ["add_fault", "add_fault", "add_subscriber"]
    assert "lift_faults" in asked[3:]


async def test_after_a_failed_step_the_rest_is_left_out_and_invariants_are_still_judged(story, setting, world):
    world.control.books = {"balanced": False, "difference": "1.00"}
    text = "steps:\n  - clock: 1s\n  - clock: {to: '2026-01-01T00:00:00+03:00'}\n  - clock: 1h\n"
    verdict = await play(story(text), setting)
    (failure,), (violation,) = verdict.failures, verdict.violations
    assert (failure.title, failure.mark.line, failure.mark.column) == ("clock", 3, 5)
    assert str(violation.invariant) == "P1 the provider's books"
    assert not verdict.is_good
    assert world.control.now.isoformat() == "2026-01-15T12:10:01+03:00"


async def test_mismatches_know_their_lines(story, setting, world):
    world.control.balances = {"a": "1.00", "b": "2.00"}
    verdict = await play(story('steps:\n  - ledger:\n      a: "0.00"\n      b: "0.00"\n'), setting)
    assert [mark.line for mark in verdict.failures[0].marks] == [3, 4]


async def test_changes_are_measured_from_after_what_was_given(story, setting, world):
    world.control.balances = {"outside": "-5.00"}
    text = 'given: {subscriber: {msisdn: "254708374149"}}\nsteps:\n  - ledger: {change: {outside: "0.00"}}\n'
    assert (await play(story(text), setting)).is_good


async def test_a_refusal_of_the_target_fails_the_step(story, setting, world):
    world.control.refuses = "add_fault"
    verdict = await play(story("steps:\n  - fault: {name: a, effect: {kind: drop}}\n"), setting)
    assert [(one.title, one.note) for one in verdict.failures] == [("fault a", "add_fault: not today")]


async def test_a_callback_that_is_never_answered_fails_the_end(story, setting, world):
    world.control.refuses = "advance"
    verdict = await play(story('steps:\n  - clock: {to: "2026-01-15T12:00:01+03:00"}\n'), setting)
    assert [(one.title, one.note) for one in verdict.failures] == [("coming to rest", "advance: not today")]


async def test_no_answer_of_the_provider_fails_the_step(story, setting, world):
    world.answers = [NoAnswer("gone")]
    verdict = await play(story("steps:\n  - provider: GET /x\n"), setting)
    assert [(one.title, one.note) for one in verdict.failures] == [("provider GET /x", "gone")]


async def test_a_defect_is_told_with_its_traceback(story, setting, world):
    world.control.balances = {}
    verdict = await play(story('steps:\n  - ledger: {a: "1.00"}\n'), setting)
    assert verdict.failures[0].title == "unexpected error"
    assert "KeyError: 'a'" in verdict.failures[0].note


async def test_a_missing_app_is_a_mistake_and_no_failure(story, setting):
    with pytest.raises(Mistake, match="there is no app here"):
        await play(story("steps:\n  - app: GET /x\n"), setting)


async def test_callbacks_of_an_earlier_cause_do_not_satisfy_a_wait(story, setting, world):
    world.control.coming = [{"kind": "callback", "outcome": "answered", "status": 200}]
    text = "steps:\n  - clock: 1m\n  - provider: GET /x\n    auth: none\n  - wait: callback\n"
    verdict = await play(story(text), setting)
    assert [one.title for one in verdict.failures] == ["wait callback"]


async def test_the_journal_is_in_the_verdict(story, setting, world):
    world.control.coming = [{"kind": "payment"}]
    verdict = await play(story(QUIET), setting)
    assert [one.kind for one in verdict.events] == ["payment"]
