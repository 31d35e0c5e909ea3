import asyncio

import pytest

OK = (200, {"ResultCode": 0, "ResultDesc": "Success"})
HELD, BACK, GONE = ("1000.00", "700.00"), ("1000.00", "1000.00"), ("700.00", "700.00")


@pytest.fixture
async def bank(bank):
    await bank.customer_with("1000.00")
    return bank


async def test_money_is_held_and_an_acknowledgement_is_nothing_but_an_acknowledgement(bank):
    status, made = await bank.call(
        "POST", "/withdrawals", {"customer": "C000001", "amount": "300", "to": {"msisdn": "254711000001"}}
    )
    assert status == 202
    assert made == {
        "id": "W000001",
        "customer": "C000001",
        "amount": "300.00",
        "to": {"msisdn": "254711000001"},
        "state": "pending",
        "proven": False,
        "provider_reference": "AG_1",
        "receipt": None,
        "reason": None,
        "created_at": "2026-01-15T10:30:00+03:00",
    }
    assert await bank.get("/withdrawals/W000001") == made
    assert await bank.money() == HELD
    audit = await bank.audit()
    assert (audit["customers"], audit["held"], audit["float"]) == ("700.00", "300.00", "20001000.00")


async def test_the_provider_is_asked_for_what_was_wished(bank, daraja, sent):
    await bank.withdraw("250.00", msisdn="254711000001")
    (asked,) = daraja.asked("pay")
    names = ("Amount", "PartyA", "PartyB", "CommandID", "InitiatorName", "Remarks")
    assert [asked[name] for name in names] == [
        250,
        "600000",
        "254711000001",
        "BusinessPayment",
        "testapi",
        "Withdrawal W000001",
    ]
    own = f"http://app.test/callbacks/daraja/{bank.token('W000001')}/b2c/W000001"
    assert (asked["ResultURL"], asked["QueueTimeOutURL"]) == (f"{own}/result", f"{own}/timeout")
    assert len(asked["SecurityCredential"]) == 344
    assert sent.name().startswith("W000001-")


async def test_its_name_is_the_same_in_a_repeated_run_and_another_in_a_new_database(
    start_bank, sent, clock, new_database
):
    for seconds in (0, 0, 1):
        clock.move(seconds)
        async with start_bank(database=new_database()) as bank:
            await bank.customer_with("1000.00")
            await bank.withdraw()
    assert sent.name(1) == sent.name(2) != sent.name(3)


async def test_a_success_posts_what_was_held(bank, sent):
    await bank.withdraw()
    assert await bank.b2c("result", sent.paid()) == OK
    shown = await bank.get("/withdrawals/W000001")
    assert (shown["state"], shown["proven"], shown["receipt"]) == ("completed", True, "UAF5000009")
    assert await bank.money() == GONE
    audit = await bank.audit()
    assert (audit["balanced"], audit["held"], audit["float"]) == (True, "0.00", "20000700.00")


async def test_a_failure_releases_what_was_held(bank, sent):
    await bank.withdraw()
    assert await bank.b2c("result", sent.not_paid()) == OK
    shown = await bank.get("/withdrawals/W000001")
    assert (shown["state"], shown["reason"]) == ("failed", "2040 text")
    assert await bank.money() == BACK
    assert (await bank.audit())["float"] == "20001000.00"


async def test_a_hold_is_not_in_the_statement_and_a_withdrawal_is(bank, sent):
    await bank.withdraw("100.00")
    await bank.withdraw("300.00")
    await bank.b2c("result", sent.not_paid())
    await bank.b2c("result", sent.paid(name=sent.name(2), reference="AG_2"), "W000002")
    statement = await bank.get("/customers/C000001/statement")
    lines = [[line[name] for name in ("kind", "reference", "amount", "balance")] for line in statement["items"]]
    assert lines == [["deposit", "D000001", "1000.00", "1000.00"], ["withdrawal", "W000002", "-300.00", "700.00"]]
    assert statement["balance"] == "700.00"


async def test_repeated_results_change_nothing(bank, sent):
    await bank.withdraw()
    answers = await asyncio.gather(*(bank.b2c("result", sent.paid()) for _ in range(10)))
    assert answers == [OK] * 10
    assert await bank.money() == GONE


async def test_of_two_results_that_contradict_each_other_a_success_wins_whichever_came_first(bank, sent):
    await bank.withdraw()
    await bank.b2c("result", sent.not_paid())
    assert await bank.money() == BACK
    await bank.b2c("result", sent.paid())
    assert (await bank.withdrawn(), await bank.money()) == ("completed", GONE)
    await bank.b2c("result", sent.not_paid())
    assert (await bank.withdrawn(), await bank.money()) == ("completed", GONE)


