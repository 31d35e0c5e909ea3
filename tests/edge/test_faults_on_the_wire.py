"""What fault rules do to a request and to its acknowledgement, as a client sees it and as the journal tells it."""

import asyncio
import contextlib
import json

import aiohttp
import pytest
from aiohttp import web

from simulator.core.tampering import FORGER_ADDRESS
from simulator.edge.sender import can_bind
from simulator.providers.daraja import PROVIDER as DARAJA

ACKNOWLEDGED = "Success. Request accepted for processing"
MANUAL, ANN = "254700000010", "254708374149"
GONE = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
OPERATIONS = list(dict.fromkeys(operation.name for operation in DARAJA.operations))


async def states(sim):
    return [payment["state"] for payment in (await sim.control("GET", "/payments")).items]


async def last_request(sim):
    return (await sim.journal("request"))[-1]


@pytest.fixture
async def pushed(sim):
    """Pushes under one rule: the answer, or None when the connection ended without one."""

    async def push(at, when=None, path="/mpesa/stkpush/v1/processrequest", changes=None, **effect):
        await sim.authorization()
        await sim.fault(at, when=when, **effect)
        try:
            async with asyncio.timeout(5):
                return await sim.push(path, **(changes or {}))
        except GONE:
            return None

    return push


REFUSALS = [
    pytest.param({"error": "spike_arrest"}, 500, "500.003.02", "application/json", id="by name"),
    pytest.param({"error": "500.003.03"}, 500, "500.003.03", "application/json", id="by code"),
    pytest.param({"status": 503, "body": "<h1>Down</h1>"}, 503, "<h1>Down</h1>", "text/html", id="html"),
    pytest.param({"status": 429, "body": '{"a": 1}'}, 429, '{"a": 1}', "application/json", id="json"),
    pytest.param({"status": 200, "body": "[]"}, 200, "[]", "application/json", id="a success that is none"),
    pytest.param({"status": 502}, 502, "", "application/json", id="nothing but a status"),
]


# Before anything is done.


@pytest.mark.parametrize(("effect", "status", "told", "kind"), REFUSALS)
async def test_a_request_is_refused_with_nothing_done(sim, pushed, effect, status, told, kind):
    answer = await pushed("daraja.stk_push.request", kind="refuse", **effect)
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (status, kind)
    assert told in answer.text
    assert await states(sim) == []
    event = await last_request(sim)
    assert (event["status"], event["fault"], "instead_of" in event) == (status, "rule", False)


@pytest.mark.parametrize(
    ("effect", "seconds"),
    [
        pytest.param({"kind": "hang"}, 600, id="hang"),
        pytest.param({"kind": "hang", "seconds": 45}, 45, id="hang for a while"),
        pytest.param({"kind": "reset"}, 0, id="reset"),
    ],
)
async def test_a_request_is_never_answered_with_nothing_done(sim, pushed, effect, seconds):
    assert await pushed("daraja.stk_push.request", **effect) is None
    assert await states(sim) == []
    assert (await sim.control("GET", "/clock")).body[
        "now"
    ] == f"2026-01-15T10:{30 + seconds // 60}:{seconds % 60:02d}+03:00"
    event = await last_request(sim)
    assert (event["status"], event["answer"], event["fault"]) == (0, "", "rule")


async def test_a_request_is_delayed_and_then_done(sim, pushed):
    answer = await pushed("daraja.stk_push.request", kind="delay", seconds=20)
    assert answer.body["ResponseDescription"] == ACKNOWLEDGED
    (payment,) = (await sim.control("GET", "/payments")).items
    assert payment["timeline"][0]["at"] == "2026-01-15T10:30:20+03:00"
    assert (await last_request(sim))["fault"] == "rule"


async def test_a_delayed_request_may_still_lose_its_acknowledgement(sim, pushed):
    await sim.fault("daraja.stk_push.acknowledgement", name="second", kind="reset")
    assert await pushed("daraja.stk_push.request", kind="delay", seconds=20) is None
    assert (await last_request(sim))["fault"] == "rule + second"
    assert len(await states(sim)) == 1


# The acknowledgement.


