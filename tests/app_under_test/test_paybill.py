import asyncio
import hashlib

import pytest

OK = (200, {"ResultCode": 0, "ResultDesc": "Success"})
ACCEPTED = (200, {"ResultCode": "0", "ResultDesc": "Accepted"})
MASKED = "2547 ***** 149"


def told(account="C000001", *, receipt="UAF5000077", amount="100.00", payer=MASKED, **changes):
    """What Daraja tells of a paybill payment, before and after it."""
    return {
        "TransactionType": "Pay Bill",
        "TransID": receipt,
        "TransTime": "20260115103051",
        "TransAmount": amount,
        "BusinessShortCode": "600000",
        "BillRefNumber": account,
        "InvoiceNumber": "",
        "OrgAccountBalance": "49197.00",
        "ThirdPartyTransID": "",
        "MSISDN": payer,
        "FirstName": "ANN",
    } | changes


async def test_the_bank_says_where_to_call_when_it_starts(bank, daraja):
    (asked,) = daraja.asked("register")
    own = f"http://app.test/callbacks/daraja/{bank.token('paybill 600000')}/c2b"
    assert {name: asked[name] for name in ("ShortCode", "ResponseType", "ConfirmationURL", "ValidationURL")} == {
        "ShortCode": "600000",
        "ResponseType": "Completed",
        "ConfirmationURL": f"{own}/confirmation",
        "ValidationURL": f"{own}/validation",
    }
    forbidden = ("mpesa", "m-pesa", "safaricom", "exe", "cmd", "sql", "query")
    assert not any(word in own.lower() for word in forbidden)
    await bank.reconcile()
    assert len(daraja.asked("register")) == 1


async def test_what_becomes_of_a_payment_that_was_not_validated_is_a_setting(start_bank, daraja):
    async with start_bank(c2b_response_type="Cancelled", c2b_shortcode="600584"):
        (asked,) = daraja.asked("register")
        assert (asked["ResponseType"], asked["ShortCode"]) == ("Cancelled", "600584")


NOT_REGISTERED = [
    pytest.param("reset", id="reset"),
    pytest.param((404, {"errorCode": "404.003.01", "errorMessage": "Resource not found"}), id="no such path"),
    pytest.param((400, {"errorCode": "400.003.02", "errorMessage": "Bad Request"}), id="a forbidden word"),
    pytest.param((500, {"Envelope": {"Body": {"Fault": {"faultstring": "409"}}}}), id="a SOAP fault"),
    pytest.param((200, {"ResponseCode": "1"}), id="another code"),
    pytest.param((200, b"<html>"), id="HTML"),
]


@pytest.mark.parametrize("answer", NOT_REGISTERED)
async def test_what_was_not_registered_is_registered_by_the_next_reconciliation(start_bank, daraja, caplog, answer):
    daraja.answer("register", answer)
    async with start_bank() as bank:
        assert "the paybill is not registered" in caplog.text
        await bank.reconcile()
        await bank.reconcile()
        assert len(daraja.asked("register")) == 2


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param((200, {"ResponseCode": "0", "ResponseDescription": "success"}), id="on paper"),
        pytest.param((500, {"errorCode": "500.003.1001", "errorMessage": "Urls are already registered."}), id="before"),
    ],
)
async def test_this_is_registered_too(start_bank, daraja, caplog, answer):
    daraja.answer("register", answer)
    async with start_bank() as bank:
        await bank.reconcile()
    assert (len(daraja.asked("register")), caplog.text) == (1, "")


async def test_a_refused_token_is_renewed_for_it(start_bank, daraja):
    told = "Error Occurred - Invalid Access Token - Invalid API call as no apiproduct match found"
    daraja.answer("register", daraja.error(401, "401.003.01", told))
    async with start_bank():
        assert (daraja.tokens, len(daraja.asked("register"))) == (2, 2)


async def test_the_bank_starts_without_its_provider(start_bank):
    async with start_bank(provider_url="http://127.0.0.1:1") as bank:
        assert (await bank.call("GET", "/health"))[0] == 200
        assert (await bank.reconcile())["finished"] is True


async def test_a_provider_that_hangs_delays_the_start_by_its_deadline(start_bank, daraja, clock):
    daraja.answer("register", "hang")

    async def health():
        async with start_bank() as bank:
            return await bank.call("GET", "/health")

    starting = asyncio.create_task(health())
    await daraja.reached["register"].wait()
    clock.end_deadlines()
    assert (await starting)[0] == 200


