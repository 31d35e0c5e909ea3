import pytest

from app_under_test.clients.daraja.reading import items, msisdn, result_code
from app_under_test.clients.reading import cents, object_in, reference, text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(100, 100_00, id="whole"),
        pytest.param(100.0, 100_00, id="with decimals"),
        pytest.param("5.50", 5_50, id="text"),
        pytest.param(0.07, 7, id="cents"),
        pytest.param(-1980.00, None, id="negative"),
        pytest.param("1,000.00", None, id="with a comma"),
        pytest.param("5.5555", None, id="less than a cent"),
        pytest.param(float("inf"), None, id="without end"),
        pytest.param(True, None, id="a boolean"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_an_amount_is_cents_or_none(value, expected):
    assert cents(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("254708374149 - JANE TEST PAYEE", "254708374149", id="international"),
        pytest.param("0708374149 - JANE", "254708374149", id="local, as production writes it"),
        pytest.param("254110000001", "254110000001", id="no name"),
        pytest.param("2547083741490 - JANE", None, id="too long"),
        pytest.param("600310 - Test Organisation", None, id="an organisation"),
        pytest.param(254708374149, None, id="a number: there is always a name"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_a_party_begins_with_its_number(value, expected):
    assert msisdn(value) == expected


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        pytest.param([{"Key": "a", "Value": 1}, {"Key": "b"}], {"a": 1, "b": None}, id="several, one of them empty"),
        pytest.param({"Key": "a", "Value": 1}, {"a": 1}, id="one is not listed"),
        pytest.param([], {}, id="none"),
        pytest.param(None, {}, id="nothing"),
        pytest.param([1, "x", {"Value": 2}], {"None": 2}, id="nonsense"),
    ],
)
def test_items_are_read_as_the_converter_writes_them(listed, expected):
    assert items({"ResultParameter": listed}, "ResultParameter", by="Key") == expected


def test_text_of_digits_comes_as_a_number():
    assert (text(353353, r"[0-9]+"), result_code({"ResultCode": "SFC_IC0003"})) == ("353353", "SFC_IC0003")
    assert (reference(353353), reference("a b"), reference("AG_1")) == (None, None, "AG_1")


@pytest.mark.parametrize("raw", [b"", b"[]", b"7", b"{", b"\xff", b'{"a":' * 100_000])
def test_what_is_no_object_is_an_empty_one(raw):
    assert object_in(raw) == {}
