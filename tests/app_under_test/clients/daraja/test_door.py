import asyncio
import base64

import pytest

PASSKEY = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
REFUSED = (404, {"requestId": "r", "errorCode": "404.001.03", "errorMessage": "Invalid Access Token"})


async def test_one_token_serves_many_calls(bank, daraja):
    await bank.deposit()
    await bank.deposit()
    assert daraja.tokens == 1
    assert {asked["auth"] for asked in daraja.asked("push")} == {"Bearer token-1"}
    pair = base64.b64encode(b"pesabox-key:pesabox-secret").decode()
    assert daraja.asked("oauth") == [{"auth": f"Basic {pair}"}]


async def test_calls_at_once_share_one_token(bank, daraja, clock):
    customer = await bank.customer()
    clock.move(3539)
    daraja.answer("oauth", "hang")
    asked = [asyncio.create_task(bank.deposit(customer=customer)) for _ in range(5)]
    async with asyncio.timeout(5):
        while (await bank.call("GET", "/deposits/D000005"))[0] == 404:
            continue
    daraja.release.set()
    assert [made["state"] for made in await asyncio.gather(*asked)] == ["pending"] * 5
    assert daraja.tokens == 2


async def test_a_token_is_renewed_before_it_expires(bank, daraja, clock):
    await bank.deposit()
    clock.move(3538)
    await bank.deposit()
    assert daraja.tokens == 1
    clock.move(1)
    await bank.deposit()
    assert daraja.tokens == 2


async def test_a_refused_token_is_renewed_once_and_the_request_sent_again(bank, daraja):
    daraja.answer("push", REFUSED)
    assert (await bank.deposit())["state"] == "pending"
    assert [asked["auth"] for asked in daraja.asked("push")] == ["Bearer token-1", "Bearer token-2"]


async def test_a_refused_token_is_not_renewed_twice(bank, daraja):
    daraja.answer("push", REFUSED, REFUSED)
    assert (await bank.deposit())["state"] == "failed"
    assert (daraja.tokens, len(daraja.asked("push"))) == (2, 2)


async def test_a_query_renews_the_token_too(bank, daraja, clock):
    await bank.deposit()
    clock.move(90)
    daraja.answer("query", REFUSED, daraja.standing("ws_CO_1", "0"))
    assert len((await bank.reconcile())["repaired"]) == 1


NO_TOKEN = [
    pytest.param((400, {"errorCode": "400.008.01", "errorMessage": "Invalid Authentication passed"}), id="refused"),
    pytest.param((400, b""), id="refused without a word"),
    pytest.param((503, b"<html>"), id="HTML"),
    pytest.param((200, {}), id="nothing in it"),
    pytest.param((200, {"access_token": "t", "expires_in": "soon"}), id="no lifetime"),
    pytest.param("reset", id="reset"),
    pytest.param("deadline", id="no answer"),
]


@pytest.mark.parametrize("answer", NO_TOKEN)
async def test_without_a_token_nothing_was_sent_so_the_deposit_failed(start_bank, daraja, clock, answer):
    daraja.answer("oauth", (503, b""))
    async with start_bank() as bank:
        daraja.reached["oauth"].clear()
        daraja.answer("oauth", *["hang" if answer == "deadline" else answer] * (2 if answer == "reset" else 1))
        asked = asyncio.create_task(bank.deposit())
        await daraja.reached["oauth"].wait()
        if answer == "deadline":
            clock.end_deadlines()
        made = await asked
        assert made["state"] == "failed"
        assert "no token" in made["reason"]
        assert daraja.asked("push") == []
        assert (await bank.deposit())["state"] == "pending"


async def test_a_lifetime_may_be_a_number(bank, daraja):
    daraja.expires_in = 3599
    assert (await bank.deposit())["state"] == "pending"


async def test_the_password_is_made_of_shortcode_passkey_and_the_time_in_nairobi(bank, daraja, clock):
    await bank.deposit()
    clock.move(100)
    await bank.reconcile()
    for operation, timestamp in (("push", "20260115103000"), ("query", "20260115103140")):
        (asked,) = daraja.asked(operation)
        assert asked["Timestamp"] == timestamp
        assert base64.b64decode(asked["Password"]).decode() == f"600000{PASSKEY}{timestamp}"


async def test_a_base_url_may_have_a_path(start_bank, daraja):
    async with start_bank(provider_url=daraja.url + "/") as bank:
        assert (await bank.deposit())["state"] == "pending"
    async with start_bank(provider_url=daraja.url + "/elsewhere") as bank:
        assert (await bank.deposit())["state"] == "failed"
