"""What a scenario needs of its target: what it lists under `requires`, and what its steps plainly need besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.problems import Problem
from harness.scenario import Placed, Scenario
from harness.steps import Step
from harness.steps.bank import BankStep
from harness.steps.clock import ClockStep
from harness.steps.fault import FaultStep
from harness.steps.given import GivenStep
from harness.steps.ledger import LedgerStep
from harness.steps.phone import PhoneStep
from harness.steps.restart import RestartStep
from harness.steps.together import Together
from harness.steps.traffic import TrafficStep
from harness.targets.base import Capability, Target
from harness.yaml_lines import Document, Path

NEEDS: Mapping[type[object], tuple[Capability, ...]] = {
    ClockStep: ("clock",),
    PhoneStep: ("phones",),
    BankStep: ("phones",),
    FaultStep: ("faults",),
    LedgerStep: ("ledger",),
    RestartStep: ("restart",),
    TrafficStep: ("clock", "phones"),
}


def why_not(scenario: Scenario, target: Target) -> str:
    """Why the scenario cannot be played there; empty when it can."""
    wanted = dict.fromkeys([*scenario.requires, *(capability for capability, _, _ in _needs(scenario))])
    missing = [one for one in wanted if one not in target.capabilities]
    if "fresh" in missing:
        return "needs a fresh world"
    if {"restart", "app_settings"} & set(missing):
        return "needs an app that is started here"
    return f"{target.name} has no {', '.join(missing)}" if missing else ""


def unlisted(scenario: Scenario) -> Iterator[Problem]:
    """Where the scenario first needs something that it does not list."""
    seen = set(scenario.requires)
    for capability, document, path in _needs(scenario):
        if capability not in seen:
            seen.add(capability)
            yield document.problem(path, f'this needs "{capability}", which "requires" does not list')


def _needs(scenario: Scenario) -> Iterator[tuple[Capability, Document, Path]]:
    yield from ((capability, scenario.document, (key,)) for capability, key in _at_the_top(scenario))
    for placed in scenario.steps:
        for step, path in _steps_in(placed):
            for capability in NEEDS.get(type(step), ()):
                yield capability, placed.document, path
            if isinstance(step, GivenStep) and any(one.fault is not None for one in step.given):
                yield "faults", placed.document, path
            if isinstance(step, RestartStep) and step.down:
                yield "clock", placed.document, path


def _at_the_top(scenario: Scenario) -> Iterator[tuple[Capability, str]]:
    if scenario.starts_at is not None:
        yield "clock", "starts_at"
        yield "fresh", "starts_at"
    if scenario.app_settings:
        yield "app_settings", "app_settings"
    if scenario.chaos:
        yield "faults", "chaos"


def _steps_in(placed: Placed) -> Iterator[tuple[Step, Path]]:
    """The step, and those that stand together in it."""
    yield placed.step, placed.path
    if isinstance(placed.step, Together):
        yield from ((member.step, (*placed.path, *member.path)) for member in placed.step.members)
