"""Whatever happens between app, provider and phones, in whatever order: money is conserved, every accepted payment ends
once, every outcome is told, and the bank satisfies the invariants.

`pytest --stories 2000` plays that many; a failing one prints as the scenario file that replays it.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import yaml
from hypothesis import HealthCheck, Phase, given, settings

from app_under_test.app import create_app
from harness.reading import load
from harness.report import lines
from harness.runner import Setting, play
from harness.targets.simulator import check_rule, simulator
from tests.stories.strategy import stories

FINAL = {"succeeded", "failed", "cancelled", "expired"}
TOLD = {"daraja.stk_push", "daraja.b2c"}


async def verdict_of(file, target):
    (scenario,) = load(file, check_rule)
    return await play(scenario, Setting(target, target.http, lambda: create_app))


def problems_of(verdict):
    """What the provider did wrong: the invariants speak for the app."""
    states = [(event.payment, event.text("state")) for event in verdict.events if event.kind == "payment"]
    ends = Counter(payment for payment, state in states if state in FINAL)
    yield from (f"{payment} never ended" for payment in dict.fromkeys(one for one, _ in states) if payment not in ends)
    yield from (f"{payment} ended {times} times" for payment, times in ends.items() if times > 1)
    told = {event.payment for event in verdict.events if event.kind == "callback"}
    asked = {event.payment: event for event in verdict.events if event.kind == "request" and event.payment}
    for payment, request in asked.items():
        if request.text("operation") in TOLD and payment in ends and payment not in told:
            yield f"nobody was told of {payment}"
    yield from (event.text("traceback") for event in verdict.events if event.kind == "error")


def text_of(story):
    """The scenario file, every value written out."""
    return yaml.safe_dump(json.loads(json.dumps(story)), sort_keys=False, width=110)


def play_at_random(drawn, problems_of, *, file, count, as_found):
    """Plays so many of these stories; one in which something is wrong fails with the file that replays it."""

    async def judge(story, target):
        file.write_text(text := text_of(story))
        verdict = await verdict_of(file, target)
        wrong = [*problems_of(verdict), *([] if verdict.is_good else lines(verdict))]
        assert not wrong, "\n".join([*wrong, "", "This scenario file replays it:", "", text])

    with asyncio.Runner() as runner:
        opened = simulator()
        target = runner.run(opened.__aenter__())

        @settings(
            max_examples=count,
            phases=[Phase.generate] if as_found else [Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(drawn)
        def played(story):
            runner.run(judge(story, target))

        try:
            played()
        finally:
            runner.run(opened.__aexit__(None, None, None))


def test_no_story_breaks_an_invariant(tmp_path, pytestconfig):
    count, as_found = pytestconfig.getoption("--stories"), pytestconfig.getoption("--as-found")
    play_at_random(stories, problems_of, file=tmp_path / "story.yaml", count=count, as_found=as_found)