@pytest.mark.parametrize(("effect", "status", "told", "kind"), REFUSALS)
async def test_an_acknowledgement_is_a_refusal_though_all_was_done(sim, pushed, effect, status, told, kind):
    answer = await pushed("daraja.stk_push.acknowledgement", kind="refuse", **effect)
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (status, kind)
    assert told in answer.text
    await sim.advance(60)
    assert await states(sim) == ["succeeded"]
    event = await last_request(sim)
    assert (event["status"], event["instead_of"]["status"]) == (status, 200)
    assert event["instead_of"]["answer"]["ResponseDescription"] == ACKNOWLEDGED


@pytest.mark.parametrize("effect", [{"kind": "hang", "seconds": 3}, {"kind": "reset"}], ids=["hang", "reset"])
async def test_an_acknowledgement_is_lost_though_all_was_done(sim, pushed, effect):
    assert await pushed("daraja.stk_push.acknowledgement", **effect) is None
    await sim.advance(60)
    assert await states(sim) == ["succeeded"]
    event = await last_request(sim)
    assert (event["status"], event["instead_of"]["status"], event["payment"]) == (0, 200, "p000001")
    assert len(sim.app.received) == 1


async def test_an_acknowledgement_is_delayed_and_nothing_overtakes_it(sim, pushed):
    answer = await pushed("daraja.stk_push.acknowledgement", kind="delay", seconds=30)
    assert answer.body["ResponseDescription"] == ACKNOWLEDGED
    assert (await sim.control("GET", "/clock")).body["now"] == "2026-01-15T10:30:30+03:00"
    assert sim.app.received == []
    await sim.advance(10)
    assert len(sim.app.received) == 1


@pytest.mark.parametrize(
    "when", [pytest.param({"msisdn": ANN}, id="msisdn"), pytest.param({"amount": "100", "reference": "A1"}, id="both")]
)
async def test_a_rule_knows_whom_an_acknowledgement_is_for(sim, pushed, when):
    assert await pushed("daraja.stk_push.acknowledgement", when=when, kind="reset") is None
    assert (
        await sim.push(PhoneNumber="254711000002", PartyA="254711000002", Amount="5", AccountReference="B")
    ).status == 200


@pytest.mark.parametrize("point", ["request", "acknowledgement"])
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_every_operation_is_refused_before_it_is_done_or_after(sim, daraja, operation, point):
    """A rule that is accepted must act: the catalogue takes both points of each endpoint."""
    pushed = await daraja.stk_push("254711000009")
    await daraja.c2b_register()
    await sim.fault(f"daraja.{operation}.{point}", kind="refuse", status=418)
    told = {"checkout": pushed.body["CheckoutRequestID"]} if operation == "stk_query" else {}
    assert (await getattr(daraja, operation)(**told)).status == 418
    event = await last_request(sim)
    assert (event["operation"], event["status"], "instead_of" in event) == (
        f"daraja.{operation}",
        418,
        point == "acknowledgement",
    )


# What has an outcome and callbacks.

UNDECIDED_AT_FIRST = ["stk_push", "b2c", "c2b_simulate"]


@pytest.mark.parametrize("operation", UNDECIDED_AT_FIRST)
@pytest.mark.parametrize("effect", [{"kind": "hang", "seconds": 3}, {"kind": "reset"}], ids=["hang", "reset"])
async def test_a_payment_is_made_though_nobody_heard_of_it(sim, daraja, operation, effect):
    await daraja.c2b_register()
    await sim.fault(f"daraja.{operation}.acknowledgement", **effect)
    with pytest.raises(GONE):
        await getattr(daraja, operation)()
    await sim.advance(60)
    assert await states(sim) == ["succeeded"]


@pytest.mark.parametrize("operation", UNDECIDED_AT_FIRST)
@pytest.mark.parametrize(
    "effect",
    [{"kind": "reset"}, {"kind": "hang", "seconds": 3}, {"kind": "refuse", "status": 503}],
    ids=lambda e: e["kind"],
)
async def test_a_payment_is_not_made_when_its_request_was_not_served(sim, daraja, operation, effect):
    await daraja.c2b_register()
    await sim.fault(f"daraja.{operation}.request", **effect)
    with contextlib.suppress(*GONE):
        await getattr(daraja, operation)()
    await sim.advance(60)
    assert await states(sim) == []