@pytest.mark.parametrize("account", ["C000001", "c000001", " C000001 "])
async def test_a_payment_to_a_customers_account_is_credited(bank, account):
    await bank.customer()
    assert await bank.c2b("confirmation", told(account)) == OK
    assert await bank.money() == ("100.00", "100.00")
    (line,) = (await bank.get("/customers/C000001/statement"))["items"]
    assert (line["kind"], line["reference"], line["amount"]) == ("paybill", "UAF5000077", "100.00")
    audit = await bank.audit()
    assert (audit["balanced"], audit["suspense"], audit["float"]) == (True, "0.00", "20000100.00")


async def test_a_repeated_confirmation_credits_once(bank):
    await bank.customer()
    answers = await asyncio.gather(*(bank.c2b("confirmation", told()) for _ in range(10)))
    assert (answers, await bank.balance()) == ([OK] * 10, "100.00")
    assert await bank.c2b("confirmation", told(receipt="UAF5000078")) == OK
    assert await bank.balance() == "200.00"


NOBODYS = [
    pytest.param({"BillRefNumber": "C999999"}, id="nobody's account"),
    pytest.param({"BillRefNumber": "D999999"}, id="no such deposit"),
    pytest.param({"BillRefNumber": ""}, id="no account"),
    pytest.param({"BillRefNumber": None}, id="null"),
    pytest.param({"BillRefNumber": ["C000001"]}, id="a list"),
    pytest.param({"BillRefNumber": "x" * 10_000 + "\0\n"}, id="whatever fits into a body"),
    pytest.param({"MSISDN": {"a": 1}, "BillRefNumber": 7}, id="other types"),
]


@pytest.mark.parametrize("changes", NOBODYS)
async def test_money_that_names_nobody_is_booked_to_suspense(bank, changes):
    await bank.customer()
    for _ in range(2):
        assert await bank.c2b("confirmation", told(**changes)) == OK
    audit = await bank.audit()
    assert (audit["balanced"], audit["customers"], audit["suspense"]) == (True, "0.00", "100.00")


UNREADABLE = [
    pytest.param({"TransID": None}, id="no receipt"),
    pytest.param({"TransID": ["UAF5000077"]}, id="a receipt that is a list"),
    pytest.param({"TransID": "x y"}, id="a receipt that is none"),
    pytest.param({"TransAmount": "a lot"}, id="an amount that is none"),
    pytest.param({"TransAmount": "-5.00"}, id="a negative amount"),
    pytest.param({"TransAmount": "0.00"}, id="nothing"),
    pytest.param({"TransAmount": True}, id="an amount that is a boolean"),
    pytest.param({"BusinessShortCode": "600001"}, id="another paybill"),
    pytest.param({"BusinessShortCode": None}, id="no paybill"),
]


@pytest.mark.parametrize("changes", UNREADABLE)
async def test_what_tells_of_no_money_of_ours_is_not_booked_and_says_so(bank, changes):
    await bank.customer()
    assert (await bank.c2b("confirmation", told(**changes)))[0] == 400
    assert (await bank.audit())["float"] == "20000000.00"


@pytest.mark.parametrize("raw", [b"", b'{"TransID":', b"<html>", b"[]", b"\xff"])
@pytest.mark.parametrize("what", ["confirmation", "validation"])
async def test_what_cannot_be_read_is_refused(bank, what, raw):
    status, answer = await bank.c2b(what, raw)
    assert (status, answer.get("ResultCode")) == ((400, None) if what == "confirmation" else (200, "C2B00016"))


async def test_cents_are_credited_although_only_whole_shillings_are_sent(bank):
    await bank.customer()
    await bank.c2b("confirmation", told(amount="5.50"))
    assert await bank.balance() == "5.50"


FORGERIES = [
    pytest.param({"token": "0" * 64}, id="wrong token"),
    pytest.param({"headers": {"X-Forwarded-For": "127.0.0.66"}}, id="wrong address"),
]


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forgery_is_refused_and_the_genuine_one_still_counts(bank, forgery):
    await bank.customer()
    for what in ("confirmation", "validation"):
        assert (await bank.c2b(what, told(), **forgery))[0] == 403
    assert await bank.balance() == "0.00"
    assert await bank.c2b("confirmation", told()) == OK
    assert await bank.balance() == "100.00"


