"""Worlds side by side on one server: two tests, with keys `a@one` and `a@two`, never see each other."""

from __future__ import annotations

import asyncio

import pytest

WORLDS = ("one", "two")


@pytest.fixture
async def tokens(bench):
    return {world: await bench.token(f"a@{world}", "secret") for world in WORLDS}


async def in_world(bench, world, path, method="GET", body=None):
    return await bench.control(method, f"{path}{'&' if '?' in path else '?'}world={world}", body)


async def items(bench, world, path):
    return (await in_world(bench, world, path))["items"]


async def test_interleaved_they_see_nothing_of_each_other(bench, tokens):
    payer = "254711000001"
    for world, balance in (("one", "100.00"), ("two", "200.00")):
        subscriber = {"msisdn": payer, "balance": balance, "policy": "manual"}
        await in_world(bench, world, "/subscribers", "POST", subscriber)
    rule = {"name": "lost", "at": "daraja.stk_push.callback", "effect": {"kind": "drop"}}
    await in_world(bench, "one", "/faults", "POST", rule)
    for world, amount in (("one", 10), ("two", 20)):
        bench.bearer = tokens[world]
        assert (await bench.push(PhoneNumber=payer, Amount=amount)).status == 200
    (prompt,) = await items(bench, "one", "/prompts")
    await in_world(bench, "one", f"/prompts/{prompt['id']}/answer", "POST", {"action": "approve"})
    assert len(await items(bench, "two", "/prompts")) == 1
    await in_world(bench, "one", "/clock/advance", "POST", {"seconds": 30})

    assert bench.received == [], "world one drops its callback, world two has not decided"
    assert (await in_world(bench, "one", f"/subscribers/{payer}"))["balance"] == "90.00"
    assert (await in_world(bench, "two", f"/subscribers/{payer}"))["balance"] == "200.00"
    assert [one["effect"] for one in await items(bench, "one", "/faults")] == [{"kind": "drop"}]
    assert await items(bench, "two", "/faults") == []
    assert (await in_world(bench, "one", "/clock"))["now"] == "2026-01-15T10:30:30+03:00"
    assert (await in_world(bench, "two", "/clock"))["now"] == "2026-01-15T10:30:00+03:00"
    assert [payment["amount"] for payment in await items(bench, "one", "/payments")] == ["10.00"]
    assert [payment["amount"] for payment in await items(bench, "two", "/payments")] == ["20.00"]
    journals = {world: str(await items(bench, world, "/journal?limit=1000")) for world in WORLDS}
    assert "dropped" in journals["one"]
    assert "dropped" not in journals["two"]
    assert await items(bench, "default", "/journal") == []


async def test_a_handle_of_one_world_is_unknown_in_the_other(bench, tokens):
    bench.bearer = tokens["one"]
    push = (await bench.push()).json
    bench.bearer = tokens["two"]
    answer = await bench.query(push["CheckoutRequestID"])
    assert answer.json["errorMessage"] == "The transaction does not Exist"


async def test_two_clients_advance_one_world_at_once(bench):
    await bench.push(PhoneNumber="254700000005")
    advances = [bench.control("POST", "/clock/advance", {"seconds": seconds}) for seconds in (30, 90)]
    await asyncio.gather(*advances)
    assert len(bench.received) == 1
    now = (await bench.control("GET", "/clock"))["now"]
    assert now in ("2026-01-15T10:31:30+03:00", "2026-01-15T10:32:00+03:00"), "one after the other, or both at once"


async def test_a_client_that_goes_away_in_the_middle_of_an_advance_stops_nobody(bench):
    """Its wish goes with it; the callback that was under way is still delivered."""
    reached, may_answer = asyncio.Event(), asyncio.Event()

    async def slow(body):
        reached.set()
        await may_answer.wait()

    bench.on_callback = slow
    await bench.push()
    leaving = asyncio.create_task(bench.control("POST", "/clock/advance", {"seconds": 3600}))
    await reached.wait()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    may_answer.set()
    told = await bench.control("POST", "/clock/advance", {"seconds": 1})
    assert told["now"] == "2026-01-15T10:30:10+03:00"
    assert (await bench.control("GET", "/callbacks"))["items"][0]["attempts"][0]["outcome"] == "answered"


async def test_who_may_have_one_token_of_a_provider_keeps_those_of_the_others(bench):
    jenga = await bench.bearer_of("jenga")
    await bench.control("PATCH", "/providers/daraja", {"strictness": {"one_token": True}})
    first, second = [await bench.token() for _ in range(2)]
    path = "/v3-apis/account-api/v3.0/accounts/balances/KE/1450160649886"
    answer = await bench.call("GET", path, headers={"Authorization": f"Bearer {jenga}"})
    assert answer.json["code"] == 900100, "admitted, and not signed"
    bench.bearer = first
    assert (await bench.push()).status != 200
    bench.bearer = second
    assert (await bench.push()).status == 200
