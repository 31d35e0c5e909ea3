"""Enquiries: what became of a request, whose account it is, and what is in it."""

from __future__ import annotations

import pytest

UNKNOWN = {
    "AccountNumber": None,
    "Amount": None,
    "TransactionCurrency": None,
    "Narration": None,
    "ResponseCode": None,
    "ResponseDescription": None,
}


def about(account, **changes):
    return {"MessageReference": "E1", "AccountNumber": account, "RecipientBankIdentifier": "0068"} | changes


async def test_an_undecided_request_is_in_process_with_nothing_told_of_its_outcome(coop):
    await coop.accepted(coop.leg(), coop.leg(ReferenceNumber="M1_2", AccountNumber="0700000000090"))
    await coop.bench.advance(30)
    answer = await coop.status()
    assert (answer.status, answer.json["MessageCode"], answer.json["MessageDescription"]) == (
        200,
        "S_001",
        "PROCESSING",
    )
    assert answer.json["Source"]["ResponseCode"] is None
    assert [leg["ResponseCode"] for leg in answer.json["Destinations"]] == ["0", None]
    assert [leg["TransactionID"] is None for leg in answer.json["Destinations"]] == [False, True]


async def test_an_unknown_reference_is_told_with_nulls(coop):
    answer = await coop.status('never "sent"')
    assert answer.status == 404
    assert answer.json["MessageReference"] == 'never "sent"'
    assert (answer.json["Source"], answer.json["Destinations"]) == (UNKNOWN, None)
    assert answer.json["MessageCode"] == "-13"


async def test_a_request_of_another_world_is_unknown(coop):
    await coop.accepted()
    coop.bearer = await coop.token(key="key@another")
    assert (await coop.status()).json["MessageCode"] == "-13"


@pytest.mark.parametrize("path", ["status", "elsewhere", "own", "balance", "balance v2"])
@pytest.mark.parametrize(("reference", "code"), [(None, "-2"), ("", "-2"), (7, "-2"), ("E" * 28, "-11")])
async def test_every_enquiry_wants_a_reference_of_its_own(coop, path, reference, code):
    answer = await coop.post(path, about("36001873000", MessageReference=reference))
    assert (answer.status, answer.json["MessageCode"]) == (400, code)


@pytest.mark.parametrize("bank", ["0068", "68", "68000"])
async def test_the_holder_of_an_account_elsewhere_is_named(coop, bank):
    answer = await coop.post("elsewhere", about("0712345678901", RecipientBankIdentifier=bank, UserId="PESABOX"))
    assert answer.status == 200
    name = answer.json["RecipientName"]
    assert name == name.upper()
    assert answer.json == {
        "MessageReference": "E1",
        "MessageCode": "0",
        "MessageDescription": "SUCCESS",
        "RecipientName": name,
        "AccountNumber": "0712345678901",
    }


async def test_an_account_that_a_file_names_is_told_by_that_name(coop):
    assert (await coop.post("elsewhere", about("1450160649886"))).json["RecipientName"] == "PESABOX LIMITED"


@pytest.mark.parametrize(
    ("account", "bank", "status", "code"),
    [
        pytest.param("0700000000001", "0068", 200, "1", id="nobody's"),
        pytest.param("0700000000004", "0068", 200, "0", id="closed, and named"),
        pytest.param("0700000000008", "0068", 408, "-4", id="a bank that is offline"),
        pytest.param("0700000000009", "0068", 408, "-4", id="a bank that closes its day"),
        pytest.param("0712345678901", "0009", 403, "-10", id="no member"),
        pytest.param("0712345678901", None, 400, "-2", id="no bank"),
        pytest.param(None, "0068", 400, "-2", id="no account"),
        pytest.param("07:1", "0068", 400, "-2", id="no account number"),
    ],
)
async def test_what_the_validation_of_an_account_elsewhere_says_no_to(coop, account, bank, status, code):
    answer = await coop.post("elsewhere", about(account, RecipientBankIdentifier=bank))
    assert (answer.status, answer.json["MessageCode"]) == (status, code)
    if code == "1":
        assert answer.json["RecipientName"] is None


async def test_an_account_of_the_bank_is_valid_whosever_it_is(coop):
    answer = await coop.post("own", about("01100000000500"))
    assert (answer.status, answer.json["MessageCode"]) == (200, "0")
    assert answer.json["MessageDescription"] == "VALID ACCOUNT NUMBER"
    assert len(answer.json) == 4


async def test_an_account_that_the_bank_does_not_have_is_not(coop):
    answer = await coop.post("own", about("01100000000001"))
    assert (answer.status, answer.json["MessageCode"]) == (400, "-15")


@pytest.mark.parametrize("path", ["balance", "balance v2"])
async def test_the_balance_is_told_in_numbers(coop, path):
    await coop.outcome(coop.leg(Amount=500.5), source={"Amount": 500.5})
    told = (await coop.post(path, about("36001873000"))).json
    assert told["MessageCode"] == "0"
    assert (told["AccountName"], told["Currency"]) == ("PESABOX LIMITED", "KES")
    assert told["AvailableBalance"] == told["BookedBalance"] == told["ClearedBalance"] == 9_999_459.5
    assert told["BlockedBalance"] == told["ODLimit"] == 0


async def test_the_balance_of_somebody_else_is_nobodys_business(coop):
    answer = await coop.post("balance", about("01100000000500"))
    assert (answer.status, answer.json["MessageCode"]) == (401, "-8")


@pytest.mark.parametrize(
    ("path", "operation"),
    [("elsewhere", "validate_pesalink"), ("own", "validate_account"), ("balance", "balance"), ("status", "status")],
)
@pytest.mark.parametrize("point", ["request", "acknowledgement"])
async def test_an_enquiry_may_be_refused_by_a_rule(coop, path, operation, point):
    await coop.accepted(MessageReference="E1")
    await coop.bench.fault(f"coop.{operation}.{point}", kind="refuse", error="firewall")
    answer = await coop.post(path, about("36001873000"))
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (403, "text/html")
