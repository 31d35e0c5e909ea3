"""C2B bodies to the letter, in both versions, and beside an STK push."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from simulator.providers.daraja.products.c2b.notices import hidden_msisdn

GOLDEN = Path(__file__).parent / "golden"
VOLATILE = [
    (re.compile(r'("(?:requestId|OriginatorCoversationID)":")[^"]+'), r"\1<gateway id>"),
    (re.compile(r'("TransID":")[^"]+'), r"\1<receipt>"),
]
KEYS = [
    "TransactionType",
    "TransID",
    "TransTime",
    "TransAmount",
    "BusinessShortCode",
    "BillRefNumber",
    "InvoiceNumber",
    "OrgAccountBalance",
    "ThirdPartyTransID",
    "MSISDN",
    "FirstName",
]


def normal(text):
    for pattern, word in VOLATILE:
        text = pattern.sub(word, text)
    return text + "\n"


async def registered(c2b):
    return (await c2b.register()).text


async def refused(c2b):
    return (await c2b.register(ValidationURL="https://app.test/mpesa")).text


async def simulated(c2b):
    await c2b.register()
    return (await c2b.simulate()).text


async def paid(c2b, version="v2", reference="ACC-1"):
    await c2b.register(version)
    await c2b.pay(reference=reference)
    await c2b.bench.advance(5)
    return c2b.bench.received[-1][1]


async def confirmation_v1(c2b):
    return await paid(c2b, "v1")


async def confirmation_till(c2b):
    c2b.shortcode = "5000"
    return await paid(c2b, reference="")


async def validation(c2b):
    await c2b.validate()
    c2b.answer({"ResultCode": "C2B00011", "ResultDesc": "Rejected"})
    return await paid(c2b)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        pytest.param("c2b_register_acknowledgement.captured", registered, id="registered"),
        pytest.param("c2b_register_refusal.captured", refused, id="a forbidden word"),
        pytest.param("c2b_simulate_acknowledgement.captured", simulated, id="simulated"),
        pytest.param("c2b_validation.captured", validation, id="validation"),
        pytest.param("c2b_confirmation_v1.captured", confirmation_v1, id="confirmation, v1"),
        pytest.param("c2b_confirmation_v2.captured", paid, id="confirmation, v2"),
        pytest.param("c2b_confirmation_till.captured", confirmation_till, id="confirmation of a till"),
    ],
)
async def test_the_wire_body_is_the_golden_one(c2b, golden, name, body):
    golden(GOLDEN / f"{name}.json", normal(await body(c2b)))


@pytest.mark.parametrize(
    ("msisdn", "version", "told"),
    [
        pytest.param(
            "254705912645", "v1", "94c392c311d522da950619227b3361752a42042db7e1e699b26e628305c68a88", id="v1, captured"
        ),
        pytest.param("254708374126", "v2", "2547 ***** 126", id="v2"),
        pytest.param("254110000001", "v2", "2541 ***** 001", id="v2, a 01 number"),
    ],
)
def test_the_payers_number_is_hidden(msisdn, version, told):
    assert hidden_msisdn(msisdn, version=version) == told


@pytest.mark.parametrize(
    ("name", "first"),
    [
        pytest.param("Nicholas John Songok", "NICHOLAS", id="three names"),
        pytest.param("wambui", "WAMBUI", id="one name"),
        pytest.param("  zola x", "ZOLA", id="blanks before"),
        pytest.param(" ", "", id="no name"),
    ],
)
async def test_the_first_name_is_the_only_one(paybill, name, first):
    await paybill.bench.control("PATCH", "/subscribers/254708374149", {"name": name})
    await paybill.pay()
    await paybill.bench.advance(5)
    (told,) = paybill.confirmed
    assert told["FirstName"] == first
    assert list(told) == KEYS


async def test_the_callbacks_carry_the_providers_headers(paybill):
    await paybill.validate()
    await paybill.pay()
    await paybill.bench.advance(5)
    assert len(paybill.bench.received) == 2
    for headers, _ in paybill.bench.received:
        assert headers["Content-Type"] == "application/json;charset=UTF-8"
        assert headers["BusinessShortCode"] == "600000"
        assert "Authorization" not in headers


async def push(c2b, **changes):
    body = {"BusinessShortCode": "600000", "PartyB": "600000", "Password": c2b.bench.password("600000")} | changes
    answer = await c2b.bench.push(**body)
    assert answer.status == 200, answer.text
    await c2b.bench.advance(120)


async def test_an_stk_push_is_confirmed_as_c2b_too(paybill):
    await paybill.validate()
    await push(paybill)
    assert paybill.bench.paths == ["/stk", "/confirm"]
    stk = orjson.loads(paybill.bench.received[0][1])["Body"]["stkCallback"]["CallbackMetadata"]["Item"]
    metadata = {item["Name"]: item.get("Value") for item in stk}
    (told,) = paybill.confirmed
    assert told["TransID"] == metadata["MpesaReceiptNumber"]
    assert int(told["TransTime"]) == metadata["TransactionDate"] - 1
    assert (told["TransactionType"], told["BillRefNumber"]) == ("Pay Bill", "INV-1")
    assert (told["TransAmount"], told["OrgAccountBalance"]) == ("100.00", "10000100.00")
    callbacks = (await paybill.bench.control("GET", "/callbacks"))["items"]
    assert [callback["operation"] for callback in callbacks] == ["daraja.stk_push", "daraja.c2b_confirmation"]
    assert len({callback["payment"] for callback in callbacks}) == 1


async def test_a_till_pushed_to_through_its_store_is_confirmed_where_the_money_went(till):
    await push(till, PartyB="5000", TransactionType="CustomerBuyGoodsOnline")
    (told,) = till.confirmed
    assert (told["BusinessShortCode"], told["TransactionType"]) == ("5000", "Customer Merchant Payment")
    assert told["BillRefNumber"] == ""


async def test_a_push_that_is_not_paid_is_not_confirmed(paybill):
    await push(paybill, PhoneNumber="254700000002")
    assert paybill.bench.paths == ["/stk"]


async def test_under_stk_unconfirmed_a_push_has_one_callback(paybill):
    await paybill.bench.control("PATCH", "/providers/daraja", {"strictness": {"stk_unconfirmed": True}})
    await push(paybill)
    assert paybill.bench.paths == ["/stk"]


async def test_a_push_without_registered_urls_has_one_callback(c2b):
    await push(c2b)
    assert c2b.bench.paths == ["/stk"]


@pytest.mark.parametrize("change", [{"registered": False}, {"known": False}], ids=str)
async def test_a_push_to_a_number_without_a_wallet_cannot_reach_it(bench, change):
    await bench.control("PATCH", "/subscribers/254708374149", change)
    assert (await bench.result_of())["ResultCode"] == 1037
