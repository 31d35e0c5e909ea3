"""What each answer of Co-op Connect proves, as a table; its token."""

import pytest

from app_under_test.clients.coop.pesalink import acknowledged, found, holder_in, outcome
from app_under_test.clients.door import Answer
from app_under_test.clients.gateway import Absent, Account, Decided, Holder, NoAnswer, Outcome, Transfer, Undecided

NAME = "W000001-0123456789abcdef"
TRANSFER = Transfer(NAME, Account("07", "1108815555", "JANE WANJIRU"), 300_00, "Withdrawal", "2026-01-15", "x")
TO_PHONE = Transfer(NAME, "254711000001", 300_00, "Withdrawal", "2026-01-15", "x")


def ack(code, status=200, **changes):
    told = {"MessageReference": NAME, "MessageDateTime": "x", "MessageCode": code, "MessageDescription": "TEXT"}
    return Answer(status, told | changes)


def fault(code, status=401):
    return Answer(status, {"fault": {"code": code, "message": "Invalid Credentials", "description": "x"}})


@pytest.mark.parametrize("code", ["0", 0])
def test_an_acceptance_is_not_paid(code):
    assert acknowledged(ack(code), TRANSFER) == Undecided("HTTP 200 0 TEXT")


@pytest.mark.parametrize("code", ["-2", "-3", "-5", "-6", "-8", "-9", "-10", "-11", "-15", "-16", "-20"])
@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_a_published_refusal_failed_whichever_status_it_comes_with(code, status):
    for told in (code, int(code)):
        assert acknowledged(ack(told, status), TRANSFER) == Decided(Outcome.FAILED, f"HTTP {status} {code} TEXT")


@pytest.mark.parametrize("code", [900901, "900901", 900902])
def test_a_token_refused_twice_proves_that_nothing_happened(code):
    assert acknowledged(fault(code), TRANSFER) == Decided(Outcome.FAILED, "HTTP 401 Invalid Credentials")


NOTHING = [
    pytest.param(ack("-1", 409), id="duplicate"),
    pytest.param(ack("-1"), id="duplicate with a 200"),
    pytest.param(ack("-12", 400), id="duplicate of a leg"),
    pytest.param(ack("-4", 408), id="timed out"),
    pytest.param(ack("-4"), id="timed out with a 200"),
    pytest.param(ack("S_001"), id="processing"),
    pytest.param(ack("1"), id="partial success"),
    pytest.param(ack("2"), id="full failure"),
    pytest.param(ack("-99", 400), id="a code that nobody knows"),
    pytest.param(ack("-10", 503), id="a refusal with a 503"),
    pytest.param(ack("-10", 403, MessageReference="x"), id="a refusal of another"),
    pytest.param(ack("0", MessageReference="x"), id="an acceptance of another"),
    pytest.param(ack("0", 202), id="another status"),
    pytest.param(ack(True), id="a code that is a boolean"),
    pytest.param(fault("900800", 429), id="another fault"),
    pytest.param(Answer(200), id="HTML"),
    pytest.param(Answer(403), id="HTML with a 403"),
]


@pytest.mark.parametrize("answer", NOTHING)
def test_whatever_else_proves_nothing(answer):
    assert isinstance(acknowledged(answer, TRANSFER), NoAnswer)


LEG = {"ReferenceNumber": f"{NAME}_1", "AccountNumber": "1108815555", "BankCode": "07", "Amount": 300}
LEG |= {"TransactionID": "COOP0001", "ResponseCode": "0", "ResponseDescription": "Success"}
PAID, NOT_PAID = Decided(Outcome.COMPLETED, "0 Success", "COOP0001"), Decided(Outcome.FAILED, "40000126 Success")


def told(code="0", **leg):
    return {**ack(code).body, "Destinations": [LEG | leg]}


OUTCOMES = [
    pytest.param(told(), PAID, id="full success"),
    pytest.param(told(0, Amount="300.00", ResponseCode=0, BankCode="7"), PAID, id="of other types"),
    pytest.param(told(TransactionID="NULL"), Decided(Outcome.COMPLETED, "0 Success"), id="no receipt"),
    pytest.param(told("2", ResponseCode="40000126", TransactionID="NULL"), NOT_PAID, id="full failure"),
    pytest.param(
        told("2", ResponseCode="-5", ResponseDescription="Insufficient balance"),
        Decided(Outcome.FAILED, "-5 Insufficient balance"),
        id="no money",
    ),
]
CONTRADICTIONS = [
    pytest.param(told("1"), id="partial success of one leg"),
    pytest.param(told("2"), id="a failure whose leg succeeded"),
    pytest.param(told("0", ResponseCode="40000126"), id="a success whose leg failed"),
    *(pytest.param(told("2", ResponseCode=code), id=code) for code in ("-4", "S_001", "20201005", "40422049")),
    pytest.param(told("2", ResponseCode=None), id="a failure without a code"),
    pytest.param(told("2", ResponseCode=False), id="a code that is a boolean"),
    pytest.param(told("S_001"), id="processing"),
    pytest.param(told(Amount=300.01), id="amount"),
    pytest.param(told(Amount=None), id="no amount"),
    pytest.param(told(AccountNumber="1108815556"), id="account"),
    pytest.param(told(BankCode="68"), id="bank"),
    pytest.param(told(BankCode=None), id="no bank"),
    pytest.param(told(ReferenceNumber=NAME), id="reference of the leg"),
    pytest.param(told() | {"MessageReference": "x"}, id="reference"),
    pytest.param(told() | {"Destinations": [LEG, LEG]}, id="two legs"),
    pytest.param(told() | {"Destinations": []}, id="no leg"),
    pytest.param(told() | {"Destinations": LEG}, id="a leg that is not listed"),
    pytest.param({}, id="nothing"),
]