async def test_money_that_moved_after_its_release_and_was_spent_is_missing_in_suspense(bank, sent):
    await bank.withdraw("700.00")
    await bank.b2c("result", sent.not_paid())
    await bank.withdraw("600.00")
    await bank.b2c("result", sent.paid(amount=700))
    assert await bank.money() == ("1000.00", "400.00")
    audit = await bank.audit()
    assert (audit["balanced"], audit["suspense"], audit["float"]) == (True, "-700.00", "20000300.00")


REFUSALS = [
    pytest.param((400, "400.002.02", "Bad Request - Invalid PartyB"), id="bad request"),
    pytest.param((401, "401.002.01", "Error Occurred - Invalid Access Token - "), id="token refused twice"),
    pytest.param((500, "500.003.02", "Error Occurred: Spike Arrest Violation"), id="too fast"),
    pytest.param((500, "500.003.03", "Error Occurred: Quota Violation"), id="too often"),
]


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_refusal_that_proves_that_nothing_happened_releases_at_once(bank, daraja, refusal):
    daraja.answer("pay", *[daraja.error(*refusal)] * 2)
    made = await bank.withdraw()
    assert (made["state"], made["proven"]) == ("failed", True)
    assert await bank.money() == BACK


async def test_a_token_that_a_refusal_repeats_is_not_shown(bank, daraja):
    told = "Error Occurred - Invalid Access Token - AbCdEfGhIjKlMnOpQrStUvWxYz01"
    daraja.answer("pay", *[daraja.error(401, "401.002.01", told)] * 2)
    assert (await bank.withdraw())["reason"] == "HTTP 401 401.002.01 Error Occurred - Invalid Access Token - …"


UNCLEAR = [
    pytest.param("reset", id="reset"),
    pytest.param((500, {"errorCode": "500.002.1001", "errorMessage": "System internal error."}), id="breakdown"),
    pytest.param((500, {"errorCode": "500.003.1001", "errorMessage": "Internal Server Error"}), id="platform"),
    pytest.param((500, {"errorMessage": "Service is currently under maintenance."}), id="maintenance"),
    pytest.param((500, {"errorMessage": "Duplicate OriginatorConversationID."}), id="duplicate"),
    pytest.param((400, {"errorCode": "400.1", "errorMessage": "Duplicate OriginatorConversationID"}), id="400"),
    pytest.param((504, {"fault": {"faultstring": "Gateway Timeout"}}), id="gateway"),
    pytest.param((408, {"fault": {"faultstring": "Timeout"}}), id="timeout"),
    pytest.param((503, b"<html>Request unsuccessful</html>"), id="HTML"),
    pytest.param((403, b"<html>Request unsuccessful</html>"), id="HTML with a 403"),
    pytest.param((200, {"errorCode": "400.002.02", "errorMessage": "Bad Request"}), id="an error with a 200"),
    pytest.param((200, {"ResponseCode": "0"}), id="no id"),
    pytest.param((200, {"ResponseCode": "1", "ConversationID": "AG_1"}), id="another code"),
    pytest.param((302, b""), id="redirect"),
]


@pytest.mark.parametrize("answer", UNCLEAR)
async def test_after_an_unclear_answer_the_money_stays_held_and_nothing_is_sent_again(bank, daraja, sent, answer):
    daraja.answer("pay", answer)
    assert (await bank.withdraw())["state"] == "unknown"
    assert await bank.money() == HELD
    await bank.reconcile()
    assert (len(daraja.asked("pay")), len(daraja.asked("status"))) == (1, 1)
    await bank.b2c("result", sent.paid())
    assert (await bank.withdrawn(), await bank.money()) == ("completed", GONE)


async def test_a_provider_that_hangs_is_given_up_at_the_deadline(bank, daraja, clock):
    daraja.answer("pay", "hang")
    asked = asyncio.create_task(bank.withdraw())
    await daraja.reached["pay"].wait()
    clock.end_deadlines()
    assert (await asked)["state"] == "unknown"
    assert await bank.money() == HELD


async def test_after_a_refused_token_the_same_request_is_sent_under_the_same_name(bank, daraja, sent):
    daraja.answer("pay", daraja.error(401, "401.002.01", "Error Occurred - Invalid Access Token - "))
    assert (await bank.withdraw())["state"] == "pending"
    assert sent.name(1) == sent.name(2)


