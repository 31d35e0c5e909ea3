"""M-PESA Express over HTTP: what is refused at once, what is accepted, and what the callback says."""

from __future__ import annotations

import orjson
import pytest

ABSENT = object()
WORDS_FOR_NOTHING = [
    pytest.param(ABSENT, id="missing"),
    pytest.param(None, id="null"),
    pytest.param("", id="empty"),
    pytest.param([], id="a list"),
    pytest.param({"a": 1}, id="an object"),
    pytest.param(True, id="a boolean"),
]
NAMED = [
    "BusinessShortCode",
    "Timestamp",
    "TransactionType",
    "Amount",
    "PartyA",
    "PartyB",
    "PhoneNumber",
    "CallBackURL",
]


def changed(bench, field, value):
    body = bench.push_body() | {field: value}
    if value is ABSENT:
        del body[field]
    return body


async def refusal(bench, body):
    answer = await bench.post("/mpesa/stkpush/v1/processrequest", body)
    assert answer.headers["Pesabox-Why"]
    return answer.status, answer.json["errorCode"], answer.json["errorMessage"]


@pytest.mark.parametrize("value", WORDS_FOR_NOTHING)
@pytest.mark.parametrize("field", NAMED)
async def test_a_field_that_is_not_there_is_named(bench, field, value):
    told = await refusal(bench, changed(bench, field, value))
    assert told == (400, "400.002.02", f"Bad Request - Invalid {field}")


@pytest.mark.parametrize("value", WORDS_FOR_NOTHING)
async def test_a_missing_description_is_called_remarks(bench, value):
    told = await refusal(bench, changed(bench, "TransactionDesc", value))
    assert told == (400, "400.002.02", "Bad Request - Invalid Remarks")


@pytest.mark.parametrize("value", [ABSENT, None])
async def test_so_is_an_account_reference_that_is_not_there(bench, value):
    assert (await refusal(bench, changed(bench, "AccountReference", value)))[2] == "Bad Request - Invalid Remarks"


@pytest.mark.parametrize("value", ["", [], True])
async def test_a_malformed_account_reference_is_named(bench, value):
    told = await refusal(bench, changed(bench, "AccountReference", value))
    assert told[2] == "Bad Request - Invalid AccountReference"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("Amount", 0, id="zero"),
        pytest.param("Amount", -1, id="negative"),
        pytest.param("Amount", 1.5, id="cents"),
        pytest.param("Amount", "1.00", id="text with cents"),
        pytest.param("Amount", "ten", id="words"),
        pytest.param("Amount", "١٠", id="other digits"),
        pytest.param("Amount", 250_001, id="above the maximum"),
        pytest.param("Amount", 10**40, id="huge"),
        pytest.param("PhoneNumber", "0708374149", id="local number"),
        pytest.param("PhoneNumber", "+254708374149", id="with a plus"),
        pytest.param("PhoneNumber", "255708374149", id="foreign"),
        pytest.param("PartyA", "25470837414", id="too short"),
        pytest.param("BusinessShortCode", "1743", id="short shortcode"),
        pytest.param("BusinessShortCode", "17437912", id="long shortcode"),
        pytest.param("Timestamp", "2026-01-15 10:30", id="another format"),
        pytest.param("Timestamp", "2026011510300", id="thirteen digits"),
        pytest.param("TransactionType", "CustomerPaybillOnline", id="another case"),
        pytest.param("CallBackURL", "ftp://app.test/x", id="scheme"),
        pytest.param("CallBackURL", "http://app.test/a b", id="spaces"),
        pytest.param("CallBackURL", "http://app.test/<id>", id="brackets"),
        pytest.param("CallBackURL", "/relative", id="relative"),
        pytest.param("CallBackURL", "http://[::1", id="not a URL at all"),
    ],
)
async def test_a_malformed_field_is_named(bench, field, value):
    told = await refusal(bench, changed(bench, field, value))
    assert told == (400, "400.002.02", f"Bad Request - Invalid {field}")


async def test_the_description_may_be_a_hundred_characters(bench):
    assert (await bench.push(TransactionDesc="x" * 100)).status == 200
    told = await refusal(bench, bench.push_body(TransactionDesc="x" * 101, PhoneNumber="254700000001"))
    assert told[2] == "Bad Request - Invalid Remarks"


@pytest.mark.parametrize("password", WORDS_FOR_NOTHING)
async def test_a_missing_password_is_wrong_credentials(bench, password):
    told = await refusal(bench, changed(bench, "Password", password))
    assert told == (500, "500.001.1001", "Wrong credentials")


async def test_only_the_first_bad_field_is_named_in_documented_order(bench):
    told = await refusal(bench, bench.push_body(PhoneNumber="07", Amount=0, CallBackURL="", Timestamp="1"))
    assert told[2] == "Bad Request - Invalid Timestamp"


@pytest.mark.parametrize("number", ["0708374149", "+254708374149", "255708374149"])
async def test_a_bad_number_in_both_places_is_told_of_the_phone(bench, number):
    told = await refusal(bench, bench.push_body(PhoneNumber=number, PartyA=number))
    assert told[2] == "Bad Request - Invalid PhoneNumber"


