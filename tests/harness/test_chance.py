"""Keyed draws."""

import pytest

from harness.chance import Chance

WEIGHTS = {"often": 8, "seldom": 2, "never": 0}


def test_the_same_seed_and_key_draw_the_same_whatever_was_drawn_before():
    assert Chance(1).share("amount", 7) == Chance(1).share("amount", 7)
    assert len({Chance(seed).share("amount", key) for seed in (1, 2) for key in (7, 8)}) == 4


def test_whole_numbers_reach_both_ends_and_no_further():
    assert {Chance(1).whole(1, 3, key) for key in range(100)} == {1, 2, 3}


def test_one_of_some():
    assert {Chance(1).one_of("abc", key) for key in range(100)} == set("abc")


@pytest.mark.parametrize(("word", "least", "most"), [("often", 700, 900), ("seldom", 100, 300), ("never", 0, 0)])
def test_words_come_as_often_as_their_weights_say(word, least, most):
    drawn = [Chance(1).weighted(WEIGHTS, "kind", key) for key in range(1000)]
    assert least <= drawn.count(word) <= most