async def test_a_duplicate_on_that_second_sending_means_that_the_first_arrived(bank, daraja, sent):
    daraja.answer("pay", daraja.error(401, "401.002.01", "Error Occurred - Invalid Access Token - "))
    daraja.answer("pay", daraja.error(500, "500.002.1001", "Duplicate OriginatorConversationID."))
    assert (await bank.withdraw())["state"] == "unknown"
    await bank.reconcile()
    await bank.b2c("status", sent.found())
    assert (await bank.withdrawn(), await bank.money()) == ("completed", GONE)


async def test_no_connection_proves_that_nothing_happened(start_bank, bank):
    async with start_bank(provider_url="http://127.0.0.1:1") as alone:
        made = await alone.withdraw()
        assert (made["state"], await alone.money()) == ("failed", BACK)
        assert "no token" in made["reason"] or "no connection" in made["reason"]


@pytest.mark.parametrize(
    ("callback", "state", "money"),
    [
        pytest.param("paid", "completed", GONE, id="success"),
        pytest.param("not_paid", "failed", BACK, id="failure"),
    ],
)
@pytest.mark.parametrize("answer", [None, (503, b""), (400, {"errorCode": "400.002.02"}), "deadline"], ids=str)
async def test_an_acknowledgement_after_the_result_undoes_nothing(
    bank, daraja, sent, clock, callback, state, money, answer
):
    daraja.answer_late("pay", None if answer == "deadline" else answer)
    asked = asyncio.create_task(bank.withdraw())
    await daraja.reached["pay"].wait()
    await bank.b2c("result", getattr(sent, callback)())
    if answer == "deadline":
        clock.end_deadlines()
    else:
        daraja.release.set()
    assert (await asked)["state"] == state
    assert await bank.money() == money


async def test_a_queue_that_timed_out_proves_nothing_so_the_bank_asks(bank, daraja, sent):
    await bank.withdraw()
    assert await bank.b2c("timeout", daraja.asked("pay")[0]) == OK
    assert (await bank.withdrawn(), await bank.money()) == ("unknown", HELD)
    (asked,) = daraja.asked("status")
    names = ("Initiator", "CommandID", "OriginalConversationID", "PartyA", "IdentifierType")
    assert [asked[name] for name in names] == ["testapi", "TransactionStatusQuery", sent.name(), "600000", "4"]
    own = f"http://app.test/callbacks/daraja/{bank.token('W000001')}/b2c/W000001"
    assert (asked["ResultURL"], asked["QueueTimeOutURL"]) == (f"{own}/status", f"{own}/status-timeout")
    await bank.b2c("result", sent.paid())
    assert (await bank.withdrawn(), await bank.money()) == ("completed", GONE)


async def test_a_queue_time_out_after_the_result_changes_nothing_and_asks_nobody(bank, daraja, sent):
    await bank.withdraw()
    await bank.b2c("result", sent.paid())
    assert await bank.b2c("timeout", b"<?>") == OK
    assert (await bank.withdrawn(), daraja.asked("status")) == ("completed", [])


async def test_a_question_that_timed_out_is_not_asked_again_at_once(bank, daraja):
    await bank.withdraw()
    await bank.b2c("timeout", {})
    assert await bank.b2c("status-timeout", daraja.asked("status")[0]) == OK
    assert len(daraja.asked("status")) == 1


FORGERIES = [
    pytest.param({"token": "0" * 64}, id="wrong token"),
    pytest.param({"token": "é"}, id="a token that is not ASCII"),
    pytest.param({"headers": {"X-Forwarded-For": "127.0.0.66"}}, id="wrong address"),
]


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("what", ["result", "timeout", "status", "status-timeout"])
async def test_a_forgery_is_refused_and_the_genuine_one_still_counts(bank, daraja, sent, what, forgery):
    await bank.withdraw()
    assert (await bank.b2c(what, sent.not_paid(), **forgery))[0] == 403
    assert (await bank.withdrawn(), await bank.money(), daraja.asked("status")) == ("pending", HELD, [])
    await bank.b2c("result", sent.paid())
    assert await bank.money() == GONE


async def test_a_deposits_token_opens_no_withdrawal(bank, sent):
    await bank.withdraw()
    assert (await bank.b2c("result", sent.paid(), token=bank.token("D000001")))[0] == 403


