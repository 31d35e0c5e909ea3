"""Transaction Status over HTTP: what is refused at once, and what it tells of each kind of payment."""

from __future__ import annotations

import orjson
import pytest

ABSENT = object()
WORDS_FOR_NOTHING = [
    pytest.param(ABSENT, id="missing"),
    pytest.param(None, id="null"),
    pytest.param("", id="empty"),
    pytest.param([], id="a list"),
    pytest.param(True, id="a boolean"),
]
NAMED = [
    "Initiator",
    "SecurityCredential",
    "CommandID",
    "TransactionID",
    "PartyA",
    "IdentifierType",
    "ResultURL",
    "QueueTimeOutURL",
    "Remarks",
]
PATH = "/mpesa/transactionstatus/v1/query"


def without_absent(body):
    return {name: value for name, value in body.items() if value is not ABSENT}


async def refusal(bench, **changes):
    answer = await bench.post(PATH, without_absent(bench.status_body(**changes)))
    assert answer.headers["Pesabox-Why"]
    return answer.status, answer.json["errorCode"], answer.json["errorMessage"]


@pytest.mark.parametrize("value", WORDS_FOR_NOTHING)
@pytest.mark.parametrize("field", NAMED)
async def test_a_field_that_is_not_there_is_named(bench, field, value):
    assert await refusal(bench, **{field: value}) == (400, "400.002.02", f"Bad Request - Invalid {field}")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("CommandID", "AccountBalance", id="another product's command"),
        pytest.param("IdentifierType", "3", id="no such type"),
        pytest.param("IdentifierType", "11", id="an operator"),
        pytest.param("PartyA", "six", id="words"),
        pytest.param("Remarks", "x" * 101, id="long remarks"),
        pytest.param("Occasion", "x" * 101, id="a long occasion"),
        pytest.param("ResultURL", "/relative", id="no URL"),
    ],
)
async def test_a_malformed_field_is_named(bench, field, value):
    assert await refusal(bench, **{field: value}) == (400, "400.002.02", f"Bad Request - Invalid {field}")


async def test_without_json_the_gateway_sees_no_field(bench):
    headers = {"Authorization": f"Bearer {await bench.token()}"}
    answer = await bench.call("POST", PATH, data={"Initiator": "testapi"}, headers=headers)
    assert answer.json["errorMessage"] == "Bad Request - Invalid Initiator"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"PartyA": 600000, "IdentifierType": 4}, id="numbers"),
        pytest.param({"IdentifierType": "2"}, id="as a till"),
        pytest.param({"CommandID": ABSENT, "Command ID": "TransactionStatusQuery"}, id="the portal's spelling"),
        pytest.param({"Occasion": "", "Occassion": "x"}, id="the other spelling"),
        pytest.param({"Remarks": "x"}, id="one character"),
        pytest.param({"TransactionID": ABSENT, "OriginalConversationID": "x"}, id="by conversation"),
        pytest.param({"TransactionID": "", "OriginalConversationID": "x"}, id="with an empty receipt"),
    ],
)
async def test_what_clients_send_is_accepted(bench, changes):
    answer = await bench.post(PATH, without_absent(bench.status_body(**changes)))
    assert answer.status == 200, answer.text
    assert list(answer.json) == ["OriginatorConversationID", "ConversationID", "ResponseCode", "ResponseDescription"]


def items(told):
    return {item["Key"]: item.get("Value") for item in told["ResultParameters"]["ResultParameter"]}


async def status(bench, **changes):
    return await bench.result(await bench.status(**changes))


async def test_a_payout_is_found_by_its_receipt_and_by_either_id(bench):
    answer = (await bench.b2c(CommandID="SalaryPayment", Amount=50)).json
    await bench.advance(10)
    receipt = orjson.loads(bench.received[0][1])["Result"]["TransactionID"]
    by_receipt = items(await status(bench, TransactionID=receipt))
    assert by_receipt["ReasonType"] == "Salary Payment via API"
    assert by_receipt["DebitPartyCharges"] is None, "nothing is charged up to a hundred"
    assert by_receipt["ReceiptNo"] == receipt
    for name in ("OriginatorConversationID", "ConversationID"):
        found = await status(bench, TransactionID="", OriginalConversationID=answer[name])
        assert items(found) == by_receipt