async def test_a_payments_token_does_not_open_the_paybill(bank):
    await bank.deposit()
    assert (await bank.c2b("confirmation", told(), token=bank.token("D000001")))[0] == 403


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({}, "0", id="a customer"),
        pytest.param({"BillRefNumber": " c000001"}, "0", id="a customer, carelessly typed"),
        pytest.param({"BillRefNumber": "D000001"}, "0", id="a deposit that is still to be paid"),
        pytest.param({"BillRefNumber": "D000002"}, "C2B00012", id="a deposit that is paid"),
        pytest.param({"BillRefNumber": "C000002"}, "C2B00012", id="nobody"),
        pytest.param({"BillRefNumber": None}, "C2B00012", id="no account"),
        pytest.param({"BillRefNumber": "D000001", "TransAmount": "1.00"}, "C2B00013", id="another amount"),
        pytest.param({"TransAmount": "0"}, "C2B00013", id="no amount"),
        pytest.param({"BusinessShortCode": "600001"}, "C2B00015", id="another paybill"),
        pytest.param({"TransID": None}, "C2B00016", id="no receipt"),
    ],
)
async def test_validation_says_whether_the_money_is_welcome_and_changes_nothing(bank, changes, code):
    await bank.deposit()
    paid = await bank.deposit()
    await bank.callback(paid["id"], bank.paid("ws_CO_2"))
    before = await bank.audit(), await bank.get("/customers/C000001/statement")
    status, answer = await bank.c2b("validation", told(**changes))
    assert (status, answer["ResultCode"]) == (200, code)
    assert answer["ResultDesc"] == ("Accepted" if code == "0" else "Rejected")
    assert (await bank.audit(), await bank.get("/customers/C000001/statement")) == before


async def test_an_stk_payment_that_is_confirmed_too_counts_once(bank, daraja):
    deposit = await bank.deposit()
    await bank.callback(deposit["id"], bank.paid(receipt="UAF5000077"))
    for _ in range(2):
        assert await bank.c2b("confirmation", told(deposit["id"])) == OK
    audit = await bank.audit()
    assert (await bank.balance(), audit["suspense"], audit["float"]) == ("100.00", "0.00", "20000100.00")
    assert daraja.asked("query") == []


async def test_a_confirmation_that_comes_first_waits_for_what_the_provider_says_of_the_push(bank, daraja):
    deposit = await bank.deposit()
    assert await bank.c2b("confirmation", told(deposit["id"])) == OK
    audit = await bank.audit()
    assert (await bank.state(deposit), audit["customers"], audit["suspense"]) == ("pending", "0.00", "100.00")
    await bank.callback(deposit["id"], bank.paid(receipt="UAF5000077"))
    audit = await bank.audit()
    assert (await bank.state(deposit), audit["customers"], audit["suspense"]) == ("completed", "100.00", "0.00")
    assert (audit["balanced"], audit["float"]) == (True, "20000100.00")


async def test_the_provider_says_it_at_once(bank, daraja):
    """The callback of the push never comes."""
    deposit = await bank.deposit()
    daraja.answer("query", daraja.standing("ws_CO_1", "0"))
    await bank.c2b("confirmation", told(deposit["id"]))
    shown = await bank.get(f"/deposits/{deposit['id']}")
    assert (shown["state"], shown["receipt"]) == ("completed", "UAF5000077")
    await bank.callback(deposit["id"], bank.paid(receipt="UAF5000077"))
    audit = await bank.audit()
    assert (await bank.balance(), audit["suspense"], audit["float"]) == ("100.00", "0.00", "20000100.00")


async def test_a_confirmation_after_a_query_that_told_no_receipt_tells_it(bank, daraja, clock):
    deposit = await bank.deposit()
    clock.move(90)
    daraja.answer("query", daraja.standing("ws_CO_1", "0"))
    await bank.reconcile()
    await bank.c2b("confirmation", told(deposit["id"]))
    assert (await bank.get("/deposits/D000001"))["receipt"] == "UAF5000077"
    assert (await bank.audit())["float"] == "20000100.00"


async def test_without_a_handle_to_ask_with_the_confirmation_decides(bank, daraja):
    """The acknowledgement and the callback of the push are lost; this is all that the bank ever hears of it."""
    daraja.answer("push", "reset")
    deposit = await bank.deposit()
    await bank.c2b("confirmation", told(deposit["id"].lower()))
    shown = await bank.get(f"/deposits/{deposit['id']}")
    assert (shown["state"], shown["receipt"], await bank.balance()) == ("completed", "UAF5000077", "100.00")
    audit = await bank.audit()
    assert (audit["balanced"], audit["suspense"], audit["float"]) == (True, "0.00", "20000100.00")