ALTERED = [
    pytest.param({"amount": 1}, id="amount"),
    pytest.param({"amount": True}, id="amount that is a boolean"),
    pytest.param({"amount": None}, id="no amount"),
    pytest.param({"payee": "254700000001"}, id="payee"),
    pytest.param({"payee": ""}, id="no payee"),
    pytest.param({"receipt": None}, id="no receipt"),
    pytest.param({"name": "W000001-0000"}, id="another name"),
    pytest.param({"reference": "AG_9"}, id="another handle"),
    pytest.param({"code": False}, id="code that is a boolean"),
    pytest.param({"code": [0]}, id="code that is a list"),
    pytest.param({"code": 15}, id="code of another request"),
    pytest.param({"code": 100000000}, id="code of something unfinished"),
    pytest.param({"code": 1}, id="failure that tells of money"),
]


@pytest.mark.parametrize("changes", ALTERED)
async def test_what_is_not_what_was_asked_makes_the_bank_ask(bank, daraja, sent, changes):
    await bank.withdraw()
    assert await bank.b2c("result", sent.paid(**changes)) == OK
    assert (await bank.withdrawn(), await bank.money()) == ("pending", HELD)
    assert len(daraja.asked("status")) == 1
    await bank.b2c("status", sent.found())
    assert (await bank.withdrawn(), await bank.money()) == ("completed", GONE)


async def test_a_failure_of_another_name_releases_nothing(bank, daraja, sent):
    await bank.withdraw()
    await bank.b2c("result", sent.not_paid(name="W000001-0000"))
    await bank.b2c("result", sent.not_paid(reference="AG_9"))
    assert (await bank.withdrawn(), await bank.money(), len(daraja.asked("status"))) == ("pending", HELD, 2)


@pytest.mark.parametrize("raw", [b"", b'{"Result":', b"<html>", b"[]", b'{"Result":7}', b"\xff\xfe"])
@pytest.mark.parametrize("what", ["result", "status"])
async def test_what_cannot_be_read_decides_nothing(bank, sent, what, raw):
    await bank.withdraw()
    assert await bank.b2c(what, raw) == OK
    assert (await bank.withdrawn(), await bank.money()) == ("pending", HELD)


async def test_a_receipt_of_another_withdrawal_does_not_complete_this_one(bank, daraja, sent):
    await bank.withdraw()
    await bank.withdraw()
    await bank.b2c("result", sent.paid())
    await bank.b2c("result", sent.paid(name=sent.name(2), reference="AG_2"), "W000002")
    assert (await bank.withdrawn("W000002"), len(daraja.asked("status"))) == ("pending", 1)


async def test_the_same_value_in_another_type_is_the_same_value(bank, daraja, sent):
    await bank.withdraw()
    await bank.b2c("result", sent.paid(code="0", amount="300.00", payee="0708374149"))
    assert (await bank.withdrawn(), daraja.asked("status")) == ("completed", [])


async def test_more_than_is_available_is_refused_and_nothing_is_made(bank, daraja):
    await bank.withdraw("700.00")
    body = {"customer": "C000001", "amount": "301.00", "to": {"msisdn": "254708374149"}}
    status, problem = await bank.call("POST", "/withdrawals", body)
    assert (status, problem["field"]) == (422, "amount")
    assert (await bank.call("GET", "/withdrawals/W000002"))[0] == 404
    assert (len(daraja.asked("pay")), await bank.money()) == (1, ("1000.00", "300.00"))
    assert (await bank.withdraw("300.00"))["id"] == "W000002"


async def test_withdrawals_at_once_never_take_more_than_there_is(bank):
    body = {"customer": "C000001", "amount": "300.00", "to": {"msisdn": "254708374149"}}
    answers = await asyncio.gather(*(bank.call("POST", "/withdrawals", body) for _ in range(10)))
    assert sorted(status for status, _ in answers) == [202] * 3 + [422] * 7
    assert await bank.money() == ("1000.00", "100.00")


BAD = [
    pytest.param({"amount": 100}, "amount", id="a number"),
    pytest.param({"amount": "9.00"}, "amount", id="less than the rail carries"),
    pytest.param({"amount": "-50.00"}, "amount", id="negative"),
    pytest.param({"amount": "100.50"}, "amount", id="cents, which the rail does not carry"),
    pytest.param({"amount": "250001.00"}, "amount", id="more than the rail carries"),
    pytest.param({"amount": "1e2"}, "amount", id="exponent"),
    pytest.param({"amount": None}, "amount", id="null"),
    pytest.param({"customer": "C999999"}, "customer", id="nobody"),
    pytest.param({"customer": 1}, "customer", id="a customer that is a number"),
    pytest.param({"customer": "C" * 21}, "customer", id="a customer that is too long"),
    pytest.param({"to": None}, "to", id="to nowhere"),
    pytest.param({"to": "254708374149"}, "to", id="to a text"),
    pytest.param({"to": []}, "to", id="to a list"),
    pytest.param({"to": {}}, "to.msisdn", id="to no phone"),
    pytest.param({"to": {"msisdn": "0708374149"}}, "to.msisdn", id="local form"),
    pytest.param({"to": {"msisdn": 254708374149}}, "to.msisdn", id="a phone that is a number"),
    pytest.param({"to": {"msisdn": "254708374149\n"}}, "to.msisdn", id="a newline"),
    pytest.param({"to": {"msisdn": "254708374149", "via": "mpesa"}}, "to.via", id="by a rail of no name"),
]