@pytest.mark.parametrize(
    ("operation", "place", "code"),
    [
        pytest.param("stk_push", "stk_push", "17", id="stk_push"),
        pytest.param("b2c", "b2c", "8006", id="b2c"),
        pytest.param("c2b_simulate", "c2b", "C2B00012", id="c2b simulated"),
        pytest.param("pay", "c2b", "C2B00012", id="c2b from the phone"),
    ],
)
async def test_every_kind_of_payment_fails_with_the_code_of_a_rule(sim, daraja, operation, place, code):
    await daraja.c2b_register()
    await sim.fault(f"daraja.{place}.processing", kind="fail", code=code)
    await getattr(daraja, operation)()
    await sim.advance(60)
    (payment,) = (await sim.control("GET", "/payments")).items
    assert (payment["state"] in ("failed", "cancelled"), payment["reason"]) == (True, code)


CALLBACKS = [
    pytest.param("stk_push", "stk_push", id="stk_push"),
    pytest.param("b2c", "b2c", id="b2c"),
    pytest.param("transaction_status", "transaction_status", id="transaction_status"),
    pytest.param("c2b_simulate", "c2b_confirmation", id="c2b_confirmation"),
    pytest.param("c2b_simulate", "c2b_validation", id="c2b_validation"),
]


@pytest.fixture
def callbacks_under(sim, daraja):
    """Lets one operation happen under a rule at one of its callbacks: that callback's events."""

    async def happen(operation, place, **effect):
        await daraja.c2b_register()
        if place == "c2b_validation":
            await sim.control("PATCH", "/merchants/600000", {"validation": True})
        await sim.fault(f"daraja.{place}.callback", **effect)
        assert (await getattr(daraja, operation)()).status == 200
        await sim.advance(600)
        return [event for event in await sim.journal("callback") if event["operation"] == f"daraja.{place}"]

    return happen


@pytest.mark.parametrize(("operation", "place"), CALLBACKS)
@pytest.mark.parametrize(
    ("effect", "outcomes"),
    [
        pytest.param({"kind": "delay", "seconds": 30}, ["answered"], id="delay"),
        pytest.param({"kind": "drop"}, ["dropped"], id="drop"),
        pytest.param({"kind": "duplicate", "copies": 2}, ["answered"] * 3, id="duplicate"),
        pytest.param({"kind": "reorder"}, ["answered"], id="reorder"),
        pytest.param({"kind": "forge", "knows": "url"}, ["answered"] * 2, id="forge"),
        pytest.param({"kind": "corrupt", "how": "truncated"}, ["answered"], id="corrupt"),
    ],
)
async def test_every_effect_acts_on_every_callback(callbacks_under, operation, place, effect, outcomes):
    events = await callbacks_under(operation, place, **effect)
    assert [event["outcome"] for event in events] == outcomes
    assert events[0]["fault"] == "rule"


IDS = {
    "stk_push": ["MerchantRequestID", "CheckoutRequestID"],
    "b2c": ["ConversationID", "OriginatorConversationID"],
    "transaction_status": ["ConversationID", "OriginatorConversationID"],
    "c2b_confirmation": [],
    "c2b_validation": [],
}
RECEIPTS = {
    "stk_push": ["MpesaReceiptNumber"],
    "b2c": ["TransactionID", "TransactionReceipt"],
    "transaction_status": ["TransactionID"],
    "c2b_confirmation": ["TransID"],
    "c2b_validation": ["TransID"],
}


def field(told, name):
    """The value by this name, wherever it stands in a body."""
    if isinstance(told, dict) and name in (told.get("Name"), told.get("Key")):
        return told["Value"]
    if isinstance(told, dict) and name in told:
        return told[name]
    inside = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    return next((found for one in inside if (found := field(one, name)) is not None), None)


@pytest.mark.parametrize(("operation", "place"), CALLBACKS)
@pytest.mark.parametrize("knows", ["url", "reference", "everything"])
async def test_what_a_forger_of_any_callback_knows(callbacks_under, daraja, operation, place, knows):
    forged, genuine, *_ = await callbacks_under(operation, place, kind="forge", knows=knows)
    assert (forged.get("forged"), genuine.get("forged")) == (True, None)
    for name in IDS[place]:
        assert (field(forged["body"], name) == field(genuine["body"], name)) is (knows != "url")
    for name in RECEIPTS[place]:
        assert field(genuine["body"], name)
        assert (field(forged["body"], name) == field(genuine["body"], name)) is (knows == "everything")
    assert (daraja.token in forged["url"]) is (knows == "url")
    assert daraja.token in genuine["url"]


