"""Every row of the tables in docs/pesalink.md is made to happen through HTTP alone."""

from __future__ import annotations

import pytest

from simulator.providers.jenga import PROVIDER
from simulator.providers.jenga.catalogue import CATALOGUE, RESULTS
from tests.providers.jenga.conftest import ACCOUNTS, PENNILESS

ANY_RULE, TRANSFER_RULE = "rule `jenga.*.request`", "rule `jenga.pesalink_account.processing`"


async def by_request_rule(jenga, error):
    await jenga.token()
    await jenga.bench.fault("jenga.*.request", kind="refuse", error=error.name)
    return await jenga.send()


async def by_processing_rule(jenga, error):
    await jenga.bench.fault("jenga.pesalink_account.processing", kind="fail", code=error.code)
    return await jenga.send()


def to(ending, **changes):
    async def pay(jenga, error):
        return await jenga.send(destination__accountNumber=f"123456{ending}", **changes)

    return pay


def sent(kind="pesalinkacc", **changes):
    async def send(jenga, error):
        return await jenga.send(kind, **changes)

    return send


async def unsigned_validation(jenga, error):
    return await jenga.call("POST", f"{ACCOUNTS}/account/validate", validation())


def validation():
    return {"countryCode": "KE", "accountNumber": "0020100014605", "accountFullName": "Tom Doe"}


async def no_key(jenga, error):
    await jenga.bench.control("PATCH", "/providers/jenga", {"public_key": None})
    return await jenga.send()


async def no_api_key(jenga, error):
    return await jenga.authenticate(api_key="")


async def old_token(jenga, error):
    await jenga.token()
    await jenga.bench.advance(900)
    return await jenga.send()


async def no_json(jenga, error):
    return await jenga.send(raw=b"[1, 2")


async def sent_twice(jenga, error):
    await jenga.send(transfer__reference="mine")
    return await jenga.send(transfer__reference="mine")


async def other_name(jenga, error):
    return await jenga.validate("0020100014605", "NOBODY AT ALL")


async def missing_account(jenga, error):
    return await jenga.account("search", "0020100010001")


async def unknown_reference(jenga, error):
    return await jenga.details("never-sent")


async def unknown_path(jenga, error):
    return await jenga.call("POST", "/v3-apis/transaction-api/v3.0/remittance/rtgs", {})


async def another_method(jenga, error):
    return await jenga.call("GET", "/v3-apis/transaction-api/v3.0/remittance/pesalinkacc")


async def late_refusal(jenga, error):
    told = await jenga.send(destination__accountNumber="1234560091")
    await jenga.bench.advance(60)
    return await jenga.details(told.json["reference"])


async def over_the_day(jenga, error):
    await jenga.bench.control("PATCH", "/providers/jenga", {"limits": {"daily": "1000.00"}})
    await jenga.send(transfer__amount="600.00")
    return await jenga.send(transfer__amount="600.00")


RECIPES = {
    "signature_required": sent(sign=""),
    "signature_required_validate": unsigned_validation,
    "invalid_signature": sent(sign="something else"),
    "key_mapping_invalid": no_key,
    "no_matching_credentials": no_api_key,
    "not_authorised": old_token,
    "account_not_configured": sent(source__accountNumber="0020100014605"),
    "unparseable": no_json,
    "missing_parameter": sent(destination__name=None),
    "duplicate_reference": sent_twice,
    "transfer_limit": sent(transfer__amount="9.99"),
    "currency_or_amount_invalid": sent(transfer__currencyCode="USD"),
    "account_details_wrong": other_name,
    "account_not_found": missing_account,
    "unknown_reference": unknown_reference,
    "unknown_path": unknown_path,
    "method_not_allowed": another_method,
    "bad_destination_account": to("0001"),
    "insufficient_funds": sent(source__accountNumber=PENNILESS),
    "destination_bank_error": to("0006"),
    "destination_bank_cut_over": to("0009"),
    "destination_bank_malfunction": late_refusal,
    "daily_limit": over_the_day,
}