@pytest.mark.parametrize(("changes", "field"), BAD)
async def test_bad_input_is_named_and_nothing_is_sent(bank, daraja, changes, field):
    body = {"customer": "C000001", "amount": "300.00", "to": {"msisdn": "254708374149"}} | changes
    status, problem = await bank.call("POST", "/withdrawals", body)
    assert (status, problem["field"]) == (422, field)
    assert (daraja.asked("pay"), await bank.money()) == ([], BACK)


async def test_the_largest_amount_of_the_rail_is_carried(bank):
    for _ in range(2):
        deposit = await bank.deposit("250000.00")
        receipt = f"UAF600000{deposit['id'][-1]}"
        await bank.callback(deposit["id"], bank.paid(deposit["provider_reference"], amount=250000, receipt=receipt))
    assert (await bank.withdraw("250000.00"))["state"] == "pending"


async def test_an_unknown_withdrawal_is_not_found(bank, sent):
    status, problem = await bank.call("GET", "/withdrawals/W000009")
    assert (status, problem["title"]) == (404, "Not Found")
    assert (await bank.b2c("result", sent.paid(name="x"), "W000009"))[0] == 404


async def test_a_wait_ends_when_it_is_over(bank, clock):
    await bank.withdraw()
    assert (await bank.get("/withdrawals/W000001?wait=30"))["state"] == "pending"
    assert clock.slept == 30


async def test_a_wait_ends_once_the_withdrawal_is_decided(bank, sent, clock):
    await bank.withdraw()
    clock.may_wake.clear()
    waiting = asyncio.create_task(bank.get("/withdrawals/W000001?wait=60"))
    await clock.is_asleep.wait()
    await bank.b2c("result", sent.paid())
    clock.may_wake.set()
    assert ((await waiting)["state"], clock.slept) == ("completed", 1)
    assert (await bank.get("/withdrawals/W000001?wait=60"))["state"] == "completed"
    assert clock.slept == 1


@pytest.mark.parametrize("wait", ["61", "-1", "1.5", "soon", "", "٣", "9999999999999999999999"])
async def test_a_wait_that_is_none_is_named(bank, wait):
    await bank.withdraw()
    status, problem = await bank.call("GET", f"/withdrawals/W000001?wait={wait}")
    assert (status, problem["field"]) == (422, "wait")


async def test_a_repeated_wish_is_one_withdrawal(bank, daraja):
    first = await bank.withdraw(key="k")
    assert await bank.withdraw(key="k") == first
    assert (len(daraja.asked("pay")), await bank.money()) == (1, HELD)
    body = {"customer": "C000001", "amount": "301.00", "to": {"msisdn": "254708374149"}}
    status, problem = await bank.call("POST", "/withdrawals", body, headers={"Idempotency-Key": "k"})
    assert (status, problem["field"]) == (422, "Idempotency-Key")


async def test_a_repeat_of_one_still_running_is_a_conflict(bank, daraja):
    daraja.answer("pay", "hang")
    running = asyncio.create_task(bank.withdraw(key="k"))
    await daraja.reached["pay"].wait()
    body = {"customer": "C000001", "amount": "300.00", "to": {"msisdn": "254708374149"}}
    assert (await bank.call("POST", "/withdrawals", body, headers={"Idempotency-Key": "k"}))[0] == 409
    daraja.release.set()
    assert await running == await bank.withdraw(key="k")


async def test_a_caller_that_hangs_up_loses_nothing(bank, daraja):
    daraja.answer("pay", "hang")
    asked = asyncio.create_task(bank.withdraw())
    await daraja.reached["pay"].wait()
    asked.cancel()
    for _ in range(3):  # the bank has noticed by then
        await bank.get("/health")
    daraja.release.set()
    async with asyncio.timeout(5):
        while (await bank.get("/withdrawals/W000001"))["provider_reference"] is None:
            continue
    assert (await bank.withdrawn(), await bank.money()) == ("pending", HELD)
