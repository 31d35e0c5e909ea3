"""What each answer of Jenga proves, as a table; its token and its signature."""

import asyncio
import base64
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from app_under_test.clients.door import Answer
from app_under_test.clients.gateway import Absent, Account, Decided, Holder, NoAnswer, Outcome, Transfer, Undecided
from app_under_test.clients.jenga.door import instant
from app_under_test.clients.jenga.pesalink import acknowledged, found, holder_in
from app_under_test.settings import Settings
from tests.app_under_test.fake_banks import FakeJenga

NAME = "192112602006"
TRANSFER = Transfer(NAME, Account("63", "0090207635001", "Tom Doe"), 500_00, "Withdrawal W000001", "2026-01-15", "x")
KEY = Settings.model_fields["jenga_key_file"].default


def error(code, status=400, **changes):
    return status, {"status": False, "code": code, "message": "text", "reference": NAME} | changes


def read(answer):
    status, body = answer
    return acknowledged(Answer(status, body), TRANSFER)


PAID = [
    pytest.param(FakeJenga.paid(NAME), id="success"),
    pytest.param(FakeJenga.paid(None), id="without a reference"),
    pytest.param(FakeJenga.paid(NAME, code="0"), id="a code that is text"),
]
FINAL = (
    *("900100", "900101", "900102", "401101", "401201", "401202", "400400", "400111", "400103", "400104", "400106"),
    *("400107", "400108", "400113", "103101", "103102", "103104", "103105", "103107", "104101", "104102", "104103"),
    *("104104", "118108"),
)
NOTHING = [
    *(pytest.param(error(int(code)), id=code) for code in ("400105", "400112", "500200", "500100", "501501")),
    *(pytest.param(error(int(code)), id=f"duplicate {code}") for code in ("400101", "400109")),
    *(pytest.param(error(int(code)), id=code) for code in ("103106", "103108", "103109", "103120", "104105", "118102")),
    pytest.param(error(104201, 503), id="temporarily unavailable"),
    pytest.param(error(400103, 500), id="a refusal with a 500"),
    pytest.param(error(400103, reference="another"), id="a refusal of another transfer"),
    pytest.param((400, error(400103)[1] | {"status": True}), id="a refusal that says true"),
    pytest.param(error(31337), id="a code that nobody knows"),
    pytest.param(error(True), id="a code that is a boolean"),
    pytest.param(error(-1), id="-1 that says false"),
    pytest.param(FakeJenga.paid("another"), id="a success of another transfer"),
    pytest.param(FakeJenga.paid(NAME, data={"status": "PENDING", "transactionId": "1"}), id="a success that is none"),
    pytest.param(FakeJenga.paid(NAME, data=None), id="a success of nothing"),
    pytest.param((201, FakeJenga.paid(NAME)[1]), id="another status"),
    pytest.param((200, {}), id="HTML"),
    pytest.param((302, {}), id="a redirect"),
    pytest.param((401, {}), id="a firewall"),
]


@pytest.mark.parametrize("answer", PAID)
def test_a_success_is_paid(answer):
    standing = read(answer)
    assert isinstance(standing, Decided)
    assert (standing.outcome, standing.receipt) == (Outcome.COMPLETED, "68015555")


@pytest.mark.parametrize("code", FINAL)
@pytest.mark.parametrize("status", [200, 400])
def test_a_published_refusal_failed_whichever_status_it_comes_with(code, status):
    for told in (code, int(code)):
        assert read(error(told, status)) == Decided(Outcome.FAILED, f"HTTP {status} {code} text")


@pytest.mark.parametrize("answer", NOTHING)
def test_whatever_else_proves_nothing(answer):
    assert isinstance(read(answer), NoAnswer)


def test_an_acknowledgement_is_awaited():
    assert isinstance(read(FakeJenga.paid(NAME, code=-1, data={})), Undecided)


def detail(answer):
    status, body = answer
    return found(Answer(status, body), TRANSFER)


