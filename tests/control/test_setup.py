"""Worlds, clocks and the settings of providers."""

import asyncio

import pytest

from simulator.providers import PROVIDERS

ANN = "254708374149"
NOON = "2026-01-15T10:30:00+03:00"


async def error_of(call):
    answer = await call
    return answer.status, answer.body["error"]["code"], answer.body["error"]["field"]


# Worlds.


async def test_a_world_sends_callbacks_for_a_host_elsewhere(sim):
    made = await sim.control("POST", "/worlds", {"name": "w", "hosts": {"app.test": "127.0.0.1:8000"}})
    assert made.body["hosts"] == {"app.test": "127.0.0.1:8000"}
    patched = await sim.control("PATCH", "/worlds/w", {"hosts": {"other.test": "127.0.0.1:9"}})
    assert patched.body["hosts"] == {"app.test": "127.0.0.1:8000", "other.test": "127.0.0.1:9"}
    wrong = await sim.control("PATCH", "/worlds/w", {"hosts": {"app.test": "nowhere"}})
    assert (wrong.status, wrong.body["error"]["field"]) == (422, "hosts")


async def test_a_world_tells_how_many_jobs_are_open(sim):
    await sim.push(PhoneNumber="254700000005")
    (world,) = (await sim.control("GET", "/worlds")).items
    assert world["open_jobs"] == 1


async def test_a_world_is_made_with_credentials_for_every_provider(sim, basic_header):
    answer = await sim.control("POST", "/worlds", {"name": "shard-3", "seed": 42, "starts_at": "2030-05-05T09:00"})
    credentials = {"consumer_key": "pesabox-key@shard-3", "consumer_secret": "pesabox-secret"}
    assert answer.status == 201
    assert answer.body == {
        "name": "shard-3",
        "seed": 42,
        "now": "2030-05-05T09:00:00+03:00",
        "hosts": {},
        "open_jobs": 0,
        "credentials": dict.fromkeys((provider.name for provider in PROVIDERS), credentials),
    }
    told = answer.body["credentials"]["daraja"]
    header = basic_header(told["consumer_key"], told["consumer_secret"])
    answer = await sim.call("GET", "/oauth/v1/generate?grant_type=client_credentials", headers=header)
    assert answer.status == 200
    assert [event["at"] for event in await sim.journal(world="shard-3")] == ["2030-05-05T09:00:00+03:00"]


async def test_worlds_are_listed(sim):
    await sim.control("POST", "/worlds", {"name": "b"})
    await sim.control("POST", "/worlds", {"name": "a"})
    items = (await sim.control("GET", "/worlds")).items
    assert [world["name"] for world in items] == ["default", "b", "a"]
    assert items[0]["credentials"]["daraja"]["consumer_key"] == "pesabox-key"


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        pytest.param({}, 422, "invalid", "name", id="no name"),
        pytest.param({"name": "a b"}, 422, "invalid", "name", id="a bad name"),
        pytest.param({"name": "default"}, 409, "exists", "name", id="a name that is taken"),
        pytest.param({"name": "w", "seed": -1}, 422, "invalid", "seed", id="a negative seed"),
        pytest.param({"name": "w", "seed": 1e30}, 422, "invalid", "seed", id="a seed that JSON cannot hold"),
        pytest.param({"name": "w", "starts_at": "noon"}, 422, "invalid", "starts_at", id="no time"),
        pytest.param(
            {"name": "w", "starts_at": "0001-01-01T00:00:00+05:00"}, 422, "invalid", "starts_at", id="before all time"
        ),
    ],
)
async def test_a_world_that_cannot_be_made(sim, body, status, code, field):
    assert await error_of(sim.control("POST", "/worlds", body)) == (status, code, field)
    assert [world["name"] for world in (await sim.control("GET", "/worlds")).items] == ["default"]


@pytest.mark.parametrize("year", [2006, 2031, 2032, 2050])
async def test_a_world_may_start_in_any_year(sim, year):
    await sim.control("POST", "/worlds", {"name": "w", "starts_at": f"{year}-05-05T09:00"})
    await sim.push(world="w")
    await sim.advance(60, world="w")
    assert [payment["state"] for payment in (await sim.control("GET", "/payments?world=w")).items] == ["succeeded"]


async def test_a_world_is_deleted(sim):
    await sim.push(world="w")
    assert (await sim.control("DELETE", "/worlds/w")).status == 204
    assert await error_of(sim.control("DELETE", "/worlds/w")) == (404, "not_found", None)
    assert (await sim.push(world="w")).body["errorCode"] == "404.001.03"


async def test_the_default_world_is_not_deleted(sim):
    assert await error_of(sim.control("DELETE", "/worlds/default")) == (409, "default_world", None)