async def test_money_for_a_deposit_that_was_cancelled_stays_in_suspense(bank, daraja):
    """The customer cancels, and pays by hand to the same account name."""
    deposit = await bank.deposit()
    await bank.callback(deposit["id"], bank.not_paid())
    daraja.answer("query", daraja.standing("ws_CO_1", "1032"))
    await bank.c2b("confirmation", told(deposit["id"]))
    assert (await bank.state(deposit), (await bank.audit())["suspense"]) == ("cancelled", "100.00")


async def test_a_second_payment_for_one_deposit_is_not_lost(bank):
    deposit = await bank.deposit()
    await bank.callback(deposit["id"], bank.paid(receipt="UAF5000077"))
    await bank.c2b("confirmation", told(deposit["id"], receipt="UAF5000078"))
    audit = await bank.audit()
    assert (audit["customers"], audit["suspense"], audit["float"]) == ("100.00", "100.00", "20000200.00")


DIFFERENT = [
    pytest.param({"TransAmount": "101.00"}, id="amount"),
    pytest.param({"MSISDN": "2547 ***** 150"}, id="payer, masked"),
    pytest.param({"MSISDN": hashlib.sha256(b"254700000001").hexdigest()}, id="payer, hashed"),
    pytest.param({"MSISDN": "254700000001"}, id="payer"),
]


@pytest.mark.parametrize("changes", DIFFERENT)
async def test_what_does_not_fit_the_deposit_does_not_pay_it(bank, daraja, changes):
    daraja.answer("push", "reset")
    deposit = await bank.deposit()
    await bank.c2b("confirmation", told(deposit["id"], **changes))
    assert (await bank.state(deposit), await bank.balance()) == ("unknown", "0.00")
    assert (await bank.audit())["suspense"] == told(**changes)["TransAmount"]


@pytest.mark.parametrize(
    "payer",
    [
        pytest.param(MASKED, id="masked"),
        pytest.param("25470****149", id="masked, as of old"),
        pytest.param(hashlib.sha256(b"254708374149").hexdigest(), id="hashed"),
        pytest.param("254708374149", id="plain"),
        pytest.param(254708374149, id="a number"),
        pytest.param("", id="not told"),
    ],
)
async def test_the_payer_is_compared_as_far_as_the_provider_shows_them(bank, daraja, payer):
    daraja.answer("push", "reset")
    deposit = await bank.deposit()
    await bank.c2b("confirmation", told(deposit["id"], payer=payer))
    assert await bank.state(deposit) == "completed"


async def test_a_receipt_that_an_stk_callback_told_is_known_whatever_the_account_says(bank):
    deposit = await bank.deposit()
    await bank.callback(deposit["id"], bank.paid(receipt="UAF5000077"))
    await bank.c2b("confirmation", told(BillRefNumber=None))
    assert (await bank.audit())["suspense"] == "0.00"


async def test_a_receipt_in_suspense_is_known_to_the_stk_callback_whatever_the_account_said(bank):
    deposit = await bank.deposit()
    await bank.c2b("confirmation", told(BillRefNumber=None))
    await bank.callback(deposit["id"], bank.paid(receipt="UAF5000077"))
    audit = await bank.audit()
    assert (audit["customers"], audit["suspense"], audit["float"]) == ("100.00", "0.00", "20000100.00")


async def test_money_that_waited_under_a_garbled_account_is_found_when_a_late_callback_tells_its_receipt(
    bank, daraja, clock
):
    deposit = await bank.deposit()
    await bank.c2b("confirmation", told("D0?0001"))
    clock.move(90)
    daraja.answer("query", daraja.standing("ws_CO_1", "0"))
    await bank.reconcile()
    audit = await bank.audit()
    assert (audit["customers"], audit["suspense"], audit["float"]) == ("100.00", "100.00", "20000200.00")
    for _ in range(2):
        await bank.callback(deposit["id"], bank.paid(receipt="UAF5000077"))
    audit = await bank.audit()
    assert (audit["balanced"], audit["customers"], audit["suspense"]) == (True, "100.00", "0.00")
    assert (audit["float"], (await bank.get("/deposits/D000001"))["receipt"]) == ("20000100.00", "UAF5000077")


async def test_a_receipt_that_was_credited_to_a_customer_does_not_complete_a_deposit(bank, daraja):
    deposit = await bank.deposit()
    await bank.c2b("confirmation", told())
    await bank.callback(deposit["id"], bank.paid(receipt="UAF5000077"))
    assert (await bank.state(deposit), await bank.balance()) == ("pending", "100.00")
    assert len(daraja.asked("query")) == 1
