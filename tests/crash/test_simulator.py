"""Whenever the simulator is killed: nothing that it acknowledged is lost, everything comes to one end, nothing is paid
twice.

`pytest --kills 50` kills as often. What is sent and when the kill comes is drawn from the kill's number.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter

from tests.crash.load import Load, plan

REQUESTS, AT_ONCE = 80, 24
FINAL = {"succeeded", "failed", "cancelled", "expired"}
KEPT = "254711000001"
C2B = {
    "ShortCode": "600984",
    "ResponseType": "Completed",
    "ConfirmationURL": "http://127.0.0.1:9/confirmation",
    "ValidationURL": "http://127.0.0.1:9/validation",
}


async def set_up(process, token):
    """What is not a payment, and must be there after every kill as well."""
    rule = {"name": "kept", "at": "*.*.callback", "when": {"msisdn": KEPT}, "effect": {"kind": "drop"}}
    await process.call("POST", "/faults", json=rule)
    await process.call("POST", "/subscribers", json={"msisdn": KEPT, "pin": "4711", "balance": "77.00"})
    await process.call("POST", "/worlds", json={"name": "other", "seed": 7, "hosts": {"app.test": "127.0.0.1:9"}})
    headers = {"Authorization": f"Bearer {token}"}
    async with process.http.post(f"{process.url}/mpesa/c2b/v2/registerurl", json=C2B, headers=headers) as response:
        assert response.status == 200, await response.text()


async def set_up_as_seen(process):
    merchant = await process.call("GET", "/merchants/600984")
    worlds = await process.call("GET", "/worlds")
    return {
        "rules": await process.call("GET", "/faults"),
        "subscriber": await process.call("GET", f"/subscribers/{KEPT}"),
        "urls": {name: told for name, told in merchant.items() if "url" in name},
        "worlds": [{name: world[name] for name in ("name", "seed", "hosts")} for world in worlds["items"]],
    }


async def books_of(process):
    return {
        "payments": await process.listed("/payments"),
        "entries": await process.listed("/ledger/entries"),
        "callbacks": await process.listed("/callbacks"),
        "audit": await process.call("GET", "/ledger/audit"),
    }


def problems_of(books, acknowledged):
    """What is wrong, once nothing is due any more."""
    entries = Counter(entry["payment"] for entry in books["entries"])
    told = Counter(callback["payment"] for callback in books["callbacks"] if callback["attempts"])
    named = Counter(payment["provider_reference"] for payment in books["payments"])
    receipts = Counter(payment["receipt"] for payment in books["payments"] if payment["receipt"])
    yield from (f"acknowledged, and there {named[name]} times: {name}" for name in acknowledged if named[name] != 1)
    yield from (f"{receipt} is the receipt of {times}" for receipt, times in receipts.items() if times > 1)
    for payment in books["payments"]:
        name, state = payment["id"], payment["state"]
        ends = [moment["state"] for moment in payment["timeline"] if moment["state"] in FINAL]
        if ends != [state]:
            yield f"{name} is {state} and came to {ends}"
        if entries[name] != (state == "succeeded"):
            yield f"{name} is {state} with {entries[name]} entries"
        if told[name] != 1:
            yield f"{name} has {told[name]} callbacks that were tried"
    yield from ([] if books["audit"]["balanced"] else books["audit"]["problems"])


async def killed_under_load(process, token, app, *, number):
    """What was acknowledged before the kill, which comes after a number of acknowledgements."""
    draws = random.Random(number)
    load = Load(process.http, process.url, token)
    sending = asyncio.create_task(load.run(plan(draws, app.url, REQUESTS, f"kill-{number}"), at_once=AT_ONCE))
    await load.acknowledgements(draws.randrange(1, REQUESTS // 2))
    await process.kill()
    await sending
    return load.acknowledged


async def test_whenever_it_is_killed_nothing_acknowledged_is_lost(simulator, app, pytestconfig, capsys):
    kills, acknowledged = pytestconfig.getoption("--kills"), []
    process = await simulator.start()
    token = await process.token()
    await set_up(process, token)
    before = await set_up_as_seen(process)
    for number in range(kills):
        acknowledged += await killed_under_load(process, token, app, number=number)
        process = await simulator.start()
        await process.quiet()
        assert list(problems_of(await books_of(process), acknowledged)) == [], f"after kill {number}"
        assert await set_up_as_seen(process) == before
    assert set(acknowledged) <= set(app.received), "what was acknowledged was told to the app"
    repeats = sum(app.received.values()) - len(app.received)
    with capsys.disabled():
        print(f"\n{kills} kills: {len(acknowledged)} acknowledged, {len(app.received)} told, {repeats} told again")
