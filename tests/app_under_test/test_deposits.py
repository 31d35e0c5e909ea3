import asyncio

import pytest


async def test_an_acknowledgement_is_nothing_but_an_acknowledgement(bank, daraja):
    customer = await bank.customer()
    status, made = await bank.call("POST", "/deposits", {"customer": customer, "amount": "100", "via": "mpesa"})
    assert status == 202
    assert made == {
        "id": "D000001",
        "customer": customer,
        "msisdn": "254708374149",
        "amount": "100.00",
        "via": "mpesa",
        "state": "pending",
        "proven": False,
        "reason": None,
        "provider_reference": "ws_CO_1",
        "receipt": None,
        "created_at": "2026-01-15T10:30:00+03:00",
    }
    assert await bank.get("/deposits/D000001") == made
    assert await bank.balance() == "0.00"


async def test_the_push_asks_the_customers_phone_for_what_was_wished(bank, daraja):
    await bank.deposit("250000.00")
    (pushed,) = daraja.asked("push")
    names = ("Amount", "PartyA", "PartyB", "PhoneNumber", "AccountReference", "BusinessShortCode", "TransactionType")
    assert [pushed[name] for name in names] == [
        250000,
        "254708374149",
        "600000",
        "254708374149",
        "D000001",
        "600000",
        "CustomerPayBillOnline",
    ]
    assert pushed["CallBackURL"] == f"http://app.test/callbacks/daraja/{bank.token('D000001')}/stk/D000001"


REFUSALS = [
    pytest.param((400, "400.002.02", "Bad Request - Invalid Amount"), id="bad request"),
    pytest.param((404, "404.001.03", "Invalid Access Token"), id="token refused twice"),
    pytest.param((500, "500.001.1001", "Unable to lock subscriber, a transaction is already in process"), id="locked"),
    pytest.param((500, "500.001.1001", "[MerchantValidate] - Wrong credentials"), id="wrong credentials"),
    pytest.param((500, "500.001.1001", "Merchant does not exist"), id="unknown merchant"),
    pytest.param((500, "500.003.02", "Error Occurred: Spike Arrest Violation"), id="too fast"),
]


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_refusal_that_proves_that_nothing_happened_fails_the_deposit(bank, daraja, refusal):
    daraja.answer("push", *[daraja.error(*refusal)] * 2)
    made = await bank.deposit()
    assert (made["state"], made["reason"]) == ("failed", "HTTP {} {} {}".format(*refusal))


async def test_a_rate_limit_is_a_refusal(bank, daraja):
    daraja.answer("push", (429, {"fault": {"faultstring": "Spike arrest violation"}}))
    assert (await bank.deposit())["state"] == "failed"


UNCLEAR = [
    pytest.param("reset", id="reset"),
    pytest.param((500, {"errorCode": "500.003.1001", "errorMessage": "Internal Server Error"}), id="breakdown"),
    pytest.param((500, {"errorCode": "500.001.1001", "errorMessage": ""}), id="an error without a text"),
    pytest.param((503, b"<html>Request unsuccessful</html>"), id="HTML"),
    pytest.param((403, b"<html>Request unsuccessful</html>"), id="HTML with a 403"),
    pytest.param((200, b"<html>"), id="HTML with a 200"),
    pytest.param((200, []), id="a list"),
    pytest.param((200, {"errorCode": "400.002.02", "errorMessage": "Bad Request"}), id="an error with a 200"),
    pytest.param((200, {"ResponseCode": "0"}), id="no id"),
    pytest.param((200, {"ResponseCode": "0", "CheckoutRequestID": 7}), id="an id that is a number"),
    pytest.param((302, b""), id="redirect"),
]


@pytest.mark.parametrize("answer", UNCLEAR)
async def test_after_an_unclear_answer_the_bank_knows_nothing_and_sends_nothing_again(bank, daraja, answer):
    daraja.answer("push", answer)
    assert (await bank.deposit())["state"] == "unknown"
    assert len(daraja.asked("push")) == 1


async def test_a_provider_that_hangs_is_given_up_at_the_deadline(bank, daraja, clock):
    daraja.answer("push", "hang")
    asked = asyncio.create_task(bank.deposit())
    await daraja.reached["push"].wait()
    clock.end_deadlines()
    assert (await asked)["state"] == "unknown"


async def test_no_connection_proves_that_nothing_happened(start_bank):
    async with start_bank(provider_url="http://127.0.0.1:1") as bank:
        made = await bank.deposit()
        assert made["state"] == "failed"
        assert "no connection" in made["reason"]


@pytest.mark.parametrize(
    ("callback", "code", "state"),
    [pytest.param("paid", "0", "completed", id="success"), pytest.param("not_paid", "1032", "cancelled", id="failure")],
)
@pytest.mark.parametrize("answer", [None, (503, b""), (400, {"errorCode": "400.002.02"}), "deadline"], ids=str)
async def test_an_acknowledgement_after_the_callback_undoes_nothing(bank, daraja, clock, callback, code, state, answer):
    customer = await bank.customer()
    daraja.answer("query", daraja.standing("ws_CO_1", code))
    daraja.answer_late("push", None if answer == "deadline" else answer)
    asked = asyncio.create_task(bank.deposit(customer=customer))
    await daraja.reached["push"].wait()
    await bank.callback("D000001", getattr(bank, callback)())
    if answer == "deadline":
        clock.end_deadlines()
    else:
        daraja.release.set()
    assert (await asked)["state"] == state
    assert await bank.balance(customer) == ("100.00" if state == "completed" else "0.00")


