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


@pytest.fixture
async def withdrawing(bank):
    """A bank with a withdrawal of 300 on its way."""
    await bank.customer_with("1000.00")
    await bank.withdraw()
    return bank


async def test_a_lost_result_is_made_up_for_once_the_provider_tells(withdrawing, daraja, sent, clock):
    bank = withdrawing
    clock.move(90)
    report = await bank.reconcile()
    told = "the provider was asked and will tell"
    assert report["undecided"] == [{"withdrawal": "W000001", "state": "unknown", "reason": told}]
    assert (report["asked"], report["repaired"]) == (1, [])
    await bank.b2c("status", sent.found())
    later = await bank.get("/reconcile/R000001", bearer=OPERATOR)
    assert later["repaired"] == [{"withdrawal": "W000001", "from": "pending", "to": "completed"}]
    assert (later["undecided"], (await bank.get("/withdrawals/W000001"))["receipt"]) == ([], "UAF5000009")
    assert await bank.money() == ("700.00", "700.00")
    assert (await bank.reconcile())["asked"] == 0


@pytest.mark.parametrize(
    ("status", "state", "money"),
    [
        pytest.param("Completed", "completed", ("700.00", "700.00"), id="completed"),
        pytest.param("Declined", "failed", ("1000.00", "1000.00"), id="declined"),
        pytest.param("Cancelled", "cancelled", ("1000.00", "1000.00"), id="cancelled"),
        pytest.param("Expired", "expired", ("1000.00", "1000.00"), id="expired"),
        pytest.param("Pending Authorized", "unknown", ("1000.00", "700.00"), id="on its way"),
        pytest.param("Failed", "unknown", ("1000.00", "700.00"), id="a word that the provider does not have"),
        pytest.param(None, "unknown", ("1000.00", "700.00"), id="nothing"),
    ],
)
async def test_what_the_provider_finds_decides(withdrawing, sent, clock, status, state, money):
    clock.move(90)
    await withdrawing.reconcile()
    for _ in range(2):
        await withdrawing.b2c("status", sent.found(status))
        assert (await withdrawing.withdrawn(), await withdrawing.money()) == (state, money)


async def test_a_young_withdrawal_is_left_alone(withdrawing, daraja, clock):
    clock.move(89)
    assert (await withdrawing.reconcile())["asked"] == 0
    assert daraja.asked("status") == []


@pytest.mark.parametrize("code", [2032, 2033, "2033"])
async def test_what_the_provider_does_not_know_yet_may_still_be_on_its_way(withdrawing, daraja, sent, clock, code):
    """The first question comes too early to prove anything, whenever it is answered; the second does not."""
    bank = withdrawing
    clock.move(299)
    await bank.reconcile()
    clock.move(600)
    await bank.b2c("status", sent.absent("AQ_1", code))
    assert (await bank.withdrawn(), await bank.money()) == ("unknown", ("1000.00", "700.00"))
    await bank.reconcile()
    await bank.b2c("status", sent.absent("AQ_2", code))
    shown = await bank.get("/withdrawals/W000001")
    assert (shown["state"], shown["reason"]) == ("failed", f"{code} text")
    assert await bank.money() == ("1000.00", "1000.00")


@pytest.mark.parametrize("code", [21, 25, 2001, 8006, "SFC_IC0003", 1, 17])
async def test_a_question_that_failed_says_nothing_of_the_payment(withdrawing, sent, clock, code):
    clock.move(600)
    await withdrawing.reconcile()
    await withdrawing.b2c("status", sent.absent("AQ_1", code))
    assert (await withdrawing.withdrawn(), await withdrawing.money()) == ("unknown", ("1000.00", "700.00"))


ANOTHER = [
    pytest.param({"question": "AQ_9"}, id="a question that nobody asked"),
    pytest.param({"question": None}, id="no question"),
    pytest.param({"name": "W000001-0000"}, id="another payment"),
    pytest.param({"amount": 1}, id="another amount"),
    pytest.param({"amount": None}, id="no amount"),
]


