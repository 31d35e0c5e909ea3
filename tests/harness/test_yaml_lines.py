"""YAML with places: JSON's scalars, and every mistake with its line and column."""

import pytest

from harness.problems import Mistakes
from harness.yaml_lines import Mark, parse, read


def problems(text):
    with pytest.raises(Mistakes) as caught:
        parse(text, "f.yaml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("yes", "yes", id="no yes"),
        pytest.param("true", True, id="true"),
        pytest.param("True", "True", id="only JSON's true"),
        pytest.param("null", None, id="null"),
        pytest.param("", None, id="nothing"),
        pytest.param("~", "~", id="a tilde is text"),
        pytest.param("12:30:00", "12:30:00", id="no sexagesimal"),
        pytest.param("2026-01-15", "2026-01-15", id="no dates"),
        pytest.param("0708", "0708", id="no leading zero"),
        pytest.param("0x10", "0x10", id="no hexadecimal"),
        pytest.param("100", 100, id="integer"),
        pytest.param("-1.5e3", -1500.0, id="number"),
        pytest.param(".5", ".5", id="not JSON's number"),
        pytest.param(".inf", ".inf", id="no infinity"),
        pytest.param('"100"', "100", id="quotes make text"),
        pytest.param("'true'", "true", id="single quotes, too"),
        pytest.param("9" * 500, float("inf"), id="too many digits"),
    ],
)
def test_scalars_are_those_of_json(text, value):
    assert parse(f"x: {text}\n", "f.yaml").value == {"x": value}


def test_every_path_knows_its_place():
    document = parse("a:\n  - b: 1\n    c: [2, 3]\n", "f.yaml")
    assert document.at(("a", 0, "c", 1)) == Mark(3, 12)
    assert document.key_at(("a", 0, "c")) == Mark(3, 5)


def test_what_the_file_does_not_have_is_placed_at_what_is_around_it():
    document = parse("a:\n  - b: 1\n", "f.yaml")
    assert document.at(("a", 0, "missing", "inside")) == Mark(2, 5)
    assert document.at(("a", 7)) == Mark(2, 3)
    assert document.key_at(()) == Mark(1, 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("a: 1\na: 2\n", ['f.yaml:2:1: the key "a" is here twice (first on line 1)'], id="duplicate key"),
        pytest.param(
            "a: 1\nb:\n\tc: 1\n  \td: 2\n",
            ["f.yaml:3:1: a tab; indent with spaces", "f.yaml:4:3: a tab; indent with spaces"],
            id="every tab",
        ),
        pytest.param("", ["f.yaml:1:1: the file is empty; expected a scenario or a list of fault rules"], id="empty"),
        pytest.param(
            "a: &x 1\nb: *x\n", ["f.yaml:2:1: an alias (*) is not allowed here; write the value out"], id="alias"
        ),
        pytest.param(
            "- &x 1\n- *x\n", ["f.yaml:1:3: an alias (*) is not allowed here; write the value out"], id="in a list"
        ),
        pytest.param("a: !!set {}\n", ['f.yaml:1:4: a tag ("tag:yaml.org,2002:set") is not allowed here'], id="tag"),
        pytest.param("[1]: 2\n", ["f.yaml:1:1: a key must be text"], id="a list as a key"),
        pytest.param(
            "a: 1\n---\nb: 1\n",
            ["f.yaml:2:1: not YAML: expected a single document in the stream but found another document"],
            id="two documents",
        ),
        pytest.param(
            "a: 1\nb: \x01\n", ["f.yaml:2:4: not YAML: control characters are not allowed"], id="control character"
        ),
        pytest.param("[" * 300_000 + "]" * 300_000, ["f.yaml:1:1: nested more than 100 deep"], id="depth"),
    ],
)
def test_mistakes_are_told_with_their_place(text, found):
    assert problems(text) == found


def test_what_is_not_yaml_is_told_where_it_ends():
    assert problems("a: [1\nb: 2\n")[0].startswith("f.yaml:2:2: not YAML: ")


def test_a_tab_between_a_key_and_its_value_is_allowed():
    assert parse("a:\t1\n", "f.yaml").value == {"a": 1}


def test_a_file_that_is_not_text_is_told_where(tmp_path):
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(Mistakes, match=r"latin\.yaml:2:7: this is not UTF-8 text"):
        read(file)


def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path):
    with pytest.raises(Mistakes, match=r"cannot be read: No such file"):
        read(tmp_path / "absent.yaml")
