"""OAuth over HTTP: tokens, their life, the worlds that keys name, and who is refused."""

from __future__ import annotations

import base64

import aiohttp
import pytest

from simulator.app import running
from simulator.settings import Settings

GENERATE = "/oauth/v1/generate?grant_type=client_credentials"


def basic(pair: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


async def test_a_token_is_text_and_its_life_too(bench):
    answer = await bench.call("GET", GENERATE, headers=basic("pesabox-key:pesabox-secret"))
    assert list(answer.json) == ["access_token", "expires_in"]
    assert answer.json["expires_in"] == "3599"
    assert len(answer.json["access_token"]) == 28
    assert answer.json["access_token"].isalnum()


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"Authorization": "Bearer x"}, id="bearer"),
        pytest.param({"Authorization": "Basic"}, id="nothing behind it"),
        pytest.param({"Authorization": "Basic %%%"}, id="not base64"),
        pytest.param(basic("pesabox-key"), id="no secret"),
        pytest.param(basic("pesabox-key:"), id="empty secret"),
        pytest.param(basic(":secret"), id="empty key"),
        pytest.param(basic("pesabox-key:wrong"), id="wrong secret"),
        pytest.param(basic("pesabox-key@shard:wrong"), id="wrong secret of a world"),
        pytest.param(basic("key@no such world:secret"), id="a name that no world may have"),
    ],
)
async def test_bad_credentials_are_refused(bench, headers):
    answer = await bench.call("GET", GENERATE, headers=headers)
    assert (answer.status, answer.json["errorCode"]) == (400, "400.008.01")


@pytest.mark.parametrize(
    "pair",
    [
        pytest.param("my-own-key:my-own-secret", id="an app's own"),
        pytest.param("pesabox-key:pesabox-secret\n", id="with a newline"),
        pytest.param("any:with:colons", id="colons in the secret"),
    ],
)
async def test_other_pairs_are_accepted(bench, pair):
    assert (await bench.call("GET", GENERATE, headers=basic(pair))).status == 200


async def test_parameters_may_come_in_another_order(bench):
    path = "/oauth/v1/generate?x=1&grant_type=client_credentials"
    assert (await bench.call("GET", path, headers=basic("a:b"))).status == 200


async def test_a_key_names_its_world(bench):
    bench.bearer = await bench.token("any-key@shard-3", "any-secret")
    await bench.push()
    assert (await bench.control("GET", "/payments"))["items"] == []
    assert len((await bench.control("GET", "/payments?world=shard-3"))["items"]) == 1


async def test_old_tokens_stay_valid_until_they_expire(bench):
    bench.bearer = await bench.token()
    await bench.token()
    await bench.advance(3599)
    assert (await bench.push()).status == 200
    await bench.advance(2)
    answer = await bench.push()
    assert (answer.status, answer.json["errorCode"]) == (404, "404.001.03")
    assert "expired" in answer.headers["Pesabox-Why"]


async def test_a_tokens_life_may_be_set(bench):
    await bench.control("PATCH", "/providers/daraja", {"lifetimes": {"token": 60}})
    bench.bearer = await bench.token()
    await bench.advance(61)
    assert (await bench.push()).status == 404


async def test_strict_credentials_know_the_world_files_keys_only():
    settings = Settings(port=0, clock="virtual", credentials="strict")
    async with running(settings) as simulator, aiohttp.ClientSession(simulator.url) as http:
        for pair, status in (("any:pair", 400), ("pesabox-key:pesabox-secret", 200)):
            async with http.get(GENERATE, headers=basic(pair)) as response:
                assert response.status == status


async def test_a_token_of_a_world_that_is_gone_is_refused(bench):
    bench.bearer = await bench.token("k@gone", "s")
    await bench.control("DELETE", "/worlds/gone")
    assert (await bench.push()).status == 404
