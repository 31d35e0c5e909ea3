"""Words for mistakes."""

import pytest

from harness.problems import Mistakes, Problem, nearest, one_of


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        pytest.param("expcet", '; did you mean "expect"?', id="near"),
        pytest.param("POTS", '; did you mean "POST"?', id="whatever the case"),
        pytest.param("zzzzzz", '; expected "expect" or "POST"', id="far"),
    ],
)
def test_the_nearest_right_word_is_named(word, hint):
    assert nearest(word, ["expect", "POST"]) == hint


def test_nothing_known_means_no_hint():
    assert nearest("x", []) == ""


def test_lists_of_words_read_as_a_sentence():
    assert (one_of(["a"]), one_of(["a", "b", "c"])) == ('"a"', '"a", "b" or "c"')


def test_mistakes_are_told_in_the_order_of_the_file_and_once():
    late, early = Problem("f", 9, 1, "late"), Problem("f", 2, 1, "early")
    assert str(Mistakes([late, early, late])) == "f:2:1: early\nf:9:1: late"