async def test_a_queue_time_out_that_somebody_forges_does_not_tell_the_credential(sim, daraja):
    await sim.fault("daraja.b2c.processing", name="slow", kind="delay", seconds=90)
    await sim.fault("daraja.b2c.callback", kind="forge", knows="url", changes={"Amount": 7})
    await daraja.b2c()
    await sim.advance(65)
    forged, genuine = await sim.journal("callback")
    assert forged["body"]["SecurityCredential"] == genuine["body"]["SecurityCredential"] == "(344 characters)"
    assert forged["body"]["Amount"] == 7


@pytest.mark.parametrize(
    ("effect", "in_time", "state"),
    [
        pytest.param({"kind": "delay", "seconds": 5}, [True], "cancelled", id="in time"),
        pytest.param({"kind": "delay", "seconds": 9}, [False], "succeeded", id="late"),
        pytest.param({"kind": "drop"}, [False], "succeeded", id="dropped"),
        pytest.param({"kind": "duplicate"}, [True, False], "cancelled", id="twice"),
        pytest.param({"kind": "reorder"}, [True], "cancelled", id="kept back behind nothing"),
    ],
)
async def test_the_journal_tells_whether_a_validation_was_answered_in_time(
    sim, callbacks_under, effect, in_time, state
):
    """The app rejects; without an answer in time the payment completes, as the registration wants."""
    sim.app.script.append(lambda request: reject())
    events = await callbacks_under("c2b_simulate", "c2b_validation", **effect)
    assert [event["in_time"] for event in events] == in_time
    assert await states(sim) == [state]


async def reject():
    return web.json_response({"ResultCode": "C2B00012", "ResultDesc": "Rejected"})


# The callback first.


async def test_the_callback_comes_before_its_acknowledgement(sim, pushed):
    order = []

    async def note(request):
        order.append("callback")
        return 200

    sim.app.script.append(note)
    answer = await pushed("daraja.stk_push.acknowledgement", kind="callback_first")
    order.append("acknowledgement")
    assert answer.body["ResponseDescription"] == ACKNOWLEDGED
    assert order == ["callback", "acknowledgement"]
    assert await states(sim) == ["succeeded"]


async def test_the_callback_comes_first_on_the_system_clock_too(start):
    sim = await start(clock="system", latency=0)
    await sim.fault("daraja.stk_push.acknowledgement", kind="callback_first")
    async with asyncio.timeout(5):
        assert (await sim.push()).status == 200
    assert len(sim.app.received) == 1


async def test_the_callback_first_of_a_phone_that_waits_for_a_person_does_not_apply(sim, pushed):
    changes = {"PhoneNumber": MANUAL, "PartyA": MANUAL}
    answer = await pushed("daraja.stk_push.acknowledgement", kind="callback_first", changes=changes)
    assert answer.status == 200
    assert sim.app.received == []
    (event,) = await sim.journal("fault")
    assert (event["fault"], "does not apply" in event["why"]) == ("rule", True)


async def test_the_callback_first_of_a_question_without_a_payment_does_not_apply(sim, pushed):
    answer = await sim.push()
    await sim.fault("daraja.stk_query.acknowledgement", kind="callback_first")
    asked = await sim.push("/mpesa/stkpushquery/v1/query", CheckoutRequestID=answer.body["CheckoutRequestID"])
    assert (asked.status, len(await sim.journal("fault"))) == (200, 1)


async def test_a_dropped_callback_does_not_keep_its_acknowledgement_back_for_ever(sim, pushed):
    await sim.fault("daraja.stk_push.callback", name="lost", kind="drop")
    answer = await pushed("daraja.stk_push.acknowledgement", kind="callback_first")
    assert (answer.status, sim.app.received) == (200, [])


# Processing.


async def test_a_payment_fails_with_the_code_that_a_rule_asks_for(sim, pushed):
    await pushed("daraja.stk_push.processing", kind="fail", code="17")
    await sim.advance(10)
    (payment,) = (await sim.control("GET", "/payments")).items
    assert (payment["state"], payment["reason"]) == ("failed", "17")
    assert '"ResultCode":17' in sim.app.received[0][2]


async def test_processing_is_delayed_between_the_answer_and_the_money(sim, pushed):
    await pushed("daraja.stk_push.processing", kind="delay", seconds=100)
    await sim.advance(106)
    assert await states(sim) == ["prompted"]
    await sim.advance(1)
    assert await states(sim) == ["succeeded"]