DETAILS = [
    pytest.param(FakeJenga.found(2, "500.00"), Decided(Outcome.COMPLETED, "0 text", "68015555"), id="success"),
    pytest.param(FakeJenga.found("2", 500), Decided(Outcome.COMPLETED, "0 text", "68015555"), id="of other types"),
    pytest.param(
        FakeJenga.found(2, "500.00", transactionReference=NAME), Decided(Outcome.COMPLETED, "0 text"), id="no receipt"
    ),
    pytest.param(FakeJenga.found(1, "500.00", "400103"), Decided(Outcome.FAILED, "400103 text"), id="failed"),
    pytest.param(FakeJenga.found(1, "500.00", ""), Decided(Outcome.FAILED, "text"), id="failed without a code"),
    pytest.param(FakeJenga.found(1, "500.00", "400105"), NoAnswer("400105 text"), id="failed with unknown status"),
    pytest.param(
        FakeJenga.found(1, "500.00", "500200"), Decided(Outcome.FAILED, "500200 text"), id="failed by a breakdown"
    ),
    pytest.param(FakeJenga.found(-1, "500.00"), Undecided("the provider is still working on it"), id="awaited"),
    pytest.param(FakeJenga.found(3, "500.00"), NoAnswer("0 text"), id="a state that nobody knows"),
    pytest.param(FakeJenga.found(True, "500.00"), NoAnswer("0 text"), id="a state that is a boolean"),
    pytest.param(FakeJenga.found(2, "500.01"), NoAnswer("the provider tells of another payment"), id="amount"),
    pytest.param(FakeJenga.found(2, None), NoAnswer("the provider tells of another payment"), id="no amount"),
    pytest.param(error(100100, 404), Absent("HTTP 404 100100 text"), id="no such payment"),
    pytest.param(
        error(100100, 404, reference="another"), NoAnswer("HTTP 404 100100 text"), id="no such payment, of another name"
    ),
    pytest.param((404, {}), NoAnswer("HTTP 404"), id="no such page"),
    pytest.param(error(401101, 401), NoAnswer("HTTP 401 401101 text"), id="no token"),
    pytest.param(error(900101), NoAnswer("HTTP 400 900101 text"), id="a bad signature says nothing of the payment"),
]


@pytest.mark.parametrize(("answer", "standing"), DETAILS)
def test_details_are_read(answer, standing):
    assert detail(answer) == standing


ACCOUNT = {"account": {"number": "1"}, "customer": [{"name": "JANE  WANJIRU", "id": "1", "type": "Retail"}]}
HOLDERS = [
    pytest.param((200, {"status": True, "code": 0, "data": ACCOUNT}), Holder("JANE  WANJIRU"), id="found"),
    pytest.param(error(104101, 200), Absent("HTTP 200 104101 text"), id="details wrong"),
    pytest.param(error(104102), Absent("HTTP 400 104102 text"), id="not found"),
    pytest.param((200, {"status": True, "data": {**ACCOUNT, "customer": []}}), NoAnswer("HTTP 200"), id="nobody"),
    pytest.param((200, {"status": True, "data": {**ACCOUNT, "customer": [7]}}), NoAnswer("HTTP 200"), id="a number"),
    pytest.param((503, {}), NoAnswer("HTTP 503"), id="503"),
]


@pytest.mark.parametrize(("answer", "expected"), HOLDERS)
def test_a_holder_is_read(answer, expected):
    assert holder_in(Answer(*answer)) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2026-01-05T07:26:12Z", datetime(2026, 1, 5, 7, 26, 12, tzinfo=UTC)),
        ("2026-01-05T07:26:12", None),
        ("900", None),
        (900, None),
        (None, None),
    ],
)
def test_a_token_lives_until_an_instant(told, expected):
    assert instant(told) == expected


@pytest.fixture
async def bank(bank):
    await bank.customer_with("1000.00")
    return bank


def verify(signature, words):
    key = load_pem_private_key(KEY.read_bytes(), password=None).public_key()
    key.verify(base64.b64decode(signature), words.encode(), PKCS1v15(), SHA256())


