"""The types that providers' JSON is made of, and what of a body is journalled."""

import orjson
import pytest
from pydantic import Field

from simulator.core.errors import InvalidField, MalformedBody
from simulator.core.money import Money
from simulator.edge.wire import Digits, Whole, Wire, load_object, read, told_in_journal, two_places


class Parcel(Wire):
    first: Whole = Field(alias="First")
    second: Digits = Field(alias="Second")
    third: Whole | None = Field(alias="Third", default=None)


@pytest.mark.parametrize(
    ("value", "whole", "digits"),
    [
        pytest.param(1, 1, "1", id="an integer"),
        pytest.param(0, 0, "0", id="nought"),
        pytest.param(-5, -5, "-5", id="a negative integer: the field decides"),
        pytest.param(1.0, 1, "1", id="a float without a fraction"),
        pytest.param(1e5, 100_000, "100000", id="an exponent"),
        pytest.param("1", 1, "1", id="text"),
        pytest.param("007", 7, "007", id="leading noughts stay in digits"),
        pytest.param("9" * 12, 999_999_999_999, "9" * 12, id="text of twelve digits"),
        pytest.param(10**13, 10**13, "1" + "0" * 13, id="a long integer: the field decides"),
    ],
)
def test_whole_numbers_as_clients_send_them(value, whole, digits):
    told = read(Parcel, {"First": value, "Second": value})
    assert (told.first, told.second) == (whole, digits)
    assert (type(told.first), type(told.second)) == (int, str)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(1.5, id="a fraction"),
        pytest.param(float("inf"), id="infinity"),
        pytest.param(float("nan"), id="no number"),
        pytest.param(True, id="true"),
        pytest.param(False, id="false"),
        pytest.param("", id="empty text"),
        pytest.param("1.0", id="text with a point"),
        pytest.param("1.5", id="text with a fraction"),
        pytest.param("-1", id="text with a sign"),
        pytest.param("+1", id="text with a plus"),
        pytest.param(" 1", id="text with a space"),
        pytest.param("1\n", id="text with a line end"),
        pytest.param("1e3", id="text with an exponent"),
        pytest.param("１", id="another script's digit"),
        pytest.param("²", id="a superscript"),
        pytest.param("9" * 13, id="text of thirteen digits"),
        pytest.param([1], id="a list"),
        pytest.param({"a": 1}, id="an object"),
    ],
)
@pytest.mark.parametrize("field", ["First", "Second"])
def test_what_is_no_whole_number_is_refused_by_the_fields_name(value, field):
    with pytest.raises(InvalidField, match=f"{field}: expected a whole number") as refusal:
        read(Parcel, {"First": 1, "Second": 1, field: value})
    assert refusal.value.field == field


def test_the_first_bad_field_in_declared_order_is_named():
    with pytest.raises(InvalidField) as refusal:
        read(Parcel, {"Second": "x", "First": "x"})
    assert refusal.value.field == "First"


@pytest.mark.parametrize("told", [{"Second": 1}, {"First": None, "Second": 1}], ids=["missing", "null"])
def test_null_is_absent(told):
    with pytest.raises(InvalidField, match="First: Field required"):
        read(Parcel, told)


def test_an_optional_field_may_be_null_and_unknown_ones_are_ignored():
    assert read(Parcel, {"First": 1, "Second": 2, "Third": None, "Passkey": "x"}).third is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param(b"", "not JSON", id="empty"),
        pytest.param(b'{"a":1,}', "not JSON", id="a trailing comma"),
        pytest.param(b"a=1&b=2", "not JSON", id="a form"),
        pytest.param(b"\xff\xfe", "not JSON", id="not UTF-8"),
        pytest.param(b"[1]", "not an object", id="a list"),
        pytest.param(b'"text"', "not an object", id="text"),
        pytest.param(b"null", "not an object", id="null"),
        pytest.param(b'{"a":NaN}', "not JSON", id="no number"),
    ],
)
def test_a_body_that_is_no_object_is_malformed(body, told):
    with pytest.raises(MalformedBody, match=told):
        load_object(body)


def test_an_object_is_loaded():
    assert load_object(b'{"a":[1,"b"]}') == {"a": [1, "b"]}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param(b'{"Password":"abc","a":1}', {"Password": "(3 characters)", "a": 1}, id="at the top"),
        pytest.param(b'{"a":{"Password":"abc"}}', {"a": {"Password": "(3 characters)"}}, id="nested"),
        pytest.param(b'[{"Password":["a"]}]', [{"Password": "(5 characters)"}], id="in a list, and no text"),
        pytest.param(b"<xml/>", "(6 bytes that are no JSON)", id="what is no JSON"),
        pytest.param(b"\xff", "(1 bytes that are no JSON)", id="what is no text"),
    ],
)
def test_secrets_are_told_by_their_length(body, told):
    assert told_in_journal(body, frozenset({"Password"})) == told


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"BusinessShortCode=174379&Password=hush-hush", id="a form"),
        pytest.param(b'{"Password":"hush-hush","Amount":1,', id="JSON that ends too soon"),
        pytest.param(b'{"a":"' + b"\xff" + b'","Password":"hush-hush"}', id="JSON that is not UTF-8"),
        pytest.param(b'"Password":"hush-hush"', id="no JSON at all"),
    ],
)
def test_a_secret_in_a_body_that_cannot_be_read_is_not_told(body):
    assert "hush-hush" not in str(told_in_journal(body, frozenset({"Password"})))


@pytest.mark.parametrize(
    ("minor", "wire"), [pytest.param(100, b"1.00", id="whole"), pytest.param(12_345, b"123.45", id="with cents")]
)
def test_an_amount_as_the_converter_writes_it(minor, wire):
    assert orjson.dumps({"Value": two_places(Money(minor))}) == b'{"Value":' + wire + b"}"
