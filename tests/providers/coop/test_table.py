"""Every row of the tables in docs/pesalink.md is made to happen through HTTP alone."""

from __future__ import annotations

import orjson
import pytest

from simulator.providers.coop import PROVIDER
from simulator.providers.coop.catalogue import CATALOGUE
from simulator.providers.coop.codes import LEG_RESULTS, REQUEST_RESULTS

ACKNOWLEDGEMENT = ["MessageReference", "MessageDateTime", "MessageCode", "MessageDescription"]


async def by_request_rule(coop, name):
    await coop.token()
    await coop.bench.fault("coop.status.request", kind="refuse", error=name)
    return await coop.status()


async def invalid_client(coop, name):
    return await coop.bench.call("POST", "/token", data="grant_type=client_credentials")


async def unsupported_grant_type(coop, name):
    return await coop.token_answer(form="grant_type=password")


async def missing_credentials(coop, name):
    return await coop.bench.call("POST", "/Enquiry/TransactionStatus/2.0.0", json={})


async def invalid_credentials(coop, name):
    coop.bearer = "never-given"
    return await coop.status()


async def invalid_parameter(coop, name):
    return await coop.send(CallBackUrl=None)


async def reference_too_long(coop, name):
    return await coop.send(MessageReference="M" * 28)


async def currency_not_allowed(coop, name):
    return await coop.send(coop.leg(TransactionCurrency="USD"))


async def amount_not_positive(coop, name):
    return await coop.send(coop.leg(Amount=0))


async def amounts_not_balancing(coop, name):
    return await coop.send(source={"Amount": 7})


async def amount_out_of_limits(coop, name):
    return await coop.send(coop.leg(Amount=9))


async def duplicate_reference(coop, name):
    return await coop.send(coop.leg(), coop.leg())


async def invalid_phone_number(coop, name):
    return await coop.send(coop.phone_leg("0822000000"), path="phone")


async def not_a_member_bank(coop, name):
    return await coop.send(coop.leg(BankCode="09"))


async def debit_account_authorization_failure(coop, name):
    return await coop.send(source={"AccountNumber": "1001"})


async def duplicate_message_reference(coop, name):
    await coop.accepted()
    return await coop.send()


async def daily_limit_exhausted(coop, name):
    await coop.bench.control("PATCH", "/providers/coop", {"limits": {"daily": "999.99"}})
    return await coop.send()


async def validated(coop, account, path="elsewhere"):
    body = {"MessageReference": "V1", "UserId": "PESABOX", "AccountNumber": account, "RecipientBankIdentifier": "0068"}
    return await coop.post(path, body)


async def request_timed_out(coop, name):
    return await validated(coop, "0700000000008")


async def invalid_account_number(coop, name):
    return await validated(coop, "0700000000001", path="own")


async def account_not_found(coop, name):
    return await validated(coop, "0700000000001")


async def unknown_message_reference(coop, name):
    return await coop.status("never-sent")


async def not_found(coop, name):
    return await coop.post("/FundsTransfer/External/A2M/Mpesa/1.0.0", {})


async def method_not_allowed(coop, name):
    return await coop.bench.call("GET", "/Enquiry/TransactionStatus/2.0.0")


