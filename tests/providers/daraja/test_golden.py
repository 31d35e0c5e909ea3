"""Wire bodies to the letter: key order, literal strings, number-or-string types. The mark is the reference's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
VOLATILE = [
    (re.compile(r'("access_token":")[^"]+'), r"\1<token>"),
    (re.compile(r'("(?:requestId|MerchantRequestID)":")[^"]+'), r"\1<gateway id>"),
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
    ],
)
async def test_the_wire_body_is_the_golden_one(bench, golden, name, body):
    golden(GOLDEN / f"{name}.json", normal(await body(bench)))
