import pytest

from tests.app_under_test.fake_banks import ACCOUNT

ASKED = {"bank": "01", "account_number": "1108815555"}


async def test_the_directory_lists_members_by_their_clearing_code(bank):
    items = (await bank.get("/banks"))["items"]
    assert {"bank": "01", "name": "KCB Bank Kenya"} in items
    assert {"bank": "99", "name": "Kenya Post Office Savings Bank (Postbank), alternative code"} in items
    codes = [item["bank"] for item in items]
    assert (codes == sorted(codes), len(set(codes)) == len(codes) > 40, "09" in codes) == (True, True, False)


@pytest.mark.parametrize(
    ("name", "verdict"), [("Wanjiru, Jane", "match"), ("Jane Kamau", "close"), ("Peter Otieno", "none"), (None, None)]
)
async def test_whose_an_account_is_and_whether_it_is_theirs(bank, coop, name, verdict):
    asked = ASKED if name is None else ASKED | {"name": name}
    status, told = await bank.call("POST", "/banks/verify", asked)
    assert (status, told) == (200, ASKED | {"name": "JANE WANJIRU", "match": verdict})
    (question,) = coop.asked("validate")
    assert (question["AccountNumber"], question["RecipientBankIdentifier"]) == ("1108815555", "0001")
    assert 1 <= len(question["MessageReference"]) <= 27


@pytest.mark.parametrize(("pesalink", "asks_jenga"), [("jenga", True), ("coop", False)])
async def test_jenga_is_asked_about_accounts_of_its_own_bank_where_it_pays(
    start_bank, jenga, coop, pesalink, asks_jenga
):
    async with start_bank(pesalink=pesalink) as bank:
        status, told = await bank.call("POST", "/banks/verify", ASKED | {"bank": "68", "name": "Jane Wanjiru"})
    assert (status, told["match"]) == (200, "match")
    assert (len(jenga.asked("search")), len(coop.asked("validate"))) == ((1, 0) if asks_jenga else (0, 1))


async def test_an_account_that_does_not_exist_is_not_found(bank, coop, jenga):
    coop.answer("validate", coop.ack("", "1", 200, "Account not found"))
    status, problem = await bank.call("POST", "/banks/verify", ASKED)
    assert (status, problem["field"]) == (404, "account_number")
    assert "Account not found" in problem["detail"]
    jenga.answer("search", jenga.error(104102, "account not found"))
    assert (await bank.call("POST", "/banks/verify", ASKED | {"bank": "68"}))[0] == 404


UNANSWERED = [
    pytest.param((404, {"status": 404, "error": "Not Found", "path": "/"}), id="no such endpoint"),
    pytest.param((200, b"<html>"), id="HTML"),
    pytest.param((503, b""), id="503"),
    pytest.param((200, {"MessageCode": "0"}), id="no name"),
    pytest.param((408, {"MessageCode": "-4"}), id="timed out"),
    pytest.param("reset", id="reset"),
]


@pytest.mark.parametrize("answer", UNANSWERED)
async def test_a_verifier_that_does_not_answer_is_a_bad_gateway_and_stops_no_withdrawal(bank, coop, answer):
    coop.answer("validate", answer)
    assert (await bank.call("POST", "/banks/verify", ASKED))[0] == 502
    await bank.customer_with("1000.00")
    assert (await bank.send(to=ACCOUNT))["state"] == "completed"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"bank": "09"}, "bank", id="no member"),
        pytest.param({"bank": "0001"}, "bank", id="another spelling"),
        pytest.param({"account_number": "../x"}, "account_number", id="no account number"),
        pytest.param({"name": ""}, "name", id="an empty name"),
    ],
)
async def test_a_question_that_cannot_be_is_named(bank, coop, changes, field):
    status, problem = await bank.call("POST", "/banks/verify", ASKED | changes)
    assert (status, problem["field"], coop.requests) == (422, field, [])