async def test_a_payout_of_version_1_is_found_by_the_id_that_daraja_made(bench):
    answer = (await bench.b2c("v1")).json
    await bench.advance(10)
    found = await status(bench, TransactionID="", OriginalConversationID=answer["OriginatorConversationID"])
    assert items(found)["OriginatorConversationID"] == answer["OriginatorConversationID"]
    assert items(found)["TransactionStatus"] == "Completed"


async def test_a_push_is_found_by_its_receipt_and_by_either_id(bench):
    push = await bench.result_of(Amount=300)
    receipt = push["CallbackMetadata"]["Item"][1]["Value"]
    by_receipt = await status(bench, TransactionID=receipt, PartyA="174379")
    assert items(by_receipt)["OriginatorConversationID"] == push["MerchantRequestID"]
    assert items(by_receipt)["CreditPartyName"] == "174379 - Daraja Test"
    assert items(by_receipt)["Amount"] == 300
    for name in ("MerchantRequestID", "CheckoutRequestID"):
        found = await status(bench, TransactionID="", OriginalConversationID=push[name], PartyA="174379")
        assert items(found) == items(by_receipt)


async def test_a_simulated_payment_is_found_by_its_receipt_and_by_the_id_of_the_request(bench, paybill):
    answer = (await paybill.simulate(Amount=25)).json
    await bench.advance(10)
    (payment,) = await paybill.payments()
    by_receipt = items(await status(bench, TransactionID=payment["receipt"]))
    assert by_receipt["OriginatorConversationID"] == answer["OriginatorCoversationID"]
    assert (by_receipt["TransactionStatus"], by_receipt["Amount"]) == ("Completed", 25)
    found = await status(bench, TransactionID="", OriginalConversationID=answer["OriginatorCoversationID"])
    assert items(found) == by_receipt


async def test_a_payment_from_the_phone_is_found_by_its_receipt(bench, till):
    paid = await till.pay(reference="", amount="10.50")
    first = await status(bench, TransactionID=paid["receipt"], PartyA="5000", IdentifierType="2")
    told = items(first)
    assert (told["CreditPartyName"], told["Amount"], told["ReceiptNo"]) == ("5000 - Test Till", 10.5, paid["receipt"])
    again = items(await status(bench, TransactionID=paid["receipt"], PartyA="5000", IdentifierType="2"))
    assert again == told, "its ids are the same every time"
    ids = {told["OriginatorConversationID"], first["OriginatorConversationID"]}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("msisdn", "after", "status_text"),
    [
        pytest.param("254700000010", 5, "Pending Authorized", id="prompted"),
        pytest.param("254700000002", 60, "Cancelled", id="cancelled"),
        pytest.param("254700000003", 60, "Declined", id="declined"),
        pytest.param("254700000005", 120, "Expired", id="expired"),
    ],
)
async def test_a_push_without_a_receipt_is_found_by_its_id(bench, msisdn, after, status_text):
    push = (await bench.push(PhoneNumber=msisdn)).json
    await bench.advance(after)
    await bench.status(TransactionID="", OriginalConversationID=push["MerchantRequestID"], PartyA="174379")
    await bench.advance(2)
    told = items(orjson.loads(bench.received[-1][1])["Result"])
    assert (told["TransactionStatus"], told["ReceiptNo"]) == (status_text, None)
    assert (told["FinalisedTime"] is None) == (status_text == "Pending Authorized")


async def test_a_payout_that_waits_is_initiated_and_has_no_time_of_its_end(bench):
    await bench.fault("daraja.b2c.processing", kind="delay", seconds=50)
    await bench.b2c(OriginatorConversationID="mine")
    await bench.status(TransactionID="", OriginalConversationID="mine")
    await bench.advance(2)
    told = items(orjson.loads(bench.received[-1][1])["Result"])
    assert (told["TransactionStatus"], told["FinalisedTime"], told["ReceiptNo"]) == ("Initiated", None, None)


async def test_a_payout_that_failed_is_found_by_the_receipt_that_its_result_named(bench):
    failed = await bench.result(await bench.b2c(PartyB="254700000011"))
    told = items(await status(bench, TransactionID=failed["TransactionID"]))
    assert (told["TransactionStatus"], told["ReceiptNo"]) == ("Declined", failed["TransactionID"])
    assert told["FinalisedTime"] == 20260115103001


async def test_a_payout_that_the_queue_dropped_has_expired(bench):
    await bench.control("PATCH", "/providers/daraja", {"strictness": {"queue_drops": True}})
    await bench.fault("daraja.b2c.processing", kind="delay", seconds=100)
    await bench.b2c(OriginatorConversationID="mine")
    await bench.advance(120)
    told = items(await status(bench, TransactionID="", OriginalConversationID="mine"))
    assert told["TransactionStatus"] == "Expired"


async def test_another_organisations_payment_does_not_exist(bench):
    paid = await bench.result(await bench.b2c(OriginatorConversationID="mine"))
    told = await status(bench, TransactionID=paid["TransactionID"], PartyA="600584")
    assert (told["ResultCode"], "ResultParameters" in told) == (2032, False)
    for original_id in ("mine", paid["ConversationID"]):
        told = await status(bench, TransactionID="", OriginalConversationID=original_id, PartyA="600584")
        assert told["ResultCode"] == 2033


async def test_the_phone_of_a_payment_may_be_the_party(bench):
    paid = await bench.result(await bench.b2c())
    phone = {"IdentifierType": "1", "PartyA": "254708374149", "TransactionID": paid["TransactionID"]}
    assert (await status(bench, **phone))["ResultCode"] == 0
    assert (await status(bench, **phone, SecurityCredential="d3Jvbmc="))["ResultCode"] == 2001
    assert (await status(bench, **phone | {"PartyA": "254711000001"}))["ResultCode"] == 2032


@pytest.mark.parametrize(
    ("occasion", "item"),
    [
        pytest.param(ABSENT, {"Key": "Occasion"}, id="none"),
        pytest.param("", {"Key": "Occasion"}, id="empty"),
        pytest.param("audit", {"Key": "Occasion", "Value": "audit"}, id="a word"),
        pytest.param("353353", {"Key": "Occasion", "Value": 353353}, id="digits"),
    ],
)
@pytest.mark.parametrize("credential", [pytest.param("d3Jvbmc=", id="refused"), pytest.param(None, id="answered")])
async def test_the_occasion_is_echoed_whatever_comes_of_it(bench, occasion, item, credential):
    changes = {"SecurityCredential": credential} if credential else {}
    answer = await bench.post(PATH, without_absent(bench.status_body(Occasion=occasion, **changes)))
    assert (await bench.result(answer))["ReferenceData"] == {"ReferenceItem": item}


async def test_it_makes_no_payment_and_its_callback_says_what_was_asked(bench):
    rule = {
        "name": "twice",
        "at": "daraja.transaction_status.callback",
        "when": {"reference": "UAF5AAAAAA"},
        "effect": {"kind": "duplicate"},
    }
    await bench.control("POST", "/faults", rule)
    await bench.status()
    await bench.status(TransactionID="UAF5AAAAAB")
    await bench.advance(10)
    assert len(bench.received) == 3
    assert (await bench.control("GET", "/payments"))["items"] == []


async def test_the_queue_sends_the_request_back(bench):
    await bench.fault("daraja.transaction_status.processing", kind="delay", seconds=100)
    await bench.status()
    await bench.advance(60)
    assert orjson.loads(bench.received[0][1])["TransactionID"] == "UAF5AAAAAA"
    await bench.advance(60)
    assert orjson.loads(bench.received[1][1])["Result"]["ResultCode"] == 2032


async def test_the_queue_may_drop_it(bench):
    await bench.control("PATCH", "/providers/daraja", {"strictness": {"queue_drops": True}})
    await bench.fault("daraja.transaction_status.processing", kind="delay", seconds=100)
    await bench.status()
    await bench.advance(600)
    assert len(bench.received) == 1


async def test_the_result_may_come_before_the_acknowledgement(bench):
    await bench.fault("daraja.transaction_status.acknowledgement", kind="callback_first")
    answer = await bench.status()
    assert answer.status == 200
    told = orjson.loads(bench.received[0][1])["Result"]
    assert told["OriginatorConversationID"] == answer.json["OriginatorConversationID"]


async def test_a_query_has_no_callback_to_come_first(bench):
    push = (await bench.push()).json
    await bench.fault("daraja.stk_query.acknowledgement", kind="callback_first")
    assert (await bench.query(push["CheckoutRequestID"])).status == 200
    (event,) = (await bench.control("GET", "/journal?kind=fault"))["items"]
    assert "nothing decides this request by itself" in event["why"]
