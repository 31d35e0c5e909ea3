"""Wire bodies to the letter: key order, literal strings, number-or-string types. The mark is the reference's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
VOLATILE = [
    (re.compile(r'("access_token":")[^"]+'), r"\1<token>"),
    (re.compile(r'("(?:requestId|MerchantRequestID)":")[^"]+'), r"\1<gateway id>"),
    (re.compile(r'"[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}[0-9]+"'), '"<gateway id>"'),
    (re.compile(r'"AG_20260115_[0-9]{4}[0-9a-f]{16}"'), '"<conversation id>"'),
    (re.compile(r'"UAF51[0-9A-Z]{5}"'), '"<receipt>"'),
    (re.compile(r'("MpesaReceiptNumber","Value":")[^"]+'), r"\1<receipt>"),
]


def normal(text: str) -> str:
    for pattern, word in VOLATILE:
        text = pattern.sub(word, text)
    return text + "\n"


async def token(bench):
    headers = {"Authorization": "Basic cGVzYWJveC1rZXk6cGVzYWJveC1zZWNyZXQ="}
    return (await bench.call("GET", "/oauth/v1/generate?grant_type=client_credentials", headers=headers)).text


async def acknowledgement(bench):
    return (await bench.push()).text


async def refusal(bench):
    return (await bench.push(Amount=0)).text


async def callback_of(bench, **changes):
    await bench.push(**changes)
    await bench.advance(120)
    return bench.received[0][1]


async def success(bench):
    return await callback_of(bench)


async def failure(bench):
    return await callback_of(bench, PhoneNumber="254700000002")


async def text_code(bench):
    return await callback_of(bench, TransactionType="CustomerBuyGoodsOnline", PartyB="777777")


async def undecided_query(bench):
    push = (await bench.push()).json
    return (await bench.query(push["CheckoutRequestID"])).text


async def decided_query(bench):
    push = (await bench.push(PhoneNumber="254700000005")).json
    await bench.advance(120)
    return (await bench.query(push["CheckoutRequestID"])).text


async def b2c_acknowledgement(bench):
    return (await bench.b2c()).text


async def result_of(bench, **changes):
    await bench.result(await bench.b2c(**changes))
    return bench.received[-1][1]


async def b2c_success(bench):
    return await result_of(bench)


async def b2c_failure(bench):
    return await result_of(bench, InitiatorName="nobody")


async def b2c_text_code(bench):
    return await result_of(bench, PartyB="254700000012")


async def duplicate(bench):
    await bench.b2c(OriginatorConversationID="mine")
    return (await bench.b2c(OriginatorConversationID="mine")).text


async def b2c_bad_token(bench):
    bench.bearer = "never-given"
    return (await bench.b2c()).text


async def status_acknowledgement(bench):
    return (await bench.status()).text


async def status_of(bench, receipt, **changes):
    await bench.result(await bench.status(TransactionID=receipt, **changes))
    return bench.received[-1][1]


async def status_of_a_collection(bench):
    push = await bench.result_of()
    receipt = push["CallbackMetadata"]["Item"][1]["Value"]
    return await status_of(bench, receipt, PartyA="174379")


async def status_of_a_payout(bench):
    paid = await bench.result(await bench.b2c())
    return await status_of(bench, paid["TransactionID"], Occasion="353353")


async def status_unknown(bench):
    return await status_of(bench, "UAF0AAAAAA")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        pytest.param("oauth_token.captured", token, id="token"),
        pytest.param("stk_push_acknowledgement.captured", acknowledgement, id="acknowledgement"),
        pytest.param("gateway_error.captured", refusal, id="refusal"),
        pytest.param("stk_callback_success.captured", success, id="success"),
        pytest.param("stk_callback_failure.captured", failure, id="failure"),
        pytest.param("stk_callback_text_code.captured", text_code, id="a code that is text"),
        pytest.param("stk_query_undecided.captured", undecided_query, id="undecided"),
        pytest.param("stk_query_decided.captured", decided_query, id="decided"),
        pytest.param("b2c_acknowledgement.captured", b2c_acknowledgement, id="payout acknowledged"),
        pytest.param("b2c_result_success.captured", b2c_success, id="paid out"),
        pytest.param("b2c_result_failure.captured", b2c_failure, id="not paid out"),
        pytest.param("b2c_result_text_code.official", b2c_text_code, id="not paid out, with a code that is text"),
        pytest.param("b2c_duplicate.official", duplicate, id="sent twice"),
        pytest.param("b2c_bad_token.captured", b2c_bad_token, id="a bad token of B2C"),
        pytest.param("status_acknowledgement.captured", status_acknowledgement, id="status acknowledged"),
        pytest.param("status_result_collection.captured", status_of_a_collection, id="status of a collection"),
        pytest.param("status_result_payout.captured", status_of_a_payout, id="status of a payout"),
        pytest.param("status_result_unknown.captured", status_unknown, id="status of an unknown receipt"),
    ],
)
async def test_the_wire_body_is_the_golden_one(bench, golden, name, body):
    golden(GOLDEN / f"{name}.json", normal(await body(bench)))
