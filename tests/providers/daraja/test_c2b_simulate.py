"""The sandbox's stand-in for a customer: what it refuses, and the payment that follows its acknowledgement."""

from __future__ import annotations

import pytest

ABSENT = object()


async def refusal(call):
    answer = await call
    assert answer.headers["Pesabox-Why"]
    return answer.status, answer.json["errorCode"], answer.json["errorMessage"]


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_it_is_acknowledged(paybill, version):
    answer = await paybill.simulate(version)
    assert answer.status == 200
    assert list(answer.json) == ["OriginatorCoversationID", "ResponseCode", "ResponseDescription"]
    assert answer.json["ResponseCode"] == "0"
    assert answer.json["ResponseDescription"] == "Accept the service request successfully."


async def test_the_customer_pays_a_second_later_and_the_merchant_is_told(paybill):
    await paybill.simulate(Amount=1234)
    await paybill.bench.advance(0.9)
    assert await paybill.outcome() == ("pending", None)
    await paybill.bench.advance(0.1)
    assert await paybill.outcome() == ("succeeded", None)
    assert await paybill.balances() == ("48766.00", "10001234.00", True)
    (told,) = paybill.confirmed
    (payment,) = await paybill.payments()
    assert (told["TransID"], told["BillRefNumber"]) == (payment["receipt"], payment["reference"])
    assert (told["TransAmount"], told["OrgAccountBalance"]) == ("1234.00", "10001234.00")
    assert (payment["operation"], payment["kind"]) == ("daraja.c2b", "collection")


async def test_every_value_is_text_and_no_key_is_null(paybill):
    await paybill.simulate()
    await paybill.bench.advance(5)
    assert all(isinstance(value, str) for value in paybill.confirmed[0].values())


async def test_a_till_is_paid_without_an_account(till):
    answer = await till.simulate(CommandID="CustomerBuyGoodsOnline", BillRefNumber=None)
    assert answer.status == 200, answer.text
    await till.bench.advance(5)
    (told,) = till.confirmed
    assert (told["TransactionType"], told["BillRefNumber"]) == ("Customer Merchant Payment", "")
    assert told["BusinessShortCode"] == "5000"
    assert await till.balances() == ("49995.00", "10000005.00", True)


@pytest.mark.parametrize("account", ["", None, "ignored", 7, ABSENT], ids=["empty", "null", "text", "number", "absent"])
async def test_what_a_till_is_told_for_an_account_goes_nowhere(till, account):
    body = till.simulation(CommandID="CustomerBuyGoodsOnline", BillRefNumber=account)
    body = {name: value for name, value in body.items() if value is not ABSENT}
    assert (await till.bench.post("/mpesa/c2b/v2/simulate", body)).status == 200
    await till.bench.advance(5)
    assert till.confirmed[0]["BillRefNumber"] == ""


@pytest.mark.parametrize("value", [ABSENT, None, "", [], True], ids=["missing", "null", "empty", "list", "boolean"])
@pytest.mark.parametrize("field", ["ShortCode", "CommandID", "Amount", "Msisdn", "BillRefNumber"])
async def test_a_field_that_is_not_there_is_named(paybill, field, value):
    body = {name: told for name, told in paybill.simulation(**{field: value}).items() if told is not ABSENT}
    told = await refusal(paybill.bench.post("/mpesa/c2b/v2/simulate", body))
    assert told == (400, "400.002.02", f"Bad Request - Invalid {field}")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("ShortCode", "999999", id="nobody's shortcode"),
        pytest.param("ShortCode", "600584", id="no URLs registered"),
        pytest.param("CommandID", "CustomerPaybillOnline", id="another case"),
        pytest.param("CommandID", "CustomerBuyGoodsOnline", id="goods from a paybill"),
        pytest.param("Amount", 0, id="nothing"),
        pytest.param("Amount", -5, id="negative"),
        pytest.param("Amount", "5.50", id="cents"),
        pytest.param("Amount", 250_001, id="above the maximum"),
        pytest.param("Msisdn", "0708374149", id="a local number"),
        pytest.param("Msisdn", "+254708374149", id="with a plus"),
        pytest.param("BillRefNumber", "   ", id="blanks"),
    ],
)
async def test_a_malformed_field_is_named(paybill, field, value):
    told = await refusal(paybill.simulate(**{field: value}))
    assert told == (400, "400.002.02", f"Bad Request - Invalid {field}")
    assert await paybill.payments() == []


