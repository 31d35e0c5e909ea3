"""Every setting, control route, effect, fact and kind of event is in the docs; the examples of files are good."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from app_under_test.settings import Settings
from harness.app_profile import AppProfile
from harness.cli import outcome
from harness.invariants import INVARIANTS
from harness.matching import MATCHERS
from harness.profile_file import load_profile
from harness.steps import VERBS
from harness.targets.base import CAPABILITIES
from simulator.catalogue import check_rule
from simulator.commands import serve
from simulator.control.routes import ROUTES
from simulator.core.faults import EFFECT_MODELS, EFFECTS, FACTS
from simulator.core.journal import EventKind
from simulator.core.template import MerchantTemplate, ProviderTemplate, SubscriberTemplate, WorldTemplate
from simulator.settings import load_world

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text()


def fenced(name: str, kind: str) -> list[str]:
    return re.findall(rf"```yaml {kind}\n(.*?)```", page(name), re.DOTALL)


@pytest.mark.parametrize("option", serve.params, ids=lambda option: option.name)
def test_every_setting_is_documented_with_its_variable(option):
    assert f"`{option.opts[0]}` | `{option.envvar}`" in page("settings.md")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_control_route_is_documented(route):
    assert f"`{route.method} {route.path}`" in page("control-api.md")


def test_every_effect_stands_at_its_points():
    for point, effects in EFFECTS.items():
        row = next(line for line in page("faults.md").splitlines() if line.startswith(f"| `{point}` |"))
        assert set(re.findall(r"`(\w+)`", row.split("|")[3])) == effects
        assert all(f"| `{effect}` |" in page("faults.md") for effect in effects)


def test_every_fact_and_kind_of_event_is_documented():
    assert all(f"`{fact}`" in page("faults.md") for facts in FACTS.values() for fact in facts)
    assert all(f"`{kind}`" in page("control-api.md") for kind in EventKind)


def test_every_key_of_a_world_file_is_documented():
    for model in (WorldTemplate, MerchantTemplate, SubscriberTemplate, ProviderTemplate):
        assert all(f"`{key}`" in page("world-file.md") for key in model.model_fields)


def test_the_example_rules_are_good():
    rules = fenced("faults.md", "fault-rule")
    for rule in rules:
        assert check_rule(yaml.safe_load(rule)) == []
    assert {yaml.safe_load(rule)["effect"]["kind"] for rule in rules} == EFFECT_MODELS.keys()


def test_the_example_world_file_is_good(tmp_path):
    (example,) = fenced("world-file.md", "world-file")
    (tmp_path / "world.yaml").write_text(example)
    template = load_world(tmp_path / "world.yaml")
    assert template.subscriber("254711000001").pin == "4321"
    assert template.merchant("898998").what == "till"
    assert template.merchant("600000") is not None


def test_every_verb_field_invariant_and_matcher_is_documented():
    text = page("scenarios.md")
    for verb, step in VERBS.items():
        row = _rows_of(verb, text)
        fields = {field.alias or name for name, field in step.model_fields.items()} - {verb}
        assert all(f"`{field}`" in row for field in fields), fields
    assert all(f"| {invariant.id} {invariant.name} |" in text for invariant in INVARIANTS)
    assert all(f"`{word}`" in text for word in MATCHERS)
    assert all(capability in text for capability in CAPABILITIES)


def _rows_of(verb: str, text: str) -> str:
    """The verb's row, and those without a verb that follow it."""
    (found,) = re.findall(rf"^\| `{verb}` \|.*\n(?:\| \|.*\n)*", text, re.MULTILINE)
    return str(found)


def test_the_example_profile_is_good(tmp_path):
    (told,) = fenced("scenarios.md", "app-profile")
    (tmp_path / "app.yaml").write_text(told)
    profile = load_profile(tmp_path / "app.yaml")
    named = set(yaml.safe_load(told))
    assert named == set(AppProfile.model_fields)
    assert profile.switched_off.keys() == {"I7", "I8", "I9"}


def test_the_example_scenario_is_good(tmp_path):
    (story,) = fenced("scenarios.md", "scenario")
    (tmp_path / "story.yaml").write_text(story)
    assert outcome(["run", str(tmp_path / "story.yaml")]) == 0


@pytest.mark.parametrize("path", [*DOCS.rglob("*.md"), DOCS.parent / "README.md"], ids=lambda path: path.name)
def test_every_link_leads_somewhere(path):
    for target in re.findall(r"\]\((?!http)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_of_the_bank_is_documented(name):
    assert f"`{name}`" in page("bank.md")