@pytest.mark.parametrize("world", ["default", "w"])
async def test_a_reset_makes_a_world_afresh(sim, world):
    await sim.push(world=world)
    await sim.fault("*.*.callback", world=world, kind="drop")
    await sim.advance(60, world=world)
    before = (await sim.control("GET", f"/worlds?world={world}")).items
    answer = await sim.control("POST", f"/reset?world={world}")
    assert (answer.status, answer.body["now"]) == (200, NOON)
    assert answer.body["seed"] == next(one["seed"] for one in before if one["name"] == world)
    for what in ("payments", "callbacks", "faults", "journal", "ledger/entries", "prompts"):
        assert (await sim.control("GET", f"/{what}?world={world}")).items == []


async def test_tokens_stay_good_over_a_reset(sim):
    await sim.push(world="w")
    await sim.control("POST", "/reset?world=w", {"seed": 9})
    assert (await sim.push(world="w")).status == 200


async def test_a_reset_with_a_seed_is_another_story(sim):
    first = (await sim.push()).body["MerchantRequestID"]
    await sim.control("POST", "/reset", {"seed": 2})
    sim.tokens.clear()
    assert (await sim.push()).body["MerchantRequestID"] != first
    await sim.control("POST", "/reset", {"seed": 1})
    sim.tokens.clear()
    assert (await sim.push()).body["MerchantRequestID"] == first


# The clock.


@pytest.mark.parametrize(
    ("body", "now", "jobs_run"),
    [
        pytest.param({"seconds": 90}, "2026-01-15T10:31:30+03:00", 3, id="seconds"),
        pytest.param({"seconds": 0.5}, "2026-01-15T10:30:00.500000+03:00", 0, id="half a second"),
        pytest.param({"to": "2026-01-15T10:30:08+03:00"}, "2026-01-15T10:30:08+03:00", 2, id="to a time"),
        pytest.param({"to": "2026-01-15T07:30:08Z"}, "2026-01-15T10:30:08+03:00", 2, id="to a time elsewhere"),
        pytest.param({"to": "2026-01-15T10:30:08"}, "2026-01-15T10:30:08+03:00", 2, id="to a time in Nairobi"),
        pytest.param({"jobs": 1}, "2026-01-15T10:30:07+03:00", 1, id="one job"),
    ],
)
async def test_the_clock_is_advanced(sim, body, now, jobs_run):
    await sim.push()
    answer = await sim.control("POST", "/clock/advance", body)
    assert (answer.status, answer.body) == (200, {"now": now, "jobs_run": jobs_run})
    assert (await sim.control("GET", "/clock")).body == {"kind": "virtual", "now": now}


async def test_an_advance_answers_after_what_fell_due_was_answered(sim):
    await sim.push()
    await sim.advance(9)
    assert len(sim.app.received) == 1
    (callback,) = await sim.journal("callback")
    assert (callback["at"], callback["status"]) == ("2026-01-15T10:30:09+03:00", 200)


async def test_an_advance_moves_one_world(sim):
    await sim.control("POST", "/worlds", {"name": "w"})
    await sim.advance(60, world="w")
    assert (await sim.control("GET", "/clock")).body["now"] == NOON


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"seconds": 1, "jobs": 1}, None, id="two things"),
        pytest.param({"seconds": -1}, "seconds", id="back"),
        pytest.param({"seconds": "soon"}, "seconds", id="no number"),
        pytest.param({"seconds": 4e7}, "seconds", id="more than a year"),
        pytest.param({"jobs": 0}, "jobs", id="no jobs"),
        pytest.param({"to": "noon"}, "to", id="no time"),
        pytest.param({"to": "2026-01-15T10:29:59+03:00"}, "to", id="a time that is over"),
        pytest.param({"to": "0001-01-01T00:00:00+05:00"}, "to", id="before all time"),
    ],
)
async def test_an_advance_that_makes_no_sense(sim, body, field):
    assert await error_of(sim.control("POST", "/clock/advance", body)) == (422, "invalid", field)
    assert (await sim.control("GET", "/clock")).body["now"] == NOON


async def test_nobody_advances_the_system_clock(start):
    sim = await start(clock="system")
    assert await error_of(sim.control("POST", "/clock/advance", {"seconds": 1})) == (409, "system_clock", None)
    assert (await sim.control("GET", "/clock")).body["kind"] == "system"


async def test_an_advance_names_the_callback_that_is_not_answered(start):
    sim = await start(answer_timeout=0.05)
    done = asyncio.Event()

    async def keeps_a_lock(request):
        await done.wait()
        return 200

    sim.app.script.append(keeps_a_lock)
    await sim.push()
    answer = await sim.control("POST", "/clock/advance", {"seconds": 60})
    assert (answer.status, answer.body["error"]["code"]) == (504, "unanswered")
    assert f"deliver c000001 to {sim.app.url}/callback" in answer.body["error"]["message"]
    done.set()
    await sim.journal("callback", wait=5)
    assert (await sim.control("POST", "/clock/advance", {"seconds": 60})).status == 200