async def test_an_app_that_asks_back_from_its_callback_is_served(sim):
    """The app queries the provider before it answers the callback; a rule keeps that answer back."""
    answer = await sim.push()
    await sim.fault("daraja.stk_query.request", kind="delay", seconds=5)

    async def asks_back(request):
        told = await sim.push("/mpesa/stkpushquery/v1/query", CheckoutRequestID=answer.body["CheckoutRequestID"])
        return told.status

    sim.app.script.append(asks_back)
    await sim.advance(11)
    assert await sim.journal("callback") == []
    await sim.advance(10)
    (event,) = await sim.journal("callback")
    assert (event["status"], event["at"]) == (200, "2026-01-15T10:30:14+03:00")


# The callback.


async def push_and_wait(sim, **changes):
    await sim.push(**changes)
    await sim.advance(60)
    return [json.loads(text)["Body"]["stkCallback"] for _, _, text in sim.app.received]


async def test_a_callback_is_dropped(sim):
    await sim.fault("daraja.stk_push.callback", kind="drop")
    assert await push_and_wait(sim) == []
    assert await states(sim) == ["succeeded"]
    (event,) = await sim.journal("callback")
    assert (event["outcome"], event["fault"]) == ("dropped", "rule")


async def test_a_callback_comes_twice(sim):
    await sim.fault("daraja.stk_push.callback", kind="duplicate", after_seconds=5)
    first, second = await push_and_wait(sim)
    assert first == second


async def test_a_callback_comes_late(sim):
    await sim.fault("daraja.stk_push.callback", kind="delay", seconds=500)
    assert await push_and_wait(sim) == []
    await sim.advance(449)
    assert len(sim.app.received) == 1


async def test_callbacks_come_in_another_order(sim):
    await sim.fault("daraja.stk_push.callback", when={"msisdn": ANN}, kind="reorder")
    await sim.push()
    other = "254711000002"
    await sim.push(PhoneNumber=other, PartyA=other, AccountReference="B1")
    await sim.advance(60)
    assert [other in text for _, _, text in sim.app.received] == [True, False]
    last = (await sim.journal("callback"))[-1]
    assert (last["fault"], last["payment"]) == ("rule", "p000001")


@pytest.mark.parametrize(
    ("knows", "same_ids", "same_receipt", "same_token"),
    [
        pytest.param("url", False, False, True, id="url"),
        pytest.param("reference", True, False, False, id="reference"),
        pytest.param("everything", True, True, False, id="everything"),
    ],
)
async def test_a_forger_is_first(sim, knows, same_ids, same_receipt, same_token):
    url = f"{sim.app.url}/cb/3f786850e387550fdab836ed7e6dc881de23001b/stk"
    await sim.fault("daraja.stk_push.callback", kind="forge", knows=knows, changes={"Amount": 5000})
    forged, genuine = await push_and_wait(sim, CallBackURL=url)
    assert (forged["CheckoutRequestID"] == genuine["CheckoutRequestID"]) is same_ids
    assert (forged["MerchantRequestID"] == genuine["MerchantRequestID"]) is same_ids
    assert [item(told, "Amount") for told in (forged, genuine)] == [5000, 100]
    assert (item(forged, "MpesaReceiptNumber") == item(genuine, "MpesaReceiptNumber")) is same_receipt
    told, true = await sim.journal("callback")
    assert [path for path, _, _ in sim.app.received] == [one["url"].removeprefix(sim.app.url) for one in (told, true)]
    assert ((told["url"] == url), true["url"]) == (same_token, url)
    assert (told["forged"], told["body"], told["payment"]) == (True, {"Body": {"stkCallback": forged}}, "p000001")


def item(told, name):
    return next(item["Value"] for item in told["CallbackMetadata"]["Item"] if item["Name"] == name)


@pytest.mark.skipif(not can_bind(FORGER_ADDRESS), reason="this system binds no other address of 127.0.0.0/8")
async def test_a_forger_comes_from_another_address(sim):
    sources = []

    async def note(request):
        sources.append(request.remote)
        return 200

    sim.app.script.extend([note, note])
    await sim.fault("daraja.stk_push.callback", kind="forge", knows="everything")
    await push_and_wait(sim)
    assert sources == [FORGER_ADDRESS, "127.0.0.1"]