async def test_each_call_is_signed_in_the_order_of_its_endpoint(bank, jenga):
    jenga.answer("account", jenga.error(400105))
    await bank.send(to={"bank": "63", "account_number": "0090207635001", "name": "Zoë Doe"})
    await bank.send(to={"msisdn": "254711000001", "via": "pesalink"})
    await bank.call("POST", "/banks/verify", {"bank": "68", "account_number": "1100194977404"})
    (sent,), (phone,), (asked,), (looked,) = map(jenga.asked, ("account", "mobile", "details", "search"))
    name, account = sent["transfer"]["reference"], "1450160649886"
    verify(sent["headers"]["signature"], f"300.00KES{name}Zoë Doe{account}")
    verify(phone["headers"]["signature"], f"300.00KES{phone['transfer']['reference']}0711000001{account}")
    verify(asked["headers"]["signature"], name)
    verify(looked["headers"]["signature"], "KE1100194977404")


async def test_one_token_serves_until_shortly_before_its_end(bank, jenga, clock):
    await bank.send("100.00")
    (asked,) = jenga.asked("authenticate")
    assert (asked["merchantCode"], asked["consumerSecret"]) == ("pesabox-key", "pesabox-secret")
    assert asked["headers"]["Api-Key"] == "pesabox-api-key"
    for seconds, tokens in ((839, 1), (1, 2)):
        clock.move(seconds)
        await bank.send("100.00")
        assert jenga.tokens == tokens
    assert jenga.asked("account")[-1]["headers"]["Authorization"] == "Bearer jwt-2"


async def test_a_refused_token_is_renewed_once_and_the_same_request_sent_again(bank, jenga):
    jenga.answer("account", error(401101, 401))
    assert (await bank.send())["state"] == "completed"
    first, second = jenga.asked("account")
    assert (first["transfer"], jenga.tokens) == (second["transfer"], 2)
    assert second["headers"]["Authorization"] == "Bearer jwt-2"


async def test_a_token_refused_twice_proves_that_nothing_happened(bank, jenga):
    jenga.answer("account", *[jenga.error(401101, "no", 401)] * 2)
    assert (await bank.send())["state"] == "failed"
    assert (jenga.tokens, len(jenga.asked("account")), await bank.money()) == (2, 2, ("1000.00", "1000.00"))


ANOTHER_401 = [
    pytest.param(error(401201, 401), id="not ours"),
    pytest.param(error(400105, 401), id="nobody knows"),
    pytest.param((401, b"<html>"), id="a firewall"),
]


@pytest.mark.parametrize("answer", ANOTHER_401)
async def test_another_401_renews_no_token_and_sends_nothing_again(bank, jenga, answer):
    jenga.answer("account", answer)
    await bank.send()
    assert (jenga.tokens, len(jenga.asked("account"))) == (1, 1)


NO_TOKEN = [
    pytest.param(error(401, 401), id="refused"),
    pytest.param((503, b"<html>"), id="HTML"),
    pytest.param((200, {"accessToken": "t", "expiresIn": 900}), id="seconds"),
    pytest.param((200, {"expiresIn": "2026-01-15T08:00:00Z"}), id="no token"),
    pytest.param("reset", id="reset"),
    pytest.param("deadline", id="no answer"),
]


@pytest.mark.parametrize("answer", NO_TOKEN)
async def test_without_a_token_nothing_was_sent_so_the_transfer_failed(bank, jenga, clock, answer):
    jenga.answer("authenticate", *["hang" if answer == "deadline" else answer] * (2 if answer == "reset" else 1))
    asked = asyncio.create_task(bank.send())
    await jenga.reached["authenticate"].wait()
    if answer == "deadline":
        clock.end_deadlines()
    made = await asked
    assert (made["state"], "no token" in made["reason"], jenga.asked("account")) == ("failed", True, [])


@pytest.mark.parametrize(
    "pem",
    [
        b"-----BEGIN PRIVATE KEY-----\nnone\n-----END PRIVATE KEY-----\n",
        ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ],
    ids=["no key", "another kind of key"],
)
async def test_without_a_key_nothing_was_sent(start_bank, jenga, tmp_path, pem):
    (tmp_path / "key.pem").write_bytes(pem)
    async with start_bank(jenga_key_file=str(tmp_path / "key.pem")) as bank:
        await bank.customer_with("1000.00")
        made = await bank.send()
    assert (made["state"], jenga.requests) == ("failed", [])
    assert "jenga_key_file" in made["reason"]