async def test_fields_come_before_the_merchant_and_the_merchant_before_the_password(bench):
    body = bench.push_body(BusinessShortCode="999999", Password="x", TransactionDesc=None)
    assert (await refusal(bench, body))[2] == "Bad Request - Invalid Remarks"
    body = bench.push_body(BusinessShortCode="999999", Password="x")
    assert (await refusal(bench, body))[2] == "Merchant does not exist"


async def test_without_json_the_gateway_sees_no_field(bench):
    bearer = {"Authorization": f"Bearer {await bench.token()}"}
    for about in (
        {"data": {"BusinessShortCode": "174379"}},
        {"data": b"{}", "headers": {"Content-Type": "text/plain"}},
    ):
        headers = bearer | about.pop("headers", {})
        answer = await bench.call("POST", "/mpesa/stkpush/v1/processrequest", headers=headers, **about)
        assert (answer.status, answer.json["errorMessage"]) == (400, "Bad Request - Invalid BusinessShortCode")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'"text"', id="a text"),
        pytest.param(b"\xff\xfe", id="not text"),
        pytest.param(b'{"Amount": NaN}', id="not a number"),
        pytest.param(b"[" * 5000, id="deep"),
    ],
)
async def test_what_is_no_json_object_is_an_invalid_payload(bench, body):
    headers = {"Authorization": f"Bearer {await bench.token()}", "Content-Type": "application/json"}
    answer = await bench.call("POST", "/mpesa/stkpush/v1/processrequest", data=body, headers=headers)
    assert (answer.status, answer.json["errorCode"]) == (400, "400.002.05")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"BusinessShortCode": 174379, "PartyB": 174379}, id="numbers"),
        pytest.param({"Amount": "1"}, id="amount as text"),
        pytest.param({"Amount": 1000.0}, id="amount as float"),
        pytest.param({"Amount": 250_000, "PhoneNumber": 254110000001}, id="the most, to a 01 number"),
        pytest.param({"Timestamp": 20260115103000}, id="timestamp as number"),
        pytest.param({"Passkey": "x", "Extra": None}, id="unknown fields"),
        pytest.param({"AccountReference": "fifteen chars 15"}, id="a long reference"),
        pytest.param({"CallBackURL": "https://does-not-resolve.test/mpesa"}, id="a host that does not resolve"),
    ],
)
async def test_what_clients_send_is_accepted(bench, changes):
    answer = await bench.push(**changes)
    assert answer.status == 200, answer.text
    assert list(answer.json) == [
        "MerchantRequestID",
        "CheckoutRequestID",
        "ResponseCode",
        "ResponseDescription",
        "CustomerMessage",
    ]


async def test_two_pushes_in_one_moment_get_two_ids(bench):
    first = (await bench.push(PhoneNumber="254700000008")).json["CheckoutRequestID"]
    second = (await bench.push(PhoneNumber="254700000008")).json["CheckoutRequestID"]
    assert (first, second) == ("ws_CO_150120261030000700000008", "ws_CO_150120261030001700000008")


async def test_the_payers_sms_tells_what_was_paid(bench):
    await bench.result_of(Amount=1234)
    inbox = await bench.control("GET", "/subscribers/254708374149/messages")
    assert inbox["items"][0]["text"] == (
        "UAF51X46BL Confirmed. Ksh1,234.00 sent to Daraja Test for account INV-1 on 15/1/26 at 10:30 AM "
        "New M-PESA balance is Ksh48,766.00. Transaction cost, Ksh0.00. "
        "Amount you can transact within the day is 498,766.00."
    )


async def test_a_failed_push_moves_no_money_and_sends_no_sms(bench):
    await bench.result_of(PhoneNumber="254700000002")
    assert (await bench.control("GET", "/subscribers/254700000002"))["balance"] == "50000.00"
    assert (await bench.control("GET", "/subscribers/254700000002/messages"))["items"] == []
    assert (await bench.control("GET", "/ledger/entries"))["items"] == []


async def test_the_callback_carries_the_providers_headers(bench):
    await bench.result_of()
    headers = bench.received[0][0]
    assert headers["Content-Type"] == "application/json;charset=UTF-8"
    assert headers["BusinessShortCode"] == "174379"
    assert "Authorization" not in headers


async def test_one_attempt_only_is_made(bench):
    await bench.push(CallBackURL="http://127.0.0.1:9/nobody")
    await bench.advance(3 * 3600)
    attempts = (await bench.control("GET", "/callbacks"))["items"][0]["attempts"]
    assert [attempt["outcome"] for attempt in attempts] == ["unreachable"]


async def test_a_processing_delay_keeps_the_outcome_back(bench):
    rule = {"name": "slow", "at": "daraja.stk_push.processing", "effect": {"kind": "delay", "seconds": 600}}
    await bench.control("POST", "/faults", rule)
    push = (await bench.push()).json
    await bench.advance(300)
    assert bench.received == []
    assert (await bench.query(push["CheckoutRequestID"])).json["ResultCode"] == "4999"
    await bench.advance(400)
    assert orjson.loads(bench.received[0][1])["Body"]["stkCallback"]["ResultCode"] == 0
