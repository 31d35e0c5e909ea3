"""Withdrawals over PesaLink, by Jenga and by Co-op Connect: the hold ends once, by proof, and nothing is sent twice."""

import asyncio

import pytest

from tests.app_under_test.fake_banks import ACCOUNT, PHONE

OK = (200, {"ResultCode": 0, "ResultDesc": "Success"})
HELD, BACK, GONE = ("1000.00", "700.00"), ("1000.00", "1000.00"), ("700.00", "700.00")
OPENING = "10000000.00"


@pytest.fixture
async def by_jenga(start_bank):
    async with start_bank() as bank:
        await bank.customer_with("1000.00")
        yield bank


@pytest.fixture
async def by_coop(start_bank):
    async with start_bank(pesalink="coop") as bank:
        await bank.customer_with("1000.00")
        yield bank


async def books(bank):
    audit = await bank.audit()
    assert audit["balanced"] is True
    return audit["held"], audit["fees"], audit["pesalink_float"]


async def test_what_jenga_confirms_at_once_is_paid(by_jenga, jenga):
    assert await by_jenga.send() == {
        "id": "W000001",
        "customer": "C000001",
        "state": "completed",
        "proven": True,
        "provider_reference": None,
        "receipt": "68015555",
        "reason": None,
        "created_at": "2026-01-15T10:30:00+03:00",
        "amount": "300.00",
        "to": ACCOUNT,
        "returned": "0.00",
    }
    assert (await by_jenga.money(), await books(by_jenga)) == (GONE, ("0.00", "0.00", "9999700.00"))
    assert (await by_jenga.audit())["float"] == "20001000.00"
    (asked,) = jenga.asked("account")
    assert asked["source"] == {"countryCode": "KE", "name": "PESABOX LIMITED", "accountNumber": "1450160649886"}
    payee = {"bankCode": "01", "accountNumber": "1108815555", "name": "JANE WANJIRU"}
    assert asked["destination"] == {"type": "bank", "countryCode": "KE"} | payee
    told = asked["transfer"]
    assert (told["amount"], told["date"], told["type"]) == ("300.00", "2026-01-15", "PesaLink")
    assert (len(told["reference"]), told["reference"].isdigit()) == (12, True)


async def test_a_phone_is_paid_at_the_bank_of_the_setting(start_bank, jenga):
    async with start_bank(phone_bank="57") as bank:
        await bank.customer_with("1000.00")
        made = await bank.send(to=PHONE)
    assert (made["state"], made["to"]) == ("completed", PHONE)
    (asked,) = jenga.asked("mobile")
    phone = {"type": "mobile", "countryCode": "KE", "name": "0711000001", "mobileNumber": "0711000001"}
    assert asked["destination"] == phone | {"bankCode": "57"}


@pytest.mark.parametrize(("bank", "number"), [("68", "1450160649886"), ("11", "36001873000")])
async def test_nobody_is_paid_at_the_banks_own_accounts(by_jenga, jenga, bank, number):
    to = {"bank": bank, "account_number": number, "name": "PESABOX LIMITED"}
    told = await by_jenga.call("POST", "/withdrawals", {"customer": "C000001", "amount": "300.00", "to": to})
    assert (told[0], told[1]["field"], jenga.requests) == (422, "to", [])
    assert await by_jenga.money() == BACK


async def test_what_coop_accepts_is_not_paid_until_it_says_so(by_coop, coop):
    made = await by_coop.send("100.50")
    assert (made["state"], await by_coop.money()) == ("pending", ("1000.00", "899.50"))
    (asked,) = coop.asked("account")
    name = asked["MessageReference"]
    assert (name.startswith("W000001-"), len(name)) == (True, 27)
    money = {"Amount": "100.50", "TransactionCurrency": "KES", "Narration": "Withdrawal W000001"}
    assert asked["Source"] == {"AccountNumber": "36001873000", **money}
    payee = {"ReferenceNumber": f"{name}_1", "AccountNumber": "1108815555", "BankCode": "01"}
    assert asked["Destinations"] == [payee | money]
    assert asked["CallBackUrl"] == f"http://app.test/callbacks/coop/{by_coop.token('W000001')}/W000001/result"
    assert await by_coop.coop_result(coop.outcome()) == OK
    shown = await by_coop.get("/withdrawals/W000001")
    assert (shown["state"], shown["receipt"], await by_coop.money()) == ("completed", "COOP0001", ("899.50", "899.50"))


async def test_coop_pays_a_phone(by_coop, coop):
    await by_coop.send(to=PHONE)
    (asked,) = coop.asked("phone")
    assert asked["Destinations"][0]["PhoneNumber"] == "254711000001"
    assert await by_coop.coop_result(coop.outcome(operation="phone", PhoneNumber="0711000001")) == OK
    assert (await by_coop.withdrawn(), await by_coop.money()) == ("completed", GONE)


