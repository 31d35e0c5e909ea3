import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_under_test import money


@pytest.mark.parametrize(("text", "cents"), [("1", 100), ("0.5", 50), ("99.99", 9999), ("007.00", 700), ("0", 0)])
def test_an_amount_is_text_with_at_most_two_decimals(text, cents):
    assert money.cents_of(text) == cents


@pytest.mark.parametrize(
    "value", ["", ".5", "1.", "1.234", "-1", "+1", "1e2", "1,000", " 1", "1\n", "٣", "NaN", 1, 1.0, None, True]
)
def test_nothing_else_is(value):
    with pytest.raises(ValueError, match="two decimals"):
        money.cents_of(value)


@given(st.integers(0, 10**12))
def test_what_is_written_is_read_again(cents):
    assert money.cents_of(money.text_of(cents)) == cents


def test_a_debit_has_a_sign():
    assert (money.text_of(-5), money.text_of(-12345)) == ("-0.05", "-123.45")
