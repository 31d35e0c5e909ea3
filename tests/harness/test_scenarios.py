"""The scenarios of this repository, played in process: all good, always the same, and red for a careless bank."""

from pathlib import Path

import pytest

from harness.factories import BUNDLED, find_factory
from harness.paths import files_in, load_all
from harness.report import lines
from harness.runner import Setting, play
from harness.targets.simulator import check_rule, simulator

ROOT = Path(__file__).parents[2]
FILES = files_in([str(ROOT / "scenarios")])
PHONE = "254708374149"


async def verdict_on(scenario, factory=lambda: find_factory(BUNDLED)):
    async with simulator() as target:
        return await play(scenario, Setting(target, target.http, factory))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
async def test_every_scenario_is_good(file):
    scenarios = load_all([file], check_rule)
    for scenario in scenarios:
        verdict = await verdict_on(scenario)
        assert verdict.is_good, "\n".join(lines(verdict))
        assert verdict.events


def test_no_two_scenarios_share_a_name():
    scenarios = load_all(FILES, check_rule)
    assert len({one.name for one in scenarios}) == len(scenarios)


STORY = """\
given:
  - subscriber: {msisdn: "254708374149", balance: "500.00", policy: POLICY}
    customer: {name: Ann, msisdn: "254708374149", save: ann}
  - customer: {name: Brian, msisdn: "254711000002", save: brian}
  - fault: {name: twice, at: daraja.stk_push.callback, effect: {kind: duplicate}}
steps:
  - app: POST /deposits
    body: {customer: "{ann}", amount: "100.00", via: mpesa}
  - wait: callback
    count: 2
"""


@pytest.mark.parametrize(
    ("bug", "policy", "names"),
    [
        pytest.param("", "approve", set(), id="no bug"),
        pytest.param("", "cancel", set(), id="no bug, no money"),
        pytest.param("credits every callback", "approve", {"I2", "I3", "I1", "I13"}, id="once"),
        pytest.param("credits the acknowledgement", "approve", {"I2"}, id="too early"),
        pytest.param("takes any callback for a yes", "cancel", {"I1", "I2", "I11"}, id="a cancelled one"),
        pytest.param("loses what it accepts", "approve", {"I1", "I4", "I11"}, id="lost"),
        pytest.param("credits the wrong customer", "approve", {"I1", "I2", "I4", "I6", "I13"}, id="wrong owner"),
        pytest.param("credits the double", "approve", {"I1", "I2", "I13"}, id="too much"),
        pytest.param("forgets the state", "approve", {"I11", "I13"}, id="state"),
        pytest.param("keeps no statement", "approve", {"I28"}, id="statement"),
        pytest.param("has unbalanced books", "approve", {"I28"}, id="books"),
    ],
)
async def test_a_planted_bug_is_told_by_the_invariants_name(story, careless, bug, policy, names):
    verdict = await verdict_on(story(STORY.replace("POLICY", policy)), lambda: careless(bug))
    found = {violation.invariant.id for violation in verdict.violations}
    assert found >= names, "\n".join(lines(verdict))
    assert bool(found) is bool(bug)


async def test_a_violation_is_seen_after_the_step_that_brought_it_about(story, careless):
    verdict = await verdict_on(
        story(STORY.replace("POLICY", "approve")), lambda: careless("credits the acknowledgement")
    )
    assert verdict.violations[0].after == "app POST /deposits"


@pytest.mark.parametrize(
    ("seconds", "state"), [pytest.param(60, "unknown", id="unheard"), pytest.param(20, "pending", id="in time")]
)
async def test_an_acknowledgement_counts_as_heard_only_while_the_app_waits_for_it(story, seconds, state):
    text = f"""\
given:
  - subscriber: {{msisdn: "{PHONE}", policy: approve}}
    customer: {{name: Ann, msisdn: "{PHONE}", save: ann}}
    fault: {{name: late, at: daraja.stk_push.acknowledgement, effect: {{kind: delay, seconds: {seconds}}}}}
  - fault: {{name: lost, at: daraja.stk_push.callback, effect: {{kind: drop}}}}
steps:
  - app: POST /deposits
    body: {{customer: "{{ann}}", amount: "100.00", via: mpesa}}
    expect: {{body: {{state: {state}}}}}
  - clock: 1m
"""
    verdict = await verdict_on(story(text))
    assert verdict.is_good, "\n".join(lines(verdict))


async def test_an_app_that_breaks_while_it_starts_is_told(story):
    def broken(**settings):
        raise RuntimeError("no database today")

    verdict = await verdict_on(story(STORY.replace("POLICY", "approve")), lambda: broken)
    assert "RuntimeError: no database today" in verdict.failures[0].note


async def test_a_world_of_that_name_may_follow_another(story):
    scenario = story("steps:\n  - clock: 1s\n")
    async with simulator() as target:
        setting = Setting(target, target.http, lambda: None)
        assert [(await play(scenario, setting)).is_good for _ in range(2)] == [True, True]
