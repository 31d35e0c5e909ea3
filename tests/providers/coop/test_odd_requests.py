"""Odd requests: each is answered with an error of the catalogue or an acceptance, and nothing is half done."""

from __future__ import annotations

import random

import orjson
import pytest

ODD = [
    None,
    "",
    " ",
    0,
    -1,
    1.5,
    1e22,
    10**30,
    True,
    [],
    [[]],
    {},
    {"a": {}},
    "x" * 5000,
    "\x00",
    "é",
    "٦٨",
    "68:1",
    ":",
]
PATHS = [
    "account",
    "account v2",
    "phone",
    "bulk",
    "internal",
    "internal v3",
    "status",
    "elsewhere",
    "own",
    "balance",
]
DEEP = b'{"MessageReference":' + b"[" * 900 + b"]" * 900 + b"}"
WIDE = b'{"Destinations":[' + b",".join([b"null"] * 5000) + b"]}"


@pytest.mark.parametrize("path", PATHS)
async def test_no_odd_value_is_a_defect_of_ours(coop, path):
    chance = random.Random(path)
    for number in range(60):
        leg = coop.phone_leg() if path == "phone" else coop.leg()
        body = coop.order(leg, MessageReference=f"O{number}", AccountNumber="36001873000", RecipientBankIdentifier="68")
        target = chance.choice([body, body["Source"], body["Destinations"][0]])
        target[chance.choice(list(target))] = chance.choice(ODD)
        answer = await coop.post(path, body)
        assert answer.status in (200, 400, 401, 403, 404, 409), (body, answer.text)
        assert "MessageCode" in answer.json
    await coop.bench.advance(200)
    assert await coop.is_balanced()
    errors = (await coop.bench.control("GET", "/journal?kind=error"))["items"]
    assert errors == []


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b"\xff", DEEP, WIDE, b'{"Source":' * 700 + b"1" + b"}" * 700])
async def test_no_odd_body_is_either(coop, body):
    headers = {"Authorization": f"Bearer {await coop.token()}"}
    for path in ("/FundsTransfer/External/A2A/PesaLink/1.0.0", "/Enquiry/TransactionStatus/2.0.0"):
        answer = await coop.bench.call("POST", path, data=body, headers=headers)
        assert (answer.status, orjson.loads(answer.text)["MessageCode"]) == (400, "-2")
