"""Merchants: their shortcodes, money, operators and C2B URLs."""

import pytest

from simulator.core.merchants import merchant_of, note_credential


async def error_of(call):
    answer = await call
    return answer.status, answer.body["error"]["code"], answer.body["error"]["field"]


URLS = {
    "confirmation_url": "https://app.test/c",
    "validation_url": "https://app.test/v",
    "response_type": "Cancelled",
}
NO_URLS = dict.fromkeys(URLS)


async def patch(sim, **change):
    answer = await sim.control("PATCH", "/merchants/600000", change)
    assert answer.status == 200, answer.text
    return answer.body


async def test_a_merchant_of_the_world_file(sim):
    told = (await sim.control("GET", "/merchants/600000")).body
    passkey, initiators = told.pop("passkey"), told.pop("initiators")
    assert told == {
        "shortcode": "600000",
        "name": "Pesabox Bank",
        "kind": "paybill",
        "utility": "10000000.00",
        "working": "10000000.00",
        "charges": "0.00",
        "validation": False,
        "locked": False,
        "active": True,
        **NO_URLS,
    }
    assert passkey.startswith("bfb279f9")
    assert initiators["testapi"] == "Safaricom999!*!"


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
    assert told["initiators"] == default["initiators"]


@pytest.mark.parametrize("name", ["validation", "locked", "active"])
@pytest.mark.parametrize("claim", [True, False])
async def test_a_claim_about_a_merchant_may_change(sim, name, claim):
    assert (await patch(sim, **{name: not claim}))[name] is not claim
    assert (await patch(sim, **{name: claim}))[name] is claim


async def test_initiators_are_replaced_and_not_journalled(sim):
    assert (await patch(sim, initiators={"me": "s3cret"}))["initiators"] == {"me": "s3cret"}
    (event,) = await sim.journal("merchant")
    assert "s3cret" not in str(event)


async def test_unlocking_forgets_the_wrong_credentials(sim):
    world = sim.simulation.world("default")

    async def noted(*credentials):
        for is_right in credentials:
            await world.run(lambda tx, so=is_right: note_credential(tx, merchant_of(tx, world, "600000"), is_right=so))
        return (await sim.control("GET", "/merchants/600000")).body["locked"]

    assert await noted(*[False] * 8) is True
    await patch(sim, locked=False)
    assert await noted(*[False] * 7) is False
    assert await noted(False) is True


async def test_c2b_urls_may_be_set_by_hand_and_changed_one_by_one(sim):
    told = await patch(sim, **URLS)
    assert {name: told[name] for name in URLS} == URLS
    told = await patch(sim, validation_url=None)
    assert {name: told[name] for name in URLS} == URLS | {"validation_url": None}
    told = await patch(sim, response_type="Completed", confirmation_url="http://localhost:8000/c")
    assert (told["response_type"], told["confirmation_url"]) == ("Completed", "http://localhost:8000/c")
    told = await patch(sim, name="RENAMED")
    assert told["confirmation_url"] == "http://localhost:8000/c"


async def test_without_a_confirmation_url_no_other_stays(sim):
    await patch(sim, **URLS)
    told = await patch(sim, confirmation_url=None)
    assert {name: told[name] for name in URLS} == NO_URLS
    assert {name: (await patch(sim, validation_url=None))[name] for name in URLS} == NO_URLS


async def test_a_merchant_is_set_up_with_its_urls(sim):
    asked = {"shortcode": "700001", "validation": True, "active": False, **URLS}
    told = (await sim.control("POST", "/merchants", asked)).body
    assert {name: told[name] for name in asked} == asked


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
        pytest.param({"charges": "1.00"}, "charges", id="charges, which are only shown"),
        pytest.param({"validation": "yes"}, "validation", id="no claim"),
        pytest.param({"locked": 1}, "locked", id="a number for a claim"),
        pytest.param({"initiators": {"me": ""}}, "initiators.me", id="an initiator without a password"),
        pytest.param({"initiators": ["me"]}, "initiators", id="initiators without passwords"),
        pytest.param({"confirmation_url": "app.test/c"}, "confirmation_url", id="no URL"),
        pytest.param({"validation_url": ""}, "validation_url", id="an empty URL"),
        pytest.param({"response_type": "completed"}, "response_type", id="another letter case"),
        pytest.param({"validation_url": "http://a.test/v"}, "validation_url", id="validation and no confirmation"),
        pytest.param({"response_type": "Completed"}, "response_type", id="a default for nothing"),
        pytest.param(
            {"confirmation_url": None, "validation_url": "http://a.test/v"}, "validation_url", id="both at once"
        ),
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
