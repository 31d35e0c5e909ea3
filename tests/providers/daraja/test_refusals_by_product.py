"""Products refuse the same thing in different words: a bad token, a path that is not there, another method."""

from __future__ import annotations

import pytest

STK, QUERY = "/mpesa/stkpush/v1/processrequest", "/mpesa/stkpushquery/v1/query"
B2C, STATUS = "/mpesa/b2c/v3/paymentrequest", "/mpesa/transactionstatus/v1/query"
REGISTER, SIMULATE = "/mpesa/c2b/v2/registerurl", "/mpesa/c2b/v1/simulate"
NOT_FOUND = "Resource not found"
NO_PRODUCT = "Error Occurred - Invalid Access Token - Invalid API call as no apiproduct match found"


def told(answer):
    assert list(answer.json) == ["requestId", "errorCode", "errorMessage"]
    return answer.status, answer.json["errorCode"], answer.json["errorMessage"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(STK, (404, "404.001.03", "Invalid Access Token"), id="push"),
        pytest.param(QUERY, (404, "404.001.03", "Invalid Access Token"), id="query"),
        pytest.param(B2C, (401, "401.002.01", "Error Occurred - Invalid Access Token - "), id="payout"),
        pytest.param(STATUS, (401, "401.002.01", "Error Occurred - Invalid Access Token - "), id="status"),
        pytest.param(REGISTER, (401, "401.003.01", NO_PRODUCT), id="register"),
        pytest.param(SIMULATE, (401, "401.003.01", NO_PRODUCT), id="simulate"),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer never-given"}], ids=["missing", "unknown"])
@pytest.mark.parametrize("prefix", ["", "/daraja"])
async def test_a_bad_token(bench, path, expected, headers, prefix):
    assert told(await bench.call("POST", prefix + path, json={}, headers=headers)) == expected


@pytest.mark.parametrize("path", [STK, B2C, STATUS, REGISTER])
async def test_an_expired_token_is_as_bad_as_none(bench, path):
    headers = {"Authorization": f"Bearer {await bench.token()}"}
    await bench.advance(3601)
    expired = told(await bench.call("POST", path, json={}, headers=headers))
    assert expired == told(await bench.call("POST", path, json={}))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(STK, (404, "404.001.03", "Invalid Access Token"), id="push"),
        pytest.param(B2C, (401, "401.002.01", "Error Occurred - Invalid Access Token - "), id="payout"),
        pytest.param(STATUS, (404, "404.001.04", "Invalid Authentication Header"), id="status"),
        pytest.param(REGISTER, (404, "404.001.04", "Invalid Authenticator Header"), id="register"),
    ],
)
@pytest.mark.parametrize("header", ["Basic cGVzYWJveC1rZXk6c2VjcmV0", "Bearer", "never-given"])
async def test_another_header_than_a_bearers(bench, path, expected, header):
    assert told(await bench.call("POST", path, json={}, headers={"Authorization": header})) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/mpesa/stkpush/v9/processrequest", (404, "404.001.01", NOT_FOUND), id="push"),
        pytest.param("/mpesa/nothing", (404, "404.001.01", NOT_FOUND), id="no product at all"),
        pytest.param("/oauth/v9/generate", (404, "404.001.01", NOT_FOUND), id="token"),
        pytest.param("/mpesa/b2c/v2/paymentrequest", (404, "404.002.01", NOT_FOUND), id="payout"),
        pytest.param("/mpesa/c2b/v1/nothing", (404, "404.003.01", NOT_FOUND), id="C2B"),
        pytest.param("/mpesa/transactionstatus/v2/query", (404, "404.003.01", NOT_FOUND), id="status"),
    ],
)
@pytest.mark.parametrize("prefix", ["", "/daraja"])
async def test_a_path_that_is_not_there(bench, path, expected, prefix):
    assert told(await bench.post(prefix + path, {})) == expected


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        pytest.param("POST", "/oauth/v1/generate", (405, "405.001", "POST Method Not Allowed"), id="token"),
        pytest.param("GET", STK, (405, "405.001", "GET Method Not Allowed"), id="push"),
        pytest.param("PUT", B2C, (405, "405.001", "PUT Method Not Allowed"), id="payout"),
        pytest.param("GET", STATUS, (404, "404.001.04", "Invalid Authentication Header"), id="status"),
        pytest.param("GET", REGISTER, (404, "404.001.04", "Invalid Authenticator Header"), id="register"),
    ],
)
async def test_another_method(bench, method, path, expected):
    assert told(await bench.call(method, path)) == expected