@pytest.mark.parametrize(
    ("amount", "fee"),
    [
        pytest.param("500.00", "0.00", id="free to 500"),
        pytest.param("500.01", "40.00", id="above"),
    ],
)
async def test_what_the_banks_bank_charges_is_the_banks_cost_and_not_the_customers(by_jenga, amount, fee):
    await by_jenga.send(amount)
    left = f"{10_000_000 - float(amount) - float(fee):.2f}"
    assert await books(by_jenga) == ("0.00", f"-{fee}" if fee != "0.00" else "0.00", left)
    assert await by_jenga.balance() == f"{1000 - float(amount):.2f}"


async def test_a_transfer_that_failed_costs_nothing(by_jenga, jenga):
    jenga.answer("account", jenga.error(400103))
    made = await by_jenga.send("600.00")
    assert (made["state"], made["reason"]) == ("failed", "HTTP 400 400103 no")
    assert (await by_jenga.money(), await books(by_jenga)) == (BACK, ("0.00", "0.00", OPENING))


UNCLEAR = [
    pytest.param("reset", id="reset"),
    pytest.param((200, {"status": False, "code": 400105, "message": "unknown"}), id="400105 with a 200"),
    pytest.param((500, {"status": False, "code": 500200, "message": "downstream"}), id="500200"),
    pytest.param((400, {"status": False, "code": 400101, "message": "duplicate"}), id="duplicate"),
    pytest.param((403, b"<html>Security Notice</html>"), id="HTML"),
    pytest.param((200, b"<html>Security Notice</html>"), id="HTML with a 200"),
]


@pytest.mark.parametrize("answer", UNCLEAR)
@pytest.mark.parametrize(
    ("state_code", "code", "state", "money"),
    [
        pytest.param(2, "0", "completed", GONE, id="paid"),
        pytest.param(1, "400103", "failed", BACK, id="not paid"),
        pytest.param(1, "400105", "unknown", HELD, id="nobody knows"),
        pytest.param(-1, "-1", "unknown", HELD, id="awaited"),
    ],
)
async def test_after_an_unclear_answer_jenga_is_asked_and_nothing_is_sent_again(
    by_jenga, jenga, answer, state_code, code, state, money
):
    jenga.answer("account", answer)
    jenga.answer("details", jenga.found(state_code, code=code))
    assert (await by_jenga.send())["state"] == state
    assert await by_jenga.money() == money
    assert (len(jenga.asked("account")), len(jenga.asked("details"))) == (1, 1)
    assert jenga.asked("details")[0]["reference"] == jenga.asked("account")[0]["transfer"]["reference"]


async def test_a_late_success_is_found_by_reconciliation(by_jenga, jenga):
    jenga.answer("account", jenga.error(400105))
    jenga.answer("details", jenga.found(-1), jenga.found(2))
    await by_jenga.send()
    report = await by_jenga.reconcile()
    assert report["repaired"] == [{"withdrawal": "W000001", "from": "unknown", "to": "completed"}]
    assert (await by_jenga.reconcile())["repaired"] == []
    assert (await by_jenga.money(), len(jenga.asked("account"))) == (GONE, 1)


async def test_that_there_is_no_such_payment_is_proof_only_late(by_jenga, jenga, clock):
    jenga.answer("account", "reset")
    assert (await by_jenga.send())["state"] == "unknown"
    clock.move(299)
    assert [each["state"] for each in (await by_jenga.reconcile())["undecided"]] == ["unknown"]
    assert await by_jenga.money() == HELD
    clock.move(1)
    await by_jenga.reconcile()
    assert (await by_jenga.withdrawn(), await by_jenga.money()) == ("failed", BACK)


async def test_a_bank_that_hangs_is_given_up_at_the_deadline_and_asked(by_jenga, jenga, clock):
    jenga.answer("account", "hang")
    jenga.answer("details", jenga.found(2))
    asked = asyncio.create_task(by_jenga.send())
    await jenga.reached["account"].wait()
    clock.end_deadlines()
    assert ((await asked)["state"], await by_jenga.money()) == ("completed", GONE)


async def test_an_acknowledgement_of_jenga_is_awaited_by_asking(by_jenga, jenga, clock):
    jenga.answer("account", jenga.paid("", code=-1, data={}))
    jenga.answer("details", jenga.found(-1), jenga.found(2))
    assert (await by_jenga.send())["state"] == "pending"
    assert jenga.asked("details") == []
    assert (await by_jenga.get("/withdrawals/W000001?wait=30"))["state"] == "completed"
    assert (clock.slept, len(jenga.asked("details"))) == (10, 2)


