"""Every row of the table in docs/daraja.md is made to happen through HTTP alone."""

from __future__ import annotations

import pytest

from simulator.providers.daraja import PROVIDER
from simulator.providers.daraja.catalogue import BY_NAME, CATALOGUE
from simulator.providers.daraja.products.stk.codes import STK_RESULTS


async def query_anything(bench):
    return await bench.query("ws_CO_150120261030000708374149")


async def register_urls(bench):
    return await bench.post("/mpesa/c2b/v2/registerurl", {})


PLACES = {
    "daraja.*.request": query_anything,
    "daraja.stk_query.request": query_anything,
    "daraja.stk_push.request": lambda bench: bench.push(),
    "daraja.b2c.request": lambda bench: bench.b2c(),
    "daraja.c2b_register.request": register_urls,
}


async def by_request_rule(bench, name):
    """As the page says: at the place that it names."""
    place = next(place for place in PLACES if f"`{place}`" in BY_NAME[name].how)
    bench.bearer = await bench.token()
    await bench.fault(place, kind="refuse", error=name)
    return await PLACES[place](bench)


async def invalid_authentication(bench, name):
    return await bench.call("GET", "/oauth/v1/generate?grant_type=client_credentials")


async def invalid_grant_type(bench, name):
    headers = {"Authorization": "Basic cGVzYWJveC1rZXk6cGVzYWJveC1zZWNyZXQ="}
    return await bench.call("GET", "/oauth/v1/generate?grant_type=password", headers=headers)


async def invalid_field(bench, name):
    return await bench.push(BusinessShortCode=None)


async def invalid_payload(bench, name):
    headers = {"Authorization": f"Bearer {await bench.token()}", "Content-Type": "application/json"}
    return await bench.call("POST", "/mpesa/stkpush/v1/processrequest", data=b"[1, 2", headers=headers)


async def resource_not_found(bench, name):
    return await bench.post("/mpesa/stkpush/v2/processrequest", {})


async def invalid_access_token(bench, name):
    bench.bearer = "never-given"
    return await bench.push()


async def method_not_allowed(bench, name):
    return await bench.call("GET", "/mpesa/stkpush/v1/processrequest")


async def merchant_does_not_exist(bench, name):
    return await bench.push(BusinessShortCode="999999", PartyB="999999")


async def wrong_credentials(bench, name):
    return await bench.push(Password=bench.password("600000"))


async def unable_to_lock_subscriber(bench, name):
    await bench.push()
    return await bench.push()


async def query_spike_arrest(bench, name):
    await bench.control("PATCH", "/providers/daraja", {"strictness": {"query_limit": True}})
    await bench.query("ws_CO_150120261030000708374149")
    return await bench.query("ws_CO_150120261030000708374149")


async def transaction_does_not_exist(bench, name):
    return await bench.query("ws_CO_150120261030000708374149")


async def duplicate_originator_conversation_id(bench, name):
    await bench.b2c(OriginatorConversationID="mine")
    return await bench.b2c(OriginatorConversationID="mine")


async def resource_not_found_b2c(bench, name):
    return await bench.post("/mpesa/b2c/v2/paymentrequest", {})


async def resource_not_found_c2b(bench, name):
    return await bench.post("/mpesa/transactionstatus/v2/query", {})


async def invalid_access_token_401(bench, name):
    bench.bearer = "never-given"
    return await bench.b2c()


async def product_not_matched(bench, name):
    bench.bearer = "never-given"
    return await bench.post("/mpesa/c2b/v1/registerurl", {})


async def invalid_authentication_header(bench, name):
    return await bench.call("GET", "/mpesa/transactionstatus/v1/query")


async def invalid_authenticator_header(bench, name):
    headers = {"Authorization": "Basic cGVzYWJveC1rZXk6cGVzYWJveC1zZWNyZXQ="}
    return await bench.call("POST", "/mpesa/c2b/v1/registerurl", json={}, headers=headers)


async def register(bench, **changes):
    urls = {"ConfirmationURL": f"{bench.app_url}/confirm", "ValidationURL": f"{bench.app_url}/validate"}
    body = {"ShortCode": "600000", "ResponseType": "Completed", **urls}
    return await bench.post("/mpesa/c2b/v2/registerurl", body | changes)


async def unfit_url(bench, name):
    return await register(bench, ValidationURL="https://app.test/mpesa")


async def urls_already_registered(bench, name):
    await bench.control("PATCH", "/providers/daraja", {"strictness": {"register_once": True}})
    await register(bench)
    return await register(bench)


ERROR_RECIPES = {
    "invalid_authentication": invalid_authentication,
    "invalid_grant_type": invalid_grant_type,
    "invalid_field": invalid_field,
    "invalid_payload": invalid_payload,
    "resource_not_found": resource_not_found,
    "invalid_access_token": invalid_access_token,
    "method_not_allowed": method_not_allowed,
    "merchant_does_not_exist": merchant_does_not_exist,
    "wrong_credentials": wrong_credentials,
    "unable_to_lock_subscriber": unable_to_lock_subscriber,
    "query_spike_arrest": query_spike_arrest,
    "transaction_does_not_exist": transaction_does_not_exist,
    "duplicate_originator_conversation_id": duplicate_originator_conversation_id,
    "resource_not_found_b2c": resource_not_found_b2c,
    "resource_not_found_c2b": resource_not_found_c2b,
    "invalid_access_token_401": invalid_access_token_401,
    "product_not_matched": product_not_matched,
    "invalid_authentication_header": invalid_authentication_header,
    "invalid_authenticator_header": invalid_authenticator_header,
    "unfit_url": unfit_url,
    "urls_already_registered": urls_already_registered,
}
FIELDS = {
    "invalid_field": "BusinessShortCode",
    "method_not_allowed": "GET",
    "unfit_url": "ValidationURL - URL has the word MPESA",
}


