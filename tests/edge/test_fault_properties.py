"""What holds whatever fault rules are set: payments end once, callbacks are attempted, money stays what it was."""

import contextlib
from collections import Counter

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.core import faults
from simulator.edge.catalogue import problems_of
from simulator.providers import PROVIDERS
from simulator.providers.daraja import PROVIDER as DARAJA

GONE = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
FINAL = {"succeeded", "failed", "cancelled", "expired"}
CALLS = ["stk_push", "b2c", "c2b_register", "c2b_simulate", "transaction_status", "pay"]
PEOPLE = ["254711000001", "254711000002", "254700000002"]  # the last one cancels

seconds = st.sampled_from([0, 1, 7, 61, 500])
changes = st.sampled_from([{}, {"ResultCode": 0}, {"Amount": 70000, "TransAmount": "70000.00"}])
EFFECTS = {
    "delay": st.fixed_dictionaries({"seconds": seconds}),
    "hang": st.fixed_dictionaries({"seconds": seconds}),
    "refuse": st.sampled_from([{"error": error.name} for error in DARAJA.errors] + [{"status": 502, "body": "<p>"}]),
    "reset": st.just({}),
    "callback_first": st.just({}),
    "drop": st.just({}),
    "duplicate": st.fixed_dictionaries({"copies": st.integers(1, 3), "after_seconds": seconds}),
    "reorder": st.fixed_dictionaries({"behind": st.integers(1, 3)}),
    "forge": st.fixed_dictionaries({"knows": st.sampled_from(["url", "reference", "everything"]), "changes": changes}),
    "corrupt": st.fixed_dictionaries(
        {"how": st.sampled_from(["truncated", "not_json", "missing_field", "wrong_type"])}
    ),
}
KINDS = {
    "request": ["delay", "hang", "refuse", "reset"],
    "processing": ["delay", "fail"],
    "acknowledgement": ["delay", "hang", "refuse", "reset", "callback_first"],
    "callback": ["delay", "drop", "duplicate", "reorder", "forge", "corrupt"],
}
PLACES = [(place, point) for place in DARAJA.places for point in sorted(DARAJA.points_of(place)) if place != "oauth"]


@st.composite
def rules(draw):
    operation, point = draw(st.sampled_from(PLACES))
    kind = draw(st.sampled_from(KINDS[point]))
    codes = st.sampled_from(sorted(DARAJA.failure_codes(operation)) or ["-"])
    effect = draw(codes.map(lambda code: {"code": code}) if kind == "fail" else EFFECTS[kind])
    how_often = draw(st.sampled_from([{}, {"nth": 1}, {"nth": [2, 3]}, {"probability": 0.5}]))
    return {"at": f"daraja.{operation}.{point}", "effect": {"kind": kind} | effect} | how_often


steps = st.tuples(st.sampled_from(CALLS), st.sampled_from(PEOPLE), st.sampled_from([0, 1, 9, 70]))


async def play(sim, daraja, story):
    for number, (call, who, wait) in enumerate(story):
        asked = {"c2b_register": {}, "transaction_status": {"reference": "W1", "receipt": ""}}
        about = asked.get(call, {"msisdn": who, "reference": f"W{number}"})
        with contextlib.suppress(*GONE):
            await getattr(daraja, call)(**about)
        await sim.advance(wait)
    await sim.advance(20_000)


@given(told=st.lists(rules(), max_size=4), story=st.lists(steps, min_size=1, max_size=8))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_rules_are_set_payments_end_once_and_money_stays(sim, daraja, told, story):
    named = [{"name": f"rule {number}"} | rule for number, rule in enumerate(told)]
    assert [problems_of(rule, PROVIDERS) for rule in named] == [[]] * len(named)
    assert (await sim.control("POST", "/reset")).status == 200
    await sim.authorization()
    await daraja.c2b_register()
    await sim.control("PATCH", "/merchants/600000", {"validation": True})
    assert (await sim.control("POST", "/faults", named)).status == 201
    await play(sim, daraja, story)

    payments = (await sim.control("GET", "/payments")).items
    ends = Counter(event["payment"] for event in await sim.journal("payment") if event["state"] in FINAL)
    assert ends == Counter(payment["id"] for payment in payments)
    callbacks = (await sim.control("GET", "/callbacks")).items
    assert all(any("number" in attempt for attempt in callback["attempts"]) for callback in callbacks)
    assert (await sim.control("GET", "/ledger/audit")).body["balanced"]
    assert await sim.journal("error") == []
    (world,) = (await sim.control("GET", "/worlds")).items
    assert world["open_jobs"] == 0


@pytest.mark.parametrize("point", KINDS)
def test_the_kinds_of_this_module_are_all_there_are(point):
    assert set(KINDS[point]) == faults.EFFECTS[point]
