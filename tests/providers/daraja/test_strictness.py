"""What Daraja may be strict about, by switch, over HTTP."""

from __future__ import annotations

import pytest

from simulator.providers.daraja.strictness import STRICTNESS


@pytest.fixture
def strict(bench):
    async def switch(*names):
        return await bench.control("PATCH", "/providers/daraja", {"strictness": dict.fromkeys(names, True)})

    return switch


async def test_every_switch_is_off_at_first_and_may_be_turned_on(bench, strict):
    assert (await bench.control("GET", "/providers/daraja"))["strictness"] == dict.fromkeys(STRICTNESS, False)
    assert (await strict(*STRICTNESS))["strictness"] == dict.fromkeys(STRICTNESS, True)


async def test_an_unknown_switch_is_named(bench):
    answer = await bench.call("PATCH", "/_sim/providers/daraja", json={"strictness": {"one_tokn": True}})
    assert (answer.status, answer.json["error"]["field"]) == (422, "strictness.one_tokn")


async def test_a_new_token_revokes_the_old_ones_of_its_key(bench, strict):
    await strict("one_token")
    bench.bearer = first = await bench.token()
    others = await bench.token("another", "pair")
    second = await bench.token()
    assert (await bench.push()).json["errorCode"] == "404.001.03"
    for bench.bearer in (others, second):
        assert (await bench.push(PhoneNumber="254700000008")).status == 200
    assert first != second


@pytest.mark.parametrize(
    ("timestamp", "status"),
    [
        pytest.param("20260115103900", 200, id="nine minutes ahead"),
        pytest.param("20260115102001", 200, id="nearly ten behind"),
        pytest.param("20260115073000", 400, id="UTC"),
        pytest.param("20261399999999", 400, id="no time at all"),
    ],
)
async def test_a_timestamp_is_fresh(bench, strict, timestamp, status):
    await strict("fresh_timestamp")
    password = bench.password("174379", timestamp)
    answer = await bench.push(Timestamp=timestamp, Password=password)
    assert answer.status == status
    assert status == 200 or answer.json["errorMessage"] == "Bad Request - Invalid Timestamp"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"AccountReference": "x" * 12, "TransactionDesc": "x" * 13}, None, id="as long as they may be"),
        pytest.param({"AccountReference": "x" * 13}, "AccountReference", id="reference"),
        pytest.param({"TransactionDesc": "x" * 14}, "Remarks", id="description"),
    ],
)
async def test_texts_are_short(bench, strict, changes, field):
    await strict("short_texts")
    answer = await bench.push(**changes)
    assert answer.json.get("errorMessage") == (f"Bad Request - Invalid {field}" if field else None)


@pytest.mark.parametrize(
    ("url", "status"),
    [
        pytest.param("https://shop.example.co.ke/callback", 200, id="public"),
        pytest.param("https://8.8.8.8/callback", 200, id="public address"),
        pytest.param("http://shop.example.co.ke/callback", 400, id="plain"),
        pytest.param("https://localhost/callback", 400, id="this machine"),
        pytest.param("https://10.0.0.1/callback", 400, id="private address"),
        pytest.param("https://app.test/callback", 400, id="reserved"),
        pytest.param("https://abc.ngrok.io/callback", 400, id="tunnel"),
    ],
)
async def test_callback_urls_are_public(bench, strict, url, status):
    await strict("public_urls")
    assert (await bench.push(CallBackURL=url)).status == status


async def test_a_second_prompt_is_refused_by_callback(bench, strict):
    await strict("lock_by_callback")
    await bench.push(PhoneNumber="254700000010")
    assert (await bench.result_of(PhoneNumber="254700000010"))["ResultCode"] in (1001, 1037)
    codes = [payment["reason"] for payment in (await bench.control("GET", "/payments"))["items"]]
    assert codes == ["PromptUnanswered", "LineBusy"]


async def test_the_same_amount_is_allowed_after_two_minutes(bench, strict):
    await strict("same_amount")
    await bench.result_of()
    assert (await bench.result_of())["ResultCode"] == 0
    assert (await bench.result_of(Amount=99))["ResultCode"] == 0


async def test_queries_have_turns_of_twelve_seconds(bench, strict):
    await strict("query_limit")
    statuses = []
    for seconds in (0, 11, 1, 12):
        await bench.advance(seconds)
        statuses.append((await bench.query("ws_CO_150120261030000708374149")).status)
    assert statuses == [500, 429, 500, 500]
