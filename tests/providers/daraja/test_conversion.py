"""The converter between the core's XML and JSON: what becomes a number, and how lists and empty texts look."""

import orjson
import pytest

from simulator.edge.provider import Mark, ResultCode
from simulator.providers.daraja.results import Item, Result, converted

DONE = ResultCode("0", "Done.", Mark.CAPTURED, "")


def told(**changes):
    return Result(DONE, "o", "c", "t", **changes).body().decode()


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        pytest.param("10", "10", id="whole"),
        pytest.param("0", "0", id="zero"),
        pytest.param("353353", "353353", id="a reference of digits"),
        pytest.param("8959269.60", "8959269.60", id="two decimals, as written"),
        pytest.param("-1980.00", "-1980.00", id="negative"),
        pytest.param("20260115103052", "20260115103052", id="a time"),
        pytest.param("PRN1234XN", '"PRN1234XN"', id="letters"),
        pytest.param("0123", '"0123"', id="a leading zero, which JSON numbers do not have"),
        pytest.param("1.5", '"1.5"', id="one decimal, which was never seen"),
        pytest.param("1" * 19, f'"{"1" * 19}"', id="more digits than 64 bits hold"),
        pytest.param("٣", '"٣"', id="other digits"),
        pytest.param("15.01.2026 10:30:52", '"15.01.2026 10:30:52"', id="a date"),
    ],
)
def test_what_looks_like_a_number_is_one(text, wire):
    assert orjson.dumps(converted(text)).decode() == wire


def test_an_item_without_text_has_no_value():
    body = told(parameters=(Item("A"), Item("B", "x")))
    assert '"ResultParameter":[{"Key":"A"},{"Key":"B","Value":"x"}]' in body


def test_a_list_of_one_is_an_object():
    body = told(parameters=(Item("A", "1"),), references=(Item("R"),))
    assert '"ResultParameters":{"ResultParameter":{"Key":"A","Value":1}}' in body
    assert '"ReferenceData":{"ReferenceItem":{"Key":"R"}}' in body


def test_without_items_there_is_no_list():
    assert told() == (
        '{"Result":{"ResultType":0,"ResultCode":0,"ResultDesc":"Done.","OriginatorConversationID":"o",'
        '"ConversationID":"c","TransactionID":"t"}}'
    )