@pytest.mark.parametrize("status", ["Completed", "Declined"])
@pytest.mark.parametrize("changes", ANOTHER)
async def test_a_finding_about_something_else_decides_nothing(withdrawing, sent, clock, status, changes):
    clock.move(600)
    await withdrawing.reconcile()
    await withdrawing.b2c("status", sent.found(status, **changes))
    assert (await withdrawing.withdrawn(), await withdrawing.money()) == ("unknown", ("1000.00", "700.00"))


async def test_an_answer_to_another_withdrawals_question_decides_nothing(withdrawing, sent, clock):
    await withdrawing.withdraw()
    clock.move(600)
    await withdrawing.reconcile()
    await withdrawing.b2c("status", sent.absent("AQ_2"), "W000001")
    assert await withdrawing.withdrawn() == "unknown"
    await withdrawing.b2c("status", sent.absent("AQ_2"), "W000002")
    assert await withdrawing.withdrawn("W000002") == "failed"


async def test_the_spellings_of_2017_are_read_too(withdrawing, sent, clock):
    spelt = {"ConversationID": "Conversation ID", "OriginatorConversationID": "Originator Conversation ID"}
    clock.move(600)
    await withdrawing.reconcile()
    found = sent.found()
    for item in found["Result"]["ResultParameters"]["ResultParameter"]:
        item["Key"] = spelt.get(item["Key"], item["Key"])
    await withdrawing.b2c("status", found)
    assert await withdrawing.withdrawn() == "completed"


NOT_ASKED = [
    pytest.param("reset", id="reset"),
    pytest.param((401, {"errorCode": "401.002.01", "errorMessage": "Invalid Access Token"}), id="no token any more"),
    pytest.param((500, {"errorCode": "500.003.1001", "errorMessage": "Internal Server Error"}), id="breakdown"),
    pytest.param((200, {"ResponseCode": "0"}), id="no id"),
]


@pytest.mark.parametrize("answer", NOT_ASKED)
async def test_a_provider_that_cannot_be_asked_leaves_it_unknown_and_listed(withdrawing, daraja, sent, clock, answer):
    bank = withdrawing
    clock.move(600)
    daraja.answer("status", answer, *[answer] * (answer != "reset" and answer[0] == 401))
    (listed,) = (await bank.reconcile())["undecided"]
    assert (listed["withdrawal"], listed["state"]) == ("W000001", "unknown")
    assert listed["reason"].startswith("the provider could not be asked: ")
    await bank.reconcile()
    await bank.b2c("status", sent.found(question=f"AQ_{len(daraja.asked('status'))}"))
    assert (await bank.withdrawn(), await bank.money()) == ("completed", ("700.00", "700.00"))


async def test_a_withdrawal_that_a_crash_interrupted_is_released_once_it_cannot_have_arrived(
    start_bank, daraja, sent, clock
):
    daraja.answer("pay", "hang")
    async with start_bank() as bank:
        await bank.customer_with("1000.00")
        lost = asyncio.create_task(bank.withdraw())
        await daraja.reached["pay"].wait()
        lost.cancel()
    clock.move(300)
    async with start_bank() as bank:
        assert (await bank.withdrawn(), await bank.money()) == ("pending", ("1000.00", "700.00"))
        await bank.reconcile()
        await bank.b2c("status", sent.absent())
        assert (await bank.withdrawn(), await bank.money()) == ("failed", ("1000.00", "1000.00"))


async def test_the_order_of_questions_is_that_of_the_wishes(withdrawing, daraja, sent, clock):
    await withdrawing.withdraw()
    await withdrawing.deposit()
    clock.move(600)
    before = len(daraja.requests)
    await withdrawing.reconcile()
    asked = [asked.get("OriginalConversationID", name) for name, asked in daraja.requests[before:]]
    assert asked == ["query", sent.name(1), sent.name(2)]


async def test_a_completion_that_answers_a_late_question_fills_in_nothing_twice(withdrawing, sent, clock):
    clock.move(90)
    await withdrawing.reconcile()
    await withdrawing.b2c("status", sent.found(receipt=None))
    assert (await withdrawing.get("/withdrawals/W000001"))["receipt"] is None
    await withdrawing.b2c("result", sent.paid())
    await withdrawing.b2c("result", sent.paid(receipt="UAF5000010"))
    assert (await withdrawing.get("/withdrawals/W000001"))["receipt"] == "UAF5000009"
    assert await withdrawing.money() == ("700.00", "700.00")