# Providers' settings.


async def test_a_providers_settings_are_shown(sim):
    told = (await sim.control("GET", "/providers/daraja")).body
    assert (told["name"], told["lifetimes"]["prompt"], told["limits"]["daily"]) == ("daraja", 60, "500000.00")


async def test_a_providers_settings_are_changed_in_one_world(sim):
    await sim.control("POST", "/worlds", {"name": "w"})
    change = {"lifetimes": {"prompt": 5}, "limits": {"daily": "100"}}
    answer = await sim.control("PATCH", "/providers/daraja", change)
    assert (answer.body["lifetimes"]["prompt"], answer.body["lifetimes"]["token"]) == (5, 3600)
    assert answer.body["limits"]["daily"] == "100.00"
    assert (await sim.control("GET", "/providers/daraja")).body == answer.body
    assert (await sim.control("GET", "/providers/daraja?world=w")).body["lifetimes"]["prompt"] == 60
    await sim.push(PhoneNumber="254700000010", PartyA="254700000010")
    await sim.advance(5)
    assert [payment["state"] for payment in (await sim.control("GET", "/payments")).items] == ["expired"]
    (event,) = await sim.journal("provider")
    assert (event["provider"], event["lifetimes"]) == ("daraja", {"prompt": 5})


async def test_a_tariff_is_told_as_bands_or_as_the_published_one(sim):
    before = (await sim.control("GET", "/providers/daraja")).body["tariff"]
    assert (before["b2c"][1], before["customer"]) == (["1500.00", "5.00"], [])
    change = {"tariff": {"b2c": [["100", "1"]], "customer": "published"}}
    told = (await sim.control("PATCH", "/providers/daraja", change)).body["tariff"]
    assert (told["b2c"], told["customer"][1]) == ([["100.00", "1.00"]], ["500.00", "7.00"])
    back = {"tariff": {"b2c": "published", "customer": []}}
    assert (await sim.control("PATCH", "/providers/daraja", back)).body["tariff"] == before


async def test_a_customer_pays_the_published_tariff_once_it_is_in_force(sim):
    await sim.control("PATCH", "/providers/daraja", {"tariff": {"customer": "published"}})
    await sim.push(Amount=500)
    await sim.advance(60)
    assert (await sim.control("GET", f"/subscribers/{ANN}")).body["balance"] == "49493.00"
    (message,) = (await sim.control("GET", f"/subscribers/{ANN}/messages")).items
    assert "Transaction cost, Ksh7.00." in message["text"]
    assert (await sim.control("GET", "/ledger/audit")).body["balanced"]


async def test_the_certificate_is_told_as_text(sim):
    answer = await sim.call("GET", "/_sim/certificate.pem")
    assert answer.headers["Content-Type"].startswith("application/x-pem-file")
    assert answer.text.startswith("-----BEGIN CERTIFICATE-----")
    assert (await sim.call("GET", "/_sim/certificate.pem")).text == answer.text, "made once"
    assert "PRIVATE" not in answer.text


@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_a_provider_that_is_not_there(sim, method):
    assert await error_of(sim.control(method, "/providers/nobody", {})) == (404, "not_found", None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"latency": {"stk_pusch": 1}}, "latency.stk_pusch", id="an unknown latency"),
        pytest.param({"lifetimes": {"prompt": -1}}, "lifetimes.prompt", id="a negative life"),
        pytest.param({"lifetimes": 5}, "lifetimes", id="no table"),
        pytest.param({"limits": {"daily": "lots"}}, "limits", id="no amount"),
        pytest.param({"limits": {"weekly": "5"}}, "limits.weekly", id="an unknown limit"),
        pytest.param({"tariff": {"b2b": []}}, "tariff.b2b", id="an unknown tariff"),
        pytest.param({"tariff": {"b2c": [["100", "-1"]]}}, "tariff.b2c", id="a negative fee"),
        pytest.param({"tariff": {"b2c": [[100, 1]]}}, "tariff.b2c", id="a band of numbers"),
        pytest.param({"tariff": {"b2c": 5}}, "tariff.b2c", id="a fee for all"),
    ],
)
async def test_a_setting_that_makes_no_sense(sim, body, field):
    before = (await sim.control("GET", "/providers/daraja")).body
    assert await error_of(sim.control("PATCH", "/providers/daraja", body)) == (422, "invalid", field)
    assert (await sim.control("GET", "/providers/daraja")).body == before
