"""Wire bodies to the letter: key order, literal strings, number-or-string types. The mark is the reference's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
VOLATILE = [
    (re.compile(r'("access_token":")[^"]+'), r"\1<token>"),
    (re.compile(r'("(?:MessageDateTime|timestamp)":")[^"]+Z'), r"\1<time>"),
    (re.compile(r'("TransactionID":"FT)[^"]+'), r"\1<receipt>"),
    (re.compile(r'("RecipientName":")[^"]+'), r"\1<name>"),
]
ELSEWHERE = {"MessageReference": "E1", "UserId": "PESABOX", "RecipientBankIdentifier": "0068"}


def normal(text: str) -> str:
    for pattern, word in VOLATILE:
        text = pattern.sub(word, text)
    return text + "\n"


async def token(coop):
    return (await coop.token_answer()).text


async def acknowledgement(coop):
    return (await coop.send()).text


async def refusal(coop):
    return (await coop.send(source={"Amount": 1})).text


async def fault(coop):
    coop.bearer = "never-given"
    return (await coop.send()).text


async def missing_fault(coop):
    return (await coop.bench.call("POST", "/Enquiry/TransactionStatus/2.0.0", json={})).text


async def wrong_path(coop):
    return (await coop.post("/Enquiry/Nothing/1.0.0", {})).text


async def callback_of(coop, *legs, path="account", **changes):
    await coop.outcome(*legs, path=path, **changes)
    return coop.bench.received[0][1]


async def success(coop):
    return await callback_of(coop)


async def partial(coop):
    legs = [coop.leg(Amount=250.5), coop.leg(ReferenceNumber="M1_2", AccountNumber="0700000000001")]
    return await callback_of(coop, *legs, path="bulk")


async def phone_failure(coop):
    return await callback_of(coop, coop.phone_leg("+254700000011"), path="phone")


async def undecided(coop):
    await coop.accepted()
    return (await coop.status()).text


async def decided(coop):
    await coop.outcome()
    return (await coop.status()).text


async def unknown(coop):
    return (await coop.status()).text


async def validated(coop):
    return (await coop.post("elsewhere", ELSEWHERE | {"AccountNumber": "0712345678901"})).text


async def not_validated(coop):
    return (await coop.post("elsewhere", ELSEWHERE | {"AccountNumber": "0700000000001"})).text


async def own(coop):
    return (await coop.post("own", ELSEWHERE | {"AccountNumber": "01100000000500"})).text


async def balance(coop):
    return (await coop.post("balance", ELSEWHERE | {"AccountNumber": "36001873000"})).text


@pytest.mark.parametrize(
    ("name", "body"),
    [
        pytest.param("token.agree", token, id="token"),
        pytest.param("acknowledgement.agree", acknowledgement, id="acknowledgement"),
        pytest.param("refusal.agree", refusal, id="refusal"),
        pytest.param("fault_invalid.agree", fault, id="a bad token"),
        pytest.param("fault_missing.agree", missing_fault, id="no token"),
        pytest.param("wrong_path.agree", wrong_path, id="no such path"),
        pytest.param("callback_success.agree", success, id="success"),
        pytest.param("callback_partial.agree", partial, id="partial success"),
        pytest.param("callback_phone_failure.agree", phone_failure, id="a phone that no bank knows"),
        pytest.param("status_undecided.inferred", undecided, id="undecided"),
        pytest.param("status_decided.agree", decided, id="decided"),
        pytest.param("status_unknown.agree", unknown, id="unknown"),
        pytest.param("validation_elsewhere.agree", validated, id="a name"),
        pytest.param("validation_elsewhere_missing.one_source", not_validated, id="no such account"),
        pytest.param("validation_own.agree", own, id="an account of the bank"),
        pytest.param("balance.one_source", balance, id="balance"),
    ],
)
async def test_the_wire_body_is_the_golden_one(coop, golden, name, body):
    golden(GOLDEN / f"{name}.json", normal(await body(coop)))