def recipe_of(error):
    """By its cause, or by the rule that the page names."""
    if error.name in RECIPES:
        assert not error.how.startswith("rule"), f"{error.name} has a cause, and the page says a rule"
        return RECIPES[error.name]
    assert error.how.startswith((ANY_RULE, TRANSFER_RULE)), f"{error.name} has no case"
    return by_request_rule if error.how.startswith(ANY_RULE) else by_processing_rule


@pytest.mark.parametrize("error", CATALOGUE, ids=lambda error: error.name)
async def test_every_error_happens(jenga, error):
    answer = await recipe_of(error)(jenga, error)
    if error.name == "destination_bank_malfunction":
        assert (answer.json["data"]["code"], answer.json["data"]["message"]) == (int(error.code), error.message)
        return
    assert answer.status == error.status, answer.text
    assert list(answer.json) == ["status", "code", "message", "reference"]
    assert (answer.json["status"], answer.json["code"]) == (False, int(error.code))
    assert answer.json["message"] == error.message


async def paid(jenga, error):
    return await jenga.send()


async def late(jenga, error):
    return await jenga.send(destination__accountNumber="1234560090")


OUTCOMES = {"0": (paid, 2), "-1": (late, -1)}


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: result.code)
async def test_every_code_of_a_transfer_happens_and_the_details_tell_it(jenga, result):
    error = PROVIDER.error(result.code)
    recipe, state = OUTCOMES.get(result.code) or (recipe_of(error), 1)
    answer = await recipe(jenga, error)
    (*_, payment) = await jenga.payments()
    told = (await jenga.details(payment["reference"])).json["data"]
    assert (told["stateCode"], told["code"]) == (state, int(result.code))
    assert told["message"].startswith(result.text)
    if result.code != "400108":
        assert answer.json["code"] == int(result.code)
    assert (await jenga.bench.control("GET", "/ledger/audit"))["balanced"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"destination__accountNumber": "1234560004"}, 400103, id="closed"),
        pytest.param({"destination__accountNumber": "1234560007"}, 400106, id="dormant"),
        pytest.param({"destination__accountNumber": "1234560008"}, 400106, id="offline"),
        pytest.param({"destination__bankCode": "09"}, 400400, id="no member"),
        pytest.param({"destination__bankCode": "88"}, 400400, id="no bank"),
        pytest.param({"destination__bankCode": "MPESA"}, 400400, id="no code"),
        pytest.param({"transfer__amount": "999999.01"}, 103105, id="too much"),
        pytest.param({"transfer__amount": "-500.00"}, 103107, id="negative"),
        pytest.param({"transfer__amount": "5e2"}, 103107, id="an exponent"),
        pytest.param({"transfer__amount": "500.001"}, 103107, id="three decimals"),
        pytest.param({"source__countryCode": "UG"}, 400400, id="another country"),
        pytest.param({"source__accountNumber": "68:1"}, 400400, id="no account number"),
        pytest.param({"destination__accountNumber": "fees"}, 400400, id="what the ledger keeps beside accounts"),
        pytest.param({"destination__type": "mobile"}, 400400, id="another destination"),
        pytest.param({"transfer__type": "RTGS"}, 400400, id="another type"),
        pytest.param({"transfer__date": "15/01/2026"}, 400400, id="another form of date"),
        pytest.param({"transfer__date": "2026-02-30"}, 400400, id="no date"),
        pytest.param({"transfer__reference": " "}, 400111, id="blank"),
        pytest.param({"transfer__reference": 692194625798}, 400111, id="a number where text is wanted"),
        pytest.param(
            {"destination__bankCode": "68", "destination__accountNumber": "1450160649886"}, 400103, id="itself"
        ),
    ],
)
async def test_other_causes_of_the_same_codes(jenga, changes, code):
    answer = await jenga.send(**changes)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert answer.headers["Pesabox-Why"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"destination__mobileNumber": "254700000011"}, 400103, id="linked to nothing"),
        pytest.param({"destination__mobileNumber": "12345"}, 400400, id="no phone"),
        pytest.param({"destination__bankCode": "97"}, 400400, id="no member"),
        pytest.param({"destination__mobileNumber": None}, 400111, id="missing"),
    ],
)
async def test_what_is_wrong_with_a_phone(jenga, changes, code):
    answer = await jenga.send("pesalinkMobile", **changes)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert await jenga.payments() == []
