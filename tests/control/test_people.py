"""Subscribers with their phones."""

import pytest

ANN, MANUAL = "254708374149", "254700000010"


async def error_of(call):
    answer = await call
    return answer.status, answer.body["error"]["code"], answer.body["error"]["field"]


async def patch(sim, msisdn=ANN, **change):
    answer = await sim.control("PATCH", f"/subscribers/{msisdn}", change)
    assert answer.status == 200, answer.text
    return answer.body


async def states(sim):
    return [payment["state"] for payment in (await sim.control("GET", "/payments")).items]


# Subscribers.


async def test_any_number_is_a_subscriber(sim):
    told = (await sim.control("GET", "/subscribers/254711000099")).body
    assert told == {
        "msisdn": "254711000099",
        "name": "SUBSCRIBER 0099",
        "pin": "1234",
        "balance": "50000.00",
        "policy": "approve",
        "thinks_seconds": 7,
        "types_pin": None,
        "reachable": True,
        "busy": False,
        "locked": False,
        "known": True,
        "registered": True,
        "active": True,
        "spent_today": "0.00",
    }


async def test_a_subscriber_is_set_up(sim):
    asked = {"msisdn": "254711000099", "name": "ZOLA", "pin": "9999", "balance": "12.5", "policy": "manual"}
    answer = await sim.control("POST", "/subscribers", asked)
    assert answer.status == 201
    assert {name: answer.body[name] for name in asked} == asked | {"balance": "12.50"}
    assert (await sim.control("GET", "/subscribers/254711000099")).body == answer.body
    (event,) = await sim.journal("subscriber")
    assert (event["msisdn"], event["balance"], "pin" in event) == ("254711000099", "12.50", False)
    assert (await sim.control("GET", "/ledger/audit")).body["balanced"] is True


@pytest.mark.parametrize(
    ("change", "state", "reason"),
    [
        pytest.param({"locked": True}, "failed", "PinLocked", id="locked"),
        pytest.param({"types_pin": "0000"}, "failed", "WrongPin", id="types another PIN"),
        pytest.param({"balance": "5.00"}, "failed", "InsufficientFunds", id="no money"),
        pytest.param({"reachable": False}, "failed", "SubscriberUnreachable", id="out of reach"),
        pytest.param({"busy": True}, "failed", "LineBusy", id="busy"),
        pytest.param({"policy": "cancel"}, "cancelled", "PromptCancelled", id="cancels"),
        pytest.param({"policy": "ignore"}, "expired", "PromptUnanswered", id="ignores"),
        pytest.param({"spent_today": "499900.01"}, "failed", "DailyLimitExceeded", id="spent too much"),
        pytest.param({"spent_today": "499900.00"}, "succeeded", None, id="spent almost too much"),
        pytest.param({"pin": "9999"}, "succeeded", None, id="another PIN, and knows it"),
    ],
)
async def test_a_change_decides_what_becomes_of_a_push(sim, change, state, reason):
    await patch(sim, **change)
    await sim.push()
    await sim.advance(90)
    (payment,) = (await sim.control("GET", "/payments")).items
    assert (payment["state"], payment["reason"]) == (state, reason)


async def test_what_was_spent_today_is_shown_and_begins_anew_tomorrow(sim):
    await sim.push()
    await sim.advance(60)
    assert (await sim.control("GET", f"/subscribers/{ANN}")).body["spent_today"] == "100.00"
    await sim.advance(86_400)
    assert (await sim.control("GET", f"/subscribers/{ANN}")).body["spent_today"] == "0.00"


@pytest.mark.parametrize("told", ["0.00", "60.00", "700.00"])
async def test_what_was_spent_today_may_be_told_and_tomorrow_begins_at_nothing(sim, told):
    await sim.push()
    await sim.advance(60)
    assert (await patch(sim, spent_today=told))["spent_today"] == told
    await sim.advance(86_400)
    assert (await sim.control("GET", f"/subscribers/{ANN}")).body["spent_today"] == "0.00"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"pin": "12345"}, "pin", id="a long PIN"),
        pytest.param({"pin": "１２３４"}, "pin", id="a PIN of other digits"),
        pytest.param({"types_pin": ""}, "types_pin", id="no PIN"),
        pytest.param({"balance": "lots"}, "balance", id="no amount"),
        pytest.param({"balance": 5}, "balance", id="an amount that is no text"),
        pytest.param({"balance": "-1.00"}, "balance", id="a negative balance"),
        pytest.param({"balance": "500000.01"}, "balance", id="more than a wallet holds"),
        pytest.param({"policy": "maybe"}, "policy", id="an unknown policy"),
        pytest.param({"name": ""}, "name", id="no name"),
        pytest.param({"thinks_seconds": -1}, "thinks_seconds", id="thinks back"),
        pytest.param({"spent_today": "-1.00"}, "spent_today", id="spent less than nothing"),
        pytest.param({"reachable": "perhaps"}, "reachable", id="no claim"),
        pytest.param({"msisdn": "254711000001"}, "msisdn", id="another number"),
    ],
)
async def test_a_change_that_makes_no_sense_is_named_and_changes_nothing(sim, body, field):
    before = (await sim.control("GET", f"/subscribers/{ANN}")).body
    told = body if field == "name" else body | {"name": "CHANGED"}
    assert await error_of(sim.control("PATCH", f"/subscribers/{ANN}", told)) == (422, "invalid", field)
    assert (await sim.control("GET", f"/subscribers/{ANN}")).body == before


