"""B2C over HTTP: what is refused at once, what is accepted, what the money does, and what the queue tells."""

from __future__ import annotations

import orjson
import pytest

ABSENT = object()
WORDS_FOR_NOTHING = [
    pytest.param(ABSENT, id="missing"),
    pytest.param(None, id="null"),
    pytest.param("", id="empty"),
    pytest.param([], id="a list"),
    pytest.param({"a": 1}, id="an object"),
    pytest.param(True, id="a boolean"),
]
NAMED = [
    "InitiatorName",
    "SecurityCredential",
    "CommandID",
    "Amount",
    "PartyA",
    "PartyB",
    "Remarks",
    "QueueTimeOutURL",
    "ResultURL",
    "OriginatorConversationID",
]
V1, V3 = "/mpesa/b2c/v1/paymentrequest", "/mpesa/b2c/v3/paymentrequest"


async def refusal(bench, path=V3, **changes):
    body = {name: value for name, value in bench.b2c_body(**changes).items() if value is not ABSENT}
    answer = await bench.post(path, body)
    assert answer.headers["Pesabox-Why"]
    return answer.status, answer.json["errorCode"], answer.json["errorMessage"]


@pytest.mark.parametrize("value", WORDS_FOR_NOTHING)
@pytest.mark.parametrize("field", NAMED)
async def test_a_field_that_is_not_there_is_named(bench, field, value):
    assert await refusal(bench, **{field: value}) == (400, "400.002.02", f"Bad Request - Invalid {field}")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("Amount", 0, id="zero"),
        pytest.param("Amount", -10, id="negative"),
        pytest.param("Amount", 10.5, id="cents"),
        pytest.param("Amount", "10.00", id="text with cents"),
        pytest.param("Amount", "١٠", id="other digits"),
        pytest.param("Amount", 10**12, id="thirteen digits"),
        pytest.param("PartyA", "254708374149", id="a phone that pays"),
        pytest.param("PartyA", "600", id="three digits"),
        pytest.param("PartyB", "0708374149", id="local number"),
        pytest.param("PartyB", "+254708374149", id="with a plus"),
        pytest.param("PartyB", "255708374149", id="foreign"),
        pytest.param("CommandID", "businesspayment", id="another case"),
        pytest.param("CommandID", "BusinessPayBill", id="another product's command"),
        pytest.param("Remarks", "x", id="one character"),
        pytest.param("Remarks", "x" * 101, id="long remarks"),
        pytest.param("Occassion", "x" * 101, id="a long occasion"),
        pytest.param("Occassion", [], id="an occasion that is a list"),
        pytest.param("ResultURL", "ftp://app.test/x", id="scheme"),
        pytest.param("QueueTimeOutURL", "http://app.test/a b", id="spaces"),
    ],
)
async def test_a_malformed_field_is_named(bench, field, value):
    assert await refusal(bench, **{field: value}) == (400, "400.002.02", f"Bad Request - Invalid {field}")


async def test_the_first_bad_field_is_named_in_documented_order(bench):
    told = await refusal(bench, PartyB="07", Amount=0, SecurityCredential="", ResultURL="")
    assert told[2] == "Bad Request - Invalid SecurityCredential"


@pytest.mark.parametrize("path", [V1, V3])
async def test_without_json_the_gateway_sees_no_field(bench, path):
    headers = {"Authorization": f"Bearer {await bench.token()}"}
    answer = await bench.call("POST", path, data={"InitiatorName": "testapi"}, headers=headers)
    assert (answer.status, answer.json["errorMessage"]) == (400, "Bad Request - Invalid InitiatorName")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"PartyA": 600000, "PartyB": 254708374149, "Amount": "1000"}, id="numbers and texts"),
        pytest.param({"Amount": 1000.0}, id="amount as float"),
        pytest.param({"PartyB": "254110000001"}, id="a 01 number"),
        pytest.param({"Occassion": ABSENT}, id="no occasion"),
        pytest.param({"Occassion": ""}, id="an empty occasion"),
        pytest.param({"Occassion": ABSENT, "Occasion": "x"}, id="the other spelling"),
        pytest.param({"Remarks": "ok", "Extra": None, "Initiator": 1}, id="unknown fields"),
        pytest.param({"CommandID": "SalaryPayment"}, id="a salary"),
        pytest.param({"CommandID": "PromotionPayment"}, id="a promotion"),
    ],
)
@pytest.mark.parametrize("path", [V1, V3])
async def test_what_clients_send_is_accepted(bench, path, changes):
    body = {name: value for name, value in bench.b2c_body(**changes).items() if value is not ABSENT}
    answer = await bench.post(path, body)
    assert answer.status == 200, answer.text
    assert list(answer.json) == ["ConversationID", "OriginatorConversationID", "ResponseCode", "ResponseDescription"]
    assert (await bench.result(answer))["ResultCode"] == 0


