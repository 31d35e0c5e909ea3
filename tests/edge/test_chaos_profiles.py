"""The shipped chaos profiles: each is played, in a day's traffic of every kind, and nothing of ours gives way."""

import contextlib
import json
from pathlib import Path

import aiohttp
import pytest
import yaml

from simulator.catalogue import check_profile
from simulator.core.faults import EFFECT_MODELS, FaultRule

PROFILES = sorted((Path(__file__).parents[2] / "scenarios" / "chaos").glob("*.yaml"))
GONE = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
FINAL = {"succeeded", "failed", "cancelled", "expired"}
PEOPLE = [f"2547110000{number:02d}" for number in range(20)]

profiles = pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)


def rules_of(path):
    return yaml.safe_load(path.read_text())


@pytest.fixture
def play(start, daraja_of):
    """A day under a profile: pushes, queries, payouts, questions about them and paybill payments, to the end."""

    async def day(path, seed=1):
        sim = await start(seed=seed, chaos=path)
        daraja = daraja_of(sim)
        await sim.control("PATCH", "/merchants/600000", {"validation": True})
        for number, who in enumerate(PEOPLE):
            with_all = (
                lambda who=who, n=number: daraja.stk_push(who, f"A{n}"),
                lambda: daraja.stk_query(),
                lambda: daraja.c2b_register(),
                lambda who=who, n=number: daraja.b2c(who, f"W{n}"),
                lambda n=number: daraja.transaction_status(receipt="", reference=f"W{n}"),
                lambda who=who, n=number: daraja.c2b_simulate(who, f"B{n}"),
                lambda who=who, n=number: daraja.pay(who, f"C{n}"),
            )
            for call in with_all:
                with contextlib.suppress(KeyError, TypeError, *GONE):  # no token, or no answer
                    await call()
            await sim.advance(11)
        await sim.advance(7200)
        return sim

    return day


@profiles
def test_a_profile_is_good(path):
    assert check_profile(rules_of(path)) == []


@profiles
async def test_under_a_profile_every_payment_ends_once_and_the_books_balance(play, path):
    sim = await play(path)
    payments = (await sim.control("GET", "/payments")).items
    assert {payment["state"] for payment in payments} <= FINAL
    assert (await sim.control("GET", "/ledger/audit")).body["balanced"]
    assert await sim.journal("error") == []
    (world,) = (await sim.control("GET", "/worlds")).items
    assert world["open_jobs"] == 0


@profiles
async def test_under_a_profile_every_callback_is_attempted(play, path):
    sim = await play(path)
    callbacks = (await sim.control("GET", "/callbacks?limit=1000")).items
    assert callbacks
    assert all([one for one in callback["attempts"] if "number" in one] for callback in callbacks)


@profiles
async def test_a_profile_is_replayed_to_the_byte(play, path):
    first, second = await play(path, seed=3), await play(path, seed=3)

    async def told(sim):
        return json.dumps(await sim.journal()).replace(sim.app.url, "APP")

    assert await told(first) == await told(second)


async def test_a_calm_day_loses_nothing(play):
    sim = await play(next(path for path in PROFILES if path.stem == "calm"))
    payments = (await sim.control("GET", "/payments")).items
    assert {payment["state"] for payment in payments} == {"succeeded"}
    assert {event["outcome"] for event in await sim.journal("callback")} == {"answered"}


def test_a_bad_day_has_something_of_everything():
    rules = [
        FaultRule.model_validate(rule) for rule in rules_of(next(one for one in PROFILES if one.stem == "bad_day"))
    ]
    assert {rule.effect.kind for rule in rules} == EFFECT_MODELS.keys()
    places = {rule.at.split(".")[1] for rule in rules}
    assert {"oauth", "stk_push", "b2c", "transaction_status", "c2b", "c2b_validation", "*"} <= places