async def test_a_callback_completes_a_deposit_whose_acknowledgement_was_lost(bank, daraja):
    daraja.answer("push", "reset")
    daraja.answer("query", daraja.standing("ws_CO_1", "0"))
    deposit = await bank.deposit()
    await bank.callback(deposit["id"], bank.paid())
    shown = await bank.get("/deposits/D000001")
    assert (shown["state"], shown["provider_reference"], shown["receipt"]) == ("completed", "ws_CO_1", "UAF5000001")


@pytest.mark.parametrize("callback", ["paid", "not_paid"])
async def test_a_callback_cannot_vouch_for_a_handle_that_it_brings_itself(bank, daraja, clock, callback):
    """Somebody knows the address, the amount and the payer, while the bank does not know its own handle."""
    daraja.answer("push", "reset")
    deposit = await bank.deposit()
    daraja.answer("query", daraja.error(500, "500.001.1001", "The transaction does not Exist"))
    await bank.callback(deposit["id"], getattr(bank, callback)("ws_CO_FORGED"))
    assert (await bank.state(deposit), await bank.balance()) == ("unknown", "0.00")
    daraja.answer("query", daraja.standing("ws_CO_1", "0"))
    await bank.callback(deposit["id"], bank.paid())
    assert (await bank.state(deposit), await bank.balance()) == ("completed", "100.00")


async def test_what_a_callback_told_is_asked_about_later(bank, daraja, clock):
    """The provider does not answer the question at once; reconciliation asks it again."""
    daraja.answer("push", "reset")
    deposit = await bank.deposit()
    daraja.answer("query", (503, b""))
    await bank.callback(deposit["id"], bank.paid())
    assert await bank.state(deposit) == "unknown"
    daraja.answer("query", daraja.standing("ws_CO_1", "0"))
    await bank.reconcile()
    assert (await bank.state(deposit), await bank.balance()) == ("completed", "100.00")


async def test_a_success_after_a_refusal_is_believed(bank, daraja):
    daraja.answer("push", (400, {"errorCode": "400.002.02", "errorMessage": "Bad Request"}))
    deposit = await bank.deposit()
    daraja.answer("query", daraja.standing("ws_CO_1", "0"))
    await bank.callback(deposit["id"], bank.paid())
    assert (await bank.state(deposit), await bank.balance()) == ("completed", "100.00")


async def test_a_caller_that_hangs_up_loses_nothing(bank, daraja):
    customer = await bank.customer()
    daraja.answer("push", "hang")
    asked = asyncio.create_task(bank.deposit(customer=customer))
    await daraja.reached["push"].wait()
    asked.cancel()
    for _ in range(3):  # the bank has noticed by then
        await bank.get("/health")
    daraja.release.set()
    async with asyncio.timeout(5):
        while (await bank.get("/deposits/D000001"))["provider_reference"] is None:
            continue
    assert await bank.state({"id": "D000001"}) == "pending"


BAD = [
    pytest.param({"amount": 100}, "amount", id="a number"),
    pytest.param({"amount": "0"}, "amount", id="zero"),
    pytest.param({"amount": "0.00"}, "amount", id="zero shillings"),
    pytest.param({"amount": "-5.00"}, "amount", id="negative"),
    pytest.param({"amount": "1e3"}, "amount", id="exponent"),
    pytest.param({"amount": "1.000"}, "amount", id="three decimals"),
    pytest.param({"amount": "250000.01"}, "amount", id="more than the rail carries"),
    pytest.param({"amount": "100.50"}, "amount", id="cents, which the rail does not carry"),
    pytest.param({"amount": "١٠٠"}, "amount", id="other digits"),
    pytest.param({"amount": "NaN"}, "amount", id="not a number"),
    pytest.param({"amount": None}, "amount", id="null"),
    pytest.param({"amount": " 100.00"}, "amount", id="a blank"),
    pytest.param({"amount": "100.00\n"}, "amount", id="a newline"),
    pytest.param({"via": "carrier pigeon"}, "via", id="an unknown rail"),
    pytest.param({"customer": "C999999"}, "customer", id="nobody"),
    pytest.param({"customer": 1}, "customer", id="a customer that is a number"),
    pytest.param({"customer": "C" * 21}, "customer", id="a customer that is too long"),
]


@pytest.mark.parametrize(("changes", "field"), BAD)
async def test_bad_input_is_named_and_nothing_is_sent(bank, daraja, changes, field):
    body = {"customer": await bank.customer(), "amount": "100.00", "via": "mpesa"} | changes
    status, problem = await bank.call("POST", "/deposits", body)
    assert (status, problem["field"]) == (422, field)
    assert daraja.asked("push") == []


async def test_what_a_client_says_about_the_money_changes_nothing(bank, daraja):
    body = {"customer": await bank.customer(), "amount": "100.00", "via": "mpesa", "state": "completed", "id": "D7"}
    status, made = await bank.call("POST", "/deposits", body | {"callback_url": "http://evil.test"})
    assert (status, made["state"], made["id"]) == (202, "pending", "D000001")
    assert daraja.asked("push")[0]["CallBackURL"].startswith("http://app.test/")


async def test_an_unknown_deposit_is_not_found(bank):
    status, problem = await bank.call("GET", "/deposits/D000009")
    assert (status, problem["title"]) == (404, "Not Found")
