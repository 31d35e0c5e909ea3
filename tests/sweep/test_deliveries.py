"""For each scenario: lose its n-th delivery, for every n. The steps may then find something else; the invariants hold.

`pytest --sweep` takes every scenario, `make test` one of each kind of payment.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from app_under_test.app import create_app
from harness.reading import load
from harness.runner import Setting, play
from harness.targets.simulator import check_rule, simulator

SCENARIOS = Path(__file__).parents[2] / "scenarios"
ALWAYS = {"happy_path", "withdrawal", "paybill_deposit"}
DELIVERIES_AT_MOST = 12  # a whole day would take one itself
MAY_STAY_UNKNOWN = {"operator_locked"}  # a locked operator may not ask what became of a payment either
STORIES = sorted(file for file in (SCENARIOS / "daraja").glob("[!_]*.yaml"))


def with_loss(file: Path, nth: int) -> None:
    """Adds the rule to what the file's story begins with."""
    story = yaml.safe_load(file.read_text())
    given = story.get("given", [])
    rule = {"name": f"delivery {nth} is lost", "at": "*.*.callback", "nth": nth, "effect": {"kind": "drop"}}
    story["given"] = [*(given if isinstance(given, list) else [given]), {"fault": rule}]
    file.write_text(yaml.safe_dump(story, sort_keys=False))


async def verdicts_of(file: Path):
    async with simulator() as target:
        for scenario in load(file, check_rule):
            yield await play(scenario, Setting(target, target.http, lambda: create_app))


@pytest.mark.parametrize("file", STORIES, ids=lambda file: file.stem)
async def test_no_lost_delivery_breaks_an_invariant(file, tmp_path, pytestconfig):
    if not pytestconfig.getoption("--sweep") and file.stem not in ALWAYS:
        pytest.skip("with --sweep")
    deliveries = [sum(event.kind == "callback" for event in verdict.events) async for verdict in verdicts_of(file)]
    for nth in range(1, min(max(deliveries), DELIVERIES_AT_MOST) + 1):
        copy = shutil.copytree(SCENARIOS, tmp_path / str(nth)) / "daraja" / file.name
        with_loss(copy, nth)
        async for verdict in verdicts_of(copy):
            broken = [
                one for one in verdict.violations if one.invariant.id != "I14" or file.stem not in MAY_STAY_UNKNOWN
            ]
            assert not broken, f"{file.name} without delivery {nth}: " + "; ".join(map(str, broken))