@pytest.mark.parametrize("how", ["truncated", "not_json", "missing_field", "wrong_type"])
async def test_a_callback_arrives_broken(sim, how):
    await sim.fault("daraja.stk_push.callback", kind="corrupt", how=how)
    await sim.push()
    await sim.advance(60)
    ((_, headers, text),) = sim.app.received
    (event,) = await sim.journal("callback")
    (callback,) = (await sim.control("GET", "/callbacks")).items
    assert headers["Content-Type"] == "application/json;charset=UTF-8"
    assert text == callback["attempts"][0]["body"] != callback["body"]
    assert event["body"] == (text if how in ("truncated", "not_json") else json.loads(text))
    assert await states(sim) == ["succeeded"]


async def test_the_callback_first_waits_for_the_genuine_one(sim, pushed):
    await sim.fault("daraja.stk_push.callback", name="forger", kind="forge", knows="url")
    answer = await pushed("daraja.stk_push.acknowledgement", kind="callback_first")
    assert (answer.status, len(sim.app.received)) == (200, 2)


async def test_the_callback_first_of_one_that_is_kept_back(sim, pushed):
    await sim.fault("daraja.stk_push.callback", name="later", kind="reorder")
    answer = await pushed("daraja.stk_push.acknowledgement", kind="callback_first")
    assert (answer.status, len(sim.app.received)) == (200, 1)


# Every effect, whatever else happens.

CHAOS = [
    {"at": "daraja.stk_push.request", "probability": 0.1, "effect": {"kind": "refuse", "error": "spike_arrest"}},
    {"at": "daraja.stk_push.request", "probability": 0.1, "effect": {"kind": "reset"}},
    {"at": "daraja.stk_push.acknowledgement", "probability": 0.1, "effect": {"kind": "hang", "seconds": 3}},
    {"at": "daraja.stk_push.acknowledgement", "probability": 0.2, "effect": {"kind": "callback_first"}},
    {"at": "daraja.stk_push.processing", "probability": 0.2, "effect": {"kind": "fail", "code": "17"}},
    {"at": "daraja.stk_push.processing", "probability": 0.2, "effect": {"kind": "delay", "seconds": 90}},
    {"at": "daraja.stk_push.callback", "probability": 0.1, "effect": {"kind": "drop"}},
    {"at": "daraja.stk_push.callback", "probability": 0.2, "effect": {"kind": "duplicate", "copies": 2}},
    {"at": "daraja.stk_push.callback", "probability": 0.3, "effect": {"kind": "reorder", "behind": 2}},
    {"at": "daraja.stk_push.callback", "probability": 0.3, "effect": {"kind": "forge", "knows": "url"}},
    {"at": "daraja.stk_push.callback", "probability": 0.5, "effect": {"kind": "corrupt", "how": "missing_field"}},
]


async def play(sim):
    """Thirty pushes by ten people under all rules at once, to the end; the journal, told apart from addresses."""
    rules = [{"name": f"rule {number}"} | rule for number, rule in enumerate(CHAOS)]
    assert (await sim.control("POST", "/faults", rules)).status == 201
    for number in range(30):
        payer = f"25471100000{number % 10}"
        with contextlib.suppress(*GONE):
            await sim.push(PhoneNumber=payer, PartyA=payer, AccountReference=f"A{number}")
        await sim.advance(7)
    await sim.advance(3600)
    return json.dumps(await sim.journal()).replace(sim.app.url, "APP")


async def test_under_all_rules_at_once_every_payment_ends_once_and_the_books_balance(sim):
    await play(sim)
    payments = (await sim.control("GET", "/payments")).items
    callbacks = (await sim.control("GET", "/callbacks")).items
    assert {payment["state"] for payment in payments} <= {"succeeded", "failed", "cancelled", "expired"}
    assert sorted(callback["payment"] for callback in callbacks) == sorted(payment["id"] for payment in payments)
    assert all(any("number" in attempt for attempt in callback["attempts"]) for callback in callbacks)
    assert (await sim.control("GET", "/ledger/audit")).body["balanced"]
    assert await sim.journal("error") == []
    (world,) = (await sim.control("GET", "/worlds")).items
    assert world["open_jobs"] == 0


async def test_all_rules_at_once_are_replayed_to_the_byte(start):
    assert await play(await start(seed=5)) == await play(await start(seed=5))
