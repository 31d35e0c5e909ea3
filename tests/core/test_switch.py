"""The switch: the payer first, then the payee's bank; and everything that it may answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simulator.core.banks import clearing_code


@pytest.mark.parametrize(
    ("told", "code"),
    [
        pytest.param("68", "68", id="two digits"),
        pytest.param("0068", "68", id="a participant of the switch"),
        pytest.param("68000", "68", id="bank and branch"),
        pytest.param("68175", "68", id="another branch"),
        pytest.param("40468000", "68", id="with the country"),
        pytest.param("1", "01", id="without its zero"),
        pytest.param("01000", "01", id="a branch of a bank with a zero"),
        pytest.param(" 68 ", "68", id="spaces"),
        pytest.param("MPESA", "", id="letters"),
        pytest.param("", "", id="nothing"),
        pytest.param("12345678", "", id="another country"),
        pytest.param("٦٨", "", id="other digits"),
    ],
)
def test_every_spelling_of_a_code_means_one_bank(told, code):
    assert clearing_code(told) == code
