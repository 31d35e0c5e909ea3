"""Merchants: their shortcodes, money, operators and C2B URLs."""

import pytest


async def error_of(call):
    answer = await call
    return answer.status, answer.body["error"]["code"], answer.body["error"]["field"]


async def test_a_merchant_of_the_world_file(sim):
    told = (await sim.control("GET", "/merchants/600000")).body
    assert (told["shortcode"], told["name"], told["kind"]) == ("600000", "Pesabox Bank", "paybill")
    assert (told["utility"], told["working"], told["charges"]) == ("10000000.00", "10000000.00", "0.00")


async def test_a_merchant_is_set_up_and_may_collect(sim):
    asked = {"shortcode": "700001", "name": "DUKA", "kind": "till", "utility": "5.00", "working": "0", "passkey": "k"}
    answer = await sim.control("POST", "/merchants", asked)
    assert answer.status == 201
    assert {name: answer.body[name] for name in asked} == asked | {"working": "0.00"}
    assert (await sim.control("GET", "/merchants/700001")).body == answer.body
    assert (await sim.control("GET", "/merchants")).items[-1] == answer.body
    (event,) = await sim.journal("merchant")
    assert (event["shortcode"], event["utility"], "passkey" in event) == ("700001", "5.00", False)
    assert (await sim.control("GET", "/ledger/audit")).body["balanced"] is True


async def test_a_new_merchant_is_a_paybill_with_the_published_passkey(sim):
    told = (await sim.control("POST", "/merchants", {"shortcode": "700001"})).body
    default = (await sim.control("GET", "/merchants/600000")).body
    assert (told["kind"], told["name"], told["passkey"]) == ("paybill", "MERCHANT 700001", default["passkey"])


async def test_a_merchants_passkey_may_change(sim):
    await sim.control("PATCH", "/merchants/174379", {"passkey": "another", "name": "RENAMED"})
    assert (await sim.push()).body["errorMessage"] == "Wrong credentials"
    assert (await sim.control("GET", "/merchants/174379")).body["name"] == "RENAMED"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"kind": "shop"}, "kind", id="an unknown kind"),
        pytest.param({"passkey": ""}, "passkey", id="no passkey"),
        pytest.param({"name": ""}, "name", id="no name"),
        pytest.param({"utility": "lots"}, "utility", id="no amount"),
        pytest.param({"utility": "-1.00"}, "utility", id="a negative utility account"),
        pytest.param({"working": "-1.00"}, "working", id="a negative working account"),
    ],
)
async def test_a_merchant_that_makes_no_sense_is_named_and_changes_nothing(sim, body, field):
    before = (await sim.control("GET", "/merchants/600000")).body
    assert await error_of(sim.control("PATCH", "/merchants/600000", body)) == (422, "invalid", field)
    assert (await sim.control("GET", "/merchants/600000")).body == before


@pytest.mark.parametrize("shortcode", ["123", "12345678", "60000a", ""])
async def test_what_is_no_shortcode_is_named(sim, shortcode):
    told = await error_of(sim.control("POST", "/merchants", {"shortcode": shortcode}))
    assert told == (422, "invalid", "shortcode")


@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_a_merchant_that_is_not_there(sim, method):
    assert await error_of(sim.control(method, "/merchants/999999", {})) == (404, "not_found", None)