async def test_the_clients_own_id_names_the_payment_in_version_3(bench):
    answer = await bench.b2c(OriginatorConversationID="Ünïque id / 1")
    assert answer.json["OriginatorConversationID"] == "Ünïque id / 1"
    told = await bench.result(answer)
    assert told["OriginatorConversationID"] == "Ünïque id / 1"
    assert told["ConversationID"] == answer.json["ConversationID"]
    (payment,) = (await bench.control("GET", "/payments"))["items"]
    assert (payment["kind"], payment["operation"], payment["state"]) == ("payout", "daraja.b2c", "succeeded")
    assert (payment["reference"], payment["provider_reference"]) == ("Ünïque id / 1", told["ConversationID"])
    assert payment["receipt"] == told["TransactionID"]


async def test_a_second_request_with_the_id_is_refused_and_the_first_unaffected(bench):
    first = await bench.b2c(OriginatorConversationID="mine")
    for body in ({}, {"Amount": 20, "PartyB": "254711000001"}):
        told = await refusal(bench, OriginatorConversationID="mine", **body)
        assert told == (500, "500.002.1001", "Duplicate OriginatorConversationID.")
    assert (await bench.result(first))["ResultCode"] == 0
    assert await refusal(bench, OriginatorConversationID="mine") == (
        500,
        "500.002.1001",
        "Duplicate OriginatorConversationID.",
    )
    assert len((await bench.control("GET", "/payments"))["items"]) == 1


async def test_another_organisation_may_use_the_same_id(bench):
    await bench.b2c(OriginatorConversationID="mine")
    assert (await bench.b2c(OriginatorConversationID="mine", PartyA="600584")).status == 200


async def test_version_1_makes_the_id_and_knows_no_repetition(bench):
    first = (await bench.b2c("v1", OriginatorConversationID="mine")).json["OriginatorConversationID"]
    second = (await bench.b2c("v1", OriginatorConversationID="mine")).json["OriginatorConversationID"]
    assert "mine" not in (first, second)
    assert first != second
    await bench.advance(10)
    assert (await bench.control("GET", "/merchants/600000"))["utility"] == "9998000.00"


async def test_a_payout_moves_the_money_and_charges_the_published_fee(bench):
    await bench.result(await bench.b2c(Amount=1501))
    (entry,) = [entry for entry in (await bench.control("GET", "/ledger/entries"))["items"] if entry["payment"]]
    assert sorted((posting["account"], posting["amount"]) for posting in entry["postings"]) == [
        ("merchant:600000:charges", "-9.00"),
        ("merchant:600000:utility", "-1501.00"),
        ("outside", "9.00"),
        ("subscriber:254708374149", "1501.00"),
    ]
    assert await bench.is_balanced()


async def test_another_tariff_may_be_told(bench):
    await bench.control("PATCH", "/providers/daraja", {"tariff": {"b2c": [["1000", "1.50"]]}})
    told = await bench.result(await bench.b2c())
    assert told["ResultParameters"]["ResultParameter"][-1]["Value"] == -1.5
    await bench.result(await bench.b2c(Amount=1001))
    assert (await bench.control("GET", "/merchants/600000"))["charges"] == "-1.50"


async def test_the_payee_gets_an_sms(bench):
    await bench.result(await bench.b2c(Amount=1234))
    inbox = await bench.control("GET", "/subscribers/254708374149/messages")
    assert inbox["items"][0]["text"] == (
        "UAF51X46BL Confirmed. You have received Ksh1,234.00 from Pesabox Bank on 15/1/26 at 10:30 AM. "
        "New M-PESA balance is Ksh51,234.00."
    )


async def test_a_payout_that_fails_moves_nothing_and_tells_the_payee_nothing(bench):
    await bench.result(await bench.b2c(PartyB="254700000013"))
    assert [entry for entry in (await bench.control("GET", "/ledger/entries"))["items"] if entry["payment"]] == []
    assert (await bench.control("GET", "/subscribers/254700000013/messages"))["items"] == []
    (payment,) = (await bench.control("GET", "/payments"))["items"]
    assert (payment["state"], payment["reason"], payment["receipt"]) == ("failed", "AccountFull", None)


async def test_the_balances_are_those_of_the_moment_at_which_the_result_is_made(bench):
    await bench.b2c()
    await bench.b2c(Amount=2000)
    await bench.advance(10)
    funds = [orjson.loads(body)["Result"]["ResultParameters"]["ResultParameter"][4] for _, body in bench.received]
    assert [told["Value"] for told in funds] == [9997000, 9997000], "both had moved when the first was told"