async def test_a_till_is_no_paybill(till):
    assert (await refusal(till.simulate()))[2] == "Bad Request - Invalid CommandID"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"ShortCode": 600000, "Msisdn": 254708374149}, id="numbers"),
        pytest.param({"Amount": "5"}, id="amount as text"),
        pytest.param({"Amount": 5.0}, id="amount as float"),
        pytest.param({"BillRefNumber": 123456}, id="account as number"),
        pytest.param({"BillRefNumber": "x" * 200}, id="a long account"),
        pytest.param({"Extra": 1}, id="unknown fields"),
    ],
)
async def test_what_clients_send_is_accepted(paybill, changes):
    assert (await paybill.simulate(**changes)).status == 200
    await paybill.bench.advance(5)
    assert paybill.confirmed[0]["BillRefNumber"] == str(changes.get("BillRefNumber", "ACC-1"))
    assert paybill.confirmed[0]["TransAmount"] == "5.00"


@pytest.mark.parametrize(("length", "status"), [(20, 200), (21, 400)])
async def test_under_short_texts_an_account_has_twenty_characters(paybill, length, status):
    await paybill.bench.control("PATCH", "/providers/daraja", {"strictness": {"short_texts": True}})
    assert (await paybill.simulate(BillRefNumber="x" * length)).status == status


@pytest.mark.parametrize(
    ("msisdn", "reason"),
    [
        pytest.param("254700000004", "InsufficientFunds", id="no money"),
        pytest.param("254700000009", "DailyLimitExceeded", id="over the day's limit"),
        pytest.param("254700000011", "UnregisteredParty", id="not registered"),
        pytest.param("254700000012", "UnregisteredParty", id="not a number of the network"),
    ],
)
async def test_a_customer_who_cannot_pay_is_told_and_nobody_else(paybill, msisdn, reason):
    before = await paybill.balances(msisdn)
    await paybill.simulate(Msisdn=msisdn)
    await paybill.bench.advance(60)
    assert await paybill.outcome() == ("failed", reason)
    assert await paybill.balances(msisdn) == before
    assert paybill.bench.received == []
    (message,) = await paybill.messages(msisdn)
    assert message.startswith("Failed. Your payment of Ksh5.00 to Pesabox Bank for account ACC-1 was not completed: ")


async def test_the_waits_are_the_providers_and_may_be_changed(paybill):
    await paybill.bench.control("PATCH", "/providers/daraja", {"latency": {"c2b.processing": 40}})
    await paybill.simulate()
    await paybill.bench.advance(39)
    assert paybill.confirmed == []
    await paybill.bench.advance(1)
    assert len(paybill.confirmed) == 1


async def test_a_rule_may_let_the_callback_come_first(paybill):
    effect = {"kind": "callback_first"}
    rule = {"name": "first", "at": "daraja.c2b_simulate.acknowledgement", "effect": effect}
    await paybill.bench.control("POST", "/faults", rule)
    assert (await paybill.simulate()).status == 200
    assert len(paybill.confirmed) == 1
    assert (await paybill.simulate(Msisdn="254700000004")).status == 200


async def test_the_acknowledgement_may_be_lost_and_the_payment_stands(paybill):
    rule = {"name": "lost", "at": "daraja.c2b_simulate.acknowledgement", "when": {"reference": "ACC-1"}}
    await paybill.bench.control("POST", "/faults", rule | {"effect": {"kind": "refuse", "error": "spike_arrest"}})
    assert (await paybill.simulate()).status == 500
    await paybill.bench.advance(5)
    assert len(paybill.confirmed) == 1


async def test_the_acknowledgement_is_journalled_with_its_payment(paybill):
    await paybill.simulate()
    await paybill.bench.advance(5)
    events = (await paybill.bench.control("GET", "/journal?payment=p000001"))["items"]
    kinds = [event["kind"] for event in events]
    assert kinds == ["payment", "request", "entry", "payment", "message", "callback"]
    assert {event["correlation"] for event in events} == {events[1]["correlation"]}