ERROR_RECIPES = {
    "invalid_client": invalid_client,
    "unsupported_grant_type": unsupported_grant_type,
    "missing_credentials": missing_credentials,
    "invalid_credentials": invalid_credentials,
    "invalid_parameter": invalid_parameter,
    "reference_too_long": reference_too_long,
    "currency_not_allowed": currency_not_allowed,
    "amount_not_positive": amount_not_positive,
    "amounts_not_balancing": amounts_not_balancing,
    "amount_out_of_limits": amount_out_of_limits,
    "duplicate_reference": duplicate_reference,
    "invalid_phone_number": invalid_phone_number,
    "not_a_member_bank": not_a_member_bank,
    "debit_account_authorization_failure": debit_account_authorization_failure,
    "duplicate_message_reference": duplicate_message_reference,
    "daily_limit_exhausted": daily_limit_exhausted,
    "request_timed_out": request_timed_out,
    "invalid_account_number": invalid_account_number,
    "account_not_found": account_not_found,
    "unknown_message_reference": unknown_message_reference,
    "not_found": not_found,
    "method_not_allowed": method_not_allowed,
}
RESOURCE = ["timestamp", "status", "error", "message", "path"]
SHAPES = {
    "invalid_client": ["error_description", "error"],
    "unsupported_grant_type": ["error_description", "error"],
    "missing_credentials": ["fault"],
    "invalid_credentials": ["fault"],
    "service_unavailable": ["fault"],
    "unknown_message_reference": [*ACKNOWLEDGEMENT, "Source", "Destinations"],
    "account_not_found": ["MessageReference", "MessageCode", "MessageDescription", "RecipientName", "AccountNumber"],
    "not_found": RESOURCE,
    "method_not_allowed": RESOURCE,
    "internal_server_error": RESOURCE,
}


def code_and_message(told):
    """Wherever the shape has them."""
    if "fault" in told:
        return told["fault"]["code"], told["fault"]["message"]
    if "timestamp" in told:
        return str(told["status"]), told["message"]
    if "error_description" in told:
        return told["error"], told["error_description"]
    return told["MessageCode"], told["MessageDescription"]


@pytest.mark.parametrize("error", CATALOGUE, ids=lambda error: error.name)
async def test_every_synchronous_error_happens(coop, error):
    recipe = ERROR_RECIPES.get(error.name, by_request_rule)
    assert (recipe is by_request_rule) == error.how.startswith("rule at"), "the page says how"
    answer = await recipe(coop, error.name)
    assert answer.status == error.status
    assert answer.headers["Content-Type"].partition(";")[0] == error.content_type
    if error.content_type == "text/html":
        assert answer.text == error.body
        return
    told = answer.json
    assert list(told) == SHAPES.get(error.name, ACKNOWLEDGEMENT)
    assert code_and_message(told) == (error.code, error.message.replace("{method}", "GET"))


async def by_processing_rule(coop, code):
    await coop.bench.fault("coop.*.processing", kind="fail", code=code)
    return await coop.outcome()


async def payee_missing(coop, code):
    return await coop.outcome(coop.leg(AccountNumber="0700000000001"))


async def payee_closed(coop, code):
    return await coop.outcome(coop.leg(AccountNumber="0700000000004"))


async def payee_dormant(coop, code):
    return await coop.outcome(coop.leg(AccountNumber="0700000000007"))


async def payee_blocked(coop, code):
    return await coop.outcome(coop.leg(AccountNumber="0700000000006"))


async def payee_offline(coop, code):
    return await coop.outcome(coop.leg(AccountNumber="0700000000008"))


async def two_at_once(coop, code):
    await coop.bench.control("PATCH", "/providers/coop", {"limits": {"daily": "1500.00"}})
    await coop.accepted(MessageReference="M0")
    await coop.accepted()
    await coop.bench.advance(60)
    return next(told for told in coop.callbacks if told["MessageReference"] == "M1")


async def credit_refused(coop, code):
    return await coop.outcome(coop.leg(AccountNumber="36001873111", BankCode="11"))


async def reference_one(coop, code):
    return await coop.outcome(coop.leg(ReferenceNumber="REF0001"))


async def reference_two(coop, code):
    return await coop.outcome(MessageReference="REF0002")


async def by_account(coop, code):
    """The account that the page names."""
    (how,) = [result.how for result in LEG_RESULTS if result.code == code]
    account = how.rpartition(" ")[2]
    return await coop.outcome(source={"AccountNumber": account})


async def no_money(coop, code):
    return await coop.outcome(source={"AccountNumber": "36001873002"})


RESULT_RECIPES = {
    "40507020": no_money,
    "40000126": payee_missing,
    "40000132": payee_closed,
    "40409528": payee_dormant,
    "40007325": payee_blocked,
    "40421536": payee_offline,
    "-16": two_at_once,
    "40180193": credit_refused,
    "40407606": reference_one,
    "40422049": reference_two,
}


