"""Money: integer minor units, text on the way in and out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.core.money import ZERO, Money


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        pytest.param("500", 50_000, id="whole"),
        pytest.param("500.5", 50_050, id="one decimal"),
        pytest.param("500.05", 50_005, id="two decimals"),
        pytest.param("-0.01", -1, id="negative"),
        pytest.param("-0.00", 0, id="negative nothing"),
        pytest.param("0007", 700, id="leading zeros"),
        pytest.param("999999999999999.99", 99_999_999_999_999_999, id="fifteen digits"),
    ],
)
def test_an_amount_is_read_from_text(text, minor):
    assert Money.parse(text).minor == minor


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("1.", id="no decimals behind the point"),
        pytest.param(".5", id="no shillings"),
        pytest.param("1.234", id="three decimals"),
        pytest.param("1e3", id="exponent"),
        pytest.param("+1", id="plus"),
        pytest.param(" 1", id="space"),
        pytest.param("1\n", id="line end"),
        pytest.param("1,000", id="grouping"),
        pytest.param("１", id="another script's digit"),
        pytest.param("NaN", id="no number"),
        pytest.param("1" * 16, id="sixteen digits"),
    ],
)
def test_what_is_no_amount_is_refused_by_its_text(text):
    with pytest.raises(ValueError, match="is not an amount") as refusal:
        Money.parse(text)
    assert repr(text) in str(refusal.value)


@given(st.integers(-(10**16), 10**16))
def test_an_amount_survives_its_text(minor):
    assert Money.parse(str(Money(minor))) == Money(minor)


def test_amounts_add_up_and_compare():
    assert Money(5) + Money(7) - Money(2) == Money(10) == -Money(-10)
    assert ZERO < Money.shillings(1) == Money(100)


@pytest.mark.parametrize("meet", [pytest.param(Money.__add__, id="add"), pytest.param(Money.__sub__, id="subtract")])
def test_two_currencies_never_meet(meet):
    with pytest.raises(ValueError, match="USD"):
        meet(Money(1), Money(1, "USD"))