async def test_to_look_without_waiting_asks_nobody(by_coop, coop):
    await by_coop.send()
    assert await by_coop.withdrawn() == "pending"
    assert coop.asked("status") == []


async def test_reconciliation_asks_coop(by_coop, coop, clock):
    await by_coop.send()
    clock.move(90)
    name = coop.asked("account")[0]["MessageReference"]
    coop.answer("status", coop.ack(name, "S_001"), (207, coop.outcome("2", "40000126")))
    assert [each["state"] for each in (await by_coop.reconcile())["undecided"]] == ["unknown"]
    assert await by_coop.money() == HELD
    assert len((await by_coop.reconcile())["repaired"]) == 1
    assert (await by_coop.withdrawn(), await by_coop.money()) == ("failed", BACK)
    assert [asked["MessageReference"] for asked in coop.asked("status")] == [name, name]


@pytest.mark.parametrize("answer", ["reset", (408, "-4"), (409, "-1"), (200, "-4"), (503, b"<html>"), (200, b"<html>")])
async def test_after_an_unclear_answer_coop_is_asked(by_coop, coop, answer):
    coop.answer(
        "account", answer if answer == "reset" or isinstance(answer[1], bytes) else coop.ack("", answer[1], answer[0])
    )
    assert (await by_coop.send())["state"] == "unknown"
    assert (await by_coop.money(), len(coop.asked("account")), len(coop.asked("status"))) == (HELD, 1, 1)
    coop.answer("status", (200, coop.outcome()))
    await by_coop.reconcile()
    assert (await by_coop.withdrawn(), await by_coop.money()) == ("completed", GONE)


async def test_a_refusal_of_coop_releases_at_once(by_coop, coop):
    coop.answer("account", coop.ack("", "-10", 403, "BANK CODE INVALID"))
    made = await by_coop.send()
    assert (made["state"], made["reason"], await by_coop.money()) == ("failed", "HTTP 403 -10 BANK CODE INVALID", BACK)


async def test_results_of_coop_at_once_post_once(by_coop, coop):
    await by_coop.send("600.00")
    answers = await asyncio.gather(*(by_coop.coop_result(coop.outcome()) for _ in range(5)))
    assert answers == [OK] * 5
    assert (await by_coop.money(), await books(by_coop)) == (("400.00", "400.00"), ("0.00", "-40.00", "9999360.00"))


async def test_of_two_results_that_contradict_each_other_a_success_wins(by_coop, coop):
    await by_coop.send("600.00")
    await by_coop.coop_result(coop.outcome("2", "40000126"))
    assert (await by_coop.withdrawn(), await by_coop.money()) == ("failed", BACK)
    await by_coop.coop_result(coop.outcome())
    await by_coop.coop_result(coop.outcome("2", "40000126"))
    assert (await by_coop.withdrawn(), await books(by_coop)) == ("completed", ("0.00", "-40.00", "9999360.00"))


FORGERIES = [
    pytest.param({"token": "0" * 64}, id="wrong token"),
    pytest.param({"token": "é"}, id="a token that is not ASCII"),
    pytest.param({"headers": {"X-Forwarded-For": "127.0.0.66"}}, id="wrong address"),
]


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_result_is_refused_and_the_genuine_one_still_counts(by_coop, coop, forgery):
    await by_coop.send()
    assert (await by_coop.coop_result(coop.outcome("2", "40000126"), **forgery))[0] == 403
    assert (await by_coop.withdrawn(), coop.asked("status")) == ("pending", [])
    await by_coop.coop_result(coop.outcome())
    assert await by_coop.money() == GONE


ALTERED = [
    pytest.param({"Amount": 1}, id="amount"),
    pytest.param({"AccountNumber": "999"}, id="account"),
    pytest.param({"BankCode": "68"}, id="bank"),
    pytest.param({"ReferenceNumber": "x"}, id="reference"),
    pytest.param({"TransactionID": "NULL"}, id="no receipt"),
    pytest.param({"leg": "-4"}, id="a leg that timed out"),
    pytest.param({"code": "1"}, id="partial success of one leg"),
]


@pytest.mark.parametrize("changes", ALTERED)
async def test_a_result_that_is_not_what_was_asked_makes_the_bank_ask(by_coop, coop, changes):
    await by_coop.send()
    assert await by_coop.coop_result(coop.outcome(**changes)) == OK
    assert (await by_coop.withdrawn(), await by_coop.money(), len(coop.asked("status"))) == ("pending", HELD, 1)


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b'{"Destinations":7}', b'{"Destinations":[7]}', b"\xff\xfe"])
async def test_what_cannot_be_read_decides_nothing(by_coop, raw):
    await by_coop.send()
    assert await by_coop.coop_result(raw) == OK
    assert (await by_coop.withdrawn(), await by_coop.money()) == ("pending", HELD)


