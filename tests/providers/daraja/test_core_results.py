"""Every result code of the core's products is made to happen over HTTP: by its cause, or by rule where it has none."""

from __future__ import annotations

import pytest

from simulator.providers.daraja.products.b2c.codes import B2C_RESULTS
from simulator.providers.daraja.products.status.codes import STATUS_RESULTS


async def b2c_by_rule(bench, code):
    await bench.fault("daraja.b2c.processing", kind="fail", code=code)
    return await bench.b2c()


async def paid(bench, code):
    return await bench.b2c()


async def no_float(bench, code):
    await bench.control("PATCH", "/merchants/600000", {"utility": "999.99"})
    return await bench.b2c()


async def too_little(bench, code):
    return await bench.b2c(Amount=9)


async def too_much(bench, code):
    return await bench.b2c(Amount=250_001)


async def over_the_day(bench, code):
    return await bench.b2c(PartyB="254700000009")


async def full_wallet(bench, code):
    return await bench.b2c(PartyB="254700000013")


async def inactive_organisation(bench, code):
    await bench.control("PATCH", "/merchants/600000", {"active": False})
    return await bench.b2c()


async def wrong_initiator(bench, code):
    return await bench.b2c(InitiatorName="nobody")


async def inactive_account(bench, code):
    await bench.control("PATCH", f"/subscribers/{PAYEE}", {"active": False})
    return await bench.b2c(PartyB=PAYEE)


async def from_a_till(bench, code):
    return await bench.b2c(PartyA="5000")


async def unregistered(bench, code):
    return await bench.b2c(PartyB="254700000011")


async def locked(bench, code):
    await bench.result(await bench.b2c())
    for _ in range(8):
        told = await bench.result(await bench.b2c(SecurityCredential="d3Jvbmc="))
        assert told["ResultCode"] == 2001
    return await bench.b2c()


async def nobodys_number(bench, code):
    return await bench.b2c(PartyB="254700000012")


PAYEE = "254711000077"
B2C_RECIPES = {
    "0": paid,
    "1": no_float,
    "2": too_little,
    "3": too_much,
    "4": over_the_day,
    "8": full_wallet,
    "11": inactive_organisation,
    "2001": wrong_initiator,
    "2006": inactive_account,
    "2028": from_a_till,
    "2040": unregistered,
    "8006": locked,
    "SFC_IC0003": nobodys_number,
}


def on_the_wire(code):
    return int(code) if code.isdecimal() else code


@pytest.mark.parametrize("result", B2C_RESULTS, ids=lambda result: result.code)
async def test_every_code_of_b2c_happens(bench, result):
    recipe = B2C_RECIPES.get(result.code, b2c_by_rule)
    assert (recipe is b2c_by_rule) == ("rule `daraja" in result.how)
    told = await bench.result(await recipe(bench, result.code))
    assert (told["ResultCode"], told["ResultDesc"]) == (on_the_wire(result.code), result.text)
    assert ("ResultParameters" in told) == (result.code == "0")
    assert told["TransactionID"].startswith("UAF5"), "a real-looking receipt on every code"
    assert await bench.is_balanced()


async def status_by_rule(bench, code):
    await bench.fault("daraja.transaction_status.processing", kind="fail", code=code)
    return await bench.status()


async def found(bench, code):
    receipt = (await bench.result(await bench.b2c()))["TransactionID"]
    return await bench.status(TransactionID=receipt)


async def unfit_identifier(bench, code):
    return await bench.status(IdentifierType="1")


async def unknown_receipt(bench, code):
    return await bench.status()


async def unknown_conversation(bench, code):
    return await bench.status(TransactionID="", OriginalConversationID="nothing")


async def wrong_credential(bench, code):
    return await bench.status(SecurityCredential="d3Jvbmc=")


async def locked_while_asking(bench, code):
    for _ in range(8):
        await bench.status(SecurityCredential="d3Jvbmc=")
    await bench.advance(10)
    return await bench.status()


async def unknown_shortcode(bench, code):
    return await bench.status(PartyA="699999")


STATUS_RECIPES = {
    "0": found,
    "25": unfit_identifier,
    "2001": wrong_credential,
    "2032": unknown_receipt,
    "2033": unknown_conversation,
    "8006": locked_while_asking,
    "SFC_IC0003": unknown_shortcode,
}


@pytest.mark.parametrize("result", STATUS_RESULTS, ids=lambda result: result.code)
async def test_every_code_of_transaction_status_happens(bench, result):
    recipe = STATUS_RECIPES.get(result.code, status_by_rule)
    assert (recipe is status_by_rule) == ("rule `daraja" in result.how)
    told = await bench.result(await recipe(bench, result.code))
    assert (told["ResultCode"], told["ResultDesc"]) == (on_the_wire(result.code), result.text)
    assert ("ResultParameters" in told) == (result.code == "0")
    assert told["TransactionID"] == "UAF0000000", "no money, no receipt"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"PartyA": "699999"}, "SFC_IC0003", id="from a shortcode that nobody has"),
        pytest.param({"SecurityCredential": "d3Jvbmc="}, 2001, id="a credential that is too short"),
        pytest.param({"SecurityCredential": "ß" * 344}, 2001, id="a credential that is no base64"),
        pytest.param({"PartyB": "254700000012", "Amount": 1}, "SFC_IC0003", id="parties before limits"),
        pytest.param({"PartyA": "5000", "InitiatorName": "x"}, 2001, id="the initiator before the product"),
    ],
)
async def test_other_causes_of_the_same_codes(bench, changes, code):
    assert (await bench.result(await bench.b2c(**changes)))["ResultCode"] == code


async def test_working_funds_do_not_count(bench):
    await bench.control("PATCH", "/merchants/600000", {"utility": "0.00", "working": "5000.00"})
    assert (await bench.result(await bench.b2c()))["ResultCode"] == 1
    assert (await bench.control("GET", "/merchants/600000"))["working"] == "5000.00"


async def test_a_full_wallet_is_told_of_before_an_empty_float(bench):
    await bench.control("PATCH", "/merchants/600000", {"utility": "0.00"})
    assert (await bench.result(await bench.b2c(PartyB="254700000013")))["ResultCode"] == 8


async def test_the_phone_as_party_has_a_known_number(bench):
    phone = {"IdentifierType": "1", "PartyA": "254700000012"}
    assert (await bench.result(await bench.status(**phone)))["ResultCode"] == "SFC_IC0003"