@pytest.mark.parametrize("error", CATALOGUE, ids=lambda error: error.name)
async def test_every_synchronous_error_happens(bench, error):
    recipe = ERROR_RECIPES.get(error.name, by_request_rule)
    assert (recipe is by_request_rule) == ("rule `daraja" in error.how), "the page says how: by its cause, or by a rule"
    answer = await recipe(bench, error.name)
    assert answer.status == error.status
    assert answer.headers["Content-Type"].partition(";")[0] == error.content_type
    if error.body is not None:
        assert answer.text == error.body.replace("{message}", error.message).replace("{code}", error.code)
        return
    told = answer.json
    assert list(told) == ["requestId", "errorCode", "errorMessage"]
    assert told["errorCode"] == error.code
    assert told["errorMessage"] == error.message.replace("{field}", FIELDS.get(error.name, ""))


async def by_processing_rule(bench, code):
    effect = {"kind": "fail", "code": code}
    await bench.control("POST", "/faults", {"name": "r", "at": "daraja.stk_push.processing", "effect": effect})
    return await bench.result_of()


async def approved(bench, code):
    return await bench.result_of()


async def no_money(bench, code):
    return await bench.result_of(PhoneNumber="254700000004")


async def over_the_day(bench, code):
    return await bench.result_of(PhoneNumber="254700000009")


async def line_busy(bench, code):
    return await bench.result_of(PhoneNumber="254700000008")


async def long_prompt(bench, code):
    return await bench.result_of(AccountReference="X" * 140)


async def cancelled(bench, code):
    return await bench.result_of(PhoneNumber="254700000002")


async def unanswered(bench, code):
    return await bench.result_of(PhoneNumber="254700000005")


async def wrong_pin(bench, code):
    return await bench.result_of(PhoneNumber="254700000003")


async def wrong_pairing(bench, code):
    return await bench.result_of(PartyB="600000")


async def locked_pin(bench, code):
    await bench.control("PATCH", "/subscribers/254708374149", {"locked": True})
    return await bench.result_of()


async def same_amount(bench, code):
    await bench.control("PATCH", "/providers/daraja", {"strictness": {"same_amount": True}})
    await bench.result_of(PhoneNumber="254700000002")
    await bench.push(PhoneNumber="254700000010")
    prompt = (await bench.control("GET", "/prompts"))["items"][0]
    await bench.control("POST", f"/prompts/{prompt['id']}/answer", {"action": "cancel"})
    return await bench.result_of(PhoneNumber="254700000010")


async def unknown_till(bench, code):
    return await bench.result_of(TransactionType="CustomerBuyGoodsOnline", PartyB="777777")


RESULT_RECIPES = {
    "0": approved,
    "1": no_money,
    "4": over_the_day,
    "17": same_amount,
    "1001": line_busy,
    "1025": long_prompt,
    "1032": cancelled,
    "1037": unanswered,
    "2001": wrong_pin,
    "2028": wrong_pairing,
    "8006": locked_pin,
    "SFC_IC0003": unknown_till,
}


@pytest.mark.parametrize("result", STK_RESULTS, ids=lambda result: result.code)
async def test_every_result_code_happens_in_the_callback_and_in_the_query(bench, result):
    recipe = RESULT_RECIPES.get(result.code, by_processing_rule)
    assert (recipe is by_processing_rule) == ("rule `daraja" in result.how)
    told = await recipe(bench, result.code)
    assert told["ResultCode"] == (int(result.code) if result.code.isdecimal() else result.code)
    assert told["ResultDesc"] == result.text
    assert ("CallbackMetadata" in told) == (result.code == "0")
    query = (await bench.query(told["CheckoutRequestID"])).json
    assert query["ResultCode"] == result.code
    assert query["ResultDesc"] == result.text


async def test_an_undecided_push_is_still_under_processing(bench):
    push = (await bench.push()).json
    told = (await bench.query(push["CheckoutRequestID"])).json
    assert (told["ResultCode"], told["ResultDesc"]) == ("4999", "The transaction is still under processing")
    assert {code.code for code in PROVIDER.result_codes["stk_query"]} == {"4999"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"PhoneNumber": "254700000006"}, 1037, id="unreachable"),
        pytest.param({"PhoneNumber": "254700000001"}, 0, id="approves"),
        pytest.param({"PhoneNumber": "254700000007"}, 0, id="approves slowly"),
        pytest.param(
            {"TransactionType": "CustomerBuyGoodsOnline", "PartyB": "600000"}, 2028, id="goods from a paybill"
        ),
        pytest.param({"TransactionType": "CustomerBuyGoodsOnline", "PartyB": "5000"}, 0, id="goods from a till"),
    ],
)
async def test_other_causes_of_the_same_codes(bench, changes, code):
    assert (await bench.result_of(**changes))["ResultCode"] == code


async def test_a_till_as_shortcode_has_no_operator(bench):
    await bench.control("POST", "/merchants", {"shortcode": "50000", "kind": "till"})
    body = {"BusinessShortCode": "50000", "Password": bench.password("50000"), "PartyB": "5000"}
    told = await bench.result_of(TransactionType="CustomerBuyGoodsOnline", **body)
    assert told["ResultCode"] == "SFC_IC0003"