async def test_the_result_carries_the_providers_headers(bench):
    await bench.result(await bench.b2c(PartyA="600584"))
    headers = bench.received[0][0]
    assert headers["Content-Type"] == "application/json;charset=UTF-8"
    assert headers["BusinessShortCode"] == "600584"


async def test_the_result_comes_a_second_after_the_request(bench):
    await bench.b2c()
    await bench.advance(0.9)
    assert bench.received == []
    await bench.advance(0.2)
    assert len(bench.received) == 1


async def test_no_secret_is_in_the_journal(bench):
    await bench.fault("daraja.b2c.processing", kind="delay", seconds=90)
    await bench.result(await bench.b2c())
    events = (await bench.control("GET", "/journal"))["items"]
    bodies = [event["body"] for event in events if event["kind"] in ("request", "callback") and event["body"]]
    told = [body["SecurityCredential"] for body in bodies if "SecurityCredential" in body]
    assert told == ["(344 characters)"] * 2, "the request, and the request that the queue sent back"


async def test_under_strict_urls_both_are_public(bench):
    await bench.control("PATCH", "/providers/daraja", {"strictness": {"public_urls": True}})
    assert (await refusal(bench))[2] == "Bad Request - Invalid QueueTimeOutURL"
    told = await refusal(bench, QueueTimeOutURL="https://shop.co.ke/timeout")
    assert told[2] == "Bad Request - Invalid ResultURL"


async def slow(bench, seconds):
    await bench.fault("daraja.b2c.processing", kind="delay", seconds=seconds)


async def test_the_queue_sends_the_request_back_as_it_came_and_the_payment_succeeds_late(bench):
    await slow(bench, 100)
    headers = {"Authorization": f"Bearer {await bench.token()}", "Content-Type": "application/json"}
    body = orjson.dumps(bench.b2c_body(), option=orjson.OPT_INDENT_2)
    await bench.call("POST", V3, data=body, headers=headers)
    await bench.advance(59)
    assert bench.received == []
    await bench.advance(1)
    assert [text.encode() for _, text in bench.received] == [body]
    assert bench.received[0][0]["BusinessShortCode"] == "600000"
    assert [payment["state"] for payment in (await bench.control("GET", "/payments"))["items"]] == ["pending"]
    await bench.advance(60)
    assert orjson.loads(bench.received[1][1])["Result"]["ResultCode"] == 0
    assert [payment["state"] for payment in (await bench.control("GET", "/payments"))["items"]] == ["succeeded"]


async def test_the_queue_may_drop_what_it_gives_up(bench):
    await bench.control("PATCH", "/providers/daraja", {"strictness": {"queue_drops": True}})
    await slow(bench, 100)
    await bench.b2c()
    await bench.advance(3600)
    assert len(bench.received) == 1
    assert "InitiatorName" in bench.received[0][1]
    (payment,) = (await bench.control("GET", "/payments"))["items"]
    assert (payment["state"], payment["reason"]) == ("expired", "QueueExpired")
    assert (await bench.control("GET", "/merchants/600000"))["utility"] == "10000000.00"
    assert await bench.is_balanced()


async def test_the_queue_may_send_a_result_envelope(bench):
    await bench.control("PATCH", "/providers/daraja", {"strictness": {"timeout_envelope": True}})
    await slow(bench, 61)
    answer = await bench.b2c()
    await bench.advance(60)
    told = orjson.loads(bench.received[0][1])["Result"]
    assert (told["ResultType"], told["ResultCode"], told["ResultDesc"]) == (1, 1, "The service request timed out.")
    assert told["ConversationID"] == answer.json["ConversationID"]


async def test_what_is_processed_within_the_queues_life_is_never_sent_back(bench):
    await slow(bench, 59)
    await bench.b2c()
    await bench.advance(3600)
    assert len(bench.received) == 1


async def test_the_queues_life_may_be_changed(bench):
    await bench.control("PATCH", "/providers/daraja", {"lifetimes": {"queue": 5}})
    await slow(bench, 6)
    await bench.b2c()
    await bench.advance(5)
    assert "InitiatorName" in bench.received[0][1]


async def test_the_result_may_come_before_the_acknowledgement(bench):
    await bench.fault("daraja.b2c.acknowledgement", kind="callback_first")
    order = []

    async def heard(body):
        order.append("result")

    bench.on_callback = heard
    assert (await bench.b2c()).status == 200
    order.append("acknowledgement")
    assert order == ["result", "acknowledgement"]


async def test_an_acknowledgement_may_be_an_error_while_the_payment_is_made(bench):
    await bench.fault("daraja.b2c.acknowledgement", kind="refuse", error="system_internal_error")
    answer = await bench.b2c()
    assert (answer.status, answer.json["errorMessage"]) == (500, "System internal error.")
    await bench.advance(10)
    assert [payment["state"] for payment in (await bench.control("GET", "/payments"))["items"]] == ["succeeded"]
