"""The query over HTTP."""

from __future__ import annotations

import pytest

UNKNOWN = "ws_CO_150120261030000700000001"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"BusinessShortCode": ""}, "Bad Request - Invalid BusinessShortCode", id="shortcode"),
        pytest.param({"Timestamp": "x"}, "Bad Request - Invalid Timestamp", id="timestamp"),
        pytest.param({"CheckoutRequestID": None}, "Bad Request - Invalid CheckoutRequestID", id="no id"),
        pytest.param({"CheckoutRequestID": "ws_CO_1"}, "Bad Request - Invalid CheckoutRequestID", id="odd id"),
        pytest.param({"BusinessShortCode": "999999"}, "Merchant does not exist", id="merchant"),
        pytest.param({"Password": "x"}, "Wrong credentials", id="password"),
        pytest.param({}, "The transaction does not Exist", id="unknown"),
    ],
)
async def test_what_is_refused(bench, changes, message):
    told = (await bench.query(UNKNOWN, **changes)).json
    assert told["errorMessage"] == message


async def test_another_merchants_push_does_not_exist(bench):
    push = (await bench.push()).json
    changes = {"BusinessShortCode": "600000", "Password": bench.password("600000")}
    answer = await bench.query(push["CheckoutRequestID"], **changes)
    assert answer.json["errorMessage"] == "The transaction does not Exist"


async def test_a_fresh_password_will_do(bench):
    push = (await bench.push()).json
    later = "20260115104500"
    answer = await bench.query(push["CheckoutRequestID"], Timestamp=later, Password=bench.password("174379", later))
    assert answer.status == 200
