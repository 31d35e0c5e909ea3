"""`{name}` in texts."""

import pytest

from harness.substitution import fill, fill_known, names_in

NAMES = {"id": 7, "ann": "C1", "items": [1], "nothing": None}


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        pytest.param("/deposits/{ann}", "/deposits/C1", id="inside a text"),
        pytest.param("{id}", 7, id="whole text keeps the type"),
        pytest.param("{items}", [1], id="also a list"),
        pytest.param("{nothing}", None, id="also null"),
        pytest.param("{id}-{ann}", "7-C1", id="two"),
        pytest.param({"a": ["{id}", {"{ann}": "x"}]}, {"a": [7, {"C1": "x"}]}, id="deep, and in keys"),
        pytest.param("{3} {Not} {a-b} {}", "{3} {Not} {a-b} {}", id="what is no name stays"),
        pytest.param(12, 12, id="a number"),
    ],
)
def test_names_are_filled_in(value, filled):
    assert fill(value, NAMES) == filled


def test_a_name_that_nobody_saved_is_an_error():
    with pytest.raises(KeyError):
        fill("{unknown}", NAMES)


def test_every_name_is_found_with_its_path():
    assert list(names_in({"a": ["{x} {y}"], "{z}": 1})) == [(("a", 0), "x"), (("a", 0), "y"), (("{z}",), "z")]


def test_only_known_names_are_filled_in_where_others_come_later():
    written = {"a {x}": ["{x}", "{y} of {x}"], "n": 5}
    assert fill_known(written, {"x": 1}) == {"a 1": [1, "{y} of 1"], "n": 5}
    assert fill_known(written, {}) is written