@pytest.mark.parametrize(("body", "standing"), OUTCOMES)
def test_an_outcome_is_read_from_callback_and_status(body, standing):
    assert outcome(body, TRANSFER) == standing
    for status in (200, 207):
        assert found(Answer(status, body), TRANSFER) == standing
    assert isinstance(found(Answer(400, body), TRANSFER), NoAnswer)


@pytest.mark.parametrize("body", CONTRADICTIONS)
def test_what_is_unclear_or_not_what_was_asked_proves_nothing(body):
    assert isinstance(outcome(body, TRANSFER), NoAnswer)


@pytest.mark.parametrize("phone", ["0711000001", "254711000001", "+254711000001"])
def test_a_phone_is_the_same_in_every_spelling(phone):
    leg = {"PhoneNumber": phone, "AccountNumber": None, "BankCode": None}
    assert outcome(told(**leg), TO_PHONE) == PAID
    assert isinstance(outcome(told(**leg | {"PhoneNumber": "0711000002"}), TO_PHONE), NoAnswer)


STATUSES = [
    pytest.param(ack("S_001"), Undecided("HTTP 200 S_001 TEXT"), id="processing"),
    pytest.param(ack("-13", 404), Absent("HTTP 404 -13 TEXT"), id="no such payment"),
    pytest.param(ack(-13, 404, Source=None, Destinations=None), Absent("HTTP 404 -13 TEXT"), id="as a number"),
    pytest.param(ack("-13", 404, MessageReference="x"), NoAnswer("HTTP 404 -13 TEXT"), id="no such other payment"),
    pytest.param(Answer(404, {"status": 404, "error": "Not Found"}), NoAnswer("HTTP 404"), id="no such endpoint"),
    pytest.param(Answer(503), NoAnswer("HTTP 503"), id="503"),
]


@pytest.mark.parametrize(("answer", "standing"), STATUSES)
def test_a_status_is_read(answer, standing):
    assert found(answer, TRANSFER) == standing


HOLDERS = [
    pytest.param(ack("0", RecipientName="JANE WANJIRU"), Holder("JANE WANJIRU"), id="found"),
    pytest.param(ack("1"), Absent("HTTP 200 1 TEXT"), id="not found"),
    pytest.param(ack("-15", 400), Absent("HTTP 400 -15 TEXT"), id="invalid"),
    pytest.param(ack("0"), NoAnswer("HTTP 200 0 TEXT"), id="no name"),
    pytest.param(ack("-4", 408), NoAnswer("HTTP 408 -4 TEXT"), id="timed out"),
]


@pytest.mark.parametrize(("answer", "expected"), HOLDERS)
def test_a_holder_is_read(answer, expected):
    assert holder_in(answer) == expected


@pytest.fixture
async def bank(start_bank):
    async with start_bank(pesalink="coop") as bank:
        await bank.customer_with("1000.00")
        yield bank


async def test_one_token_serves_until_shortly_before_its_end(bank, coop, clock):
    await bank.send("100.00")
    (asked,) = coop.asked("token")
    assert asked["form"] == {"grant_type": ["client_credentials"]}
    assert asked["headers"]["Authorization"].startswith("Basic ")
    for seconds, tokens in ((3539, 1), (1, 2)):
        clock.move(seconds)
        await bank.send("100.00")
        assert coop.tokens == tokens


async def test_a_refused_token_is_renewed_once_and_the_same_request_sent_again(bank, coop):
    coop.answer("account", (401, fault(900901).body))
    assert (await bank.send())["state"] == "pending"
    first, second = coop.asked("account")
    assert (first["MessageReference"], coop.tokens) == (second["MessageReference"], 2)


@pytest.mark.parametrize("answer", [(401, fault(900901).body), (503, b""), (200, {"access_token": "t"})])
async def test_without_a_token_nothing_was_sent_so_the_transfer_failed(bank, coop, answer):
    coop.answer("token", answer)
    made = await bank.send()
    assert (made["state"], "no token" in made["reason"], coop.asked("account")) == ("failed", True, [])
