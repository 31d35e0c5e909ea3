import asyncio

import pytest

OPERATOR = "bank-operator-key"


async def test_there_may_be_nothing_to_do(bank):
    report = await bank.reconcile()
    assert report == {
        "id": "R000001",
        "at": "2026-01-15T10:30:00+03:00",
        "finished": True,
        "asked": 0,
        "repaired": [],
        "undecided": [],
        "differences": [],
    }
    assert await bank.get("/reconcile/R000001", bearer=OPERATOR) == report
    assert (await bank.call("GET", "/reconcile/R000002", bearer=OPERATOR))[0] == 404


@pytest.mark.parametrize(
    ("code", "state", "balance"),
    [
        pytest.param("0", "completed", "100.00", id="paid"),
        pytest.param(0, "completed", "100.00", id="paid, as a number"),
        pytest.param("1032", "cancelled", "0.00", id="cancelled"),
        pytest.param("1037", "expired", "0.00", id="no answer from the phone"),
        pytest.param("2001", "failed", "0.00", id="wrong PIN"),
    ],
)
async def test_a_lost_callback_is_made_up_for(bank, daraja, clock, code, state, balance):
    deposit = await bank.deposit()
    clock.move(90)
    daraja.answer("query", daraja.standing("ws_CO_1", code))
    report = await bank.reconcile()
    assert report["repaired"] == [{"deposit": deposit["id"], "from": "pending", "to": state}]
    assert (report["asked"], report["undecided"]) == (1, [])
    assert (await bank.state(deposit), await bank.balance()) == (state, balance)
    again = await bank.reconcile()
    assert (again["asked"], await bank.balance()) == (0, balance)


async def test_a_young_deposit_is_left_alone(bank, daraja, clock):
    await bank.deposit()
    clock.move(89)
    assert (await bank.reconcile())["asked"] == 0
    assert daraja.asked("query") == []


async def test_an_unknown_deposit_is_asked_about_at_once(bank, daraja):
    daraja.answer("push", "reset")
    deposit = await bank.deposit()
    await bank.callback(deposit["id"], bank.paid(ResultCode=4999))
    daraja.answer("query", daraja.standing("ws_CO_1", "0"))
    assert (await bank.reconcile())["repaired"] == [{"deposit": "D000001", "from": "unknown", "to": "completed"}]


STILL_WORKING = [
    pytest.param((200, {"ResultCode": "4999", "CheckoutRequestID": "ws_CO_1"}), id="today"),
    pytest.param((500, {"errorCode": "500.001.1001", "errorMessage": "The transaction is being processed"}), id="2018"),
]


@pytest.mark.parametrize("answer", STILL_WORKING)
async def test_what_the_provider_still_works_on_waits_then_expires_and_is_asked_about_again(
    bank, daraja, clock, answer
):
    deposit = await bank.deposit()
    daraja.answer("query", answer, answer, daraja.standing("ws_CO_1", "0"))
    clock.move(299)
    assert (await bank.reconcile())["undecided"][0]["state"] == "pending"
    clock.move(1)
    report = await bank.reconcile()
    assert report["undecided"] == [
        {"deposit": deposit["id"], "state": "expired", "reason": "the provider is still working on it"}
    ]
    assert (await bank.reconcile())["repaired"] == [{"deposit": deposit["id"], "from": "expired", "to": "completed"}]
    assert await bank.balance() == "100.00"


NO_ANSWER = [
    pytest.param("reset", id="reset"),
    pytest.param((500, {"errorCode": "500.001.1001", "errorMessage": "The transaction does not Exist"}), id="unknown"),
    pytest.param((500, {"errorCode": "500.001.1001", "errorMessage": ""}), id="empty text"),
    pytest.param((429, {"fault": {}}), id="rate limit"),
    pytest.param((503, b"<html>"), id="HTML"),
    pytest.param((200, b"<html>"), id="HTML with a 200"),
    pytest.param((200, {"ResultCode": "0", "CheckoutRequestID": "ws_CO_7"}), id="another deposit's"),
    pytest.param((200, {"ResultCode": True, "CheckoutRequestID": "ws_CO_1"}), id="a boolean"),
    pytest.param((200, {"CheckoutRequestID": "ws_CO_1"}), id="no code"),
    pytest.param((404, {"errorCode": "404.001.03", "errorMessage": "Invalid Access Token"}), id="no token any more"),
]


