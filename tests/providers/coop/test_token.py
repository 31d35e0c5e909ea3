"""Tokens: whom Co-op lets in, and for how long."""

from __future__ import annotations

import pytest


async def test_a_token_is_given_for_an_hour(coop):
    told = (await coop.token_answer()).json
    assert list(told) == ["access_token", "scope", "token_type", "expires_in"]
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 3600)
    assert len(told["access_token"]) == 36


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"key": ""}, id="no key"),
        pytest.param({"secret": ""}, id="no secret"),
        pytest.param({"secret": "another"}, id="another secret"),
        pytest.param({"key": "key@no world!"}, id="no world"),
    ],
)
async def test_a_client_that_nobody_knows_gets_none(coop, told):
    answer = await coop.token_answer(**told)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("form", ["", "grant_type=password", '{"grant_type": "client_credentials"}', "\x00%ff"])
async def test_only_one_grant_is_given(coop, form):
    assert (await coop.token_answer(form=form)).status == 400


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer"}])
async def test_without_a_token_the_gateway_says_so(coop, header):
    answer = await coop.bench.call("POST", "/Enquiry/TransactionStatus/2.0.0", json={}, headers=header)
    assert answer.status == 401
    assert answer.json["fault"]["code"] == "900902"


async def test_a_token_ends_with_its_hour(coop):
    await coop.status()
    await coop.bench.advance(3599)
    assert (await coop.status()).status == 404
    await coop.bench.advance(1)
    answer = await coop.status()
    assert answer.status == 401
    assert list(answer.json["fault"]) == ["code", "message", "description"]
    assert answer.json["fault"]["code"] == "900901"


async def test_the_token_of_another_provider_is_none_here(coop, bench):
    coop.bearer = await bench.token()
    assert (await coop.status()).json["fault"]["code"] == "900901"


async def test_an_older_token_is_good_until_its_own_end(coop):
    await coop.status()
    await coop.token()
    assert (await coop.status()).status == 404


async def test_no_journal_tells_a_token(coop, bench):
    token = await coop.token()
    coop.bearer = token
    await coop.send()
    assert token not in str(await bench.control("GET", "/journal"))


@pytest.mark.parametrize("path", ["/token", "/coop/token", "/token/"])
async def test_it_has_its_path_at_the_root_and_under_its_name(bench, coop, path):
    headers = {"Authorization": "Basic cGVzYWJveC1rZXk6cGVzYWJveC1zZWNyZXQ="}
    answer = await bench.call("POST", path, data={"grant_type": "client_credentials"}, headers=headers)
    assert answer.status == 200