async def test_a_receipt_of_another_withdrawal_does_not_complete_this_one(by_coop, coop):
    await by_coop.send()
    await by_coop.send()
    await by_coop.coop_result(coop.outcome())
    await by_coop.coop_result(coop.outcome(number=2), "W000002")
    assert (await by_coop.withdrawn("W000002"), len(coop.asked("status"))) == ("pending", 1)


async def test_no_result_of_mpesa_decides_a_transfer_nor_the_other_way_round(by_coop, coop, sent):
    await by_coop.send()
    name = coop.asked("account")[0]["MessageReference"]
    await by_coop.b2c("result", sent.not_paid(name=name))
    assert (await by_coop.withdrawn(), await by_coop.money()) == ("pending", HELD)
    await by_coop.withdraw()
    assert (await by_coop.coop_result(coop.outcome(), "W000002"))[0] == 404
    assert (await by_coop.call("GET", "/withdrawals/W000002"))[1]["state"] == "pending"


async def test_a_result_of_coop_about_a_transfer_by_jenga_makes_the_bank_ask(by_jenga, jenga):
    jenga.answer("account", jenga.paid("", code=-1, data={}))
    await by_jenga.send()
    assert await by_jenga.coop_result({"MessageCode": "2"}) == OK
    assert (await by_jenga.withdrawn(), await by_jenga.money(), len(jenga.asked("details"))) == ("pending", HELD, 1)


async def test_a_withdrawal_remembers_its_provider(start_bank, coop, jenga, clock):
    async with start_bank(pesalink="coop") as bank:
        await bank.customer_with("1000.00")
        await bank.send()
    clock.move(90)
    coop.answer("status", (200, coop.outcome()))
    async with start_bank(pesalink="jenga") as bank:
        await bank.reconcile()
        assert (await bank.withdrawn(), jenga.requests) == ("completed", [])


async def test_a_crash_before_the_answer_leaves_a_question_and_no_second_transfer(start_bank, jenga, clock):
    jenga.answer("account", "hang")
    async with start_bank() as bank:
        await bank.customer_with("1000.00")
        asked = asyncio.create_task(bank.send())
        await jenga.reached["account"].wait()
        asked.cancel()
    clock.move(90)
    jenga.answer("details", jenga.found(2))
    async with start_bank() as bank:
        await bank.reconcile()
        assert (await bank.withdrawn(), await bank.money(), len(jenga.asked("account"))) == ("completed", GONE, 1)


async def test_a_repeated_wish_is_one_transfer(by_jenga, jenga):
    first = await by_jenga.send(key="k")
    assert await by_jenga.send(key="k") == first
    assert len(jenga.asked("account")) == 1


BAD = [
    pytest.param({"amount": "9.99"}, "amount", id="less than the rail carries"),
    pytest.param({"amount": "999999.01"}, "amount", id="more than the rail carries"),
    pytest.param({"to": ACCOUNT | {"bank": "99999"}}, "to.bank", id="a code in another spelling"),
    pytest.param({"to": ACCOUNT | {"bank": "09"}}, "to.bank", id="a bank that is no member"),
    pytest.param({"to": ACCOUNT | {"account_number": "11 088"}}, "to.account_number", id="a blank"),
    pytest.param({"to": {"bank": "01", "name": "JANE"}}, "to.account_number", id="no account"),
    pytest.param({"to": {"bank": "01", "account_number": "1108815555"}}, "to.name", id="no name"),
    pytest.param({"to": ACCOUNT | {"msisdn": "254711000001"}}, "to.bank", id="an account and a phone"),
    pytest.param({"to": PHONE | {"via": "bank"}}, "to.via", id="by a rail of no name"),
    pytest.param({"to": PHONE | {"msisdn": "0711000001"}}, "to.msisdn", id="local form"),
]


@pytest.mark.parametrize(("changes", "field"), BAD)
async def test_bad_input_is_named_and_nothing_is_sent(by_jenga, jenga, changes, field):
    body = {"customer": "C000001", "amount": "300.00", "to": ACCOUNT} | changes
    status, problem = await by_jenga.call("POST", "/withdrawals", body)
    assert (status, problem["field"]) == (422, field)
    assert (jenga.requests, await by_jenga.money()) == ([], BACK)


async def test_names_of_transfers_differ_between_databases_and_not_between_runs(start_bank, jenga, clock, new_database):
    for seconds in (0, 0, 1):
        clock.move(seconds)
        async with start_bank(database=new_database()) as bank:
            await bank.customer_with("1000.00")
            await bank.send()
    first, repeated, other = [asked["transfer"]["reference"] for asked in jenga.asked("account")]
    assert first == repeated != other
    assert {each[-6:] for each in (first, other)} == {"000001"}