@pytest.mark.parametrize("answer", NO_ANSWER)
async def test_no_answer_leaves_the_deposit_as_it_is_and_lists_it(bank, daraja, clock, answer):
    deposit = await bank.deposit()
    clock.move(1000)
    daraja.answer("query", answer, *[answer] * (answer != "reset" and answer[0] == 404))
    report = await bank.reconcile()
    assert [(each["deposit"], each["state"]) for each in report["undecided"]] == [(deposit["id"], "pending")]
    daraja.answer("query", daraja.standing("ws_CO_1", "0"))
    assert (await bank.reconcile())["repaired"] == [{"deposit": "D000001", "from": "pending", "to": "completed"}]


async def test_a_deposit_without_a_handle_is_unknown_and_listed(bank, daraja):
    daraja.answer("push", "reset")
    await bank.deposit()
    for _ in range(2):
        report = await bank.reconcile()
        assert [(each["deposit"], each["state"]) for each in report["undecided"]] == [("D000001", "unknown")]
    assert daraja.asked("query") == []


async def test_a_push_that_a_crash_interrupted_becomes_unknown(start_bank, daraja, clock):
    daraja.answer("push", "hang")
    async with start_bank() as bank:
        lost = asyncio.create_task(bank.deposit())
        await daraja.reached["push"].wait()
        lost.cancel()
    clock.move(90)
    async with start_bank() as bank:
        assert (await bank.get("/deposits/D000001"))["state"] == "pending"
        assert [each["state"] for each in (await bank.reconcile())["undecided"]] == ["unknown"]
        daraja.answer("query", daraja.standing("ws_CO_1", "0"))
        await bank.callback("D000001", bank.paid())
        assert await bank.balance() == "100.00"


async def test_refusals_and_decisions_are_not_asked_about(bank, daraja, clock):
    daraja.answer("push", (400, {"errorCode": "400.002.02", "errorMessage": "Bad Request"}))
    await bank.deposit()
    second = await bank.deposit()
    await bank.callback(second["id"], bank.not_paid("ws_CO_2", 1037))
    clock.move(1000)
    assert (await bank.reconcile())["asked"] == 0


async def test_a_reconciliation_that_waits_for_the_provider_stops_nobody(bank, daraja, clock):
    deposit = await bank.deposit()
    clock.move(90)
    daraja.answer("query", "hang")
    running = asyncio.create_task(bank.reconcile())
    await daraja.reached["query"].wait()
    assert (await bank.get("/reconcile/R000001", bearer=OPERATOR))["finished"] is False
    await bank.callback(deposit["id"], bank.paid())
    daraja.release.set()
    assert (await running)["repaired"] == [{"deposit": "D000001", "from": "pending", "to": "completed"}]
    assert await bank.balance() == "100.00"


async def test_reconciliations_at_once_credit_once(bank, daraja, clock):
    await bank.deposit()
    clock.move(90)
    daraja.answer("query", *[daraja.standing("ws_CO_1", "0")] * 3)
    await asyncio.gather(*(bank.reconcile() for _ in range(3)))
    assert await bank.balance() == "100.00"
    assert (await bank.audit())["balanced"] is True


async def test_one_deposit_without_an_answer_does_not_hide_the_next(bank, daraja, clock):
    await bank.deposit()
    await bank.deposit()
    clock.move(90)
    daraja.answer("query", "reset", daraja.standing("ws_CO_2", "0"))
    report = await bank.reconcile()
    assert [each["deposit"] for each in report["undecided"]] == ["D000001"]
    assert [each["deposit"] for each in report["repaired"]] == ["D000002"]
