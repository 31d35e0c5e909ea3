"""Tariffs: the band that an amount is in decides its fee."""

import pytest

from simulator.core.money import Money
from simulator.core.tariffs import PUBLISHED, fee_of
from simulator.core.template import ProviderTemplate
from simulator.core.worlds import ProviderSettings

TARIFF = (("100.00", "0.00"), ("1500.00", "5.00"), ("5000.00", "9.50"))


@pytest.mark.parametrize(
    ("amount", "fee"),
    [
        pytest.param("1.00", "0.00", id="the first band"),
        pytest.param("100.00", "0.00", id="its last cent"),
        pytest.param("100.01", "5.00", id="the cent behind it"),
        pytest.param("1500.00", "5.00", id="the last cent of the second"),
        pytest.param("5000.00", "9.50", id="the last cent of all"),
        pytest.param("5000.01", "0.00", id="beyond them"),
    ],
)
def test_the_first_band_that_holds_the_amount_tells_the_fee(amount, fee):
    assert fee_of(TARIFF, Money.parse(amount)) == Money.parse(fee)


def test_without_bands_it_is_free():
    assert fee_of((), Money.parse("1000.00")) == Money.parse("0.00")


@pytest.mark.parametrize(
    "bands",
    [
        pytest.param([["100", "0"], ["100", "5"]], id="an amount twice"),
        pytest.param([["200", "0"], ["100", "5"]], id="falling amounts"),
        pytest.param([["100", "-1"]], id="a negative fee"),
        pytest.param([["ten", "1"]], id="words"),
        pytest.param([["100"]], id="half a band"),
        pytest.param("free", id="another word"),
    ],
)
def test_what_is_no_tariff_is_refused(bands):
    with pytest.raises(ValueError, match="tariff"):
        ProviderTemplate.model_validate({"tariff": {"b2c": bands}})


def test_amounts_are_told_in_full():
    told = ProviderTemplate.model_validate({"tariff": {"b2c": [["100", "0.5"]], "customer": PUBLISHED}})
    assert told.tariff == {"b2c": (("100.00", "0.50"),), "customer": PUBLISHED}


def test_the_word_published_brings_the_providers_own_table():
    settings = ProviderSettings("x", tariff={"customer": (), "b2c": TARIFF}, published={"customer": TARIFF})
    changed = settings.changed("tariff", {"customer": PUBLISHED, "b2c": ()})
    assert changed.tariff == {"customer": TARIFF, "b2c": ()}
