"""Chance is keyed: by the seed and what the caller knows, never by the order of calls."""

import os
import subprocess
import sys

import pytest

from simulator.core.entropy import ALPHANUMERIC, BASE36, Entropy, seed_of


def test_a_draw_depends_on_seed_and_key_alone():
    one, other = Entropy(7), Entropy(7)
    first = [one.draw("fault", rule) for rule in "abc"]
    assert [other.draw("fault", rule) for rule in "cba"] == first[::-1]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Entropy(8).number("a", 1), id="another seed"),
        pytest.param(Entropy(7).number("a", 2), id="another part"),
        pytest.param(Entropy(7).number("a", 1, ""), id="a part more"),
        pytest.param(Entropy(7).number("a1"), id="the same letters in one part"),
    ],
)
def test_another_key_is_another_draw(other):
    assert Entropy(7).number("a", 1) != other


def test_draws_are_spread_over_nought_to_one():
    draws = [Entropy(1).draw(number) for number in range(2000)]
    assert 0 <= min(draws) < 0.01
    assert 0.99 < max(draws) < 1
    assert 0.47 < sum(draws) / len(draws) < 0.53


@pytest.mark.parametrize("length", [pytest.param(0, id="none"), pytest.param(1, id="one"), pytest.param(28, id="28")])
def test_a_text_has_the_length_and_letters_that_were_asked_for(length):
    text = Entropy(1).text(ALPHANUMERIC, length, "token")
    assert len(text) == length
    assert set(text) <= set(ALPHANUMERIC)
    assert text == Entropy(1).text(ALPHANUMERIC, length, "token")


def test_names_have_different_seeds():
    assert len({seed_of(f"shard-{number}") for number in range(100)}) == 100


@pytest.mark.parametrize("hash_seed", [pytest.param("1", id="1"), pytest.param("2", id="2")])
def test_another_process_draws_the_same(hash_seed):
    told = (
        "from simulator.core.entropy import *; told = Entropy(7);"
        "print(told.draw('a', 1), told.text(BASE36, 9, 'b'), seed_of('c'))"
    )
    other = subprocess.run(
        [sys.executable, "-c", told],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    here = Entropy(7)
    assert other.stdout.split() == [str(here.draw("a", 1)), here.text(BASE36, 9, "b"), str(seed_of("c"))]
