"""The JSON Schema: every scenario of this repository fits it, and what is broken does not."""

import json
import re
from pathlib import Path

import pytest

from harness.cli import outcome
from harness.paths import files_in
from harness.schema import file_schema
from harness.steps import VERBS
from harness.yaml_lines import parse, read

ROOT = Path(__file__).parents[2]
BROKEN = Path(__file__).parent / "broken"
SCHEMA = file_schema()
KINDS = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
KNOWN = {
    *("$schema", "$defs", "$ref", "title", "description", "format", "type", "enum", "const", "pattern", "properties"),
    *("required", "additionalProperties", "patternProperties", "propertyNames", "minProperties", "items", "minItems"),
    *(
        "minimum",
        "maximum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "anyOf",
        "oneOf",
        "allOf",
        "if",
        "then",
        "else",
    ),
}


def fits(value, node):
    """Draft 2020-12, as far as the schema makes use of it."""
    if isinstance(node, bool):
        return node
    assert node.keys() <= KNOWN, node.keys() - KNOWN
    return all(check(value, node) for check in (_kind, _limits, _branches, _mapping, _list))


def _kind(value, node):
    kind = node.get("type")
    is_bool = isinstance(value, bool)
    is_right = kind is None or (kind == "null" and value is None)
    is_right = is_right or (kind != "null" and isinstance(value, KINDS[kind]) and is_bool == (kind == "boolean"))
    return is_right and value in node.get("enum", [value]) and value == node.get("const", value)


def _limits(value, node):
    if isinstance(value, str):
        is_long_enough = node.get("minLength", 0) <= len(value) <= node.get("maxLength", len(value))
        return is_long_enough and re.search(node.get("pattern", ""), value) is not None
    if isinstance(value, int | float) and not isinstance(value, bool):
        is_below = value < node.get("exclusiveMaximum", value + 1)
        return is_below and node.get("minimum", value) <= value <= node.get("maximum", value)
    return True


def _branches(value, node):
    if "$ref" in node and not fits(value, SCHEMA["$defs"][node["$ref"].removeprefix("#/$defs/")]):
        return False
    if "anyOf" in node and not any(fits(value, one) for one in node["anyOf"]):
        return False
    if "oneOf" in node and sum(fits(value, one) for one in node["oneOf"]) != 1:
        return False
    if "if" in node and not fits(value, node["then"] if fits(value, node["if"]) else node.get("else", True)):
        return False
    return all(fits(value, one) for one in node.get("allOf", []))


def _mapping(value, node):
    if not isinstance(value, dict):
        return True
    if len(value) < node.get("minProperties", 0) or not value.keys() >= set(node.get("required", [])):
        return False
    if not all(fits(key, node.get("propertyNames", True)) for key in value):
        return False
    return all(fits(item, _node_of(key, node)) for key, item in value.items())


def _node_of(key, node):
    if key in node.get("properties", {}):
        return node["properties"][key]
    by_pattern = (one for pattern, one in node.get("patternProperties", {}).items() if re.search(pattern, key))
    return next(by_pattern, node.get("additionalProperties", True))


def _list(value, node):
    if not isinstance(value, list):
        return True
    return len(value) >= node.get("minItems", 0) and all(fits(item, node.get("items", True)) for item in value)


@pytest.mark.parametrize("file", files_in([str(ROOT / "scenarios")]), ids=lambda file: file.stem)
def test_every_scenario_fits(file):
    assert fits(read(file).value, SCHEMA)


def test_the_examples_of_the_page_fit():
    found = re.findall(r"```yaml (?:scenario|examples)\n(.*?)```", (ROOT / "docs" / "scenarios.md").read_text(), re.S)
    assert len(found) == 2
    assert all(fits(parse(text, "a page").value, SCHEMA) for text in found)


ONLY_CHECK_SEES = {
    *("fact_that_is_not_known_yet", "impossible_effect", "unknown_error_of_the_catalogue", "unknown_operation"),
    *("chaos_of_a_broken_profile", "chaos_of_a_scenario", "chaos_profile_that_is_missing"),
    *("chaos_profile_that_is_misspelt", "traffic_without_a_weight", "wait_for_an_unknown_operation"),
    *("unknown_point", "unknown_provider", "unknown_result_code", "two_matchers", "soft_step_that_saves"),
}


@pytest.mark.parametrize("file", sorted(BROKEN.glob("[a-z]*.yaml")), ids=lambda file: file.stem)
def test_what_is_broken_does_not_fit(file):
    words = ("name_that", "include_", "examples_without", "examples_with_a", "examples_of", "example_and", "bad_")
    unseen = ("bad_json_path_in_an", "bad_matcher", "bad_regular", "bad_time", *words[:-1])
    if file.stem in ONLY_CHECK_SEES or file.stem.startswith(unseen):
        assert fits(read(file).value, SCHEMA)
    elif file.stem not in ("tab", "not_yaml", "empty", "alias", "duplicate_key"):
        assert not fits(read(file).value, SCHEMA)


def test_every_verb_is_a_branch_and_no_text_of_python_is_left():
    steps = [node["$ref"].rpartition("/")[2] for node in SCHEMA["$defs"]["step"]["oneOf"]]
    assert steps == [model.__name__ for model in VERBS.values()]
    assert '"default"' not in json.dumps(SCHEMA)


def test_the_command_prints_it(capsys):
    assert outcome(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA
