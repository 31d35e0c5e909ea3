"""What the app was told of a payment."""

import pytest

from harness.told import Decision, asked_for, decisions, idempotency_id, notices, told_payments

STK = {"id": "p1", "kind": "collection", "operation": "daraja.stk_push", "provider_reference": "ws_1", "receipt": "R1"}
STK |= {"reference": "D1"}
PAYOUT = {**STK, "kind": "payout", "operation": "daraja.b2c", "provider_reference": "AG_1", "reference": "W-1"}
PAYBILL = {**STK, "operation": "daraja.c2b", "provider_reference": "", "reference": "C1"}
ACKNOWLEDGED = {"kind": "request", "status": 200, "answer": {"CheckoutRequestID": "ws_1"}}
CALLED_BACK = {"kind": "callback", "outcome": "answered", "status": 200, "body": {"a": [{"Value": "ws_1"}]}}
CONFIRMED = {**CALLED_BACK, "operation": "daraja.c2b_confirmation", "body": {"TransID": "R1"}}
VALIDATED = {**CONFIRMED, "operation": "daraja.c2b_validation"}
ASKED_BY_ID = {"kind": "request", "status": 0, "body": {"OriginatorConversationID": "W-1"}, "answer": ""}


@pytest.mark.parametrize(
    ("row", "fields", "is_told"),
    [
        pytest.param(STK, ACKNOWLEDGED, True, id="acknowledged"),
        pytest.param(STK, {**ACKNOWLEDGED, "status": 0, "answer": ""}, False, id="the acknowledgement was lost"),
        pytest.param(STK, {**ACKNOWLEDGED, "answer": "<html>"}, False, id="something else was sent instead of it"),
        pytest.param(STK, {**ACKNOWLEDGED, "correlation": "r9"}, False, id="nobody was there any more to hear it"),
        pytest.param(STK, CALLED_BACK, True, id="called back"),
        pytest.param(STK, {**CALLED_BACK, "status": 500}, True, id="called back, and the app broke over it"),
        pytest.param(STK, {**CALLED_BACK, "outcome": "dropped"}, False, id="the callback was lost"),
        pytest.param(STK, {**CALLED_BACK, "body": '{"a": "ws_1'}, False, id="the callback was no JSON"),
        pytest.param(STK, {**CALLED_BACK, "body": {"a": 1}}, False, id="the callback's handle was missing"),
        pytest.param(STK, {**CALLED_BACK, "forged": True}, False, id="a forger said so"),
        pytest.param(STK, CONFIRMED, True, id="a push, told as a paybill payment"),
        pytest.param(STK, {"kind": "payment", "state": "succeeded"}, False, id="nothing that reaches the app"),
        pytest.param(PAYOUT, ASKED_BY_ID, True, id="an id that the app chose itself"),
        pytest.param(PAYOUT, {**ASKED_BY_ID, "body": {}}, False, id="an id that the provider chose and nobody heard"),
        pytest.param(PAYOUT, {**ASKED_BY_ID, "body": {}, "status": 200, "answer": {"x": "AG_1"}}, True, id="heard"),
        pytest.param(PAYBILL, CONFIRMED, True, id="confirmed"),
        pytest.param(PAYBILL, {**CONFIRMED, "status": 503}, False, id="confirmed, and the app did not take it"),
        pytest.param(PAYBILL, {**VALIDATED, "answer": '{"ResultCode": "0"}'}, True, id="accepted by validation"),
        pytest.param(PAYBILL, {**VALIDATED, "answer": '{"ResultCode": "C2B00012"}'}, False, id="refused by validation"),
    ],
)
def test_what_counts_as_told(make_event, row, fields, is_told):
    fields = {**fields}
    events = [make_event(1, "hung_up", correlation="r9"), make_event(2, fields.pop("kind"), payment="p1", **fields)]
    assert told_payments(events, [row]) == ({"p1"} if is_told else set())


@pytest.mark.parametrize(
    ("fields", "is_told"),
    [
        pytest.param(ACKNOWLEDGED, False, id="acknowledged to the scenario"),
        pytest.param({**CALLED_BACK, "status": 404}, False, id="called back where the app knows nothing of it"),
        pytest.param(CONFIRMED, True, id="confirmed to the app"),
    ],
)
def test_what_the_scenario_was_told_the_app_was_not(make_event, fields, is_told):
    fields = {**fields}
    event = make_event(1, fields.pop("kind"), payment="p1", **fields)
    assert told_payments([event], [STK], foreign={"p1"}) == ({"p1"} if is_told else set())