@pytest.mark.parametrize("result", LEG_RESULTS, ids=lambda result: result.code)
async def test_every_result_of_a_leg_happens_in_the_callback_and_in_the_status(coop, result):
    recipe = RESULT_RECIPES.get(result.code, by_account)
    recipe = by_processing_rule if result.how.startswith("rule at") else recipe
    told = await recipe(coop, result.code)
    (leg,) = told["Destinations"]
    assert (leg["ResponseCode"], leg["ResponseDescription"]) == (result.code, result.text)
    assert (leg["TransactionID"] == "NULL") == result.is_failure
    status = (await coop.status(told["MessageReference"])).json
    assert {**status, "MessageDateTime": ""} == {**told, "MessageDateTime": ""}
    assert await coop.is_balanced()


TRIGGERS = {
    "000": "0",
    "002": "40507020",
    "003": "40007321",
    "016": "42172",
    "004": "40000126",
    "010": "20020000",
    "005": "40411056",
    "006": "42171",
    "007": "40007319",
    "025": "42173",
    "026": "40007327",
    "022": "40007323",
    "008": "40000127",
    "024": "40421536",
    "009": "20201005",
    "013": "40007322",
    "028": "40180194",
    "014": "40205109",
    "017": "40108300",
    "019": "40000304",
    "021": "40243028",
    "020": "40000132",
    "027": "40200284",
    "023": "40409528",
}


@pytest.mark.parametrize(("ending", "code"), TRIGGERS.items())
async def test_the_trigger_accounts_are_the_banks_own(coop, ending, code):
    told = await coop.outcome(source={"AccountNumber": f"36001873{ending}"})
    assert told["Destinations"][0]["ResponseCode"] == code


@pytest.mark.parametrize(("ending", "code"), [("015", "40007325"), ("111", "40180193")])
async def test_the_accounts_that_take_no_credits(coop, ending, code):
    leg = coop.leg(AccountNumber=f"36001873{ending}")
    told = await coop.outcome(leg, path="internal")
    assert told["Destinations"][0]["ResponseCode"] == code
    assert await coop.balance() == "10000000.00"


@pytest.mark.parametrize("ending", ["0008", "0009", "0091"])
async def test_a_bank_that_does_not_answer_or_too_late_fails_the_leg(coop, ending):
    told = await coop.outcome(coop.leg(AccountNumber=f"070000000{ending}"))
    assert told["Destinations"][0]["ResponseCode"] == "40421536"
    assert await coop.balance() == "10000000.00"


async def undecided(coop):
    await coop.accepted()


async def paid(coop):
    await coop.outcome()


async def partly_paid(coop):
    await coop.outcome(coop.leg(), coop.leg(ReferenceNumber="M1_2", AccountNumber="0700000000001"))


async def not_paid(coop):
    await coop.outcome(coop.leg(AccountNumber="0700000000001"))


REQUEST_RECIPES = {"0": (paid, 200), "1": (partly_paid, 207), "2": (not_paid, 207), "S_001": (undecided, 200)}


@pytest.mark.parametrize("result", REQUEST_RESULTS, ids=lambda result: result.code)
async def test_every_result_of_a_request_happens_in_the_status(coop, result):
    recipe, status = REQUEST_RECIPES[result.code]
    await recipe(coop)
    for path in ("status", "status v3"):
        answer = await coop.status(path=path)
        assert answer.status == status
        assert (answer.json["MessageCode"], answer.json["MessageDescription"]) == (result.code, result.text)
    assert coop.bench.received == [] or orjson.loads(coop.bench.received[0][1])["MessageCode"] == result.code


def test_every_transfer_has_the_same_codes():
    tables = {name: codes for name, codes in PROVIDER.result_codes.items() if name != "status"}
    assert set(tables) == {"pesalink_account", "pesalink_phone", "pesalink_bulk", "internal_transfer"}
    assert set(tables.values()) == {LEG_RESULTS}
