"""Tokens: who gets one, how long it is good, and what the journal must not hold of it."""

from __future__ import annotations

import base64
from datetime import datetime

import orjson
import pytest

from tests.providers.jenga.conftest import ACCOUNTS, AUTHENTICATE, PAYER

REMITTANCE = "/v3-apis/transaction-api/v3.0/remittance/pesalinkacc"


async def test_a_token_looks_like_a_jwt_and_is_good_for_fifteen_minutes(jenga, bench):
    told = (await jenga.authenticate()).json
    head, claims, _ = (part + "=" * (-len(part) % 4) for part in told["accessToken"].split("."))
    assert orjson.loads(base64.urlsafe_b64decode(head))["typ"] == "JWT"
    expires, issued = (datetime.fromisoformat(told[name]) for name in ("expiresIn", "issuedAt"))
    assert (expires - issued).total_seconds() == 900
    assert orjson.loads(base64.urlsafe_b64decode(claims))["exp"] == expires.timestamp()
    jenga.bearer = told["accessToken"]
    await bench.advance(899)
    assert (await jenga.account("accounts/balances")).status == 200
    await bench.advance(1)
    answer = await jenga.account("accounts/balances")
    assert (answer.status, answer.json["code"]) == (401, 401101)


async def test_the_life_of_a_token_is_a_setting(jenga, bench):
    await bench.control("PATCH", "/providers/jenga", {"lifetimes": {"token": 60}})
    told = (await jenga.authenticate()).json
    assert (told["issuedAt"], told["expiresIn"]) == ("2026-01-15T07:30:00Z", "2026-01-15T07:31:00Z")


async def test_an_old_token_stays_good_beside_a_new_one(jenga):
    first, second = [(await jenga.authenticate()).json["accessToken"] for _ in range(2)]
    assert first != second
    for jenga.bearer in (first, second):
        assert (await jenga.account("accounts/balances")).status == 200


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        pytest.param({"api_key": ""}, 401, 401, id="no Api-Key"),
        pytest.param({"secret": "another"}, 401, 401, id="another secret"),
        pytest.param({"merchant": ""}, 400, 400111, id="no merchant code"),
        pytest.param({"secret": ""}, 400, 400111, id="no secret"),
        pytest.param({"merchant": 7}, 400, 400111, id="a number"),
        pytest.param({"merchant": "any@no world!"}, 401, 401, id="no world's name"),
    ],
)
async def test_who_gets_no_token(jenga, told, status, code):
    answer = await jenga.authenticate(**told)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert "accessToken" not in answer.text


async def test_any_pair_is_a_client(jenga):
    assert (await jenga.authenticate("their-own-code", "their-own-secret")).status == 200


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({}, id="none"),
        pytest.param({"Authorization": "Bearer"}, id="no token"),
        pytest.param({"Authorization": "Bearer never.given.here"}, id="one that was never given"),
        pytest.param({"Authorization": "Basic cGVzYWJveC1rZXk6cGVzYWJveC1zZWNyZXQ="}, id="another scheme"),
    ],
)
async def test_who_is_not_authorised(bench, header):
    answer = await bench.call("POST", REMITTANCE, json={}, headers=header)
    assert (answer.status, answer.json["code"], answer.json["status"]) == (401, 401101, False)


async def test_a_token_of_another_provider_is_none(jenga, bench):
    jenga.bearer = await bench.token()
    assert (await jenga.send()).status == 401


async def test_an_api_key_is_asked_for_to_authenticate_only(jenga):
    assert (await jenga.account("accounts/balances")).status == 200
    path = f"{ACCOUNTS}/accounts/balances/KE/{PAYER}"
    assert (await jenga.call("GET", path, sign=f"KE{PAYER}", **{"Api-Key": "x"})).status == 200


async def test_no_secret_is_in_the_journal(jenga, bench):
    told = (await jenga.authenticate(secret="pesabox-secret")).json
    journal = str((await bench.control("GET", "/journal"))["items"])
    for secret in ("pesabox-secret", told["accessToken"], told["refreshToken"]):
        assert secret not in journal
    assert "(14 characters)" in journal


async def test_there_is_no_refresh(jenga, bench):
    told = (await jenga.authenticate()).json
    path = AUTHENTICATE.replace("merchant", "refresh")
    assert (await bench.call("POST", path, json={"refreshToken": told["refreshToken"]})).status == 404
