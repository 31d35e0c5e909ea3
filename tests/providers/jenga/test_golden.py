"""Wire bodies to the letter: key order, literal strings, number-or-string types. The mark is the reference's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.providers.jenga.conftest import PAYER

GOLDEN = Path(__file__).parent / "golden"
VOLATILE = [
    (re.compile(r'("(?:access|refresh)Token":")[^"]+'), r"\1<token>"),
    (re.compile(r"26011500000[0-9]{3}"), "<receipt>"),
]


def normal(text):
    for pattern, word in VOLATILE:
        text = pattern.sub(word, text)
    return text + "\n"


async def token(jenga):
    return (await jenga.authenticate()).text


async def success(jenga):
    return (await jenga.send(transfer__reference="692194625798")).text


async def pending(jenga):
    return (await jenga.send(transfer__reference="692194625798", destination__accountNumber="1234560090")).text


async def failure(jenga):
    return (await jenga.send(transfer__reference="692194625798", destination__accountNumber="1234560001")).text


async def bad_signature(jenga):
    return (await jenga.send(transfer__reference="692194625798", sign="another text")).text


async def bad_credentials(jenga):
    return (await jenga.authenticate(api_key="")).text


async def bad_token(jenga):
    jenga.bearer = "never.given.here"
    return (await jenga.send(transfer__reference="692194625798")).text


async def details(jenga):
    await jenga.send(transfer__reference="692194625798", transfer__amount="1000.00")
    return (await jenga.details("692194625798")).text


async def details_failed(jenga):
    await failure(jenga)
    return (await jenga.details("692194625798")).text


async def details_pending(jenga):
    await pending(jenga)
    return (await jenga.details("692194625798")).text


async def details_unknown(jenga):
    return (await jenga.details("692194625798")).text


async def balances(jenga):
    return (await jenga.account("accounts/balances")).text


async def search(jenga):
    return (await jenga.account("search")).text


async def valid(jenga):
    return (await jenga.validate(PAYER, "PESABOX LIMITED")).text


async def not_valid(jenga):
    return (await jenga.validate(PAYER, "SOMEBODY ELSE")).text


@pytest.mark.parametrize(
    ("name", "body"),
    [
        pytest.param("token.official", token, id="token"),
        pytest.param("transfer_success.official", success, id="paid"),
        pytest.param("transfer_pending.inferred", pending, id="acknowledged"),
        pytest.param("transfer_failure.inferred", failure, id="failed"),
        pytest.param("bad_signature.official", bad_signature, id="a bad signature"),
        pytest.param("bad_credentials.official", bad_credentials, id="bad credentials"),
        pytest.param("bad_token.inferred", bad_token, id="a bad token"),
        pytest.param("details_success.official", details, id="details of one that was paid"),
        pytest.param("details_failed.official", details_failed, id="details of one that failed"),
        pytest.param("details_pending.inferred", details_pending, id="details of one that is awaited"),
        pytest.param("details_unknown.inferred", details_unknown, id="details of an unknown one"),
        pytest.param("balances.official", balances, id="balances"),
        pytest.param("search.official", search, id="search"),
        pytest.param("validate.official", valid, id="valid"),
        pytest.param("validate_wrong.official", not_valid, id="not valid"),
    ],
)
async def test_the_wire_body_is_the_golden_one(jenga, golden, name, body):
    golden(GOLDEN / f"{name}.json", normal(await body(jenga)))