def test_requests_that_move_money_are_known_by_payment_by_call_or_by_their_id(make_event):
    by_id = {"body": {"OriginatorConversationID": "W-1"}, "operation": "daraja.b2c"}
    events = [
        make_event(1, "request", operation="daraja.oauth", status=200),
        make_event(2, "request", status=0, payment="", **by_id),
        make_event(3, "request", status=200, payment="p1", **by_id),
        make_event(4, "request", status=500, payment="", **by_id),
        make_event(5, "request", status=500, payment="", operation="daraja.b2c", body="none"),
    ]
    found = list(asked_for(events, [PAYOUT], {2: "withdrawal W1", "p1": "withdrawal W1"}))
    assert [(one.sequence, one.made_for, one.status, one.payment, one.key) for one in found] == [
        (2, "withdrawal W1", 0, None, "W-1"),
        (3, "withdrawal W1", 200, "p1", "W-1"),
        (4, "withdrawal W1", 500, None, "W-1"),
    ]
    assert idempotency_id(events[4]) is None


@pytest.mark.parametrize(
    ("message", "heard"),
    [
        pytest.param({"kind": "callback", "outcome": "answered"}, 3, id="a callback"),
        pytest.param({"kind": "callback", "outcome": "dropped"}, None, id="a callback that was lost"),
        pytest.param({"kind": "callback", "outcome": "answered", "forged": True}, None, id="a forged one"),
        pytest.param({"kind": "request", "status": 200}, 3, id="an answer to a question"),
        pytest.param({"kind": "request", "status": 0}, None, id="a question without an answer"),
    ],
)
def test_a_no_is_heard_once_the_provider_says_so(make_event, message, heard):
    message = {**message}
    events = [
        make_event(1, "payment", payment="p1", state="pending"),
        make_event(2, "payment", payment="p1", state="failed"),
        make_event(3, message.pop("kind"), payment="p1", **message),
        make_event(4, "message", payment=""),
    ]
    assert decisions(events) == {"p1": Decision(2, heard)}


def test_notices_are_the_callbacks_with_the_apps_answers(make_event):
    answered = {"operation": "daraja.c2b_validation", "outcome": "answered", "status": 200, "fault": "late"}
    events = [
        make_event(1, "request", status=200),
        make_event(2, payment="p1", answer='{"ResultCode": 0}', **answered),
        make_event(3, payment="", outcome="timed_out", forged=True),
    ]
    first, second = notices(events)
    assert (first.payment, first.operation, first.is_taken, first.result) == ("p1", "daraja.c2b_validation", True, "0")
    assert (first.is_faulty, first.is_forged) == (True, False)
    assert (second.payment, second.is_taken, second.result, second.is_forged) == (None, False, None, True)


# At banks.

TRANSFER = {**PAYOUT, "kind": "transfer", "operation": "jenga.pesalink_account", "provider_reference": "00680003X"}
CREDIT = {**TRANSFER, "operation": "jenga.credit", "receipt": "R9", "reference": "C1"}
NOTICE = {"kind": "callback", "outcome": "answered", "status": 200, "operation": "jenga.credit"}
NOTICE |= {"body": {"transaction": {"reference": "R9"}}}


@pytest.mark.parametrize(
    ("row", "fields", "is_told"),
    [
        pytest.param(TRANSFER, {"kind": "payment"}, True, id="a transfer, whose reference the app chose"),
        pytest.param(CREDIT, {"kind": "payment"}, False, id="money that came in"),
        pytest.param(CREDIT, NOTICE, True, id="its notice"),
        pytest.param(CREDIT, {**NOTICE, "status": 500}, False, id="a notice that the app did not take"),
        pytest.param(CREDIT, {**NOTICE, "outcome": "dropped"}, False, id="a notice that was lost"),
        pytest.param(CREDIT, {**NOTICE, "body": {"a": "R8"}}, False, id="a notice of something else"),
        pytest.param({**CREDIT, "kind": "return"}, NOTICE, True, id="the notice of a return"),
    ],
)
def test_what_counts_as_told_at_banks(make_event, row, fields, is_told):
    fields = {**fields}
    events = [make_event(2, fields.pop("kind"), payment="p1", **fields)]
    assert told_payments(events, [row]) == ({"p1"} if is_told else set())


def test_a_transfer_of_the_scenarios_own_was_told_to_the_scenario(make_event):
    assert told_payments([make_event(1, "request", payment="p1")], [TRANSFER], foreign={"p1"}) == set()


def test_a_repeat_of_a_transfer_is_known_by_the_reference_that_the_app_chose(make_event):
    sent = {"operation": "jenga.pesalink_account", "method": "POST", "body": {"transfer": {"reference": "W-1"}}}
    other = {**sent, "body": {"transfer": {"reference": "W-2"}}}
    events = [
        make_event(1, "request", payment="p1", status=504, **sent),
        make_event(2, "request", status=400, **sent),
        make_event(3, "request", status=400, **other),
        make_event(4, "request", status=200, operation="jenga.transaction_details", method="GET", payment="p1"),
    ]
    asked = list(asked_for(events, [TRANSFER], {"p1": "withdrawal W1", 3: "withdrawal W1"}))
    assert [(one.sequence, one.key, one.status, one.payment) for one in asked] == [
        (1, "W-1", 504, "p1"),
        (2, "W-1", 400, None),
        (3, None, 400, None),
    ]