@pytest.mark.parametrize("msisdn", ["0708374149", "254208374149", "x"])
@pytest.mark.parametrize("what", ["", "/messages"], ids=["subscriber", "messages"])
async def test_what_is_no_number_is_named(sim, msisdn, what):
    assert await error_of(sim.control("GET", f"/subscribers/{msisdn}{what}")) == (422, "invalid", "msisdn")
    assert await error_of(sim.control("POST", "/subscribers", {"msisdn": msisdn})) == (422, "invalid", "msisdn")
    assert await error_of(sim.control("PATCH", f"/subscribers/{msisdn}", {})) == (422, "invalid", "msisdn")


async def test_subscribers_are_those_of_the_world_file_and_whoever_was_touched(sim):
    before = [one["msisdn"] for one in (await sim.control("GET", "/subscribers")).items]
    assert (before[0], len(before)) == (ANN, 14)
    await sim.control("POST", "/subscribers", {"msisdn": "254711000001"})
    await sim.push(PhoneNumber="254711000002", PartyA="254711000002")
    await sim.advance(60)
    after = [one["msisdn"] for one in (await sim.control("GET", "/subscribers")).items]
    assert after == [*before, "254711000001", "254711000002"]


async def test_the_sms_that_a_phone_got(sim):
    assert (await sim.control("GET", f"/subscribers/{ANN}/messages")).items == []
    await sim.push()
    await sim.advance(60)
    (message,) = (await sim.control("GET", f"/subscribers/{ANN}/messages")).items
    assert message["at"] == "2026-01-15T10:30:07+03:00"
    assert "Confirmed. Ksh100.00 sent to Daraja Test for account A1" in message["text"]


# Prompts.


@pytest.fixture
async def prompted(sim):
    """A simulator in which one phone waits for a person; the prompt's id."""
    await sim.push(PhoneNumber=MANUAL, PartyA=MANUAL)
    return (await sim.control("GET", "/prompts")).items[0]["id"]


async def test_an_open_prompt_is_listed(sim, prompted):
    text = "Do you want to pay Ksh100.00 to Daraja Test account A1? Enter M-PESA PIN"
    told = {"id": prompted, "msisdn": MANUAL, "text": text, "expires": "2026-01-15T10:31:00+03:00"}
    assert (await sim.control("GET", "/prompts")).items == [told]
    assert (await sim.control("GET", f"/prompts?msisdn={MANUAL}")).items == [told]
    assert (await sim.control("GET", f"/prompts?msisdn={ANN}")).items == []


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        pytest.param({"action": "approve"}, "succeeded", id="approve"),
        pytest.param({"action": "approve", "pin": "1234"}, "succeeded", id="right PIN"),
        pytest.param({"action": "approve", "pin": "0000"}, "failed", id="wrong PIN"),
        pytest.param({"action": "cancel"}, "cancelled", id="cancel"),
    ],
)
async def test_a_prompt_is_answered(sim, prompted, answer, state):
    told = await sim.control("POST", f"/prompts/{prompted}/answer", answer)
    assert (told.status, told.body) == (200, {"id": prompted, "action": answer["action"]})
    assert await states(sim) == [state]
    assert (await sim.control("GET", "/prompts")).items == []


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        pytest.param({}, "action", id="no action"),
        pytest.param({"action": "ignore"}, "action", id="an unknown action"),
        pytest.param({"action": "approve", "pin": "12"}, "pin", id="a short PIN"),
        pytest.param({"action": "approve", "pin": 1234}, "pin", id="a PIN that is no text"),
    ],
)
async def test_an_answer_that_makes_no_sense_is_named(sim, prompted, answer, field):
    assert await error_of(sim.control("POST", f"/prompts/{prompted}/answer", answer)) == (422, "invalid", field)
    assert await states(sim) == ["prompted"]


async def test_a_prompt_is_answered_once(sim, prompted):
    answer = {"action": "cancel"}
    await sim.control("POST", f"/prompts/{prompted}/answer", answer)
    for key in (prompted, "p999999"):
        assert await error_of(sim.control("POST", f"/prompts/{key}/answer", answer)) == (404, "not_found", None)
